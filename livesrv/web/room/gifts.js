/** How gifts look. */

const EMOJI = { rose: "🌹", heart: "💖", rocket: "🚀", beer: "🍺", crown: "👑", star: "⭐" };

export const emojiOf = (gift) => EMOJI[gift] ?? "🎁";
