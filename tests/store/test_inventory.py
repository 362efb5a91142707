"""The database knows every recording exactly once, whatever happens to its files."""

import itertools
import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from support.job_table import MODEL, START, Clock, do, seen, states, write

from voicemark.recording import Recording, fingerprint
from voicemark.store.database import Database, open_database
from voicemark.store.findings import CHUNK, NOT_SETTLED, Finding, Outcome, signature
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import ClaimLostError, Jobs, JobState
from voicemark.store.schema import FileRow, JobRow, MarkerRow, RecordingRow, VoiceRow
from voicemark.store.workers import worker_id


def test_a_recording_is_done_once_however_often_it_is_found(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    finding = write(tmp_path, "news.ts")
    assert inventory.found([finding], MODEL) == [Outcome.NEW]
    assert inventory.found([finding], MODEL) == [Outcome.KNOWN]
    assert do(jobs, database) == "news.ts"
    assert inventory.found([finding], MODEL) == [Outcome.KNOWN]
    assert do(jobs, database) is None
    assert states(database) == {("news.ts", "done"): 1}


def test_the_newest_recording_comes_first_and_the_archive_of_an_older_model_last(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    days = {name: START - timedelta(days=age) for name, age in (("old.ts", 900), ("new.ts", 1), ("middle.ts", 30))}
    for name in days:
        write(tmp_path, name)
    findings = [seen(tmp_path / name, started_at=day) for name, day in days.items()]
    inventory.found(findings[:2], "encoder-before")
    with database.writing() as session:
        for row in session.scalars(select(RecordingRow)):
            row.model_id = "encoder-before"
    inventory.found(findings, MODEL)
    assert [do(jobs, database) for _ in range(4)] == ["middle.ts", "new.ts", "old.ts", None]


def test_a_recording_that_is_still_written_waits_until_it_is_settled(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    finding = write(tmp_path, "live.ts")
    assert inventory.found([seen(tmp_path / "live.ts", settled=False)], MODEL) == [Outcome.NEW]
    assert jobs.claim(MODEL) is None
    assert states(database) == {("live.ts", "waiting"): 1}
    inventory.found([finding], MODEL)
    assert states(database) == {("live.ts", "ready"): 1}
    assert do(jobs, database) == "live.ts"


def test_a_recording_that_grows_again_is_done_again_once(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "a.ts", "part one")], MODEL)
    assert do(jobs, database) == "a.ts"
    for text in ("part one, part t", "part one, part tw"):
        write(tmp_path, "a.ts", text)
        inventory.found([seen(tmp_path / "a.ts", settled=False)], MODEL)
        assert do(jobs, database) is None
    inventory.found([write(tmp_path, "a.ts", "part one, part two")], MODEL)
    assert do(jobs, database) == "a.ts"
    assert do(jobs, database) is None
    assert states(database) == {("a.ts", "gone"): 1, ("a.ts", "done"): 1}


def test_growing_while_it_is_worked_on_takes_the_job_from_the_worker(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.heartbeat(claim)
    inventory.found([seen(tmp_path / "a.ts", settled=False)], MODEL)
    with pytest.raises(ClaimLostError):
        jobs.heartbeat(claim)
    with pytest.raises(ClaimLostError), database.writing() as session:
        session.add(VoiceRow(name="written too late", enrolled_at=START))
        session.flush()
        jobs.finish(session, claim)
    with database.reading() as session:
        assert session.scalars(select(VoiceRow)).all() == []


def test_a_renamed_recording_keeps_its_markers_and_is_not_done_again(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "before/a.ts")], MODEL)
    assert do(jobs, database) == "a.ts"
    with database.writing() as session:
        voice = VoiceRow(name="Anna", enrolled_at=START)
        session.add(voice)
        session.flush()
        recording_id = session.scalars(select(RecordingRow.id)).one()
        session.add(MarkerRow(recording_id=recording_id, voice_id=voice.id, start_s=1, end_s=9, score=0.9))
    (tmp_path / "before").rename(tmp_path / "after")
    assert inventory.found([seen(tmp_path / "after/a.ts")], MODEL) == [Outcome.MOVED]
    inventory.gone([tmp_path / "before/a.ts"])
    assert do(jobs, database) is None
    with database.reading() as session:
        row = session.scalars(select(RecordingRow)).one()
        assert row.path == str(tmp_path / "after/a.ts")
        assert row.deleted_at is None
        assert [marker.end_s for marker in row.markers] == [9]
        assert [file.path for file in row.files] == [row.path]


def test_a_moved_recording_is_recognised_even_if_it_had_to_settle_again(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    do(jobs, database)
    (tmp_path / "a.ts").rename(tmp_path / "b.ts")
    inventory.found([seen(tmp_path / "b.ts", settled=False)], MODEL)
    inventory.gone([tmp_path / "a.ts"])
    assert inventory.found([seen(tmp_path / "b.ts")], MODEL) == [Outcome.MOVED]
    assert states(database) == {("b.ts", "done"): 1}
    assert do(jobs, database) is None


def test_a_copy_is_a_recording_of_its_own(tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs) -> None:
    inventory.found([write(tmp_path, "a.ts", "same")], MODEL)
    assert inventory.found([write(tmp_path, "b.ts", "same")], MODEL) == [Outcome.NEW]
    assert {do(jobs, database), do(jobs, database)} == {"a.ts", "b.ts"}


def test_two_recordings_swap_names_and_both_are_seen_as_changed(
    tmp_path: Path, database: Database, inventory: Inventory
) -> None:
    inventory.found([write(tmp_path, "a.ts", "first"), write(tmp_path, "b.ts", "second")], MODEL)
    swapped = [write(tmp_path, "a.ts", "second"), write(tmp_path, "b.ts", "first")]
    assert inventory.found(swapped, MODEL) == [Outcome.CHANGED, Outcome.CHANGED]
    assert states(database)["a.ts", "ready"] == states(database)["b.ts", "ready"] == 1


def test_a_deleted_recording_says_so_and_comes_back_without_work(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    finding = write(tmp_path, "a.ts")
    inventory.found([finding], MODEL)
    do(jobs, database)
    assert inventory.gone([finding.recording.path]) == 1
    assert inventory.gone([finding.recording.path]) == 0
    assert inventory.known(tmp_path, MODEL)[finding.recording.path].deleted
    assert inventory.found([finding], MODEL) == [Outcome.RESTORED]
    assert do(jobs, database) is None


def test_a_recording_deleted_before_its_turn_is_done_when_it_comes_back(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    finding = write(tmp_path, "a.ts")
    inventory.found([finding], MODEL)
    inventory.gone([finding.recording.path])
    assert do(jobs, database) is None
    inventory.found([finding], MODEL)
    assert do(jobs, database) == "a.ts"


def test_deleted_recordings_are_erased_only_when_they_stay_away(
    tmp_path: Path, database: Database, inventory: Inventory, clock: Clock
) -> None:
    findings = [write(tmp_path, "a.ts"), write(tmp_path, "b.ts")]
    inventory.found(findings, MODEL)
    inventory.gone([findings[0].recording.path])
    assert inventory.drop_deleted(older_than=timedelta(days=1)) == []
    clock.pass_s(2 * 86_400)
    assert inventory.drop_deleted(older_than=timedelta(days=1)) == [tmp_path / "a.ts"]
    with database.reading() as session:
        assert [Path(path).name for path in session.scalars(select(RecordingRow.path))] == ["b.ts"]
        assert len(session.scalars(select(FileRow)).all()) == len(session.scalars(select(JobRow)).all()) == 1


def test_a_clock_that_is_set_forwards_makes_nothing_gone_for_longer(
    tmp_path: Path, inventory: Inventory, clock: Clock
) -> None:
    findings = [write(tmp_path, "long ago.ts"), write(tmp_path, "just now.ts")]
    inventory.found(findings, MODEL)
    step = timedelta(days=400)
    clock.now = START - step  # before the clock was set
    inventory.gone([findings[1].recording.path])
    clock.now = START
    inventory.gone([findings[0].recording.path])
    inventory.clock_was_set(step)
    assert inventory.drop_deleted(older_than=timedelta(days=1)) == []
    clock.pass_s(1.5 * 86_400)
    assert len(inventory.drop_deleted(older_than=timedelta(days=1))) == 2


def test_a_look_that_began_before_a_claim_does_not_take_it(tmp_path: Path, inventory: Inventory, jobs: Jobs) -> None:
    """What was found out before the other's transaction is not held against what it wrote."""
    fresh = write(tmp_path, "a.ts")
    inventory.found([fresh], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    [outcome] = inventory.found([Finding(fresh.recording, None, signature([claim.path]), NOT_SETTLED)], MODEL)
    assert outcome is Outcome.KNOWN
    jobs.heartbeat(claim)
    older = Finding(fresh.recording, "what it was before", ((str(claim.path), 1, 1),))
    assert inventory.found([older], MODEL) == [Outcome.KNOWN]
    assert inventory.gone([claim.path], still=lambda path: not path.exists()) == 0
    jobs.heartbeat(claim)


def test_a_new_model_takes_the_place_of_unfinished_work_and_leaves_results(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    findings = [write(tmp_path, "done.ts"), write(tmp_path, "open.ts")]
    inventory.found(findings[:1], "encoder-before")
    claim = jobs.claim("encoder-before")
    assert claim is not None
    with database.writing() as session:
        jobs.finish(session, claim)
    inventory.found(findings[1:], "encoder-before")
    inventory.found(findings, MODEL)
    assert states(database) == {
        ("done.ts", "done"): 1,
        ("done.ts", "ready"): 1,
        ("open.ts", "gone"): 1,
        ("open.ts", "ready"): 1,
    }


def test_known_tells_without_reading_what_has_changed(tmp_path: Path, inventory: Inventory) -> None:
    finding = write(tmp_path / "video", "a.ts")
    write_other = write(tmp_path / "video2", "b.ts")
    inventory.found([finding, write_other], MODEL)
    known = inventory.known(tmp_path / "video", MODEL)
    assert list(known) == [finding.recording.path]
    here = known[finding.recording.path]
    assert here.settled and here.sizes == signature(finding.recording.files)
    assert not inventory.known(tmp_path, "encoder-b")[finding.recording.path].settled
    inventory.found([seen(finding.recording.path, settled=False)], MODEL)
    assert not inventory.known(tmp_path, MODEL)[finding.recording.path].settled


def test_names_that_are_not_utf8_are_kept(tmp_path: Path, inventory: Inventory, jobs: Jobs) -> None:
    name = tmp_path / b"K\xf6ln.ts".decode("utf-8", "surrogateescape")
    name.write_text("x")
    inventory.found([seen(name)], MODEL)
    assert name in inventory.known(tmp_path, MODEL)
    claim = jobs.claim(MODEL, name)
    assert claim is not None and claim.path == name


def test_more_recordings_than_a_transaction_holds_are_written_in_chunks(tmp_path: Path, inventory: Inventory) -> None:
    file = tmp_path / "one.ts"
    file.write_text("x")
    findings = [
        Finding(Recording(tmp_path / f"{number}.ts", "plain", (file,)), f"content {number}")
        for number in range(CHUNK + 3)
    ]
    assert inventory.found(findings, MODEL) == [Outcome.NEW] * (CHUNK + 3)
    assert len(inventory.known(tmp_path, MODEL)) == CHUNK + 3


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abc"), st.sampled_from("xyz")),
        st.tuples(st.just("grow"), st.sampled_from("abc"), st.just("")),
        st.tuples(st.just("delete"), st.sampled_from("abc"), st.just("")),
        st.tuples(st.just("rename"), st.sampled_from("abc"), st.sampled_from("abc")),
        st.tuples(st.just("work"), st.just(""), st.just("")),
        st.tuples(st.just("kill"), st.just(""), st.just("")),
    ),
    max_size=16,
)

counter = itertools.count()


@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_present_content_is_done_once_in_the_end(
    steps: list[tuple[str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (video := folder / "video").mkdir()
    database = open_database(folder / "voicemark.db")
    clock = Clock()
    inventory = Inventory(database, clock=clock)
    jobs = Jobs(database, retries=1000, retry_pause_s=0, clock=clock)
    host, _, started = worker_id().rsplit(":", 2)
    dying = Jobs(database, retries=1000, retry_pause_s=0, clock=clock, worker=f"{host}:4194305:{started}")

    def rescan() -> None:
        inventory.found([seen(file) for file in sorted(video.iterdir())], MODEL)
        inventory.gone([path for path in inventory.known(video, MODEL) if not path.exists()])

    for step, name, other in steps:
        file = video / name
        if step == "write":
            file.write_text(other)
        elif step == "grow" and file.exists():
            file.write_text(file.read_text() + f" more {next(counter)}")
            inventory.found([seen(file, settled=False)], MODEL)
            continue
        elif step == "delete":
            file.unlink(missing_ok=True)
        elif step == "rename" and file.exists():
            file.rename(video / other)
        elif step == "work":
            do(jobs, database)
        elif step == "kill":
            dying.claim(MODEL)
        rescan()
    rescan()
    while do(jobs, database):
        pass
    with database.reading() as session:
        present = {row.path: row for row in session.scalars(select(RecordingRow)) if row.deleted_at is None}
        assert set(present) == {str(file) for file in video.iterdir()}
        for path, row in present.items():
            assert row.content == fingerprint([Path(path)])
            mine = select(JobRow.content, JobRow.state).where(
                JobRow.recording_id == row.id, JobRow.state != JobState.GONE
            )
            assert [tuple(job) for job in session.execute(mine)] == [(row.content, "done")]
    database.close()


def test_times_of_files_that_sqlite_cannot_keep_are_kept_as_the_latest(inventory: Inventory) -> None:
    """A disk in memory keeps the year 9999, as XFS and btrfs do 2486."""
    with TemporaryDirectory(dir="/dev/shm") as folder:
        path = Path(folder, "a.ts")
        path.write_bytes(b"x")
        os.utime(path, ns=(253_402_300_800 * 10**9,) * 2)
        found = Recording(path, "plain", (path,))
        [outcome] = inventory.found([Finding(found, "content", signature([path]))], "m")
    assert outcome is Outcome.NEW


def test_what_an_older_version_knew_by_a_roundabout_path_is_found_again(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    finding = write(tmp_path, "news.ts")
    inventory.found([finding], MODEL)
    assert do(jobs, database) == "news.ts"
    with database.writing() as session:
        session.scalars(select(RecordingRow)).one().path = f"{tmp_path}/../{tmp_path.name}/news.ts"
    assert inventory.found([finding], MODEL) == [Outcome.MOVED]
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.path)).all() == [str(tmp_path / "news.ts")]
    assert do(jobs, database) is None
