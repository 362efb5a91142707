"""Genre codes and category words as one small vocabulary of coarse words, with finer ones behind.

A DVB content byte is two nibbles: what kind of programme, and which sort of it (ETSI EN 300 468 V1.16.1, table 29).
The first nibble becomes one of `COARSE`, the second one or more finer words. Categories in words (XMLTV, sidecars)
keep their own spelling; a coarse word stands before them only where it is certain.
"""

from collections.abc import Iterable

COARSE = {
    0x1: "movie",
    0x2: "news",
    0x3: "show",
    0x4: "sports",
    0x5: "children",
    0x6: "music",
    0x7: "culture",
    0x8: "society",
    0x9: "education",
    0xA: "leisure",
}
"""First nibble of a content byte → word. 0xB says how a programme was made, 0xF is the broadcaster's own."""

FINE = {
    0x11: "thriller",
    0x12: "adventure",
    0x13: "science fiction",
    0x14: "comedy",
    0x15: "soap",
    0x16: "romance",
    0x17: "drama",
    0x18: "adult",
    0x21: "weather",
    0x22: "news magazine",
    0x23: "documentary",
    0x24: "discussion",
    0x31: "quiz",
    0x32: "variety",
    0x33: "talk show",
    0x41: "special event",
    0x42: "sports magazine",
    0x43: "football",
    0x44: "tennis",
    0x45: "team sports",
    0x46: "athletics",
    0x47: "motor sport",
    0x48: "water sport",
    0x49: "winter sports",
    0x4A: "equestrian",
    0x4B: "martial sports",
    0x51: "pre-school",
    0x52: "age 6 to 14",
    0x53: "age 10 to 16",
    0x54: "school",
    0x55: "cartoon",
    0x61: "rock and pop",
    0x62: "classical",
    0x63: "folk",
    0x64: "jazz",
    0x65: "opera",
    0x66: "ballet",
    0x71: "performing arts",
    0x72: "fine arts",
    0x73: "religion",
    0x74: "popular culture",
    0x75: "literature",
    0x76: "film and cinema",
    0x77: "experimental film",
    0x78: "press",
    0x79: "new media",
    0x7A: "culture magazine",
    0x7B: "fashion",
    0x81: "reportage",
    0x82: "economics",
    0x83: "remarkable people",
    0x91: "nature",
    0x92: "technology",
    0x93: "medicine",
    0x94: "foreign countries",
    0x95: "social sciences",
    0x96: "further education",
    0x97: "languages",
    0xA1: "travel",
    0xA2: "handicraft",
    0xA3: "motoring",
    0xA4: "fitness",
    0xA5: "cooking",
    0xA6: "shopping",
    0xA7: "gardening",
    0xB0: "original language",
    0xB1: "black and white",
    0xB2: "unpublished",
    0xB3: "live",
    0xB4: "plano-stereoscopic",
    0xB5: "local",
}
"""Content byte → the finer word; bytes that are not here say no more than their first nibble."""


def words_of_content(codes: Iterable[int]) -> tuple[str, ...]:
    """Content bytes (0x54 descriptor, VDR's `G` line) as words: all coarse ones first, each word once, in order.

    `(0x23, 0x81)` → `("news", "society", "documentary", "reportage")`. Codes without a meaning give nothing.
    """
    codes = tuple(codes)
    coarse = [COARSE[code >> 4] for code in codes if code >> 4 in COARSE]
    fine = [FINE[code] for code in codes if code in FINE]
    return tuple(dict.fromkeys(coarse + fine))


_CERTAIN = {
    "movie": "movie film movies spielfilm fernsehfilm tv-film tvfilm kinofilm kurzfilm krimi thriller drama "
    "komödie telenovela sitcom seifenoper soap western science-fiction horror téléfilm telefilm cinéma película",
    "news": "news nachrichten nachrichtenmagazin newsmagazin wetter wetterbericht weather informations journal "
    "tagesschau informativos notizie nyheder haberler regionalinfos",
    "show": "show quiz quizshow gameshow talkshow talk-show spielshow unterhaltungsshow castingshow jeu concurso",
    "sports": "sport sports fußball fussball football soccer tennis handball basketball eishockey formel-1 "
    "motorsport motorradsport boxen leichtathletik wintersport biathlon skispringen golf radsport sportmagazin "
    "fußballmagazin bundesliga deportes calcio",
    "children": "children kids kinder kindersendung zeichentrick cartoon cartoons jeunesse infantil",
    "music": "music musik konzert concert oper opera operette ballett klassik musikvideo musikshow musique música",
    "culture": "kultur culture kulturmagazin kunst literatur arts",
    "society": "politik politikmagazin politmagazin wirtschaft wirtschaftsmagazin business economy",
    "education": "natur wissenschaft wissenschaftsmagazin wissensmagazin wissen science nature education",
    "documentary": "documentary documentaries dokumentation doku dokureihe dokumentationsreihe reportage "
    "reportagereihe documentaire documental",
    "leisure": "kochshow kochsendung kochmagazin cooking reise reisen travel tourism gartenmagazin ratgeber shopping "
    "teleshopping werbesendung lifestyle mutfak",
}
_WORD_OF = {word: coarse for coarse, words in _CERTAIN.items() for word in words.split()}
_WORD_OF |= {word: word for word in COARSE.values()} | {
    "science fiction": "movie",
    "daily soap": "movie",
    "movie / drama": "movie",
    "news / current affairs": "news",
    "current affairs": "news",
    "news magazine": "news",
    "information magazine": "news",
    "prévisions météorologiques": "news",
    "game show": "show",
    "talk show": "show",
    "show / game show": "show",
    "1. bundesliga": "sports",
    "2. bundesliga": "sports",
    "formel 1": "sports",
    "nouvelles sportives": "sports",
    "children's": "children",
    "children's / youth programmes": "children",
    "série d'animation": "children",
    "série de dessins animés": "children",
    "rock + pop": "music",
    "music / ballet / dance": "music",
    "arts / culture (without music)": "culture",
    "social / political issues / economics": "society",
    "education / science / factual topics": "education",
    "série documentaire": "documentary",
    "leisure hobbies": "leisure",
}
_FIRST_PART = {"children": ("zeichentrick", "animation", "kinder"), "documentary": ("doku", "natur", "tier")}


def coarse_word(category: str) -> str | None:
    """What a category in words means, in whatever language: a word of `COARSE`, or `documentary`.

    None where that is not certain: a `Magazin` may be about anything.
    """
    word = " ".join(category.casefold().split())
    if word in _WORD_OF:
        return _WORD_OF[word]
    if not word.isalpha():
        return None
    # German says what a thing is at the word's end: Arztserie, Actionfilm, Tierdoku.
    if word.endswith(("serie", "film")):
        return next((coarse for coarse, starts in _FIRST_PART.items() if word.startswith(starts)), "movie")
    return "documentary" if word.endswith(("doku", "dokumentation", "reportage")) else None


def words_of_categories(categories: Iterable[str]) -> tuple[str, ...]:
    """Categories in words with the coarse words that are certain before them; each once, in order.

    `("Krimiserie",)` → `("movie", "Krimiserie")`; `Kinder|Drama` is looked at part by part.
    """
    own = [category for category in (" ".join(item.split()) for item in categories) if category]
    parts = [part for category in own for part in category.split("|")]
    coarse = [word for word in map(coarse_word, parts) if word is not None]
    kept = [category for category in own if category.casefold() not in coarse]
    return tuple(dict.fromkeys(coarse + kept))
