/**
 * The wire in MessagePack, for `new Client({ codec: msgpack, … })`.
 *
 * The decoder is a script that leaves its functions in `window`, under a name that it is told.
 */

const NAME = "livesrv-msgpack"; // a page may have a `msgpack` of its own

window.msgpackJsName = NAME;
await import("./vendor/msgpack.js");
delete window.msgpackJsName;
const { encode, decode } = window[NAME];

export const msgpack = {
  subprotocol: "livesrv.v1.msgpack",
  encode,
  decode: (bytes) => decode(new Uint8Array(bytes)),
};
