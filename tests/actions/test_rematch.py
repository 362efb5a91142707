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
from sqlalchemy import select, text, update

from voicemark.actions.rematch import rematch, spoken_of
from voicemark.config import MatchSection
from voicemark.errors import RecordingError
from voicemark.result import Recognised
from voicemark.store.archive import KeptRecording, stale_recordings
from voicemark.store.database import Database, open_database
from voicemark.store.forget import forget
from voicemark.store.markers import voice_ids
from voicemark.store.schema import EmbeddingRow, MarkerRow, MatchingRow, NormalisationRow, RecordingRow, VoiceRow
from voicemark.voice.diarization import diarize, unpack
from voicemark.voice.diarization import pack as pack_turns
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.naming import concerned, taken_from
from voicemark.voice.quantisation import pack, quantise
from voicemark.voice.recognise import Spoken, recognise, recognise_all
from voicemark.voice.score_norm import offsets
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
    data = pack_turns(diarize(quantise(embeddings.numpy()), HOP_S, WINDOW_S))
    duration_s = len(embeddings) * HOP_S + WINDOW_S
    return KeptRecording(number, Path(f"/video/{number}.rec"), "c", DIM, HOP_S, WINDOW_S, duration_s, data)


def scanned(embeddings: torch.Tensor, book: VoiceBook) -> list[tuple[int, float, float]]:
    """What a scan of this recording alone finds: voice, start, end."""
    found = diarize(quantise(embeddings.numpy()), HOP_S, WINDOW_S)
    spoken = Spoken(found, len(embeddings) * HOP_S + WINDOW_S, silence(Path(), ""))
    return spans(recognise(spoken, book, WANTED, None), book)


def spans(recognised: Recognised, book: VoiceBook) -> list[tuple[int, float, float]]:
    return sorted((book.names.index(one.voice), one.start_s, one.end_s) for one in recognised.markers)


def matched(recordings: list[torch.Tensor], book: VoiceBook) -> list[list[tuple[int, float, float]]]:
    """What is found of all at once."""
    batch = []
    for number, embeddings in enumerate(recordings):
        one = kept(number, embeddings)
        found = unpack(one.turns or b"", DIM, HOP_S, WINDOW_S)
        assert found is not None
        batch.append(spoken_of(one, found, silence))
    results = recognise_all(batch, book, WANTED, None)
    return [spans(one, book) for one in results if not isinstance(one, RecordingError)]


@given(
    seed=st.integers(0, 2**31),
    windows=st.lists(st.integers(0, 250), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=3),
    threshold=st.sampled_from([-0.2, 0.3, 0.5, 0.7, 0.99]),
)
@settings(max_examples=40, deadline=None)
def test_many_recordings_at_once_are_recognised_as_each_alone(
    seed: int, windows: list[int], sizes: list[int], threshold: float
) -> None:
    book = book_of(*sizes, threshold=threshold)
    recordings = [conversation(seed + number, count) for number, count in enumerate(windows)]
    found = matched(recordings, book)
    assert found == [scanned(embeddings, book) for embeddings in recordings]


def test_the_example_has_segments_to_find() -> None:
    assert len(scanned(conversation(5, 400), book_of(5, 9, 2))) > 3


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
                        turns=pack_turns(diarize(quantise(rows.numpy()), HOP_S, WINDOW_S)),
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
        expected = [] if number in (3, 7) else scanned(conversation(number, 300), book)
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


def test_who_speaks_when_is_written_where_it_was_not_known(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(EmbeddingRow).values(turns=None))
    rematch(database, book_of(5), WANTED, silence)
    with database.reading() as session:
        told = session.execute(
            text("SELECT speaker, count(*), count(DISTINCT local_speaker) FROM speaker_turns GROUP BY 1")
        )
        rows = {name: (turns, people) for name, turns, people in told}
    assert rows[None][0] > 100 and rows[None][1] > 5 and rows["voice 0"][0] > 3


def test_what_is_current_is_passed_over_and_a_new_threshold_is_matched_anew(database: Database) -> None:
    rematch(database, book_of(5, 9), WANTED, silence)
    before = markers(database)
    assert rematch(database, book_of(5, 9), WANTED, silence).recordings == 0
    with database.writing() as session:
        session.execute(update(RecordingRow).where(RecordingRow.path == "/video/2.rec").values(match_key=None))
    assert rematch(database, book_of(5, 9), WANTED, silence).recordings == 1
    assert markers(database) == before
    assert rematch(database, book_of(5, 9, threshold=2.0), WANTED, silence).recordings == 10
    assert markers(database) == {}


@given(seed=st.integers(0, 2**20), sizes=st.lists(st.integers(1, 12), min_size=2, max_size=4))
@settings(max_examples=15, deadline=None)
def test_recordings_that_a_further_voice_leaves_alone_would_be_matched_the_same(seed: int, sizes: list[int]) -> None:
    """`concerned` says which; a full match of each beside it, with and without the voice."""
    more, recordings = book_of(*sizes), [conversation(seed + k, 120) for k in range(4)]
    fewer = VoiceBook.of(
        [Memory(more.names[k], more.memory(k), 0.5) for k in range(len(more) - 1)], "model", WANTED, people(200)
    )
    found = [diarize(quantise(rows.numpy()), HOP_S, WINDOW_S) for rows in recordings]
    answers = concerned(found, more, taken_from(found, more.norm), [len(more) - 1])
    for rows, does in zip(recordings, answers, strict=True):
        if not does:
            assert scanned(rows, more) == scanned(rows, fewer)


def test_a_further_voice_changes_what_it_is_heard_in_and_leaves_the_rest(database: Database) -> None:
    rematch(database, book_of(5, 9), WANTED, silence)
    with database.writing() as session:
        session.execute(update(MarkerRow).values(score=-5.0))  # shows which are written anew
    report = rematch(database, book_of(5, 9, 2), WANTED, silence)
    assert report.recordings == 10
    with database.reading() as session:
        theirs = select(EmbeddingRow.recording_id).where(EmbeddingRow.model_id == "model")
        theirs_now = session.scalars(select(MarkerRow.id).where(MarkerRow.recording_id.in_(theirs))).all()
    assert report.markers == len(theirs_now) > 0, "also those of recordings that are left alone"
    with database.reading() as session:
        left = set(session.scalars(select(MarkerRow.recording_id).where(MarkerRow.score == -5.0)))
        anew = set(session.scalars(select(MarkerRow.recording_id).where(MarkerRow.score != -5.0)))
        keys = set(session.scalars(select(RecordingRow.match_key).where(RecordingRow.match_key.is_not(None))))
        assert not left & anew and anew and len(keys) == 1
        assert session.scalars(select(MatchingRow.key)).all() == list(keys)
    found = markers(database)
    with database.writing() as session:
        session.execute(update(RecordingRow).values(match_key=None))
    rematch(database, book_of(5, 9, 2), WANTED, silence)
    assert markers(database) == found


def test_what_the_cohort_takes_is_computed_once_for_all_matches(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(rows: torch.Tensor, cohort: torch.Tensor) -> torch.Tensor:
        asked.append(len(rows))
        return offsets(rows, cohort)

    monkeypatch.setattr("voicemark.voice.score_norm.offsets", counted)
    wanted = WANTED.model_copy(update={"normalise": True})
    book = book_of(5, 9, wanted=wanted).norm
    assert book.cohort is None  # 200 strangers are too few
    monkeypatch.setattr("voicemark.voice.score_norm.FEWEST_NEAREST", 1)

    def asked_at(threshold: float) -> int:
        """How many rows beside both voices' middles were computed for a match."""
        asked.clear()
        rematch(database, book_of(5, 9, threshold=threshold, wanted=wanted), wanted, silence)
        return sum(asked) - 2

    def kept_rows() -> tuple[int, int]:
        """How many are kept, and how many could be."""
        with database.reading() as session:
            rows = [np.frombuffer(taken, "<f4") for taken in session.scalars(select(NormalisationRow.taken))]
        return sum(int(np.isfinite(of_one).sum()) for of_one in rows), sum(map(len, rows))

    first = asked_at(0.5)
    needed, all_rows = kept_rows()
    assert first == needed < all_rows  # turns of people who are far from both voices are nobody's business
    found = markers(database)
    more = asked_at(0.4)
    assert kept_rows()[0] == first + more
    assert asked_at(0.5) == asked_at(0.41) == 0
    with database.writing() as session:
        session.execute(update(NormalisationRow).values(turns=1))  # those of other turns
    assert asked_at(0.5) == first and markers(database) == found


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
    """Asked about every score; sure that the first voice is there (`says` 1) or not (-1), never of the second."""
    memories = [torch.tensor([[says, 0.0]]), torch.tensor([[-1.0, 0.0]])]
    return Verifier(Contrary(), memories, 0.5, 2.0)  # type: ignore[arg-type]  # the part of an encoder that is asked


def silence(path: Path, content: str) -> ReadAudio:
    return lambda start_s, end_s: np.zeros(round((end_s - start_s) * 100), np.float32)


def seconds(database: Database, voice: str) -> float:
    return sum(end - start for spans in markers(database).values() for name, start, end in spans if name == voice)


def test_a_verifier_is_asked_as_in_a_scan(database: Database) -> None:
    def anew(says: float | None) -> tuple[float, float]:
        with database.writing() as session:
            session.execute(update(RecordingRow).values(match_key=None))
        asked = None if says is None else verifier(says)
        assert rematch(database, book_of(5, 9), WANTED, silence, asked).unheard == 0
        return seconds(database, "voice 0"), seconds(database, "voice 1")

    alone, agreed = anew(None), anew(1.0)
    assert agreed[0] > alone[0] and agreed[1] < 0.5 * alone[1]
    assert anew(1.0) == agreed  # matched anew, nothing changes
    denied = anew(-1.0)
    assert denied[0] < 0.5 * alone[0] and denied[1] < 0.5 * alone[1]


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
    assert rematch(database, book_of(5, 9, threshold=2.0), WANTED, never, sure).recordings == 10
