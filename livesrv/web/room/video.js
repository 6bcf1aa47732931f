/**
 * The picture of the show: a video where the room has one. The placeholder stands behind it, and is
 * seen until there is a first frame, and whenever the video stops.
 *
 * Must not know the room. Whatever goes wrong, it tries again by itself, ever later. HLS is the
 * browser's own where it has it; else hls.js is loaded, and not before.
 */

import { find } from "../shared/dom.js";
import { say } from "../shared/words.js";

const PLAIN = /\.(mp4|m4v|mov|webm|ogv)$/i;
const PLAYLIST = "application/vnd.apple.mpegurl";
const STALL_MS = 3_000; // the picture stands still: show the placeholder
const STUCK_MS = 12_000; // and nothing comes: begin again
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 60_000;
const FAILURES_COUNTED = 10;
const LAG_MAX_S = 20; // behind the live end, after the page was hidden
const LAG_S = 4;

export class Video {
  #show = find("show");
  #node = find("video");
  #sound = find("sound");
  #url = null;
  #isSaving = false;
  #isWanted = false;
  #isHlsOurs = false;
  #hls = null;
  #attempt = 0;
  #failures = 0;
  #stall = 0;
  #stuck = 0;
  #again = 0;

  constructor() {
    find("play").addEventListener("click", () => this.#want());
    find("sound-on").addEventListener("click", () => this.#listen(true));
    this.#sound.addEventListener("click", () => this.#listen(this.#node.muted));
    this.#hear();
    this.#state("none");
    addEventListener("online", () => this.#is("away") && this.#load());
    document.addEventListener("visibilitychange", () => this.#catchUp());
  }

  /** Where the video is, or null for none. */
  show(url) {
    const wished = isWeb(url) ? url : null;
    if (wished === this.#url) return;
    this.#url = wished;
    this.#failures = 0;
    this.#isHlsOurs = !this.#node.canPlayType(PLAYLIST);
    this.#begin();
  }

  /** Spare the line: show none before somebody asks for it. */
  save(isSaving) {
    if (isSaving === this.#isSaving) return;
    this.#isSaving = isSaving;
    this.#isWanted = false;
    if (this.#url !== null && (isSaving || this.#is("held"))) this.#begin();
  }

  // --- loading

  #begin() {
    if (this.#url === null) this.#rest("none");
    else if (this.#isSaving && !this.#isWanted) this.#rest("held");
    else this.#load();
  }

  #want() {
    this.#isWanted = true;
    this.#load();
  }

  #load() {
    this.#rest("loading");
    this.#stuck = setTimeout(() => this.#fail(), STUCK_MS);
    const isPlain = PLAIN.test(new URL(this.#url).pathname);
    this.#node.loop = isPlain;
    if (!isPlain && this.#isHlsOurs) this.#loadHls(this.#attempt);
    else this.#node.src = this.#url;
    this.#play();
  }

  async #loadHls(attempt) {
    const { default: Hls } = await import("../vendor/hls.js").catch(() => ({}));
    if (attempt !== this.#attempt || !Hls?.isSupported()) return;
    this.#hls = new Hls({ enableWorker: false, liveMaxLatencyDuration: LAG_MAX_S, liveSyncDuration: LAG_S });
    this.#hls.on(Hls.Events.ERROR, (_, { fatal }) => fatal && this.#fail());
    this.#hls.loadSource(this.#url);
    this.#hls.attachMedia(this.#node);
    this.#play();
  }

  /** Muted, it may begin by itself; where even that is not allowed, somebody has to ask for it. */
  #play() {
    const attempt = this.#attempt;
    this.#node.play().catch(({ name }) => {
      if (name !== "NotAllowedError" || attempt !== this.#attempt) return;
      if (this.#node.muted) this.#rest("held");
      else this.#listen(false);
    });
  }

  /** Load nothing, and say why. */
  #rest(state) {
    this.#attempt += 1;
    for (const timer of [this.#stall, this.#stuck, this.#again]) clearTimeout(timer);
    this.#hls?.destroy();
    this.#hls = null;
    if (this.#node.hasAttribute("src")) {
      this.#node.removeAttribute("src");
      this.#node.load();
    }
    this.#state(state);
  }

  #fail() {
    const isRefused = this.#node.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED;
    if (isRefused) this.#isHlsOurs = true; // the browser promised more than it can
    this.#failures = Math.min(this.#failures + 1, FAILURES_COUNTED);
    this.#rest("away");
    const pauseMs = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (this.#failures - 1));
    this.#again = setTimeout(() => this.#load(), pauseMs * (0.5 + Math.random() / 2));
  }

  // --- playing

  #hear() {
    const on = (type, heard) => this.#node.addEventListener(type, () => this.#isLoaded() && heard());
    on("playing", () => this.#flow());
    on("timeupdate", () => this.#is("stalled") && this.#flow());
    on("waiting", () => this.#wait());
    on("error", () => this.#fail());
    on("ended", () => this.#fail());
  }

  #flow() {
    clearTimeout(this.#stall);
    clearTimeout(this.#stuck);
    this.#stall = this.#stuck = 0;
    this.#failures = 0;
    this.#state("on");
  }

  #wait() {
    if (!this.#is("on") || this.#stall !== 0) return;
    this.#stall = setTimeout(() => this.#state("stalled"), STALL_MS);
    this.#stuck = setTimeout(() => this.#fail(), STUCK_MS);
  }

  /** The page is seen again: browsers have paused it meanwhile. */
  #catchUp() {
    if (document.hidden || !this.#isLoaded()) return;
    const { seekable, currentTime, duration } = this.#node;
    const endS = seekable.length > 0 ? seekable.end(seekable.length - 1) : 0;
    if (duration === Infinity && endS - currentTime > LAG_MAX_S) this.#node.currentTime = endS - LAG_S;
    this.#play();
  }

  #listen(isLoud) {
    this.#node.muted = !isLoud;
    this.#show.dataset.sound = isLoud ? "on" : "off";
    this.#sound.ariaPressed = String(isLoud);
    this.#sound.ariaLabel = this.#sound.title = say(isLoud ? "sound.off" : "sound.on");
    if (isLoud) this.#play();
  }

  #isLoaded() {
    return this.#is("loading") || this.#is("on") || this.#is("stalled");
  }

  #is(state) {
    return this.#show.dataset.video === state;
  }

  #state(state) {
    this.#show.dataset.video = state;
  }
}

function isWeb(url) {
  try {
    return /^https?:$/.test(new URL(url).protocol);
  } catch {
    return false; // null too
  }
}
