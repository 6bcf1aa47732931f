/** Arithmetic of what a host earns. Pure: no page, no network, no clock. */

const RIPENING = new Set(["maturity", "settle"]);

/** How a figure compares with the one before: the change as a share of it; null without a basis. */
export function change(now, before) {
  return before > 0 ? (now - before) / before : null;
}

/** What two shows took, side by side: [{ name, currency, now, before }], before null without one. */
export function sideBySide(show, last) {
  const figures = ["orders", "pieces", "gifts", "coins"].map((name) => ({
    name,
    currency: null,
    now: show[name],
    before: last?.[name] ?? null,
  }));
  return [...amounts("earned", show, last), ...amounts("sales", show, last), ...figures];
}

/** Where one of them took nothing in a currency, that is 0. */
function amounts(name, show, last) {
  const currencies = show[name].map(({ currency }) => currency);
  for (const { currency } of last?.[name] ?? []) {
    if (!currencies.includes(currency)) currencies.push(currency);
  }
  return currencies.map((currency) => ({
    name,
    currency,
    now: amountIn(show[name], currency),
    before: last === null ? null : amountIn(last[name], currency),
  }));
}

export function amountIn(list, currency) {
  return list.find((each) => each.currency === currency)?.amount_minor ?? 0;
}

/**
 * A statement's lines as sums by day and kind, the latest day first: [{ day, sums }], with `sums` as
 * [{ kind, currency, amount_minor }]. `day` is what `dayOf(at_ms)` says. Kinds: `sales`, `gifts`,
 * `refunds`, `payouts`. What ripens goes from one hand to the other, so it is no sum.
 */
export function byDay(lines, user, dayOf) {
  const days = new Map();
  for (const line of lines) {
    const kind = kindOf(line, user);
    if (kind === null) continue;
    const day = dayOf(line.at_ms);
    if (!days.has(day)) days.set(day, new Map());
    add(days.get(day), kind, line);
  }
  return [...days].reverse().map(([day, sums]) => ({ day, sums: [...sums.values()] }));
}

function add(sums, kind, { currency, amount_minor: amount }) {
  const sum = sums.get(`${kind} ${currency}`) ?? { kind, currency, amount_minor: 0 };
  sum.amount_minor += amount;
  sums.set(`${kind} ${currency}`, sum);
}

function kindOf({ account, kind, reference }, user) {
  if (account !== `pending:${user}` && account !== `available:${user}`) return null;
  if (RIPENING.has(kind)) return null;
  if (kind === "payout") return "payouts";
  if (kind !== "commission") return "refunds";
  return reference.startsWith("gift:") ? "gifts" : "sales";
}

/** What so many coins are worth by the rate in force, rounded down; null without a rate. */
export function coinsIn(coins, currency, rates, nowMs) {
  const begun = rates.filter((rate) => rate.currency === currency && rate.from_ms <= nowMs);
  if (begun.length === 0) return null;
  const rate = begun.reduce((one, other) => (other.from_ms > one.from_ms ? other : one));
  return Math.floor((coins * rate.minor_per_1000) / 1000);
}
