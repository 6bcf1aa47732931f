/**
 * A shop's own page: one room's comments and what is on sale in it, and nothing but the client.
 *
 *   example.html?room=orchard&server=https://live.example.org#token=eyJhbGci…
 *
 * Without `server` it is the one that the page came from; without a token one only watches.
 */

import { Client } from "./index.js";

const COMMENTS_SHOWN = 100;
const STATES = {
  connecting: "Connecting…",
  in: "",
  waiting: "Connection lost. Trying again…",
  ended: "This show cannot be watched.",
};

const query = new URLSearchParams(location.search);
const room = query.get("room") ?? "";
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const find = (id) => document.getElementById(id);
const pinned = new Map();

const client = new Client({
  url: new URL("/ws", query.get("server") ?? location.origin).href.replace(/^http/, "ws"),
  room,
  token,
  on: {
    connection: (state) => (find("connection").textContent = STATES[state]),
    joined: ({ recovered, state }) => recovered || begin(state),
    batch: ({ events, waterfall }) => {
      events.forEach(take);
      waterfall.filter(({ type }) => type === "comment").forEach(showComment);
      showOffers();
    },
    quality: ({ isSlow }) => {
      if (isSlow && !client.saver) client.saver = true;
    },
  },
});

function begin({ title, pinned: offers, comments }) {
  find("title").textContent = title;
  pinned.clear();
  for (const offer of offers) pinned.set(offer.offer, offer);
  showOffers();
  find("comments").replaceChildren();
  comments.forEach(showComment);
}

function take(event) {
  if (event.type === "pinned") pinned.set(event.offer, event);
  else if (event.type === "unpinned") pinned.delete(event.offer);
  else if (event.type === "ended") pinned.clear();
  else if (event.type === "removed") find(`comment-${event.comment}`)?.remove();
  else if (event.type === "stock" && pinned.has(event.offer)) pinned.set(event.offer, event);
  else if (["sold", "reserved", "unsold"].includes(event.type)) event.lines.forEach(count);
}

function count({ offer, stock }) {
  if (pinned.has(offer)) pinned.set(offer, { ...pinned.get(offer), stock });
}

function showOffers() {
  find("offers").replaceChildren(...[...pinned.values()].map(newOffer));
}

function newOffer({ title, price_minor: priceMinor, currency, stock }) {
  const node = document.createElement("article");
  node.append(newNode("b", title), newNode("span", money(priceMinor, currency)));
  node.append(newNode("span", stock > 0 ? `${stock} left` : "Sold out"));
  return node;
}

function showComment({ comment, user, text }) {
  const list = find("comments");
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const line = newNode("li", `${user.name}: ${text}`);
  line.id = `comment-${comment}`;
  list.append(line);
  if (list.children.length > COMMENTS_SHOWN) list.firstChild.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

function newNode(tag, text) {
  const node = document.createElement(tag);
  node.dir = "auto";
  node.textContent = text;
  return node;
}

function money(amountMinor, currency) {
  const format = new Intl.NumberFormat([], { style: "currency", currency });
  return format.format(amountMinor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

find("say").hidden = token === null;
find("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = find("text").value.trim();
  try {
    if (text) await client.ask({ type: "comment", room, text });
    find("text").value = "";
  } catch (error) {
    find("connection").textContent = error.message;
  }
});
addEventListener("online", () => client.nudge());
document.addEventListener("visibilitychange", () => document.hidden || client.nudge());
client.open();
