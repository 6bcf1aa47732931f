"""Names and comments made to break a page: each must appear as text, within its own place.

All of them are valid on the wire: names of at most 24 characters that hold no control character,
texts of at most 200 characters.
"""

import unicodedata

NAME_MAX = 24
TEXT_MAX = 200

RIGHT_TO_LEFT_OVERRIDE = "\u202e"
POP_ISOLATE = "\u2069"


def zalgo(word: str, height: int) -> str:
    """A word whose letters carry so many signs above and below."""
    marks = [chr(code) for code in range(0x0300, 0x0370) if unicodedata.combining(chr(code))]
    above_below = [mark for mark in marks if unicodedata.combining(mark) in (220, 230)]
    return "".join(letter + "".join(above_below[:height]) for letter in word)


NAMES = {
    "script": "<script>alert(1)</script",
    "image": "<img src=x onerror=a()>",
    "entity": "&lt;b&gt;&amp;&#x41;",
    "template": "{user} ${name} {{1+1}}",
    "override": f"{RIGHT_TO_LEFT_OVERRIDE}evil{POP_ISOLATE}",
    "arabic": "ليلى من القرية",
    "zalgo": zalgo("Ze", 11),
    "farmer": "👩🏽‍🌾 Lan",
    "family": "👨‍👩‍👧‍👦",
    "astral": "𝕷𝖆𝖓 𠜎",
    "long word": "W" * NAME_MAX,
    "invisible": "\u200b\u200c\u200d\ufeff\u2060",
    "proto": "__proto__",
}
TEXTS = {
    "script": "<script>document.title='broken'</script>",
    "image": "<img src=x onerror=\"document.title='broken'\"> <b>bold</b>",
    "link": "javascript:alert(1) https://example.org/?<svg/onload=alert(1)>",
    "entity": "&lt;b&gt; &amp;amp; &#x41; &nbsp;",
    "template": "{count} ${1+1} {{constructor.constructor('return 1')()}} %s %n",
    "override": f"{RIGHT_TO_LEFT_OVERRIDE}sdrawkcab{POP_ISOLATE}{POP_ISOLATE}\u200f!dne eht",
    "mixed": "אבג 123 (ابت) ×11 <- abc",
    "zalgo": zalgo("Zalgo", 39),
    "one tall letter": zalgo("Z", 112)[:TEXT_MAX],
    "long word": "W" * TEXT_MAX,
    "long arabic word": "ـ" * TEXT_MAX,
    "long url": "https://" + "a" * (TEXT_MAX - 8),
    "emoji": "👩🏽‍🌾👨‍👩‍👧‍👦🏳️‍🌈🇨🇳🍑",
    "flags": "🇨" * TEXT_MAX,
    "astral": "𝕷𝖆𝖓 𠜎𠜱𠝹",
    "ligature": "﷽" * 20,
    "invisible": "a\u200b\u200c\u200d\u2060\ufeffb",
    "combining alone": "\u0301\u0302\u0303",
    "proto": "__proto__ constructor hasOwnProperty",
}
