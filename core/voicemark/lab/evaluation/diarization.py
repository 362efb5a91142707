"""Who speaks when, against what is true, by the field's measures.

DER, JER, purity and coverage are pyannote.metrics' (Bredin, "pyannote.metrics: a toolkit for reproducible evaluation,
diagnostic, and error analysis of speaker diarization systems", Interspeech 2017; JER: Ryant et al., "The Second DIHARD
Diarization Challenge", Interspeech 2019), without a collar. DER and JER count overlapping speech, and sound that
is nobody's; purity and coverage are of the time in which one person speaks alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicemark.errors import ToolError

LENGTHS_S = ((1.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, float("inf")))
"""Turns are counted by length: from, up to."""


@dataclass(frozen=True)
class Spoke:
    """`who` speaks from `start_s` to `end_s`. Names of what was found need not be those of what is true."""

    who: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class DiarizationScore:
    """Shares of speech, 0 to 1 (DER may be above)."""

    der: float
    jer: float
    purity: float
    coverage: float


def diarization_score(recordings: Sequence[tuple[Sequence[Spoke], Sequence[Spoke]]]) -> DiarizationScore:
    """What is true and what was found, of each recording: the measures over all of them, long ones counting more.

    Raises ToolError where pyannote.metrics is not installed.
    """
    try:
        from pyannote.metrics import diarization as untyped
    except ImportError as error:
        raise ToolError("pyannote.metrics is not installed", hint="pip install 'voicemark[lab]'") from error
    diarization: Any = untyped
    errors: list[Any] = [diarization.DiarizationErrorRate(), diarization.JaccardErrorRate()]
    groups: list[Any] = [diarization.DiarizationPurity(), diarization.DiarizationCoverage()]
    for true, found in recordings:
        reference, hypothesis = _annotation(true), _annotation(found)
        alone = reference.get_timeline().support().extrude(reference.get_overlap())
        for measure in errors:
            measure(reference, hypothesis, uem=_whole((*true, *found)))
        for measure in groups:  # these count what lies outside of the evaluated time, unless it is cut away
            measure(reference.crop(alone), hypothesis.crop(alone))
    return DiarizationScore(*(float(abs(measure)) for measure in (*errors, *groups)))


def found_by_length(
    true: Sequence[Spoke], found: Sequence[Spoke], lengths: Sequence[tuple[float, float]] = LENGTHS_S
) -> list[tuple[int, int]]:
    """For each range of lengths in seconds: true turns that a marker of their voice touches, and true turns in all."""
    counts = [(0, 0)] * len(lengths)
    for turn in true:
        for number, (least, below) in enumerate(lengths):
            if least <= turn.end_s - turn.start_s < below:
                touched = any(
                    one.who == turn.who and one.start_s < turn.end_s and one.end_s > turn.start_s for one in found
                )
                counts[number] = (counts[number][0] + touched, counts[number][1] + 1)
    return counts


def _annotation(turns: Sequence[Spoke]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for number, turn in enumerate(turns):
        if turn.end_s > turn.start_s:
            annotation[Segment(turn.start_s, turn.end_s), number] = turn.who
    return annotation


def _whole(turns: Sequence[Spoke]) -> Any:
    from pyannote.core import Segment, Timeline

    return Timeline([Segment(0.0, max((turn.end_s for turn in turns), default=0.0))])
