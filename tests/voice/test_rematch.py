"""The archive matched at once gives what a scan of each recording gives."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from voicemark.config import MatchSection
from voicemark.errors import ModelError
from voicemark.store.archive import KeptRecording, stale_recordings
from voicemark.store.database import Database, open_database
from voicemark.store.schema import EmbeddingRow, MarkerRow, RecordingRow, VoiceRow
from voicemark.voice.compact import pack, quantise, unpack
from voicemark.voice.match import Memory, VoiceBook, score_windows, top_mean
from voicemark.voice.rematch import ArchiveMatcher, UpperBounds, float_product, int8_product, rematch
from voicemark.voice.segments import Segment, WindowTimes, find_segments

DIM = 32
HOP_S, WINDOW_S = 0.5, 2.0
WANTED = MatchSection(calibrate=False, threshold=0.5, hysteresis=0.1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def people(count: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(count, DIM, generator=torch.Generator().manual_seed(1)), dim=1)


def turns(seed: int, windows: int, strangers: int = 10, known: int = 3) -> torch.Tensor:
    """Embeddings (windows, DIM) of people who take turns; the first `known` are those who are enrolled."""
    rng = np.random.default_rng(seed)
    everybody = people(known + strangers)
    rows: list[torch.Tensor] = []
    while len(rows) < windows:
        who = everybody[rng.integers(len(everybody))]
        generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
        rows += list(who + 0.16 * torch.randn(int(rng.integers(1, 30)), DIM, generator=generator))
        if rng.random() < 0.2:
            rows += [torch.zeros(DIM)] * int(rng.integers(1, 6))
    return torch.nn.functional.normalize(torch.stack(rows[:windows]), dim=1) if windows else torch.zeros(0, DIM)


def book_of(*sizes: int, wanted: MatchSection = WANTED, threshold: float = 0.5) -> VoiceBook:
    noise = torch.Generator().manual_seed(2)
    memories = []
    for number, (one, size) in enumerate(zip(people(len(sizes)), sizes, strict=True)):
        rows = torch.nn.functional.normalize(one + 0.16 * torch.randn(size, DIM, generator=noise), dim=1)
        memories.append(Memory(f"voice {number}", rows, threshold))
    return VoiceBook.of(memories, "model", wanted, people(200))


def kept(embeddings: torch.Tensor) -> KeptRecording:
    return KeptRecording(1, "c", DIM, HOP_S, WINDOW_S, len(embeddings) * HOP_S + WINDOW_S, pack(embeddings))


def scanned(one: KeptRecording, book: VoiceBook, wanted: MatchSection) -> list[Segment]:
    """What the pipeline does with one recording: every score, exactly."""
    scores = score_windows(unpack(one.data, DIM), book, wanted, one.hop_s)
    times = WindowTimes(one.hop_s, one.window_s, one.duration_s)
    return find_segments(scores, book.thresholds.tolist(), wanted, times)


def assert_same(found: list[Segment], expected: list[Segment]) -> None:
    """Equal but for rounding, which may also turn the order of voices that start at once."""
    found, expected = (sorted(some, key=lambda segment: (segment.voice, segment.start_s)) for some in (found, expected))
    assert [segment.voice for segment in found] == [segment.voice for segment in expected]
    for field in ("start_s", "end_s", "score"):
        np.testing.assert_allclose(
            [getattr(segment, field) for segment in found], [getattr(segment, field) for segment in expected], atol=1e-4
        )


@given(
    seed=st.integers(0, 2**31),
    windows=st.integers(0, 400),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    calibrate=st.booleans(),
    smooth_s=st.sampled_from([0.0, 2.0]),
    hysteresis=st.sampled_from([0.0, 0.1, 0.4]),
    exclusive=st.sampled_from([0.05, 2.0]),
    threshold=st.sampled_from([-0.2, 0.3, 0.5, 0.7, 0.99]),
)
@settings(max_examples=60, deadline=None)
def test_segments_are_those_of_a_scan(
    seed: int,
    windows: int,
    sizes: list[int],
    calibrate: bool,
    smooth_s: float,
    hysteresis: float,
    exclusive: float,
    threshold: float,
) -> None:
    wanted = MatchSection(calibrate=calibrate, smooth_s=smooth_s, hysteresis=hysteresis, exclusive=exclusive)
    book = book_of(*sizes, wanted=wanted, threshold=threshold)
    recording = kept(turns(seed, windows))
    assert_same(ArchiveMatcher(book, wanted).segments(recording), scanned(recording, book, wanted))


def test_the_example_has_segments_to_find() -> None:
    book = book_of(5, 9, 2)
    assert len(scanned(kept(turns(5, 400)), book, WANTED)) > 3


@given(seed=st.integers(0, 2**31), sizes=st.lists(st.integers(1, 8), min_size=1, max_size=4), top_k=st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_no_score_is_above_its_bound(seed: int, sizes: list[int], top_k: int) -> None:
    book = book_of(*sizes)
    data = quantise(turns(seed, 50).numpy())
    lengths = np.linalg.norm(data.astype(np.float32), axis=1)
    exact = top_mean(unpack(data.tobytes(), DIM), book, top_k)
    bounds = UpperBounds(book).of(data, lengths)
    assert (exact <= bounds + 1e-5).all()
    if top_k == 1:
        assert (bounds - exact).max() < 0.1  # and the bounds say something


def test_both_products_give_the_same_whole_numbers() -> None:
    generator = torch.Generator().manual_seed(1)
    windows, rows = (torch.randint(-127, 128, (n, 128), generator=generator).to(torch.int8) for n in (50, 30))
    expected = rows.long() @ windows.long().T
    assert torch.equal(int8_product(rows, windows).long(), expected)
    assert torch.equal(float_product(rows, windows).long(), expected)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Twelve recordings, one of them of another model and one without embeddings."""
    opened = open_database(tmp_path / "voicemark.db")
    with opened.writing() as session:
        for number in range(12):
            rows = turns(number, 300)
            row = RecordingRow(
                path=f"/video/{number}.rec", recorder="vdr", content=f"c{number}", title="t", found_at=NOW,
                started_at=NOW + timedelta(hours=number), duration_s=len(rows) * HOP_S + WINDOW_S,
            )  # fmt: skip
            session.add(row)
            session.flush()
            if number != 7:
                model = "old model" if number == 3 else "model"
                session.add(
                    EmbeddingRow(
                        recording_id=row.id, model_id=model, content=row.content, windows=len(rows), dim=DIM,
                        hop_s=HOP_S, window_s=WINDOW_S, data=pack(rows),
                    )
                )  # fmt: skip
    yield opened
    opened.close()


def markers(database: Database) -> dict[str, list[tuple[str, float, float]]]:
    with database.reading() as session:
        query = select(RecordingRow.path, VoiceRow.name, MarkerRow.start_s, MarkerRow.end_s)
        joined = query.join(MarkerRow, MarkerRow.recording_id == RecordingRow.id).join(MarkerRow.voice)
        found: dict[str, list[tuple[str, float, float]]] = {}
        for path, name, start_s, end_s in session.execute(joined.order_by(MarkerRow.recording_id, MarkerRow.start_s)):
            found.setdefault(path, []).append((name, start_s, end_s))
        return found


def test_every_recording_of_the_model_gets_the_markers_of_a_scan(database: Database) -> None:
    book = book_of(5, 9, 2)
    report = rematch(database, book, WANTED, "model")
    assert report.recordings == 10
    found = markers(database)
    assert report.markers == sum(map(len, found.values())) > 10
    for number in range(12):
        expected = [] if number in (3, 7) else scanned(kept(turns(number, 300)), book, WANTED)
        of_recording = found.get(f"/video/{number}.rec", [])
        assert [name for name, _, _ in of_recording] == [book.names[segment.voice] for segment in expected]
        np.testing.assert_allclose(
            [times for _, *times in of_recording], [(s.start_s, s.end_s) for s in expected] or np.zeros((0,)), atol=1e-4
        )


def test_what_is_current_is_passed_over_and_a_new_threshold_is_matched_anew(database: Database) -> None:
    rematch(database, book_of(5, 9), WANTED, "model")
    before = markers(database)
    assert rematch(database, book_of(5, 9), WANTED, "model").recordings == 0
    with database.writing() as session:
        session.execute(update(RecordingRow).where(RecordingRow.path == "/video/2.rec").values(match_key=None))
    assert rematch(database, book_of(5, 9), WANTED, "model").recordings == 1
    assert markers(database) == before
    assert rematch(database, book_of(5, 9, threshold=0.99), WANTED, "model").recordings == 10
    assert markers(database) == {}


def test_newest_recordings_come_first(database: Database) -> None:
    ids = [kept.recording_id for kept in stale_recordings(database, "model", "key")]
    assert ids == sorted(ids, reverse=True) and len(ids) == 10


def test_an_interrupted_rematch_keeps_what_is_done_and_goes_on_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicemark.voice.rematch.COMMIT_EVERY", 4)
    calls = []

    def stop(done: int, total: int) -> None:
        calls.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rematch(database, book_of(5), WANTED, "model", progress=stop)
    assert calls == [(4, 10)]
    assert rematch(database, book_of(5), WANTED, "model").recordings == 6


def test_a_recording_that_is_scanned_again_meanwhile_is_left_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicemark.voice.rematch.COMMIT_EVERY", 1)

    def scan_the_next(done: int, total: int) -> None:
        """By now the second recording has been read but not written."""
        if done == 1:
            with database.writing() as session:
                session.execute(update(EmbeddingRow).where(EmbeddingRow.recording_id == 11).values(content="edited"))
                session.execute(update(RecordingRow).where(RecordingRow.id == 11).values(match_key="by the scan"))

    rematch(database, book_of(5, 9, 2), WANTED, "model", progress=scan_the_next, threads=1)
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.id).where(RecordingRow.match_key == "by the scan")).all() == [11]


def test_memories_of_another_model_are_refused(database: Database) -> None:
    with pytest.raises(ModelError):
        rematch(database, book_of(5), WANTED, "old model")
