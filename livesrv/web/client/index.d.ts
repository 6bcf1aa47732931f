/**
 * Types of the wire, version 1, and of its client. Units are last in names: `*_minor` is an
 * integer in the smallest unit of the currency beside it, `*_ms` is milliseconds (of a moment:
 * since the epoch). Fields and events may be added: skip what you do not know.
 */

// --- what messages are made of

export type Role = "viewer" | "host" | "moderator" | "ops";
export type Badge = "host" | "moderator" | "ops" | (string & {});
export type RoomStatus = "created" | "live" | "ended";
export type OrderStatus =
  | "held"
  | "expired"
  | "paid"
  | "shipped"
  | "delivered"
  | "settled"
  | "cancelled"
  | "refunded";
export type ErrorCode =
  | "invalid"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "rate_limited"
  | "muted"
  | "banned"
  | "not_live"
  | "sold_out"
  | "insufficient_funds"
  | "price_changed"
  | "limit_exceeded"
  | "not_eligible"
  | "conflict"
  | "too_old"
  | "busy"
  | "internal";

/** Somebody as others see them. */
export interface User {
  id: string;
  name: string;
  badges: Badge[];
}

/** A price from `from_ms` until before `until_ms`. */
export interface FlashPrice {
  price_minor: number;
  from_ms: number;
  until_ms: number;
}

/** Something on sale in a room: what a piece costs now, and how many are left. */
export interface Offer {
  offer: string;
  title: string;
  price_minor: number;
  currency: string;
  stock: number;
  limit_per_buyer: number | null;
  seller?: string;
  opens_ms?: number;
  closes_ms?: number;
  flash?: FlashPrice;
  /** What a piece costs before and after, while a flash price is on. */
  regular_price_minor?: number;
  withdrawn?: boolean;
  /** How many were put on sale in all, of which `stock` are left. */
  pieces?: number;
}

export interface Gifter {
  user: User;
  coins: number;
}

/** A room's snapshot. */
export interface State {
  room: string;
  title: string;
  host: User;
  status: RoomStatus;
  city: string | null;
  theme: string | null;
  media_url: string | null;
  started_at_ms: number | null;
  slow_mode_s: number;
  followers_only: boolean;
  pinned: Offer[];
  viewers: number;
  likes: number;
  top_gifters: Gifter[];
  comments: CommentDrop[];
}

/** A place in a room's reliable lane. */
export interface Since {
  epoch: string;
  seq: number;
}

export interface OrderLine {
  offer: string;
  quantity: number;
}

// --- commands; the client adds the `id`, and says `hello` and `join` by itself

export interface CommentCommand {
  type: "comment";
  room: string;
  /** 1 to 200 characters after trimming. */
  text: string;
}

export interface LikeCommand {
  type: "like";
  room: string;
  /** 1 to 100 taps since the last command. */
  count: number;
}

export interface GiftCommand {
  type: "gift";
  room: string;
  gift: string;
  /** Names the combo. */
  key: string;
  /** The combo's running total. */
  count: number;
  made_at_ms?: number;
}

export interface OrderCommand {
  type: "order";
  room: string;
  /** Made once by `newKey`, kept until answered. */
  key: string;
  lines: OrderLine[];
  /** The total the buyer saw. */
  total_minor: number;
  currency: string;
  made_at_ms?: number;
  payment?: string;
  promoter?: string;
  private_price?: string;
}

export interface ShowCommand {
  type: "start" | "end";
  room: string;
}

export interface PinCommand {
  type: "pin" | "unpin";
  room: string;
  offer: string;
}

export type ModerateCommand = { type: "moderate"; room: string } & (
  | { action: "mute" | "ban"; user: string; seconds?: number }
  | { action: "unmute" | "unban"; user: string }
  | { action: "remove"; comment: string }
  | { action: "slow_mode"; seconds: number }
  | { action: "followers_only"; seconds?: number }
);

export interface NoticeCommand {
  type: "notice";
  room: string;
  /** 1 to 200 characters after trimming. */
  text: string;
}

export interface PingCommand {
  type: "ping";
}

export type Command =
  | CommentCommand
  | LikeCommand
  | GiftCommand
  | OrderCommand
  | ShowCommand
  | PinCommand
  | ModerateCommand
  | NoticeCommand
  | PingCommand;

// --- replies

export interface Welcome {
  type: "welcome";
  id: number;
  user: string;
  roles: Role[];
  session: string;
  heartbeat_ms: number;
  server_time_ms: number;
}

export interface Joined {
  type: "joined";
  id: number;
  room: string;
  epoch: string;
  seq: number;
  /** False: `state` replaces all that was known. True: no event was missed. */
  recovered: boolean;
  state: State;
}

export interface Ok {
  type: "ok";
  id: number;
  /** The new comment's id, in the reply to `comment`. */
  comment?: string;
}

export interface Gifted {
  type: "gifted";
  id: number;
  key: string;
  charged_minor: number;
  balance_minor: number;
  duplicate: boolean;
}

export interface Ordered {
  type: "ordered";
  id: number;
  order: string;
  status: OrderStatus;
  total_minor: number;
  currency: string;
  balance_minor: number;
  duplicate: boolean;
  /** Where to pay, and until when: of an order that is `held`. */
  pay_url?: string;
  due_ms?: number;
}

export interface Pong {
  type: "pong";
  id: number;
  server_time_ms: number;
}

export type ReplyTo<C extends Command> = C extends OrderCommand
  ? Ordered
  : C extends GiftCommand
    ? Gifted
    : C extends PingCommand
      ? Pong
      : Ok;

// --- the reliable lane

interface Numbered {
  seq: number;
  at_ms: number;
}

interface SoldLine {
  offer: string;
  quantity: number;
  /** What was left at this place of the lane. */
  stock: number;
}

export interface StartedEvent extends Numbered {
  type: "started";
  started_at_ms: number;
}

/** Takes all pins down. */
export interface EndedEvent extends Numbered {
  type: "ended";
}

export interface PinnedEvent extends Numbered, Offer {
  type: "pinned";
}

/** Put on sale, restocked, or with another price or other terms from now on. */
export interface StockEvent extends Numbered, Offer {
  type: "stock";
}

export interface UnpinnedEvent extends Numbered {
  type: "unpinned";
  offer: string;
}

/** Each tap is one: show one line for a `combo`, with its latest `count`. */
export interface GiftEvent extends Numbered {
  type: "gift";
  user: User;
  gift: string;
  combo: string;
  count: number;
  added: number;
  coins: number;
}

export interface SoldEvent extends Numbered {
  type: "sold";
  user: User;
  lines: SoldLine[];
}

/** Kept for an order that is being paid elsewhere. */
export interface ReservedEvent extends Numbered {
  type: "reserved";
  lines: SoldLine[];
}

/** Back on sale. */
export interface UnsoldEvent extends Numbered {
  type: "unsold";
  lines: SoldLine[];
}

export interface RemovedEvent extends Numbered {
  type: "removed";
  comment: string;
}

export interface MutedEvent extends Numbered {
  type: "muted";
  user: string;
  /** Null: for the rest of the show. */
  until_ms: number | null;
}

export interface UnmutedEvent extends Numbered {
  type: "unmuted";
  user: string;
}

export interface BannedEvent extends Numbered {
  type: "banned";
  user: string;
  /** Null: for good. */
  until_ms: number | null;
}

export interface UnbannedEvent extends Numbered {
  type: "unbanned";
  user: string;
}

export interface SettingsEvent extends Numbered {
  type: "settings";
  slow_mode_s: number;
  followers_only: boolean;
  /** These only where they were changed; null: the room has none now. */
  title?: string;
  city?: string | null;
  theme?: string | null;
  media_url?: string | null;
}

export interface NoticeEvent extends Numbered {
  type: "notice";
  text: string;
}

export type RoomEvent =
  | StartedEvent
  | EndedEvent
  | PinnedEvent
  | StockEvent
  | UnpinnedEvent
  | GiftEvent
  | SoldEvent
  | ReservedEvent
  | UnsoldEvent
  | RemovedEvent
  | MutedEvent
  | UnmutedEvent
  | BannedEvent
  | UnbannedEvent
  | SettingsEvent
  | NoticeEvent;

// --- the waterfall: shown and forgotten

export interface CommentDrop {
  type: "comment";
  comment: string;
  user: User;
  text: string;
  at_ms: number;
}

/** `count` more since the last such drop; `total` since the show's first. */
export interface LikeDrop {
  type: "like";
  count: number;
  total: number;
}

export interface ViewersDrop {
  type: "viewers";
  count: number;
}

export type Drop = CommentDrop | LikeDrop | ViewersDrop;

// --- pushes

/** All that happened in the room since its last batch. */
export interface Batch {
  type: "batch";
  room: string;
  epoch: string;
  seq: number;
  events: RoomEvent[];
  waterfall: Drop[];
  /** How many comments were left out. */
  shed: number;
  at_ms: number;
}

/** The line was too slow: so many drops were skipped for it, and no event. */
export interface Gap {
  type: "gap";
  room: string;
  shed: number;
}

export interface OrderUpdate {
  type: "order_update";
  order: string;
  status: OrderStatus;
  refunded_minor?: number;
  carrier?: string;
  tracking?: string;
}

/** A price made for this user alone; an `order` with its id, lines and total accepts it. */
export interface PrivatePrice {
  type: "private_price";
  private_price: string;
  room: string;
  offer: string;
  quantity: number;
  price_minor: number;
  carriage_minor: number;
  currency: string;
  expires_ms: number;
}

export interface Balance {
  type: "balance";
  currency: string;
  balance_minor: number;
}

export type Push = Gap | OrderUpdate | PrivatePrice | Balance;

// --- the client

/** How the wire is written. `subprotocol` is the WebSocket's. */
export interface Codec {
  subprotocol: string;
  encode(command: object): string | Uint8Array;
  /** What a message of the socket holds; throws when it is none. */
  decode(data: string | ArrayBuffer): object;
}

/** `gaps` are those of the last minute; `roundTripMs` the middle one of the last five pings. */
export interface Quality {
  roundTripMs: number | null;
  gaps: number;
  /** A gap, or more than a second there and back: time for the saver. */
  isSlow: boolean;
}

export type ConnectionState = "connecting" | "in" | "waiting" | "ended";

/** What the client tells. What one of them throws is reported, and changes nothing. */
export interface Listeners {
  /** `ended` comes with why coming back is pointless: a close code or an error code. */
  connection?(state: ConnectionState, reason?: number | ErrorCode): void;
  welcome?(welcome: Welcome): void;
  joined?(joined: Joined): void;
  batch?(batch: Batch): void;
  push?(push: Push): void;
  quality?(quality: Quality): void;
}

export interface ClientOptions {
  /** The server's WebSocket: `wss://HOST/ws`. */
  url: string;
  room: string;
  /** Null: a guest, who only watches. */
  token?: string | null;
  /** `json` unless you say otherwise. */
  codec?: Codec;
  saver?: boolean;
  on?: Listeners;
}

export class Client {
  constructor(options: ClientOptions);
  /** What the next `hello` says. After `ended`, set a new one and `open` again. */
  token: string | null;
  /** Fewer batches and fewer comments. Setting it while in joins again, and misses nothing. */
  saver: boolean;
  /** Come in and stay; again after `ended`, from where we were. */
  open(): void;
  close(): void;
  /** The network or the screen is back: find out at once where we stand. */
  nudge(): void;
  /** Rejects with `Refusal`, or with `Lost` when there is no answer. 100 may wait at a time. */
  ask<C extends Command>(command: C): Promise<ReplyTo<C>>;
  /**
   * Sends again until answered; for commands with a `key`. Rejects with `Refusal`, `Late`
   * (deadline, 120 s unless you say otherwise) or `Lost` (ended). 50 may wait at a time.
   */
  insist<C extends Command>(command: C, options?: { deadlineMs?: number }): Promise<ReplyTo<C>>;
}

/** The server said no. */
export class Refusal extends Error {
  constructor(error: { code: ErrorCode; message: string; retry_after_ms?: number });
  code: ErrorCode;
  retryAfterMs: number | undefined;
}

/** The connection went before the answer came; the command may have been carried out. */
export class Lost extends Error {}

/** So did the deadline. */
export class Late extends Lost {}

export const json: Codec;

/** A fresh idempotency key: `PREFIX-` and 20 hexadecimal digits. */
export function newKey(prefix: string): string;

/** Where we are in the reliable lane; for those who write a client of their own. */
export class Place {
  epoch: string | null;
  seq: number;
  isAsking: boolean;
  since(): Since | undefined;
  ask(): void;
  joined(at: Since): void;
  take(batch: { epoch: string; seq: number; events: readonly unknown[] }): "take" | "drop" | "rejoin";
}

export class Line {
  pong(tripMs: number): void;
  gap(nowMs: number): void;
  quality(nowMs: number): Quality;
}

export function pauseMs(failures: number, closeCode: number, random?: number): number;
export function hintedMs(hintMs: number, random?: number): number;
