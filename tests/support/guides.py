"""A made-up guide, large enough to learn titles and types from, and small enough to do so in a moment."""

from itertools import product
from pathlib import Path
from xml.sax.saxutils import escape

from voicemark.recording import Programme

KINDS = {
    "Nachrichten": (
        ("Abend", "Mittag", "Spät", "Kurz"),
        ("nachrichten", "journal der Welt", "nachrichten aus der Stadt"),
    ),
    "Fußball": (("Fußball", "Bundesliga", "Pokal", "Frauenfußball"), ("live", "aktuell heute", "am Wochenende")),
    "Krimiserie": (("Kommissar", "Detektiv", "Soko", "Mord"), ("in Wien", "am Hafen", "und die Spur")),
    "Kochshow": (("Kochen", "Backen", "Küche", "Rezepte"), ("mit Anna", "für Gäste", "vom Land")),
}


def made_up_programmes() -> list[Programme]:
    """Forty-eight titles of four categories, each shown with two subtitles."""
    return [
        Programme(f"{first} {second}", "test", subtitle=subtitle, genres=(category,))
        for category, (firsts, seconds) in KINDS.items()
        for first, second, subtitle in product(firsts, seconds, ("Teil eins", "Teil zwei"))
    ]


def write_guide(path: Path, programmes: list[Programme]) -> Path:
    """An XMLTV file."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", "<tv>"]
    for number, programme in enumerate(programmes):
        day, hour = 1 + number // 24 % 28, number % 24
        categories = "".join(f"<category>{escape(genre)}</category>" for genre in programme.genres)
        subtitle = f"<sub-title>{escape(programme.subtitle)}</sub-title>" if programme.subtitle else ""
        lines.append(
            f"<programme start='202401{day:02}{hour:02}0000 +0000' stop='202401{day:02}{hour:02}3000 +0000' "
            f"channel='a.de'><title>{escape(programme.title)}</title>{subtitle}{categories}</programme>"
        )
    path.write_text("\n".join([*lines, "</tv>"]), "utf-8")
    return path
