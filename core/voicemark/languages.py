"""Language codes as broadcasters write them, in one spelling: ISO 639-2/B, lower case.

`DEU`, `ger`, `deu` and `de` are one language. Codes kept for private use (`qaa`, `qad`) and unknown ones stay.
"""

_BIBLIOGRAPHIC = {
    "deu": "ger", "fra": "fre", "nld": "dut", "ces": "cze", "slk": "slo", "ron": "rum", "ell": "gre", "zho": "chi",
    "sqi": "alb", "hye": "arm", "eus": "baq", "mya": "bur", "cym": "wel", "kat": "geo", "isl": "ice", "mkd": "mac",
    "msa": "may", "mri": "mao", "fas": "per", "bod": "tib", "esl": "spa", "scr": "hrv", "scc": "srp",
}  # fmt: skip
_TWO_LETTERS = {
    "de": "ger", "en": "eng", "fr": "fre", "it": "ita", "es": "spa", "nl": "dut", "pl": "pol", "cs": "cze",
    "sk": "slo", "da": "dan", "sv": "swe", "no": "nor", "nb": "nor", "fi": "fin", "pt": "por", "ru": "rus",
    "tr": "tur", "hu": "hun", "ro": "rum", "el": "gre", "hr": "hrv", "sr": "srp", "sl": "slv", "bg": "bul",
    "uk": "ukr", "lt": "lit", "lv": "lav", "et": "est", "ar": "ara", "he": "heb", "zh": "chi", "ja": "jpn",
    "ko": "kor", "ca": "cat", "eu": "baq", "gl": "glg", "cy": "wel", "ga": "gle", "is": "ice", "sq": "alb",
    "mk": "mac", "fa": "per", "hi": "hin",
}  # fmt: skip


def language_code(code: str) -> str | None:
    """A language as ISO 639-2/B in lower case, from two or three letters (`de`, `de_DE`, `DEU`); None for others."""
    code = code.strip().casefold().replace("_", "-").split("-")[0]
    if not (code.isascii() and code.isalpha()) or code == "und":
        return None
    if len(code) == 2:
        return _TWO_LETTERS.get(code)
    return _BIBLIOGRAPHIC.get(code, code) if len(code) == 3 else None
