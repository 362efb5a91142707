"""What was found in a folder, in one line of words."""

from collections import Counter

from voicemark.store.findings import Outcome
from voicemarkd.folder_summary import Census


def test_what_there_is_none_of_is_left_out() -> None:
    assert str(Census()) == "0 recordings"
    census = Census(present=12, recorders=Counter(vdr=10, plain=2), unchanged=8, gone=1)
    census.outcomes.update([Outcome.NEW, Outcome.NEW, Outcome.KNOWN, Outcome.MOVED])
    assert str(census) == "12 recordings (10 vdr, 2 plain): 2 new, 1 moved, 9 known, 1 gone"
