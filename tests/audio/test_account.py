"""What was heard is told against what there was, and too little of it is no success."""

import pytest

from voicemark.audio.account import Heard, Interruption, Ledger, notes_on, short_of
from voicemark.audio.timeline import Break


def heard(offered_s: float, decoded_s: float) -> Heard:
    return Heard(60.0, (), None, 0, offered_s=offered_s, decoded_s=decoded_s)


@pytest.mark.parametrize(
    ("offered_s", "decoded_s", "too_little"),
    [(100, 100, False), (100, 90, False), (100, 79, True), (10, 6, False), (10, 4, True), (3600, 3599, False)],
)
def test_a_fifth_and_some_seconds_are_too_much_to_miss(offered_s, decoded_s, too_little):
    assert heard(offered_s, decoded_s).is_too_little is too_little


def test_a_gap_is_told_with_place_and_reason():
    one = Heard(60.0, (Break("hole", 61.0, 5.0, "scrambled"),), "Header missing", 3, 12, None, 60, 50, ("a note",))
    assert notes_on(one) == [
        "scrambled at 1:01.0 for 5.0 s",
        "a note",
        "0:10.0 of 1:00.0 of its sound could not be decoded",
        "12 or more packets of its sound are lost",
        "damaged audio: Header missing",
    ]
    assert notes_on(heard(60, 59.5)) == []


def test_a_recording_much_shorter_than_its_recorder_says_is_told():
    assert short_of(5400, 5300) is None and short_of(5400, 4400) is None and short_of(None, 1) is None
    assert short_of(100, 1) is None  # margins alone are longer
    assert short_of(5400, 12) == "the recorder meant it to be 1:30:00.0 long, and 0:12.0 are there"


def test_an_interruption_is_found_by_its_time_stamp():
    ledger = Ledger()
    ledger.interruptions += [Interruption(None, 90_000 * at, at, 0, False) for at in (1, 50, 100)]
    assert ledger.interruption(50 * 16_000) == ledger.interruptions[1]
    assert ledger.interruption(70 * 16_000) is None
    assert ledger.interruption(100 * 16_000) == ledger.interruptions[2]
