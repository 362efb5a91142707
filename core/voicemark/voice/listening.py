"""Where to listen again, to be surer of a person: a few moments out of the middle of their longest turns.

A second opinion on a local speaker is asked once for the person, not for each turn. What is near a turn's edge may be
somebody else; different turns say more than different moments of one.
"""

from collections.abc import Sequence

import numpy as np

from voicemark.voice.diarization import Diarization

EDGE_S = 0.5  # of a turn that is left out on either side, where it is long enough
Span = tuple[float, float]


def where_to_listen(
    found: Diarization, moments: Sequence[float], person: int, *, at_most: int = 6, span_s: float = 2.0
) -> list[Span]:
    """At most `at_most` spans of `span_s` seconds in which the person speaks, in order of time.

    `moments` (t + 1,) are the borders of the turns in seconds, as `voicemark.voice.segments.borders` gives them. The
    longest turns come first, each with one span, then each with a second, and so on. Where no turn is long enough for
    one, the whole longest turn is given.
    """
    turns = [(moments[turn], moments[turn + 1]) for turn in np.flatnonzero(found.speakers == person).tolist()]
    turns.sort(key=lambda turn: turn[0] - turn[1])
    inside = [_spans(start, end, span_s) for start, end in turns]
    chosen = [spans[again] for again in range(at_most) for spans in inside if again < len(spans)][:at_most]
    return sorted(chosen or turns[:1])


def _spans(start: float, end: float, span_s: float) -> list[Span]:
    """Spans of a turn that do not overlap, spread evenly, the middle one first; none where none fits."""
    edge = min(EDGE_S, max(0.0, (end - start - span_s) / 2))
    room = end - start - 2 * edge
    count = int(room / span_s + 1e-9)
    starts = [start + edge + room / count * (k + 0.5) - span_s / 2 for k in range(count)] if count else []
    middle = (start + end - span_s) / 2
    return [(at, at + span_s) for at in sorted(starts, key=lambda at: (abs(at - middle), at))]
