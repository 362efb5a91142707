"""What a person said is so, whatever the score: markers and names of a recording as the machine has them, corrected.

    speakers   whoever is said to be Anna is Anna in all turns, and nobody else there; who is said not to be her is not
    spans      then, exactly: "is" puts the span in, "is not" cuts it out

of several answers about the same time the later one counts. Where a person said so, the score is 1.
"""

from collections.abc import Sequence

from voicemark.result import Marker, NamedTurn, Recognised, SpeakerTurn
from voicemark.store.statements import Said, speakers_in

SURE = 1.0
SPECK_S = 0.05
"""What is left of a marker after a cut is dropped when it is shorter."""

Piece = tuple[float, float, float]
"""Start, end (seconds) and score."""


def as_said(recognised: Recognised, turns: Sequence[SpeakerTurn], said: Sequence[Said]) -> Recognised:
    """`recognised` as it is with what was `said`, in order of time of saying; `turns` are those of the recording."""
    about = [one for one in said if one.voice is not None]
    if not about:
        return recognised
    pieces: dict[str, list[Piece]] = {}
    for marker in recognised.markers:
        pieces.setdefault(marker.voice, []).append((marker.start_s, marker.end_s, marker.score))
    touched: set[str] = set()
    for one in sorted(about, key=lambda one: not one.speaker):  # stable: spans last, each kind as it was said
        for start_s, end_s in _time_of(one, turns):
            for voice in list(pieces) if one.is_so and one.speaker else [one.voice]:
                before = pieces.get(voice or "", [])
                after = cut(before, start_s, end_s)
                if voice == one.voice and one.is_so:
                    after = sorted([*after, (start_s, end_s, SURE)])
                if voice is not None and after != before:
                    pieces[voice] = after
                    touched.add(voice)
            if one.is_so and one.voice is not None and one.voice not in pieces:
                pieces[one.voice] = [(start_s, end_s, SURE)]
                touched.add(one.voice)
    markers = [
        Marker(voice, *piece)
        for voice, mine in pieces.items()
        for piece in (joined(mine, recognised.join_gap_s) if voice in touched else mine)
    ]
    named = [one for one in recognised.named if one.voice not in touched]
    for voice in sorted(touched):
        scores = {one.turn: one.score for one in recognised.named if one.voice == voice}
        named += _named(voice, pieces[voice], scores, turns)
    return Recognised(
        tuple(sorted(markers, key=lambda marker: (marker.start_s, marker.voice))),
        tuple(sorted(named, key=lambda one: (one.turn, one.voice))),
        recognised.join_gap_s,
    )


def agreeing(recognised: Recognised, said: Sequence[Said]) -> tuple[int, int]:
    """How many answers about spans there are, and with how many of them `recognised` agrees by itself.

    Of a span in which somebody was said to be heard it has to name that voice for more than half, of another one not.
    """
    about = [one for one in said if one.voice is not None and not one.speaker]
    agree = 0
    for one in about:
        [(start_s, end_s)] = one.spans
        shared = sum(
            max(0.0, min(end_s, marker.end_s) - max(start_s, marker.start_s))
            for marker in recognised.markers
            if marker.voice == one.voice
        )
        agree += (shared > 0.5 * (end_s - start_s)) is one.is_so
    return len(about), agree


def _time_of(one: Said, turns: Sequence[SpeakerTurn]) -> list[tuple[float, float]]:
    if not one.speaker:
        return list(one.spans)
    meant = set(speakers_in(turns, one.spans))
    return [(turn.start_s, turn.end_s) for turn in turns if turn.local_speaker in meant]


def cut(pieces: Sequence[Piece], start_s: float, end_s: float) -> list[Piece]:
    """The pieces without what lies between."""
    left: list[Piece] = []
    for start, end, score in pieces:
        parts = [(start, end)] if end <= start_s or start >= end_s else [(start, start_s), (end_s, end)]
        left += [(begin, until, score) for begin, until in parts if until - begin >= SPECK_S]
    return left


def joined(pieces: Sequence[Piece], gap_s: float) -> list[Piece]:
    """Pieces by start, those that touch or are less than `gap_s` apart made one, with the mean of their scores."""
    done: list[Piece] = []
    heard_s = 0.0
    for start_s, end_s, score in pieces:
        if done and (start_s - done[-1][1] < gap_s or start_s <= done[-1][1]):
            begin, until, before = done.pop()
            both = heard_s + end_s - start_s
            score = (before * heard_s + score * (end_s - start_s)) / both if both else score
            start_s, end_s, heard_s = begin, max(until, end_s), both
        else:
            heard_s = end_s - start_s
        done.append((start_s, end_s, score))
    return done


def _named(
    voice: str, pieces: Sequence[Piece], scores: dict[int, float], turns: Sequence[SpeakerTurn]
) -> list[NamedTurn]:
    """The turns of which most lies in the pieces."""
    found, first = [], 0
    for number, turn in enumerate(turns):
        while first < len(pieces) and pieces[first][1] <= turn.start_s:
            first += 1
        within, sure, nth = 0.0, 0.0, first
        while nth < len(pieces) and pieces[nth][0] < turn.end_s:
            shared = min(turn.end_s, pieces[nth][1]) - max(turn.start_s, pieces[nth][0])
            within += shared
            sure += shared * (pieces[nth][2] == SURE)
            nth += 1
        if within > 0.5 * (turn.end_s - turn.start_s):
            score = SURE if sure > 0.5 * within else scores.get(number)
            found.append(NamedTurn(number, voice, SURE if score is None else score))
    return found
