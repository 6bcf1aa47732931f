/** What a buyer is told whose order was refused, and what they can do about it. Pure. */

/**
 * `wish` is the quote that was refused, `holds` what the wallet has of its currency or null.
 *
 * Answers { key, values, take }: the words' key; the values that go into them, in which `minor` is
 * an amount; and with how many pieces it may work: null where trying again is no use, or as many
 * as before where it is just that.
 */
export function adviceOn(code, wish, holds) {
  if (code === "insufficient_funds") return lacking(wish, holds);
  if (code === "sold_out" && wish.stock !== null) return fewer(wish);
  if (code === "limit_exceeded") return limited(wish);
  if (code === "not_eligible") return { key: "order.not_now", values: {}, take: null };
  const isOver = code === "not_live" || code === "banned" || code === "not_found";
  return { key: `error.${code}`, values: {}, take: isOver ? null : wish.quantity };
}

function lacking({ totalMinor, priceMinor, quantity }, holds) {
  if (holds === null || holds >= totalMinor) {
    return { key: "error.insufficient_funds", values: {}, take: quantity };
  }
  const affordable = Math.min(Math.floor(holds / priceMinor), quantity - 1);
  const values = { minor: totalMinor - holds };
  return { key: "order.missing", values, take: affordable > 0 ? affordable : null };
}

function fewer({ stock, quantity }) {
  if (stock <= 0) return { key: "offer.soldout", values: {}, take: null };
  return { key: "offer.last", values: { count: stock }, take: Math.min(stock, quantity) };
}

function limited({ limit, quantity }) {
  const take = quantity > 1 ? quantity - 1 : null;
  if (limit === null) return { key: "error.limit_exceeded", values: {}, take };
  return { key: "order.limit", values: { count: limit }, take };
}
