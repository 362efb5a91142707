"""The time of day on a recording's own timeline: what everybody says of its beginning is weighed.

Witnesses, in the order that decides between equals:

1. the recorder that wrote down the second in which it began (Tvheadend's log, Enigma2's `.meta`): weight 4
2. a name that tells the minute: 2, and 2 more where the stream's clock differs from it as no time zone does;
   read otherwise (its clock's time as UTC, the second hour of the night that ends summer time): 1.5; shifted by whole
   hours, as other time zones would read it: 0.5; by half hours: -0.5
3. the broadcaster's clock in the stream (TDT, TOT): 3

Each of them is supported by those that agree with it within `AGREE_S`, and by

- the programme that the recording was made for: 3 where it lies in the recording with margins as recorders leave them,
  up to 1 for the part of it that does, -3 where none does
- the event that the stream calls present: 1 where it is on air then
- the files: 1 where they were last written to when the recording ended; -2 where that was before it could have

The best supported wins. Of those that agree with it the broadcaster's clock tells the second, since programmes begin
by it. Who disagrees is told in a note. Each piece of an interrupted recording has its own beginning; an edited
recording has no clock at all.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from voicemark.epg.stream_eit import StreamEpg
from voicemark.epg.twins import overlap
from voicemark.recording import Recording

MAX_START_ERROR_S = 900.0  # a start known less exactly places no programme
NAMED_ERROR_S = 60.0  # a start known better is a UNIX time, which has no time zone
AGREE_S = 300.0  # witnesses that are not farther apart say the same
FILES_AGREE_S = 180.0  # files that were copied agree by chance, and seldom so closely
LONGEST_LEAD_S = 3600.0  # margins before a programme are shorter,
LONGEST_TAIL_S = 2700.0  # and so are those behind it
MISSING_S = 180.0  # so much of a programme may lack at either end: names tell minutes
LATE_S = 600.0  # clocks of file servers differ by less
ZONE_STEP_S = 1800.0  # time zones differ by multiples of this
FARTHEST_ZONE_S = 15 * 3600.0
EXPECTED_LEAD_S = 300.0
EARLY_S, OVERRUN_S = 900.0, 1800.0  # a present event may not have begun, or not have ended, by so much


@dataclass(frozen=True)
class Stretch:
    """From `at_s` on (seconds of the recording) time runs on without a gap; it is `begins` there."""

    at_s: float
    begins: datetime


@dataclass(frozen=True)
class Clock:
    """The time of day on a recording's timeline, over its gaps."""

    stretches: tuple[Stretch, ...]
    """By position; never empty, the first at 0."""

    @property
    def started_at(self) -> datetime:
        """Time of day at the recording's first moment."""
        return self.stretches[0].begins

    def position(self, moment: datetime) -> float:
        """Where on the timeline a moment lies, in seconds; one in a gap lies at the gap. Outside of the recording, as
        far before its start or behind its last gap."""
        index = max(0, bisect_right(self.stretches, moment, key=lambda stretch: stretch.begins) - 1)
        here = self.stretches[index]
        at_s = here.at_s + (moment - here.begins).total_seconds()
        return min(at_s, self.stretches[index + 1].at_s) if index + 1 < len(self.stretches) else at_s

    def shifted(self, by: timedelta) -> "Clock":
        """The same, so much later."""
        return Clock(tuple(replace(stretch, begins=stretch.begins + by) for stretch in self.stretches))


@dataclass(frozen=True)
class Origin:
    """What was decided, and who disagrees."""

    clock: Clock | None = None
    """None when edited or unknown."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Witness:
    who: str
    start: datetime
    weight: float
    rank: int


def origin_of(recording: Recording, stream: StreamEpg, duration_s: float, written_at: datetime | None = None) -> Origin:
    """The clock of a recording that plays for `duration_s` seconds; `written_at`: when its last file was last written
    to, where that can be told."""
    if recording.edited:
        return Origin()
    witnesses = list(_witnesses(recording, stream))
    if not witnesses:
        return Origin()
    scored = [(_score(witness, witnesses, recording, stream, duration_s, written_at), witness) for witness in witnesses]
    best = max(scored, key=lambda pair: (round(pair[0], 3), -pair[1].rank, -_oddness(pair[1], recording)))[1]
    clock = _clock(best, recording, stream, duration_s)
    return Origin(clock, tuple(_disagreement(best, witnesses)))


def piece_positions(recording: Recording, duration_s: float) -> tuple[float, ...]:
    """Where on the timeline each of `recording.pieces` begins: by the times at which the recorder wrote them, in
    proportion to what there is to hear. Empty where that is not known."""
    pieces = recording.pieces
    lengths = [piece.length_s for piece in pieces]
    if len(pieces) < 2 or any(length is None for length in lengths[:-1]):
        return ()
    known = [length or 0.0 for length in lengths]
    total = sum(known) if lengths[-1] is not None else max(sum(known), duration_s)
    if not 0 < total < math.inf:
        return ()
    scale = duration_s / total
    return tuple(scale * sum(known[:index]) for index in range(len(pieces)))


def _witnesses(recording: Recording, stream: StreamEpg) -> Iterator[_Witness]:
    start = recording.started_at
    if start is not None and recording.start_error_s <= MAX_START_ERROR_S:
        if recording.start_error_s < NAMED_ERROR_S:
            yield _Witness("the recorder", start, 4.0, 0)
        else:
            far = stream.started_at is not None and not _is_zone_apart(start, stream.started_at)
            yield _Witness("its name", start, 4.0 if far else 2.0, 1)
            for other in recording.other_starts:
                yield _Witness("its name, read otherwise,", other, 1.5, 2)
            if recording.programme is not None and recording.programme.start is not None:
                for step in range(1, int(FARTHEST_ZONE_S / ZONE_STEP_S) + 1):
                    for sign in (1, -1):
                        shifted = start + timedelta(seconds=sign * step * ZONE_STEP_S)
                        yield _Witness("its name, in another time zone,", shifted, -0.5 if step % 2 else 0.5, 3)
    if stream.started_at is not None:
        yield _Witness("the stream's clock", stream.started_at, 3.0, 2)


def _is_zone_apart(one: datetime, other: datetime) -> bool:
    """Whether two times differ as a wrong time zone makes them differ, or not at all."""
    apart = (one - other).total_seconds()
    return abs(apart) <= FARTHEST_ZONE_S and abs(apart - round(apart / ZONE_STEP_S) * ZONE_STEP_S) <= AGREE_S


def _score(
    witness: _Witness,
    witnesses: Sequence[_Witness],
    recording: Recording,
    stream: StreamEpg,
    duration_s: float,
    written_at: datetime | None,
) -> float:
    score = witness.weight
    kinds = {_kind(witness)}
    for other in sorted(witnesses, key=lambda other: -other.weight):
        if _kind(other) not in kinds and abs((other.start - witness.start).total_seconds()) <= AGREE_S:
            kinds.add(_kind(other))
            score += other.weight
    score += _of_the_programme(witness.start, recording, duration_s)
    score += _of_the_present_event(witness.start, stream)
    if written_at is not None:
        late = (witness.start - written_at).total_seconds() + duration_s
        score += 1.0 if abs(late) <= FILES_AGREE_S else -2.0 if late > LATE_S else 0.0
    return score


def _kind(witness: _Witness) -> str:
    return "stream" if witness.who == "the stream's clock" else "recorder"


def _oddness(witness: _Witness, recording: Recording) -> float:
    """Of readings that are as good, the one with the usual margin before the programme."""
    main = recording.programme
    if main is None or main.start is None:
        return 0.0
    return abs((main.start - witness.start).total_seconds() - EXPECTED_LEAD_S)


def _of_the_programme(start: datetime, recording: Recording, duration_s: float) -> float:
    main = recording.programme
    if main is None or main.start is None:
        return 0.0
    lead = (main.start - start).total_seconds()
    lasting = main.duration_s or duration_s
    tail = duration_s - lead - lasting
    whole = main.duration_s is not None and -MISSING_S <= tail <= LONGEST_TAIL_S
    if whole and -MISSING_S <= lead <= LONGEST_LEAD_S:
        return 3.0
    common = overlap(lead, lasting, duration_s)
    most = min(lasting, duration_s)
    return min(1.0, common / most) if common > 0 and most > 0 else -3.0


def _of_the_present_event(start: datetime, stream: StreamEpg) -> float:
    spans = {
        event.event_id: (event.start, event.duration_s or 0.0) for event in stream.events if event.start is not None
    }
    seen = [sighting for sighting in stream.sightings if sighting.event_id in spans]
    if not seen:
        return 0.0
    right = 0
    for sighting in seen:
        begins, lasting = spans[sighting.event_id]
        into = (start - begins).total_seconds() + sighting.at_s
        right += -EARLY_S <= into <= lasting + OVERRUN_S
    return 1.0 if 2 * right >= len(seen) else 0.0


def _clock(best: _Witness, recording: Recording, stream: StreamEpg, duration_s: float) -> Clock:
    """The witness's, with the stream's second where the two agree, over all pieces."""
    start = best.start
    if stream.started_at is not None and abs((stream.started_at - start).total_seconds()) <= AGREE_S:
        start = stream.started_at
    positions = piece_positions(recording, duration_s)
    if positions:
        first = recording.pieces[0].started_at
        pieces = zip(positions, recording.pieces, strict=True)
        return Clock(tuple(Stretch(at_s, piece.started_at) for at_s, piece in pieces)).shifted(start - first)
    jumps = tuple(Stretch(at_s, moment) for at_s, moment in stream.jumps) if start == stream.started_at else ()
    return Clock((Stretch(0.0, start), *jumps))


def _disagreement(best: _Witness, witnesses: Sequence[_Witness]) -> Iterator[str]:
    """Those of the recorder, the name as it stands, and the stream that say something else."""
    for witness in witnesses:
        apart = (witness.start - best.start).total_seconds()
        if witness.rank <= 2 and witness.who != "its name, read otherwise," and abs(apart) > AGREE_S:
            yield (
                f"{witness.who} says that it began at {_told(witness.start)}, {best.who.rstrip(',')} "
                f"{_told(best.start)}: the latter has more that speaks for it"
            )


def _told(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
