/** What a show may be about: a room's `theme`, and the picture that stands for it. */
export const THEMES = {
  fruit: "🍑",
  vegetables: "🥬",
  tea: "🍵",
  honey: "🍯",
  fish: "🐟",
  rice: "🌾",
  eggs: "🥚",
  flowers: "💐",
  clothes: "👗",
  crafts: "🧺",
};
