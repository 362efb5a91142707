"""Whatever happens to the process that hears, its worker answers, in time, and with whose trouble it was."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cluster import Record
from support.ears import begun

from voicemark.cluster import post as module
from voicemark.cluster.answers import Answer, unpack_answer
from voicemark.cluster.post import Post
from voicemark.cluster.roots import Roots
from voicemark.cluster.wire import Failure, Settings, order_for, pack_order
from voicemark.config import AudioSection, EncoderSection
from voicemark.pipeline import content_of
from voicemark.recorders.plain import Plain
from voicemark.voice.diarization import RULES
from voicemark.voice.encoder import Encoder

Ask = Callable[..., Answer]


@pytest.fixture
def worker(ears: Path) -> Post:
    return Post(Settings(EncoderSection(), {"/": Path("/")}))


@pytest.fixture
def ask(worker: Post, record: Record, encoder: Encoder) -> Ask:
    """The worker's answer to an order for a recording of that name."""

    def asked(name: str, *, limit_s: float = 60.0, unwanted: Callable[[], bool] = lambda: False) -> Answer:
        recording = Plain().read(record(name))
        order = order_for(
            recording,
            Roots.of({}),
            job=1,
            content=content_of(recording),
            model_id=encoder.model_id,
            rules=RULES,
            audio=AudioSection(),
            limit_s=limit_s,
        )
        return unpack_answer(worker.hear(pack_order(order), unwanted))

    return asked


def failure(answer: Answer) -> Failure:
    assert answer.failure is not None
    return answer.failure


def test_one_process_hears_one_recording_after_another(ask: Ask, worker: Post, ears: Path) -> None:
    assert ask("a.ts").heard is not None
    assert ask("b.ts").heard is not None
    assert len({process for process, _ in begun(ears)}) == 1
    worker.close()


def test_a_recording_that_kills_the_process_is_told_of_and_the_next_is_heard(ask: Ask, worker: Post) -> None:
    killed = failure(ask("kill.ts"))
    assert (killed.trouble, killed.died) == ("item", True)
    assert "signal 9" in killed.what
    assert ask("a.ts").heard is not None
    worker.close()


def test_a_process_that_hangs_is_ended(ask: Ask, worker: Post, ears: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENT_S", 0.5)
    hung = failure(ask("hang.ts"))
    assert (hung.trouble, hung.died) == ("item", True) and "in time" in hung.what
    [(process, _)] = begun(ears)
    assert not Path(f"/proc/{process}").exists()
    assert ask("a.ts").heard is not None
    worker.close()


def test_progress_without_an_end_is_bounded_too(ask: Ask, worker: Post, ears: Path) -> None:
    (ears / "gate").touch()
    assert "in time" in failure(ask("wait.ts", limit_s=0.5)).what
    worker.close()


def test_what_nobody_waits_for_any_more_is_stopped_and_counts_for_nobody(ask: Ask, worker: Post, ears: Path) -> None:
    (ears / "gate").touch()
    dropped = failure(ask("wait.ts", unwanted=lambda: bool(begun(ears))))
    assert (dropped.trouble, dropped.died) == ("unfit", False)
    assert worker.ear is None
    worker.close()


def test_a_worker_that_ends_amid_a_recording_blames_nobody(ask: Ask, worker: Post, ears: Path) -> None:
    (ears / "gate").touch()

    def close() -> None:
        while not begun(ears):
            time.sleep(0.02)
        worker.close()

    closing = threading.Thread(target=close)
    closing.start()
    ended = failure(ask("wait.ts"))
    closing.join()
    assert (ended.trouble, ended.died) == ("unfit", False)


def test_three_different_recordings_that_fail_make_a_pause(ask: Ask, worker: Post, ears: Path) -> None:
    assert failure(ask("away-1.ts")).pause_s == 0
    assert failure(ask("own-2.ts")).pause_s == 0
    assert failure(ask("away-3.ts")).pause_s > 0
    assert "pauses" in failure(ask("a.ts")).what
    assert "a.ts" not in [name for _, name in begun(ears)]
    worker.close()


def test_a_recording_between_that_is_heard_is_the_end_of_a_row(ask: Ask, worker: Post) -> None:
    for name in ("away-1.ts", "away-2.ts", "a.ts", "away-3.ts", "away-4.ts"):
        answer = ask(name)
        assert answer.failure is None or answer.failure.pause_s == 0
    worker.close()


def test_a_process_that_does_not_start_is_the_places_trouble(
    ask: Ask, worker: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "EAR", (sys.executable, "-c", "raise SystemExit(3)"))
    told = unpack_answer(worker.introduce(lambda: False)).failure
    assert told is not None and told.trouble == "place" and "does not start" in told.what


def test_the_process_ends_with_its_worker(ask: Ask, worker: Post) -> None:
    ask("a.ts")
    assert worker.ear is not None
    process = worker.ear.process
    worker.close()
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
