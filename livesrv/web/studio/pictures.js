/** Pictures for what is sold and for what a show is about. Each has its word under `good.…` or `theme.…`. */

export const GOODS = [
  ["🍑", "peach"],
  ["🍎", "apple"],
  ["🍊", "orange"],
  ["🍐", "pear"],
  ["🍇", "grapes"],
  ["🍓", "strawberry"],
  ["🍒", "cherry"],
  ["🍉", "melon"],
  ["🥭", "mango"],
  ["🍌", "banana"],
  ["🍋", "lemon"],
  ["🥬", "greens"],
  ["🍅", "tomato"],
  ["🥔", "potato"],
  ["🥕", "carrot"],
  ["🌽", "corn"],
  ["🌶️", "chili"],
  ["🧄", "garlic"],
  ["🍄", "mushroom"],
  ["🥜", "nuts"],
  ["🍵", "tea"],
  ["🍯", "honey"],
  ["🥚", "eggs"],
  ["🍚", "rice"],
  ["🌾", "grain"],
  ["🍞", "bread"],
  ["🥛", "milk"],
  ["🐟", "fish"],
  ["🦐", "shrimp"],
  ["🐔", "chicken"],
  ["🥩", "meat"],
  ["💐", "flowers"],
  ["🧺", "basket"],
  ["🏺", "pottery"],
  ["🧶", "wool"],
  ["🧵", "cloth"],
  ["👗", "clothes"],
  ["👟", "shoes"],
  ["🧸", "toys"],
  ["🎁", "other"],
];

/** Told to everybody at a tap; the words under `notice.…`. */
export const NOTICES = [
  ["📦", "ships"],
  ["⏳", "few"],
  ["⚡", "flash"],
  ["🙏", "thanks"],
  ["🚚", "carriage"],
  ["❓", "ask"],
];

const REGIONS = { US: "USD", GB: "GBP", IN: "INR", EG: "EGP", SA: "SAR", AE: "AED", HK: "HKD", TW: "TWD", SG: "SGD" };
const LANGUAGES = { zh: "CNY", ar: "EGP", en: "USD" };

export const CURRENCIES = [...new Set(["CNY", "EUR", ...Object.values(REGIONS)])];

/** The money of where a locale is spoken: "zh-CN" → "CNY", "en-IN" → "INR". Pure. */
export function currencyOf(locale) {
  const [language, ...rest] = locale.split("-");
  const region = rest.find((part) => /^[A-Z]{2}$/.test(part));
  return REGIONS[region] ?? LANGUAGES[language] ?? "EUR";
}
