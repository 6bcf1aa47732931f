"""The demo's show as it was rehearsed: a morning in a peach orchard above Lishui. Only words.

It is played over and over. Where a line has several wordings one is drawn, the crowd's words are
drawn from `people`, and whoever really watches joins in; so no two mornings are the same.
"""

from typing import NamedTuple

from .people import Mood

ROOM = "orchard"
ROOM_TITLE = "🍑 Peaches from the hill"
ROOM_CITY = "Lishui"
ROOM_THEME = "fruit"
HOST = "mei"
HOST_NAME = "Mei 小梅"


class Product(NamedTuple):
    """What is sold in crates: each new crate is an offer of its own, twice as large."""

    id: str
    title: str
    price_minor: int
    first_crate: int


PRODUCTS = {
    product.id: product
    for product in (
        Product("peach", "🍑 Hill peaches 水蜜桃", 2_990, 90),
        Product("honey", "🍯 Blossom honey 桃花蜜", 4_580, 60),
        Product("jam", "🫙 Grandma's jam 奶奶桃酱", 1_950, 60),
        Product("tea", "🍵 Cloud-mist tea 云雾茶", 6_800, 40),
    )
}
CURRENCY = "CNY"


class Exchange(NamedTuple):
    """Somebody asks, Mei answers."""

    asker: str
    question: str
    answer: str


class Act(NamedTuple):
    """A part of the show. `pinned` is on sale during it, the first one in front."""

    name: str
    seconds: float
    comments_per_s: float
    pinned: tuple[str, ...]
    moods: tuple[Mood, ...]
    host: tuple[tuple[str, ...], ...]
    exchanges: tuple[Exchange, ...] = ()


ACTS = (
    Act(
        "dawn",
        45,
        2.2,
        ("peach",),
        ("hello", "hello", "praise"),
        (
            (
                "大家早上好! Good morning from the hill 🌄",
                "早! The mist is just leaving the valley 🌫️",
            ),
            (
                "This is my grandmother's orchard. 64 trees, every one has a name.",
                "Grandmother planted these trees the year my mother was born.",
            ),
            (
                "We picked at five this morning, by lamp light. Look 🍑",
                "Everything in this basket was on the tree an hour ago 🍑",
            ),
        ),
        (
            Exchange(
                "tom", "do they arrive ripe?", "Almost, Tom: give them one night on the table."
            ),
            Exchange("lan", "一箱几个？", "一箱十二个，个个手挑。Twelve in a box."),
        ),
    ),
    Act(
        "tasting",
        60,
        3.0,
        ("peach",),
        ("praise", "praise", "wish"),
        (
            (
                "Listen… 你听这个声音! That is the knife going through.",
                "Cutting one for you now 🔪",
            ),
            ("Juice up to my elbows again 😅", "I should have brought a towel 😅"),
            ("桃子要挑这种: a little fuzz, a red cheek, heavy in the hand.",),
        ),
        (
            Exchange("lucia", "¿son muy dulces?", "¡Dulcísimos! 14 on the sugar meter, Lucía."),
            Exchange(
                "priya", "क्या इन पर दवा छिड़की है?", "No spray since May, Priya. हाथ से चुने हुए 🙏"
            ),
            Exchange("sakura", "箱は重いですか？", "2.5 kg です。One hand is enough."),
        ),
    ),
    Act(
        "shipping",
        50,
        2.6,
        ("peach",),
        ("wish", "wish", "praise"),
        (
            ("Uncle's truck leaves at noon 🚚 What is ordered by then goes today.",),
            ("Each peach sleeps in its own paper bed, 一个都不会碰坏.",),
        ),
        (
            Exchange("dewi", "bisa kirim ke Bandung?", "Bisa, Dewi! Four days, in a cool box ❄️"),
            Exchange("amina", "zinakaa siku ngapi?", "Siku tano! Five days in the fridge, Amina."),
            Exchange("layla", "هل تشحنون إلى دبي؟", "To Dubai by air, three days ✈️ نعم!"),
        ),
    ),
    Act(
        "honey",
        55,
        2.8,
        ("honey", "peach"),
        ("praise", "wish", "wish"),
        (
            ("And now… 桃花蜜! The bees live between the trees 🐝", "Who is for honey? 🍯"),
            ("They only make this for three weeks in April. When it is gone, it is gone.",),
            ("Look how slowly it falls…", "No sugar added; the bees would be offended 🐝"),
        ),
        (
            Exchange(
                "amelie", "il cristallise en hiver ?", "Oui, like real honey does. Warm water!"
            ),
            Exchange("ngozi", "is it safe for my little one?", "From one year on, Ngozi 🌻"),
        ),
    ),
    Act(
        "grandmother",
        60,
        3.8,
        ("jam", "honey", "peach"),
        ("praise", "praise", "cheer", "wish"),
        (
            (
                "奶奶来了! Grandmother is here, everybody say hello 👵",
                "Look who climbed up the hill 👵",
            ),
            (
                "She says: 你们吃饭了吗? Have you all eaten?",
                "She is 82, and was up the ladder before me.",
            ),
            ("Her jam: peaches, sugar, the copper pot, six hours of stirring.",),
            ("She does not believe that you can see her from so far away 😂",),
        ),
        (
            Exchange("laochen", "奶奶身体好吗？", "好着呢! She says thank you, 老陈."),
            Exchange("olga", "бабушка сама варит?", "Сама! Over wood, Olga. Nobody else may stir."),
            Exchange("baraka", "bibi, shikamoo!", "She says: marahaba, my child 😊"),
            Exchange(
                "joao", "dá pra comer com queijo?", "João… she says: peach jam and cheese?! Try it!"
            ),
        ),
    ),
    Act(
        "tea",
        50,
        2.4,
        ("tea", "jam", "peach"),
        ("praise", "wish"),
        (
            (
                "Let us sit down for a moment. 喝茶 🍵",
                "Tea time. The water is from the spring behind us 🍵",
            ),
            ("Picked above the clouds, dried in the pan by my father.",),
        ),
        (
            Exchange(
                "youssef", "هل هو شاي أخضر؟", "Green, and soft. No sugar needed, Youssef. نعم!"
            ),
            Exchange("linh", "trà có thơm không chị?", "Like rain on warm stone, Linh."),
        ),
    ),
    Act(
        "last call",
        55,
        4.2,
        ("peach", "honey", "jam"),
        ("wish", "bought", "cheer", "bye"),
        (
            (
                "The truck is here 🚚 last call for today!",
                "最后几分钟! Uncle is hooting already 🚚",
            ),
            ("You have paid for the new roof of the packing shed today. 谢谢大家!",),
            (
                "Thank you, 谢谢, gracias, asante, शुक्रिया, شكراً, obrigada! 🙏",
                "See you in the next basket 🧺",
            ),
        ),
        (
            Exchange("bo", "明天还播吗？", "明天见! Same tree, same time."),
            Exchange("moussa", "une dernière caisse ?", "Pour toi, Moussa, always one more."),
        ),
    ),
)

THANKS_FOR_BIG_GIFT = (
    "{name}!! A rocket for the orchard 🚀 谢谢!",
    "Grandmother asks what flew by. That was {name}! 🚀",
    "{name}, you are mad. 谢谢谢谢!",
)
NEARLY_SOLD_OUT = ("Only {stock} left of {title}!", "{title}: {stock} left, 手慢无!")
NEW_CRATE = (
    "My cousins are bringing up a new crate of {title} 🧺",
    "{title}: 补货了! More from the cellar.",
)
