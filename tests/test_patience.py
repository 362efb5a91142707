"""Calls that hang are given up, and their place is left alone until it answers."""

import threading
import time
from pathlib import Path

import pytest

from voicemark import patience
from voicemark.patience import NoAnswerError, silent_places, within_patience


def test_what_answers_is_the_answer(tmp_path: Path) -> None:
    assert within_patience(tmp_path, lambda: 5) == 5
    with pytest.raises(FileNotFoundError):
        within_patience(tmp_path, (tmp_path / "none").stat)


def test_what_hangs_is_given_up_and_its_place_left_alone_until_it_answers(tmp_path: Path) -> None:
    answers = threading.Event()
    path = tmp_path / "away" / "file"
    with pytest.raises(NoAnswerError, match="does not answer"):
        within_patience(path, answers.wait, 0.01)
    [place] = silent_places()
    assert str(path).startswith(place)
    asked: list[bool] = []
    with pytest.raises(NoAnswerError):
        within_patience(path, lambda: asked.append(True))
    assert not asked, "nobody else is sent there"
    answers.set()
    while silent_places():
        time.sleep(0.001)
    assert within_patience(path, lambda: 7) == 7


def test_another_place_answers_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "1 0 0:1 / / rw - x x x\n2 1 0:2 / /mnt/nas\\040one rw - nfs x x\n3 1 0:3 / /mnt/other rw - x x x\n"
    )
    monkeypatch.setattr(patience, "MOUNTS", str(mounts))
    answers = threading.Event()
    with pytest.raises(NoAnswerError):
        within_patience("/mnt/nas one/a/b.ts", answers.wait, 0.01)
    assert silent_places() == ("/mnt/nas one",)
    assert within_patience("/mnt/other/a", lambda: 1) == 1
    assert within_patience("/mnt/nas one more/a", lambda: 1) == 1, "a name that only begins so is elsewhere"
    with pytest.raises(NoAnswerError):
        within_patience("/mnt/nas one/c/d", lambda: 1)
    answers.set()
    while silent_places():
        time.sleep(0.001)


def test_a_call_within_a_call_is_part_of_it(tmp_path: Path) -> None:
    threads = within_patience(tmp_path, lambda: {threading.get_ident(), within_patience(tmp_path, threading.get_ident)})
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_calls_one_after_another_need_one_helper(tmp_path: Path) -> None:
    assert len({within_patience(tmp_path, threading.get_ident) for _ in range(50)}) == 1
