"""What a recording costs, counted and not timed: a budget that is exceeded by a few per cent is an error that says so.

Counts are the same on a busy machine and an idle one. One that has become smaller for good is to be written down here.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sqlalchemy import event
from support.recordings import SECONDS, config_text, programme, samples, write_ts
from torch import Tensor

from voicemark.actions.rematch import rematch
from voicemark.actions.scan import Scan, Status
from voicemark.audio import processes
from voicemark.config import load_config
from voicemark.lab.bench.made_up import SETTINGS, book_of, make_archive
from voicemark.store.database import Database, open_database
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder
from voicemark.voice.score_norm import offsets

SPARE = 0.03  # a budget may be exceeded by so much
FRAMES_A_SECOND = 80


def check(counted: Counter[str], budget: dict[str, float]) -> None:
    """Raises AssertionError that names every count above its budget, and those that nobody has set one for."""
    over = [
        f"{name}: {counted[name]:,}, {counted[name] / most - 1:+.0%} of {most:,}"
        for name, most in budget.items()
        if counted[name] > most * (1 + SPARE)
    ]
    assert not over, "; ".join(over)
    assert set(counted) <= set(budget)


@contextmanager
def statements(database: Database, counted: Counter[str]) -> Iterator[None]:
    """Counts what SQLite is asked, and how often a transaction is begun."""
    listened: list[tuple[Any, str, Callable[..., None]]] = []

    def count(engine: Any, what: str, name: str) -> None:
        def one(*_: Any) -> None:
            counted[name] += 1

        event.listen(engine, what, one)
        listened.append((engine, what, one))

    for engine, kind in ((database._writer, "write"), (database._readers, "read")):
        count(engine, "before_cursor_execute", f"statements that {kind}")
        count(engine, "begin", f"transactions that {kind}")
    try:
        yield
    finally:
        for engine, what, one in listened:
            event.remove(engine, what, one)


@contextmanager
def programs(counted: Counter[str]) -> Iterator[None]:
    """Counts which programs are started."""
    start = processes.start

    def one(command: Sequence[str], **options: Any) -> Any:
        counted[Path(command[0]).name] += 1
        return start(command, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "start", one)
        yield


@contextmanager
def frames(encoder: Any, counted: Counter[str]) -> Iterator[None]:
    """Counts the batches that go through the network, and the log-mel frames in them."""
    assert isinstance(encoder, Encoder)
    compute = encoder._convolutions.compute

    def one(prepared: Tensor) -> Tensor:
        counted["batches"] += 1
        counted["frames"] += prepared.shape[0] * prepared.shape[-1]
        return compute(prepared)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder._convolutions.__class__, "__setattr__", object.__setattr__)
        patch.setattr(encoder._convolutions, "compute", one)
        yield


def bytes_read() -> int:
    """By this process, from files and pipes, since its start."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings of 48 s, samples of two voices, a configuration and no database."""
    folder = tmp_path_factory.mktemp("counted")
    first = write_ts(folder / "video/first.ts", programme())
    second = write_ts(folder / "video/second.ts", programme()[::-1].copy())
    assert first.stat().st_size > 0.5e6 and second.stat().st_size > 0.5e6
    (folder / "config.toml").write_text(config_text(folder / "v.db", samples(folder / "voices")))
    return folder


def test_a_scan_does_not_read_decode_compute_or_ask_more_than_it_did(place: Path) -> None:
    database = open_database(place / "v.db")
    counted: Counter[str] = Counter()
    scan = Scan(load_config(place / "config.toml"), database)
    assert [one.status for one in scan.paths([place / "video/first.ts"])] == [Status.SCANNED]
    with statements(database, counted), programs(counted), frames(scan.recogniser.encoder, counted):
        before = bytes_read()
        assert [one.status for one in scan.paths([place / "video/second.ts"])] == [Status.SCANNED]
        counted["bytes read"] = bytes_read() - before
    database.close()
    decoded = SECONDS * 16_000 * 4
    check(
        counted,
        {
            "frames": SECONDS * FRAMES_A_SECOND,
            "batches": 1,
            "ffmpeg": 1,
            "ffprobe": 1,
            "bytes read": decoded + 6.9 * (place / "video/second.ts").stat().st_size,
            "statements that write": 55,
            "transactions that write": 4,
            "statements that read": 11,
            "transactions that read": 5,
        },
    )


def test_kept_memories_start_no_program_and_compute_nothing(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    config = load_config(place / "config.toml")
    database = open_database(place / "v.db")
    encoder = Scan(config, database).recogniser.encoder
    counted: Counter[str] = Counter()
    with programs(counted), statements(database, counted), frames(encoder, counted):
        Scan(config, database)
    database.close()
    check(counted, {"statements that read": 8, "transactions that read": 4})


def test_a_long_recording_is_computed_in_few_batches_with_little_beside_it() -> None:
    encoder = load_encoder(None, "cpu", "fp32")
    block = np.random.default_rng(0).standard_normal(16_000 * 30).astype(np.float32) * 0.1
    counted: Counter[str] = Counter()
    nothing = torch.zeros(1, encoder._net.config.head_channels, 1)

    def shape_alone(prepared: Tensor) -> Tensor:
        counted["batches"] += 1
        counted["frames"] += prepared.shape[-1]
        return nothing.expand(1, -1, -(-prepared.shape[-1] // 4))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder._convolutions.__class__, "__setattr__", object.__setattr__)
        patch.setattr(encoder._convolutions, "compute", shape_alone)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            counted["windows"] = sum(len(one.embeddings) for one in encoder.embed_blocks(block for _ in range(20)))
    for one in profile.key_averages():
        if one.key in ("aten::empty", "aten::empty_strided", "aten::resize_"):
            counted["allocations"] += one.count
    check(counted, {"windows": 1197, "batches": 5, "frames": 600 * FRAMES_A_SECOND * 1.063, "allocations": 514})


def test_an_archive_is_matched_with_few_statements_and_few_rows_normalised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hours of 1,231 turns and 383 people: no statement is of one recording, and what is kept is not computed."""
    make_archive(tmp_path / "v.db", 5, 4)
    database = open_database(tmp_path / "v.db")
    first, again = Counter[str](), Counter[str]()
    for book, counted in ((book_of(4), first), (book_of(4, 0.36), again)):

        def one(rows: Tensor, cohort: Tensor, counted: Counter[str] = counted) -> Tensor:
            counted["rows normalised"] += len(rows)
            return offsets(rows, cohort)

        monkeypatch.setattr("voicemark.voice.score_norm.offsets", one)
        with statements(database, counted):
            assert rematch(database, book, SETTINGS, listen).recordings == 5
    database.close()
    each: dict[str, float] = {"statements that read": 7, "transactions that read": 3, "transactions that write": 2}
    check(first, each | {"statements that write": 22, "rows normalised": 543})
    check(again, each | {"statements that write": 21})


def listen(path: Path, content: str) -> Any:
    raise AssertionError("nothing is read without a verifier")
