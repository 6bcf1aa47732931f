export default {
  "lobby.title": "On now",
  "lobby.empty": "No show is on right now",
  "lobby.hint": "This page looks again by itself.",
  "lobby.away": "No connection. Trying again…",
  "lobby.studio": "Go live",
  "lobby.more": "More shows",
};
