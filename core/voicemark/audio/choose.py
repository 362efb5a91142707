"""Which audio stream of a recording is heard, and why.

A broadcast carries several: languages, audio description for the blind, the original sound, clear speech, effects
without speech; as MP2 in stereo and as AC-3 in 5.1. What a stream is stands in three places that do not always
agree (ETSI EN 300 468: component descriptor, ISO 639 language descriptor, supplementary audio descriptor), so all
are asked: ffmpeg's dispositions, the language code, and the text that the recorder kept from the EPG.

The choice is a table of criteria, each a rank and a word for it; the stream with the lowest ranks wins, and the first
criterion in which another is worse is the reason why it was not taken.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from voicemark.audio.streams import NOTHING_DECODED, AudioStream, Media
from voicemark.config import AudioSection
from voicemark.errors import NoAudioError
from voicemark.languages import language_code
from voicemark.recording import StreamHint


class Role(IntEnum):
    """What a stream is for, best for hearing voices first."""

    MAIN = 0
    CLEAR_SPEECH = 1
    ORIGINAL = 2
    COMMENTARY = 3
    DESCRIPTION = 4
    EFFECTS = 5

    @property
    def words(self) -> str:
        """As a person calls it."""
        return _ROLE_WORDS[self]


_ROLE_WORDS = {
    Role.MAIN: "main audio",
    Role.CLEAR_SPEECH: "clear speech for the hard of hearing",
    Role.ORIGINAL: "original sound",
    Role.COMMENTARY: "commentary",
    Role.DESCRIPTION: "audio description",
    Role.EFFECTS: "effects without speech",
}

_DISPOSITIONS = {
    "visual_impaired": Role.DESCRIPTION,
    "descriptions": Role.DESCRIPTION,
    "hearing_impaired": Role.CLEAR_SPEECH,
    "clean_effects": Role.EFFECTS,
    "comment": Role.COMMENTARY,
}
_LANGUAGES = {
    "qad": Role.DESCRIPTION,  # by agreement of broadcasters: audio description
    "nar": Role.DESCRIPTION,  # the BBC's code for narrative
    "qaa": Role.ORIGINAL,
    "qks": Role.CLEAR_SPEECH,  # ARD's "klare Sprache"
}
_TEXTS = {
    Role.DESCRIPTION: r"audio[ -]?des[ck]ri|h(ö|oe)rfilm|video[ -]?des[ck]ri|blind|sehbehind|visual(ly)?[ -]impaired|"
    r"mal[ -]?voyant|narrat|(?-i:\bAD\b)",
    Role.CLEAR_SPEECH: r"klare? sprache|clear (speech|dialogue)|h(ö|oe)rgesch|hard of hearing|hearing[ -]impaired",
    Role.EFFECTS: r"clean effects|ohne sprache|(?-i:\bIT[ -]?Ton\b)",
    Role.ORIGINAL: r"originalton|original[ -](ton|version|sound|audio)|version originale|(?-i:\b(OV|VO|V\.O\.))",
    Role.COMMENTARY: r"kommentar|commentary",
}
_NEGATED = re.compile(r"\b(ohne|kein(e|er)?|no|without|sans|not)\s+(\w+\s+)?$", re.IGNORECASE)
"""In front of a match: `ohne Audiodeskription` says that the stream is not that."""

_DUAL = re.compile(r"\b2ch\b|(zwei|2)[ -]?kanal|dual[ -]?(mono|channel)|two[ -]channel|bilingual", re.IGNORECASE)
"""In a recorder's text: two programmes in one stream."""

_UNSPOKEN = {"mis", "mul", "zxx", "qad", "nar", "qaa", "qks"}
"""Codes that name no language; a stream with one is likely to be something beside the main audio."""

_FAMILIES = {
    "mp1": 2, "mp2": 2, "mp3": 2,
    "ac3": 4, "eac3": 4, "ac4": 4,
    "aac": 6, "aac_latm": 6,
}  # fmt: skip
"""ffmpeg's codec names by VDR's stream kinds (`X` lines)."""

MIX_TO_MONO = "aresample=center_mix_level=8:surround_mix_level=0:rematrix_maxval=1,aformat=channel_layouts=mono"
"""The centre channel where there is one, else the mean of left and right.

A broadcast switches between 2.0 and 5.1 within one stream. A fixed matrix (`pan=mono|c0=FC`) is silent then; the
resampler makes its matrix anew from each layout: with the centre at sqrt(2) * 8 against 1/sqrt(2) for left and right
(libswresample/rematrix.c), the sides come 24 dB below it, and two channels alone come as their mean.
"""


@dataclass(frozen=True)
class Choice:
    """The stream to hear, and an account of it."""

    stream: AudioStream
    reason: str
    """In words: which audio it is, and what decided."""
    rejected: tuple[tuple[AudioStream, str], ...]
    """The others, each with why not."""


@dataclass(frozen=True)
class _Criterion:
    rank: int
    words: str


def choose_stream(media: Media, hints: Sequence[StreamHint], settings: AudioSection) -> Choice:
    """The stream of `media` that the settings prefer; `hints` are what the recorder's metadata say of the streams.

    Raises `NoAudioError` when there is none, or none of which a single frame's header could be read.
    """
    if not media.streams:
        raise NoAudioError("has no audio stream", hint="only recordings with sound can be searched")
    texts = _texts_from(hints, media.streams)
    dead = [(stream, stream.fault) for stream in media.streams if stream.fault is not None]
    judged = [
        (_criteria(stream, texts.get(stream.index, ""), settings), stream)
        for stream in media.streams
        if stream.decodable
    ]
    if not judged:
        raise nothing_to_hear(media.streams)
    judged.sort(key=lambda pair: ([criterion.rank for criterion in pair[0]], pair[1].index))
    (best, stream), *others = judged
    rejected = [(other, _why_not(best, criteria)) for criteria, other in others]
    deciding = {_first_difference(best, criteria) for criteria, _ in others} - {None}
    words = [best[number].words for number in sorted(number for number in deciding if number is not None)]
    reason = describe(stream, texts.get(stream.index, ""))
    if words:
        reason += f": {', '.join(words)}"
    elif others:
        reason += ": the first of equals"
    return Choice(stream, reason, (*rejected, *dead))


def nothing_to_hear(streams: Sequence[AudioStream]) -> NoAudioError:
    """The error for streams of which none can be decoded: it names what they are, where that is known."""
    faults = list(dict.fromkeys(stream.fault or "" for stream in streams))
    if faults == [NOTHING_DECODED]:
        return NoAudioError(
            f"nothing in its {len(streams)} audio stream{'s' if len(streams) > 1 else ''} can be decoded",
            hint="is it scrambled, or cut off after its headers?",
        )
    named = [fault for fault in faults if fault != NOTHING_DECODED]
    return NoAudioError(f"its sound is {' and '.join(named)}", hint="nothing can be heard in it")


def describe(stream: AudioStream, text: str = "") -> str:
    """A stream in a few words: `stream 1, ger, mp2 stereo, "ohne Audiodeskription"`."""
    parts = [f"stream {stream.index}", *([stream.language] if stream.language else [])]
    parts.append(f"{stream.codec or 'unknown codec'} {stream.layout or ''}".strip())
    role = role_of(stream, text)
    if role is not Role.MAIN:
        parts.append(role.words)
    shown = text or stream.title
    if shown:
        parts.append(f'"{shown}"')
    return ", ".join(parts)


def mono_filter(stream: AudioStream, languages: Sequence[str] = (), hints: Sequence[StreamHint] = ()) -> str:
    """ffmpeg's filters that make one channel of `stream`: a chain in ffmpeg's notation, every argument named.

    Two programmes in one two-channel stream are left and right: the first whose language is among `languages` is
    taken, else the left one. That there are two is told by its languages, by its frames, or by the recorder's `hints`.
    """
    sides = _sides(stream, hints)
    if sides is None:
        return MIX_TO_MONO
    wanted = [code for code in map(language_code, languages) if code in sides]
    side = sides.index(wanted[0]) if wanted else 0
    return f"pan=args=mono|c0=c{side}"


def _sides(stream: AudioStream, hints: Sequence[StreamHint]) -> list[str | None] | None:
    """The languages of left and right, as far as they are told; None where both are one programme."""
    if stream.channels != 2:
        return None
    spoken = _languages(stream)
    family = _FAMILIES.get(stream.codec or "")
    told = [
        hint
        for hint in hints
        if hint.kind == family and (hint.dual or _DUAL.search(hint.description or "") is not None)
    ]
    if len(spoken) == 2 and spoken[0] != spoken[1]:
        return [*spoken]
    codes = list(dict.fromkeys(language_code(hint.language or "") for hint in told))
    mine = not spoken or not told or spoken[0] in codes or codes == [None]
    if not (stream.dual or (told and mine) or stream.language == "2ch"):
        return None
    if len(codes) == 2 and mine:
        return codes
    return [spoken[0] if spoken else None, None]


def role_of(stream: AudioStream, text: str = "") -> Role:
    """What `stream` is, by its dispositions, language code, title and the recorder's `text`: the strongest wins."""
    found = [role for name, role in _DISPOSITIONS.items() if name in stream.dispositions]
    found += [_LANGUAGES[code] for code in _languages(stream) if code in _LANGUAGES]
    found += [role for said in (text, stream.title or "") for role in _roles_said(said)]
    return max(found, default=Role.MAIN)


def _roles_said(text: str) -> list[Role]:
    return [
        role
        for role, pattern in _TEXTS.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
        if not _NEGATED.search(text[: match.start()])
    ]


def _languages(stream: AudioStream) -> list[str]:
    """Its language codes in one spelling, in order; empty where it has none."""
    codes = [language_code(part) for part in re.split(r"[,/;+]", stream.language or "")]
    return [code for code in codes if code is not None]


def _texts_from(hints: Sequence[StreamHint], streams: Sequence[AudioStream]) -> dict[int, str]:
    """The recorder's text for each stream (by index), as far as it can be told which text belongs to which.

    Texts and streams carry no common number; both stand in the order of the PMT, so the first MP2 in German is the
    first text on German MP2. Where their numbers differ, a text is only used if all of its group say the same.
    """
    groups: dict[tuple[int | None, str | None], list[AudioStream]] = defaultdict(list)
    for stream in streams:
        groups[_FAMILIES.get(stream.codec or ""), next(iter(_languages(stream)), None)].append(stream)
    told: dict[tuple[int | None, str | None], list[str]] = defaultdict(list)
    for hint in hints:
        told[hint.kind, language_code(hint.language or "")].append((hint.description or "").strip())
    texts: dict[int, str] = {}
    for group, members in groups.items():
        said = told.get(group, [])
        if len(said) == len(members):
            texts.update({stream.index: text for stream, text in zip(members, said, strict=True) if text})
        elif len(set(said)) == 1 and said[0]:
            texts.update({stream.index: said[0] for stream in members})
    return texts


def _criteria(stream: AudioStream, text: str, settings: AudioSection) -> tuple[_Criterion, ...]:
    """What a stream is judged by, the weightiest first."""
    role = role_of(stream, text)
    effects = _Criterion(int(role is Role.EFFECTS), role.words if role is Role.EFFECTS else "with speech")
    described = role is Role.DESCRIPTION
    description = _Criterion(
        int(described != settings.audio_description), "audio description" if described else "no audio description"
    )
    language = _language_criterion(stream, settings.languages)
    purpose = _Criterion(0 if described else int(role), role.words)
    surround = stream.channels > 2
    kind = _Criterion(int(surround != (settings.prefer == "surround")), "surround" if surround else "stereo")
    # AC-3 may turn into 5.1 in the middle and costs more to decode; in stereo, MP2 and AAC go before it.
    plain = _Criterion(
        int(settings.prefer == "stereo" and _FAMILIES.get(stream.codec or "") == 4), f"as {stream.codec}"
    )
    if settings.audio_description:
        return effects, description, language, purpose, kind, plain
    return effects, language, description, purpose, kind, plain


def _language_criterion(stream: AudioStream, preferred: Sequence[str]) -> _Criterion:
    """0 … for the languages in the order of preference, then any other language, then codes that name none."""
    wanted = list(dict.fromkeys(language_code(code) for code in preferred))
    codes = _languages(stream)
    ranks = [wanted.index(code) for code in codes if code in wanted]
    if ranks:
        return _Criterion(min(ranks), f"preferred language {wanted[min(ranks)]}")
    if not codes:
        return _Criterion(len(wanted), "language not told")
    if all(code in _UNSPOKEN for code in codes):
        return _Criterion(len(wanted) + 1, f"language code {'/'.join(codes)}")
    return _Criterion(len(wanted), f"language {'/'.join(codes)}")


def _first_difference(best: Sequence[_Criterion], other: Sequence[_Criterion]) -> int | None:
    return next(
        (number for number, pair in enumerate(zip(best, other, strict=True)) if pair[0].rank != pair[1].rank), None
    )


def _why_not(best: Sequence[_Criterion], other: Sequence[_Criterion]) -> str:
    number = _first_difference(best, other)
    return "comes later, else equal" if number is None else other[number].words
