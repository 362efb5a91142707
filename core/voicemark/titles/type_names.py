"""Types of programmes, and which of them a guide's category means.

Categories come in many languages, spellings and granularities (`Krimiserie`, `Série d'animation`, `Rock + Pop`, DVB's
coarse words); what a thing is stands mostly in a part of the word. The rules are tried in order: the first that
matches says the type.
"""

import re
from collections.abc import Iterable

from voicemark.titles.vocabulary import normalise

TYPES = (
    "news",
    "magazine",
    "documentary",
    "series",
    "film",
    "show",
    "sport",
    "children",
    "music",
    "religion",
    "shopping",
    "adult",
)

_RULES = tuple(
    (name, re.compile(pattern, re.VERBOSE))
    for name, pattern in (
        ("shopping", r"werbe|shopping|infomercial|advert|télé-?achat|teletienda"),
        ("adult", r"erot|érot|\bsex"),
        ("religion", r"gottesdienst|kirche|relig|\bmesse\b|church|église|misa"),
        (
            "children",
            r"""zeichentrick|animation|animatie|tekenfilm|trick|kinder|jugend|jeunesse|dessins?\ anim|vorschul|cartoon
            |jeugd|gutenacht|children|kids|infantil|pre-school|çocuk|børne""",
        ),
        (
            "sport",
            r"""sport|fussball|soccer|football|tennis|golf(?!s)|rugby|handball|volleyball|basketball|baseball|hockey
            |boxen|boxing|formel|formule|formula|racing|bundesliga|league|leichtathletik|athletic|wrestling|snooker
            |\bdarts?\b|\brad\b|radsport|motorrad|rallye?|rennen|ski\b|biathlon|gymnast|aquatics|sailing|surf|pokal
            |mountainbike|eiskunst|equestrian|deporte|tractor\ pulling""",
        ),
        (
            "music",
            r"""konzert|concert|rock\ (?:and|\+|&)\ pop|classical|classique|klassische|jazz|\boper\b|operette|opera\b
            |opéra|ballett?\b|volksmusik|schlagershow|musik(?!kom|lust|-dram|film)|\bmusi[ck]\b|musical\b|musicale
            |muziek|country\ music|songs|\bfolk\b|múzica|música""",
        ),
        (
            "news",
            r"""nachricht|\bnews\b(?!-satire)|^informations?(?:\ magazine)?$|wetter|weather|météo|nyheder|haber|actualit
            |notizi|regionalinfos|nieuws|journal|noticias|informativos|börsenbericht|current\ (?:affairs|events)""",
        ),
        (
            "documentary",
            r"""dok(?!tor)|docum|docu|reportage|porträt|portrait|natur|tierwelt|geschicht|histor(?:y|ie\b)|bildung
            |wissen(?!scomedy)|science(?!.?fiction)|archaeolog|tourism|reise|\bbericht|biogra|landscape|education
            |factual|making\ of|technology""",
        ),
        (
            "magazine",
            r"""magazin|ratgeber|tipp|business|economy|économie|economie|fashion|mutfak|\bmode\b|lifestyle|livsstil
            |koch(?!show|duell)|cooking|cookery|\bauto\b|leisure|société|society|culture|kultur|arts|living|conso
            |info(?:tainment)?\b|gesundheit|fitness|yaşam""",
        ),
        (
            "show",
            r"""show|quiz|talk|gespräch|diskussion|discussion|entretien|interview|debat|tartışma|söyleşi|jeu\b|spiel(?!film)
            |kabarett|cabaret|satire|comedyshow|unterhaltung|divertiss|underhold|entertainment|variety|gala|lotto
            |lotter|wettbewerb|contest|concurso|stand-up|sketch|yarışma|spel""",
        ),
        ("series", r"serie|série|series|sitcom|soap|telenovela|novela|dizi|reihe|comedyserie|miniseri"),
        (
            "film",
            r"""film|movie|komödie|komedi|comed|comédie|cinema|cinéma|película|dram[aeö]?|thriller|krimi|horror|western
            |action|abenteuer|adventure|fantasy|sci-?fi|science.?fiction|romanz|romance|romantic|melodram|lustspiel
            |märchen|mystery|epos|klamotte|schmonzette|court\ métrage|klamauk|anime|krieg""",
        ),
    )
)


def type_of_category(category: str) -> str | None:
    """The type that one category means; None where it does not say."""
    text = normalise(category)
    return next((name for name, pattern in _RULES if pattern.search(text)), None)


def type_of_categories(categories: Iterable[str]) -> str | None:
    """The type that a programme's categories agree on, coarse words of the same guide aside; None without one.

    A finer category decides over a coarse one: (`movie`, `Krimiserie`) is a series.
    """
    found = [name for name in map(type_of_category, categories) if name is not None]
    return found[-1] if found else None
