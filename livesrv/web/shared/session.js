/**
 * Who is using the page: a token that a link brought along (`#token=…`), or one of the demo's login.
 *
 * It lives in sessionStorage, so a tab is a person and a second tab may be another; it never stays
 * in the address bar, where it would be copied and shared.
 */

const TOKEN = "livesrv.token";

export const session = {
  get token() {
    return sessionStorage.getItem(TOKEN);
  },

  /** The token's own claims: who it is for. Null without a token. The server checks it, not we. */
  get claims() {
    return this.token === null ? null : readClaims(this.token);
  },

  get user() {
    return this.claims?.sub ?? null;
  },

  has(role) {
    return this.claims?.roles?.includes(role) ?? false;
  },

  enter(token) {
    sessionStorage.setItem(TOKEN, token);
  },

  forget() {
    sessionStorage.removeItem(TOKEN);
  },
};

/** Take the token out of the address, and clean that up. */
export function adoptToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return;
  fragment.delete("token");
  session.enter(token);
  const rest = fragment.toString();
  history.replaceState(null, "", rest ? `#${rest}` : location.pathname + location.search);
}

function readClaims(token) {
  try {
    const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

adoptToken();
addEventListener("hashchange", adoptToken);
