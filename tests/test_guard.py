"""Whatever goes wrong in one unit ends that alone, and is named."""

import logging

import pytest

from voicemark.errors import GuideError
from voicemark.guard import unit
from voicemark.patience import NoAnswerError


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (GuideError("is broken"), "x.nfo is broken"),
        (PermissionError(13, "Permission denied"), "x.nfo cannot be read: Permission denied"),
        (NoAnswerError("/mnt"), "x.nfo cannot be read: its disk or network does not answer"),
        (GuideError("says\n\x1b[31m\udce4"), "x.nfo says [31m"),
    ],
)
def test_the_units_own_fault_is_a_sentence(error: Exception, told: str) -> None:
    notes: list[str] = []
    with unit("x.nfo", notes.append):
        raise error
    assert notes == [told]


def test_a_mistake_of_the_program_is_told_and_its_traceback_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    with caplog.at_level(logging.ERROR), unit("guide \udce4.xml", notes.append):
        [].pop()
    [note] = notes
    note.encode()
    assert note.startswith("guide ä.xml is passed over: an error of voicemark itself (IndexError)")
    assert "pop from empty list" in caplog.text


def test_memory_that_is_not_there_and_an_interrupt_are_not_the_units() -> None:
    for error in (MemoryError, KeyboardInterrupt):
        with pytest.raises(error), unit("x", lambda _: None):
            raise error
