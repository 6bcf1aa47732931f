"""Who comes and what they say, in English and Chinese. Only words; they fit whatever is on sale.

Invariant: everybody has something to say in every mood, and people's ids are for ever: wallets and
orders hang on them, so however often there is an audience, there are only so many accounts.
"""

from typing import Literal, NamedTuple

Language = Literal["en", "zh"]
Mood = Literal["hello", "praise", "ask", "want", "bought", "late", "cheer", "heard"]


class Person(NamedTuple):
    id: str
    name: str
    language: Language


_NAMES: dict[Language, tuple[str, ...]] = {
    "zh": (
        *("小满", "阿吉", "圆圆妈妈", "老周", "山里人家", "晓棠", "豆豆", "李家二姐", "云朵朵"),
        *("大刘", "桂花糕", "江南客", "小石头", "梅子酒", "阿珍", "一米阳光", "胖虎", "春分"),
        *("小鱼儿", "老王头", "静静", "麦芽糖", "王阿姨", "北方的狼", "糯米团子", "阿强", "竹子"),
        *("谷雨", "红豆", "慢慢来", "苏苏", "三哥", "甜橙", "阿梅", "爱吃的猫", "小树"),
        *("海边人", "小麦", "晴天", "阿福", "秋月", "冬瓜", "田园牧歌", "乐乐爸", "木木"),
        *("柠檬茶", "花姐", "小北", "半夏", "知了"),
    ),
    "en": (
        *("Ruth", "Kofi", "Hanna B.", "old Pete", "Maya", "Sam from Hull", "Ines", "Dot", "Femi"),
        *("Greta", "Joe K", "Nadia", "Uncle Ray", "Zoe", "Tariq", "Bea", "Marcus", "Ivy"),
        *("Oskar", "Lena", "Big Tom", "Anita", "Noor", "Elsie", "Pavel", "Rosa", "Wen in Perth"),
        *("Jude", "Carla", "Hugo", "Mina", "Aunt Jo", "Theo", "Sana", "Billie", "Kai"),
        *("Freya", "Dev", "Martha", "Luis", "Nell", "Idris", "Petra", "Cora", "Yusuf"),
        *("Alma", "Finn", "Thandi", "Rafa", "Wilma"),
    ),
}
PEOPLE = tuple(
    Person(f"audience-{language}-{number}", name, language)
    for language, names in _NAMES.items()
    for number, name in enumerate(names, 1)
)
PHRASES: dict[Language, dict[Mood, tuple[str, ...]]] = {
    "en": {
        "hello": ("hello!", "hi from work 👋", "first time here", "evening everyone", "made it!"),
        "praise": (
            "you explain it so well",
            "love this",
            "that looks lovely 😍",
            "so nice to watch",
            "what a cosy place",
            "you are doing great!",
        ),
        "ask": (
            "how much is it?",
            "what size is it?",
            "do you ship to the islands?",
            "when would it arrive?",
            "how big is one?",
            "is shipping included?",
            "how long does it keep?",
            "can you show it closer?",
            "did you make it yourself?",
        ),
        "want": (
            "I want one",
            "one for me please",
            "my mum would love this",
            "is there enough for all of us?",
            "that is a good price",
        ),
        "bought": ("got it!", "ordered 🎉", "mine is on its way", "bought two, for my sister too"),
        "late": ("oh no, sold out", "too slow again 😅", "will there be more?"),
        "cheer": ("wow!", "👏👏👏", "so generous", "haha, look at that"),
        "heard": ("ok!", "good to know", "👍", "thank you for answering", "haha"),
    },
    "zh": {
        "hello": ("来了来了", "主播好", "第一次来👋", "大家好呀", "刚下班就来了"),
        "praise": ("讲得真清楚", "好喜欢", "看着就好😍", "主播好亲切", "支持主播", "这个真不错"),
        "ask": (
            "多少钱呀？",
            "有多大？",
            "包邮吗？",
            "几天能到？",
            "新疆发货吗？",
            "能放多久？",
            "拿近一点看看",
            "是自己家做的吗？",
            "有别的尺码吗？",
        ),
        "want": ("想要一个", "给我留一份", "给我妈也买一份", "这个价可以", "够大家分吗？"),
        "bought": ("抢到了！", "下单了🎉", "已拍，坐等收货", "买了两份，送朋友"),
        "late": ("啊，没抢到", "手慢了😅", "还补货吗？"),
        "cheer": ("哇！", "👏👏👏", "大气！", "666"),
        "heard": ("好的", "明白了", "👍", "谢谢主播回答", "哈哈"),
    },
}
