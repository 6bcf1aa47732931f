"""Who is watching the demo's show, and what each of them says. Only words; in UTF-8, as written.

A phrase belongs to a language and a mood: `hello`, `praise`, `wish` (would like to have it),
`bought`, `cheer` (somebody sent something big), `bye`.
"""

from typing import Literal, NamedTuple

Mood = Literal["hello", "praise", "wish", "bought", "cheer", "bye"]


class Person(NamedTuple):
    """Somebody who watches. `id` is for ever: the wallet and the orders hang on it."""

    id: str
    name: str
    language: str


CAST = (
    Person("lan", "兰兰", "zh"),
    Person("bo", "阿波", "zh"),
    Person("xiaoyu", "小雨", "zh"),
    Person("laochen", "老陈", "zh"),
    Person("grace", "Grace", "en"),
    Person("tom", "Tom in Leeds", "en"),
    Person("ngozi", "Ngozi 🌻", "en"),
    Person("lucia", "Lucía", "es"),
    Person("mateo", "Mateo_MX", "es"),
    Person("joao", "João", "pt"),
    Person("bia", "Bia", "pt"),
    Person("amelie", "Amélie", "fr"),
    Person("moussa", "Moussa", "fr"),
    Person("layla", "ليلى", "ar"),
    Person("youssef", "يوسف", "ar"),
    Person("priya", "प्रिया", "hi"),
    Person("arjun", "अर्जुन", "hi"),
    Person("amina", "Amina", "sw"),
    Person("baraka", "Baraka", "sw"),
    Person("dewi", "Dewi ✨", "id"),
    Person("budi", "Budi", "id"),
    Person("linh", "Linh", "vi"),
    Person("sakura", "さくら", "ja"),
    Person("olga", "Ольга", "ru"),
)

PHRASES: dict[str, dict[Mood, tuple[str, ...]]] = {
    "zh": {
        "hello": ("早上好！", "来了来了", "丽水人来报到🙋", "主播好！"),
        "praise": (
            "看着就甜",
            "这颜色太美了😍",
            "隔着屏幕都闻到香味",
            "奶奶种的就是放心",
            "皮好薄",
        ),
        "wish": ("我要两箱", "给我妈也买一箱", "还有吗？", "已经在流口水了", "什么时候发货？"),
        "bought": ("抢到了！", "拍了两箱🍑", "手快有！", "下单啦，等收货"),
        "cheer": ("哇！！！", "老板大气！", "🚀🚀🚀", "666"),
        "bye": ("明天见！", "辛苦了主播", "回头再来"),
    },
    "en": {
        "hello": ("morning everyone!", "hi from a rainy kitchen ☔", "hello Mei!", "back again 👋"),
        "praise": (
            "that colour!!",
            "I can smell them from here",
            "so juicy 😍",
            "what a view",
            "this is the best part of my day",
        ),
        "wish": (
            "one box please",
            "need these for a tart",
            "are there still some left?",
            "my kids would finish it in a day",
            "saving up for two boxes",
        ),
        "bought": ("got one!!", "ordered 🍑", "that was quick", "one for me, one for grandma"),
        "cheer": ("WOW", "🚀🚀🚀", "you legend", "haha amazing"),
        "bye": ("see you tomorrow!", "thank you Mei", "best show, bye!"),
    },
    "es": {
        "hello": ("¡hola a todos!", "saludos desde Oaxaca", "¡buenos días, Mei!"),
        "praise": ("qué pinta 😍", "se ven riquísimos", "qué paisaje tan bonito", "¡qué dulzura!"),
        "wish": ("yo quiero dos cajas", "¿quedan todavía?", "para mi abuela, le encantan"),
        "bought": ("¡ya tengo la mía!", "pedido hecho 🍑", "¡lo logré!"),
        "cheer": ("¡¡vamos!!", "¡qué crack!", "🚀 ¡olé!"),
        "bye": ("¡hasta mañana!", "gracias, Mei", "un abrazo a la abuela"),
    },
    "pt": {
        "hello": ("bom dia!", "oi, gente 👋", "chegando de Recife"),
        "praise": (
            "que lindo!",
            "deve estar uma delícia",
            "essa cor… uau",
            "que lugar maravilhoso",
        ),
        "wish": ("quero uma caixa", "ainda tem?", "vou levar pra minha mãe"),
        "bought": ("consegui!!", "comprei duas 🍑", "já é minha"),
        "cheer": ("arrasou!", "uhuuul 🚀", "que presente!"),
        "bye": ("até amanhã!", "obrigada, Mei", "beijo pra vovó"),
    },
    "fr": {
        "hello": ("bonjour à tous !", "coucou de Dakar", "salut Mei 👋"),
        "praise": (
            "elles sont magnifiques",
            "quelle couleur !",
            "ça donne faim",
            "quel beau village",
        ),
        "wish": ("une caisse pour moi", "il en reste ?", "parfait pour une tarte"),
        "bought": ("c'est commandé !", "j'en ai deux 🍑", "ouf, à temps"),
        "cheer": ("bravo !!", "oh là là 🚀", "magnifique !"),
        "bye": ("à demain !", "merci Mei", "bonne journée à tous"),
    },
    "ar": {
        "hello": ("صباح الخير", "مرحباً من القاهرة", "أهلاً يا مي 👋"),
        "praise": ("ما شاء الله", "لونها رائع 😍", "شكلها لذيذ جداً", "منظر جميل"),
        "wish": ("أريد صندوقين", "هل بقي شيء؟", "هدية لأمي"),
        "bought": ("طلبت صندوقاً 🍑", "الحمد لله لحقت", "تم الطلب!"),
        "cheer": ("يا سلام!", "رائع 🚀", "كريم جداً"),
        "bye": ("إلى اللقاء", "شكراً يا مي", "سلام للجدة"),
    },
    "hi": {
        "hello": ("नमस्ते सबको 🙏", "जयपुर से नमस्ते", "सुप्रभात!"),
        "praise": ("कितने सुंदर हैं", "देखकर ही मुँह में पानी आ गया", "वाह, क्या रंग है", "बहुत बढ़िया"),
        "wish": ("मुझे दो डिब्बे चाहिए", "अभी बचे हैं क्या?", "माँ के लिए लूँगी"),
        "bought": ("मिल गया!", "ऑर्डर कर दिया 🍑", "बच गए, समय पर लिया"),
        "cheer": ("क्या बात है!", "वाह वाह 🚀", "कमाल!"),
        "bye": ("कल मिलते हैं", "धन्यवाद मेई", "दादी को प्रणाम"),
    },
    "sw": {
        "hello": ("habari za asubuhi!", "hujambo kutoka Mombasa", "nimefika 👋"),
        "praise": ("mazuri sana!", "rangi nzuri kweli", "yanapendeza 😍", "safi kabisa"),
        "wish": ("nataka boksi mbili", "bado yapo?", "ya mama yangu"),
        "bought": ("nimepata!", "nimeagiza 🍑", "asante, nimelipa"),
        "cheer": ("hongera!!", "aisee 🚀", "moto sana 🔥"),
        "bye": ("kwaheri!", "asante sana Mei", "tutaonana kesho"),
    },
    "id": {
        "hello": ("pagi semua!", "hadir dari Bandung 🙋", "halo kak Mei"),
        "praise": ("cantik banget warnanya", "kelihatan manis", "segar sekali 😍", "bikin ngiler"),
        "wish": ("mau dua dus kak", "masih ada?", "buat ibu di rumah"),
        "bought": ("dapat!!", "sudah pesan 🍑", "checkout, kak"),
        "cheer": ("wah keren!", "mantap 🚀🚀", "sultan datang"),
        "bye": ("sampai besok!", "makasih kak Mei", "salam buat nenek"),
    },
    "vi": {
        "hello": ("chào cả nhà!", "Đà Nẵng đây ạ", "chào chị Mei"),
        "praise": ("đẹp quá!", "nhìn là thấy ngọt", "thơm quá đi 😍"),
        "wish": ("cho em hai hộp", "còn hàng không chị?", "mua cho mẹ"),
        "bought": ("mua được rồi!", "chốt đơn 🍑", "nhanh tay thật"),
        "cheer": ("tuyệt vời!", "đỉnh quá 🚀", "wow wow"),
        "bye": ("mai gặp lại!", "cảm ơn chị Mei", "thương bà nội quá"),
    },
    "ja": {
        "hello": ("おはようございます", "京都から見てます", "はじめまして！"),
        "praise": ("きれい…", "おいしそう😍", "香りまで届きそう", "いい景色"),
        "wish": ("ひと箱ほしいです", "まだありますか？", "母に送りたい"),
        "bought": ("買えました！", "注文しました🍑", "間に合った"),
        "cheer": ("すごい！", "おお🚀", "👏👏👏"),
        "bye": ("また明日", "ありがとうございました", "おばあちゃんによろしく"),
    },
    "ru": {
        "hello": ("доброе утро!", "привет из Казани", "всем привет 👋"),
        "praise": ("какая красота", "аж слюнки текут", "цвет потрясающий 😍"),
        "wish": ("мне два ящика", "ещё осталось?", "маме в подарок"),
        "bought": ("успела!", "заказала 🍑", "мой ящик!"),
        "cheer": ("ого!!", "браво 🚀", "вот это да"),
        "bye": ("до завтра!", "спасибо, Мэй", "бабушке привет"),
    },
}
