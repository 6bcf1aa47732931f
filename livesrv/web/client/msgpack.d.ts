import type { Codec } from "./index.js";

/** The wire in MessagePack, for `new Client({ codec: msgpack, … })`. Needs a page: a `window`. */
export const msgpack: Codec;
