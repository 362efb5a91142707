"""The archive matched at once gives what a scan of each recording gives."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import select, update

from voicemark.actions.rematch import rematch, spoken
from voicemark.config import MatchSection
from voicemark.errors import RecordingError
from voicemark.store.archive import KeptRecording, stale_recordings
from voicemark.store.database import Database, open_database
from voicemark.store.forget import forget
from voicemark.store.markers import voice_ids
from voicemark.store.schema import EmbeddingRow, MarkerRow, RecordingRow, VoiceRow
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.quantisation import pack, quantise, restore
from voicemark.voice.recognise import recognise_all
from voicemark.voice.turns import pack as pack_turns
from voicemark.voice.turns import segment_turns
from voicemark.voice.verifier import ReadAudio, Verifier

DIM = 32
HOP_S, WINDOW_S = 0.5, 2.0
WANTED = MatchSection(normalise=False, threshold=0.5)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def people(count: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(count, DIM, generator=torch.Generator().manual_seed(1)), dim=1)


def conversation(seed: int, windows: int, strangers: int = 10, known: int = 3) -> torch.Tensor:
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


def kept(number: int, embeddings: torch.Tensor) -> KeptRecording:
    data = pack_turns(segment_turns(quantise(embeddings.numpy()), HOP_S, WINDOW_S))
    duration_s = len(embeddings) * HOP_S + WINDOW_S
    return KeptRecording(number, Path(f"/video/{number}.rec"), "c", DIM, HOP_S, WINDOW_S, duration_s, data)


def naive_segments(embeddings: torch.Tensor, book: VoiceBook, wanted: MatchSection) -> list[tuple[int, float, float]]:
    """Turn after turn, voice after voice, for scores that no cohort changes: voice, start, end."""
    windows = quantise(embeddings.numpy())
    found = segment_turns(windows, HOP_S, WINDOW_S)
    duration_s = len(embeddings) * HOP_S + WINDOW_S
    direction = restore(found.data)
    spans: dict[int, list[list[float]]] = {voice: [] for voice in range(len(book))}
    end_s = 0.0
    for k in range(len(found)):
        start_s, after = end_s, int(found.edges[k + 1])
        if k + 1 == len(found):
            end_s = duration_s
        elif found.silent[k]:
            end_s = after * HOP_S + 1.75
        elif found.silent[k + 1]:
            end_s = max(start_s, after * HOP_S - 0.25)
        else:
            end_s = after * HOP_S + 0.75
        if found.silent[k] or end_s <= start_s:
            continue
        above = []
        for voice in range(len(book)):
            middle = book.memory(voice).numpy().sum(axis=0)
            cosine = float(middle @ direction[k] / np.linalg.norm(middle))
            above.append(cosine - float(book.thresholds[voice]))
        for voice, height in enumerate(above):
            if height < 0 or height < max(above) - wanted.exclusive:
                continue
            if spans[voice] and start_s - spans[voice][-1][1] < wanted.join_gap_s:
                spans[voice][-1][1] = end_s
            else:
                spans[voice].append([start_s, end_s])
    return sorted(
        (voice, start_s, end_s)
        for voice, of_voice in spans.items()
        for start_s, end_s in of_voice
        if end_s - start_s >= wanted.min_marker_s
    )


def matched(
    database: Database, recordings: list[torch.Tensor], book: VoiceBook
) -> list[list[tuple[int, float, float]]]:
    batch = [spoken(database, kept(number, embeddings), silence) for number, embeddings in enumerate(recordings)]
    found = recognise_all(batch, book, WANTED, None)
    assert not any(isinstance(markers, RecordingError) for markers in found)
    return [sorted((book.names.index(one.voice), one.start_s, one.end_s) for one in markers) for markers in found]


@given(
    seed=st.integers(0, 2**31),
    windows=st.lists(st.integers(0, 250), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    threshold=st.sampled_from([-0.2, 0.3, 0.5, 0.7, 0.99]),
)
@settings(max_examples=40, deadline=None)
def test_segments_are_those_of_the_plain_loop(
    seed: int, windows: list[int], sizes: list[int], threshold: float
) -> None:
    book = book_of(*sizes, threshold=threshold)
    recordings = [conversation(seed + number, count) for number, count in enumerate(windows)]
    found = matched(None, recordings, book)  # type: ignore[arg-type]  # nothing has to be cut anew
    for embeddings, segments in zip(recordings, found, strict=True):
        expected = naive_segments(embeddings, book, WANTED)
        assert [voice for voice, *_ in segments] == [voice for voice, *_ in expected]
        np.testing.assert_allclose([s[1:] for s in segments], [e[1:] for e in expected] or np.zeros((0,)), atol=1e-6)


def test_the_example_has_segments_to_find() -> None:
    assert len(naive_segments(conversation(5, 400), book_of(5, 9, 2), WANTED)) > 3


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Twelve recordings, one of them of another model and one without embeddings."""
    opened = open_database(tmp_path / "voicemark.db")
    with opened.writing() as session:
        voice_ids(session, ["voice 0", "voice 1", "voice 2"])
        for number in range(12):
            rows = conversation(number, 300)
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
                        turns=pack_turns(segment_turns(quantise(rows.numpy()), HOP_S, WINDOW_S)),
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
    report = rematch(database, book, WANTED, silence)
    assert report.recordings == 10 and report.unheard == 0
    found = markers(database)
    assert report.markers == sum(map(len, found.values())) > 10
    for number in range(12):
        expected = [] if number in (3, 7) else naive_segments(conversation(number, 300), book, WANTED)
        of_recording = sorted((book.names.index(name), *span) for name, *span in found.get(f"/video/{number}.rec", []))
        assert [voice for voice, *_ in of_recording] == [voice for voice, *_ in expected]
        np.testing.assert_allclose(
            [span for _, *span in of_recording], [e[1:] for e in expected] or np.zeros((0,)), atol=1e-6
        )


def test_a_voice_that_was_forgotten_meanwhile_is_left_out_and_all_is_matched_again(database: Database) -> None:
    book = book_of(5, 9, 2)
    forget(database, "voice 1")
    rematch(database, book, WANTED, silence)
    assert {name for spans in markers(database).values() for name, *_ in spans} == {"voice 0", "voice 2"}
    with database.writing() as session:
        voice_ids(session, ["voice 1"])  # enrolled again
    assert rematch(database, book, WANTED, silence).recordings == 10
    assert {name for spans in markers(database).values() for name, *_ in spans} == {"voice 0", "voice 1", "voice 2"}


def test_damaged_embeddings_of_one_recording_keep_no_other_from_being_matched(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(EmbeddingRow).where(EmbeddingRow.content == "c5").values(data=b"odd", turns=None))
    report = rematch(database, book_of(5, 9, 2), WANTED, silence)
    assert report.recordings == 9 and report.unheard == 1


def test_what_other_rules_have_cut_or_nobody_is_cut_anew(database: Database) -> None:
    book = book_of(5, 9, 2)
    rematch(database, book, WANTED, silence)
    before = markers(database)
    old = (0).to_bytes(4, "little") + bytes(4 + DIM)
    with database.writing() as session:
        session.execute(update(RecordingRow).values(match_key=None))
        session.execute(update(EmbeddingRow).values(turns=None))
        session.execute(update(EmbeddingRow).where(EmbeddingRow.recording_id < 6).values(turns=old))
    assert rematch(database, book, WANTED, silence).recordings == 10
    assert markers(database) == before


def test_what_is_current_is_passed_over_and_a_new_threshold_is_matched_anew(database: Database) -> None:
    rematch(database, book_of(5, 9), WANTED, silence)
    before = markers(database)
    assert rematch(database, book_of(5, 9), WANTED, silence).recordings == 0
    with database.writing() as session:
        session.execute(update(RecordingRow).where(RecordingRow.path == "/video/2.rec").values(match_key=None))
    assert rematch(database, book_of(5, 9), WANTED, silence).recordings == 1
    assert markers(database) == before
    assert rematch(database, book_of(5, 9, threshold=0.99), WANTED, silence).recordings == 10
    assert markers(database) == {}


def test_newest_recordings_come_first(database: Database) -> None:
    batches = list(stale_recordings(database, "model", "key", 4))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    ids = [one.recording_id for batch in batches for one in batch]
    assert ids == sorted(ids, reverse=True)


def test_an_interrupted_rematch_keeps_what_is_done_and_goes_on_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicemark.actions.rematch.COMMIT_EVERY", 4)
    calls = []

    def stop(done: int, total: int) -> None:
        calls.append((done, total))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rematch(database, book_of(5), WANTED, silence, progress=stop)
    assert calls == [(4, 10)]
    assert rematch(database, book_of(5), WANTED, silence).recordings == 6


def test_a_recording_that_is_scanned_again_meanwhile_is_left_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scan(*arguments: object) -> object:
        """The recordings have been read and not yet written."""
        with database.writing() as session:
            session.execute(update(EmbeddingRow).where(EmbeddingRow.recording_id == 11).values(content="edited"))
            session.execute(update(RecordingRow).where(RecordingRow.id == 11).values(match_key="by the scan"))
        return recognise_all(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("voicemark.actions.rematch.recognise_all", scan)
    rematch(database, book_of(5, 9, 2), WANTED, silence)
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.id).where(RecordingRow.match_key == "by the scan")).all() == [11]


class Contrary:
    """A verifier's encoder that hears one direction everywhere."""

    sample_rate = 100
    window_s = WINDOW_S

    def embed_windows(self, batch: NDArray[np.float32]) -> torch.Tensor:
        return torch.tensor([[1.0, 0.0]]).repeat(len(batch), 1)


def verifier(says: float) -> Verifier:
    """Asked about every score; sure of the first voice (`says` 1) or sure that it is not there (-1)."""
    memories = [torch.tensor([[says, 0.0]]), torch.tensor([[0.0, 1.0]])]
    return Verifier(Contrary(), memories, 0.5, 2.0)  # type: ignore[arg-type]  # the part of an encoder that is asked


def silence(path: Path, content: str) -> ReadAudio:
    return lambda start_s, end_s: np.zeros(round((end_s - start_s) * 100), np.float32)


def test_a_verifier_is_asked_as_in_a_scan(database: Database) -> None:
    assert rematch(database, book_of(5, 9), WANTED, silence, verifier(1.0)).unheard == 0
    everywhere = markers(database)
    assert {name for of_recording in everywhere.values() for name, _, _ in of_recording} == {"voice 0"}
    with database.writing() as session:
        session.execute(update(RecordingRow).values(match_key=None))
    rematch(database, book_of(5, 9), WANTED, silence, verifier(1.0))
    assert markers(database) == everywhere  # matched anew, nothing changes
    with database.writing() as session:
        session.execute(update(RecordingRow).values(match_key=None))
    rematch(database, book_of(5, 9), WANTED, silence, verifier(-1.0))
    short = {path: spans for path, spans in markers(database).items() if spans}
    assert all(end - start < 3 * WINDOW_S for spans in short.values() for _, start, end in spans)


def test_what_the_verifier_cannot_hear_keeps_its_markers_and_waits(database: Database) -> None:
    rematch(database, book_of(5, 9), WANTED, silence)
    before = markers(database)
    with database.writing() as session:
        session.execute(update(RecordingRow).values(match_key=None))

    def unplugged(path: Path, content: str) -> ReadAudio:
        if path == Path("/video/5.rec"):
            raise RecordingError("there is no such file or directory", path=path)
        assert content == f"c{path.stem}"
        return silence(path, content)

    report = rematch(database, book_of(5, 9), WANTED, unplugged, verifier(1.0))
    assert (report.recordings, report.unheard) == (9, 1)
    assert markers(database)["/video/5.rec"] == before["/video/5.rec"]
    again = rematch(database, book_of(5, 9), WANTED, silence, verifier(1.0))
    assert (again.recordings, again.unheard) == (1, 0)
    assert markers(database)["/video/5.rec"] != before["/video/5.rec"]


def test_no_recording_is_looked_for_where_nothing_is_in_doubt(database: Database) -> None:
    def never(path: Path, content: str) -> ReadAudio:
        raise AssertionError("nothing was in doubt")

    sure = Verifier(Contrary(), [torch.tensor([[1.0, 0.0]])] * 2, 0.5, 1e-9)  # type: ignore[arg-type]
    assert rematch(database, book_of(5, 9), WANTED, never, sure).recordings == 10
