export default {
  "lobby.title": "على الهواء الآن",
  "lobby.empty": "لا يوجد عرض الآن",
  "lobby.hint": "تتحدّث هذه الصفحة بنفسها.",
  "lobby.away": "لا يوجد اتصال. نحاول من جديد…",
  "lobby.studio": "ابدأ البث",
  "lobby.more": "عروض أخرى",
};
