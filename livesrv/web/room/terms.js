/**
 * What an offer's terms come to at a moment of the server's clock, and what buying would cost. Pure.
 *
 * A quote is all the buyer agrees to by pressing the button: if it changes, the button waits.
 */

export const LAST_PIECES = 10;
const PIECES_MAX = 99;

/**
 * An offer's terms now. `state` is "open", or why nobody may buy: "withdrawn", "soon", "closed" or
 * "soldout". `until` is what the clock changes next: { kind: "opens" | "flash" | "closes", atMs },
 * or null. `share` is how much of all pieces is left, 0 to 1, or null where nobody has told.
 */
export function termsOf(offer, nowMs) {
  const { stock, pieces, limit_per_buyer: limit } = offer;
  return {
    priceMinor: offer.price_minor,
    regularMinor: offer.regular_price_minor ?? null,
    currency: offer.currency,
    stock,
    limit,
    most: Math.min(stock, limit ?? PIECES_MAX, PIECES_MAX),
    share: pieces > 0 ? Math.min(1, Math.max(0, stock / pieces)) : null,
    state: stateOf(offer, nowMs),
    until: nextTurn(offer, nowMs),
  };
}

/** What so many pieces of an offer would cost now; as many as there may be, and at least one. */
export function quote(offer, quantity, nowMs) {
  const terms = termsOf(offer, nowMs);
  const taken = Math.max(1, Math.min(quantity, terms.most));
  return { ...terms, quantity: taken, totalMinor: terms.priceMinor * taken };
}

/** What a price made for one buyer costs: that many pieces, all or none. */
export function quoteDeal(deal, nowMs) {
  const { quantity, price_minor: priceMinor, currency, expires_ms: atMs } = deal;
  return {
    priceMinor,
    regularMinor: null,
    currency,
    stock: null,
    limit: null,
    most: quantity,
    share: null,
    state: nowMs < atMs ? "open" : "closed",
    until: nowMs < atMs ? { kind: "closes", atMs } : null,
    quantity,
    totalMinor: priceMinor * quantity + deal.carriage_minor,
  };
}

/**
 * What is not any more as the buyer saw it: { name, before, after } of the state, the price or the
 * quantity, the most telling first. Null when they would still get the same for the same.
 */
export function difference(before, after) {
  for (const name of ["state", "priceMinor", "quantity"]) {
    if (before[name] !== after[name]) return { name, before: before[name], after: after[name] };
  }
  return null;
}

function stateOf({ withdrawn, opens_ms: opensMs, closes_ms: closesMs, stock }, nowMs) {
  if (withdrawn) return "withdrawn";
  if (nowMs < opensMs) return "soon";
  if (nowMs >= closesMs) return "closed";
  return stock > 0 ? "open" : "soldout";
}

function nextTurn({ opens_ms: opensMs, closes_ms: closesMs, flash }, nowMs) {
  if (nowMs < opensMs) return { kind: "opens", atMs: opensMs };
  const turns = [];
  if (flash && flash.from_ms <= nowMs && nowMs < flash.until_ms) {
    turns.push({ kind: "flash", atMs: flash.until_ms });
  }
  if (nowMs < closesMs) turns.push({ kind: "closes", atMs: closesMs });
  turns.sort((a, b) => a.atMs - b.atMs);
  return turns[0] ?? null;
}
