"""One spelling for a channel's name: recorders and guides write `Das Erste HD`, `Das Erste` and `Das.Erste.de`."""

import re
import unicodedata
from functools import lru_cache

from voicemark.clean_text import one_line

_SIGNS = " ._([-"
_QUALITY = re.compile(r"[ ._(\[-](uhd|fhd|hd\+?|sd|4k|hevc)[)\]]?$")
_COUNTRY = re.compile(r"(?<=\w)\.[a-z]{2,3}(@\w+)?$")


def channel_key(name: str) -> str:
    """A channel's name without case, accents, blanks, punctuation and a trailing `HD`; `+` stays (`3+` is not `3`).

    Empty only for a name without letters, digits or `+`.
    """
    text = unicodedata.normalize("NFKC", one_line(name)).casefold().strip()
    quality = _QUALITY.search(text)
    if quality is not None and (bare := text[: quality.start()].rstrip(_SIGNS))[-1:].isalnum():
        text = bare
    letters = unicodedata.normalize("NFD", text).replace("&", " and ")
    return "".join(character for character in letters if character.isalnum() or character == "+")


@lru_cache(maxsize=4096)
def channel_keys(name: str) -> frozenset[str]:
    """The keys a name may be matched by: its own, and for an id such as `Das.Erste.de` that without its country.

    VDR's names hold a short one behind a comma (`Das Erste HD,ARD;ARD`): provider and short name are left out.
    """
    plain = name.split(";")[0].split(",")[0] if ";" in name else name
    bare = _COUNTRY.sub("", plain.strip().casefold()) if " " not in plain.strip() else plain
    return frozenset(key for key in (channel_key(plain), channel_key(bare)) if key)
