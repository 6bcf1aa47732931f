/** What the page says, in the viewer's language, and how numbers and money are written. */

const ENGLISH = {
  "connection.connecting": "Connecting…",
  "connection.waiting": "Reconnecting…",
  "connection.in": "Connected",
  "show.live": "LIVE",
  "show.created": "Starts soon",
  "show.ended": "The show is over",
  "lobby.title": "On now",
  "lobby.empty": "No show is on right now",
  "lobby.hint": "This page looks again by itself.",
  "lobby.away": "No connection. Trying again…",
  "lobby.back": "All shows",
  "viewers": "watching",
  "gifters": "Top gifts",
  "comments": "Comments",
  "comment.hint": "Say something…",
  "comment.send": "Send",
  "like": "Like",
  "gift": "Send a gift",
  "gift.tap": "Tap again and again for a combo",
  "gift.sent": "sends",
  "wallet": "Your wallet",
  "login.open": "Join in",
  "login.title": "Pick a name",
  "login.name": "Your name",
  "login.dice": "Another name",
  "login.go": "Go",
  "login.money": "Play money is included",
  "guest": "You are watching as a guest",
  "offer.buy": "Buy",
  "offer.left": "{count} left",
  "offer.last": "Only {count} left!",
  "offer.soldout": "Sold out",
  "order.fewer": "Fewer",
  "order.more": "More",
  "order.pay": "Pay {total}",
  "order.paying": "Paying…",
  "order.waiting": "Waiting for the connection. You pay only once.",
  "order.paid": "Yours!",
  "order.paid.again": "Already paid. Nothing was taken twice.",
  "order.balance": "{balance} left in your wallet",
  "order.number": "Order {order}",
  "order.bought": "bought",
  "close": "Close",
  "retry": "Try again",
  "watch": "Watch as a guest",
  "shed": "{count} more comments",
  "error.muted": "You are muted in this room",
  "error.banned": "You may not come into this room any more",
  "error.not_live": "The show is not on",
  "error.sold_out": "Not that many are left",
  "error.insufficient_funds": "Not enough money in your wallet",
  "error.price_changed": "The price has changed. Please look again",
  "error.limit_exceeded": "One buyer may not have more of this",
  "error.not_eligible": "Only followers may comment now",
  "error.not_found": "It is not here any more",
  "error.rate_limited": "Not so fast",
  "error.busy": "Too busy. Please try again",
  "error.unauthenticated": "Please pick a name first",
  "error.forbidden": "That is not allowed here",
  "token.over": "Your time here is over",
  "error.4409": "You are here in too many windows",
  "error.other": "That did not work",
};

const CHINESE = {
  "connection.connecting": "连接中…",
  "connection.waiting": "重新连接…",
  "connection.in": "已连接",
  "show.live": "直播中",
  "show.created": "即将开始",
  "show.ended": "直播已结束",
  "lobby.title": "正在直播",
  "lobby.empty": "现在没有直播",
  "lobby.hint": "本页会自动刷新。",
  "lobby.away": "没有网络，正在重试…",
  "lobby.back": "全部直播",
  "viewers": "人在看",
  "gifters": "礼物榜",
  "comments": "弹幕",
  "comment.hint": "说点什么…",
  "comment.send": "发送",
  "like": "点赞",
  "gift": "送礼物",
  "gift.tap": "连续点击可以连送",
  "gift.sent": "送出",
  "wallet": "我的钱包",
  "login.open": "加入",
  "login.title": "起个名字",
  "login.name": "你的名字",
  "login.dice": "换一个",
  "login.go": "进入",
  "login.money": "送你游戏币",
  "guest": "你正在以游客身份观看",
  "offer.buy": "购买",
  "offer.left": "剩 {count} 件",
  "offer.last": "只剩 {count} 件！",
  "offer.soldout": "已售罄",
  "order.fewer": "减少",
  "order.more": "增加",
  "order.pay": "支付 {total}",
  "order.paying": "支付中…",
  "order.waiting": "等待网络恢复，只会扣款一次。",
  "order.paid": "买到了！",
  "order.paid.again": "之前已付款，没有重复扣款。",
  "order.balance": "钱包余额 {balance}",
  "order.number": "订单 {order}",
  "order.bought": "买了",
  "close": "关闭",
  "retry": "重试",
  "watch": "游客观看",
  "shed": "还有 {count} 条弹幕",
  "error.muted": "你已被禁言",
  "error.banned": "你已被移出直播间",
  "error.not_live": "直播没有进行",
  "error.sold_out": "库存不够了",
  "error.insufficient_funds": "钱包余额不足",
  "error.price_changed": "价格变了，请再看一下",
  "error.limit_exceeded": "超过每人限购数量",
  "error.not_eligible": "现在只有粉丝可以发言",
  "error.not_found": "已经不在这里了",
  "error.rate_limited": "慢一点",
  "error.busy": "人太多了，请再试一次",
  "error.unauthenticated": "请先起个名字",
  "error.forbidden": "这里不允许这样做",
  "token.over": "你的登录已到期",
  "error.4409": "打开的窗口太多了",
  "error.other": "没有成功",
};

const isChinese = /^zh\b/i.test(navigator.language);
const words = isChinese ? CHINESE : ENGLISH;
const language = navigator.language || "en";

/** What stands under `key`, with `{name}` replaced from `values`. */
export function say(key, values = {}) {
  return words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** A refusal in words: `code` is an error code or a close code. */
export function sayError(code) {
  return words[`error.${code}`] ?? words["error.other"];
}

/** Put words where the document asks for them: `data-say` as text, `data-label` as its name. */
export function translate(root) {
  document.documentElement.lang = isChinese ? "zh" : "en";
  for (const node of root.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of root.querySelectorAll("[data-label]")) {
    node.ariaLabel = node.title = say(node.dataset.label);
  }
  for (const node of root.querySelectorAll("[data-hint]")) {
    node.placeholder = node.ariaLabel = say(node.dataset.hint);
  }
}

const compact = new Intl.NumberFormat(language, { notation: "compact" });
const plain = new Intl.NumberFormat(language);
const currencies = new Map();

/** 812 → "812", 10455 → "10K", "1万". */
export function count(number) {
  return number < 10_000 ? plain.format(number) : compact.format(number);
}

/** The same where there is little room: 1019 → "1K". */
export function brief(number) {
  return compact.format(number);
}

/** An amount in its smallest unit, as one writes it: 2990 "CNY" → "CN¥29.90", 5 "COIN" → "🪙5". */
export function money(minor, currency) {
  if (currency === "COIN") return `🪙 ${plain.format(minor)}`;
  const format = formatOf(currency);
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function formatOf(currency) {
  if (!currencies.has(currency)) {
    currencies.set(currency, new Intl.NumberFormat(language, { style: "currency", currency }));
  }
  return currencies.get(currency);
}
