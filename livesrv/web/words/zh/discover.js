export default {
  "lobby.title": "正在直播",
  "lobby.empty": "现在没有直播",
  "lobby.hint": "本页会自动刷新。",
  "lobby.away": "没有网络，正在重试…",
  "lobby.studio": "开直播",
  "lobby.more": "更多直播",
};
