"""The job table keeps every recording exactly once, whoever works on it and whatever happens to its files."""

import itertools
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from voicemark.recording import Recording, fingerprint
from voicemark.store.database import Database, open_database
from voicemark.store.jobs import (
    CHUNK,
    MOST_DEATHS,
    NOT_SETTLED,
    Claim,
    ClaimLostError,
    Finding,
    Jobs,
    JobState,
    Outcome,
    signature,
)
from voicemark.store.schema import FileRow, JobRow, MarkerRow, RecordingRow, VoiceRow
from voicemark.store.workers import Beat, is_dead, worker_id

MODEL = "encoder-a"
START = datetime(2026, 3, 1, 20, 15, tzinfo=UTC)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "voicemark.db")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, retries=2, retry_pause_s=100, clock=clock, worker=worker_id())


def write(folder: Path, name: str, content: str | None = None) -> Finding:
    """A recording on disk with `content` (its own name by default), settled."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content or name)
    return seen(file)


def seen(file: Path, *, settled: bool = True, started_at: datetime | None = None) -> Finding:
    recording = Recording(path=file, recorder="plain", files=(file,), started_at=started_at)
    return Finding(recording, fingerprint([file]) if settled else None)


def claimed_elsewhere(folder: Path, database: Database, clock: Clock) -> tuple[Jobs, Claim]:
    """A worker on another machine, at work on a recording."""
    beat = Beat("1a2b3c4d", 0.0)
    elsewhere = Jobs(database, clock=clock, beat=lambda: beat, worker="recorder/1a2b3c4d/4026531836:77:1234")
    elsewhere.found([write(folder, "a.ts")], MODEL)
    claim = elsewhere.claim(MODEL)
    assert claim is not None
    return elsewhere, claim


def states(database: Database) -> Counter[tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(
            select(RecordingRow.path, JobRow.state).join(JobRow, JobRow.recording_id == RecordingRow.id)
        )
        return Counter((Path(path).name, state) for path, state in rows)


def do(jobs: Jobs, database: Database) -> str | None:
    """Do the next job; the name of its recording."""
    claim = jobs.claim(MODEL)
    if claim is None:
        return None
    with database.writing() as session:
        jobs.finish(session, claim)
    return claim.path.name


def test_a_recording_is_done_once_however_often_it_is_found(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    finding = write(tmp_path, "news.ts")
    assert jobs.found([finding], MODEL) == [Outcome.NEW]
    assert jobs.found([finding], MODEL) == [Outcome.KNOWN]
    assert do(jobs, database) == "news.ts"
    assert jobs.found([finding], MODEL) == [Outcome.KNOWN]
    assert do(jobs, database) is None
    assert states(database) == {("news.ts", "done"): 1}


def test_the_newest_recording_comes_first_and_the_archive_of_an_older_model_last(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    days = {name: START - timedelta(days=age) for name, age in (("old.ts", 900), ("new.ts", 1), ("middle.ts", 30))}
    for name in days:
        write(tmp_path, name)
    findings = [seen(tmp_path / name, started_at=day) for name, day in days.items()]
    jobs.found(findings[:2], "encoder-before")
    with database.writing() as session:
        for row in session.scalars(select(RecordingRow)):
            row.model_id = "encoder-before"
    jobs.found(findings, MODEL)
    assert [do(jobs, database) for _ in range(4)] == ["middle.ts", "new.ts", "old.ts", None]


def test_a_recording_that_is_still_written_waits_until_it_is_settled(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    finding = write(tmp_path, "live.ts")
    assert jobs.found([seen(tmp_path / "live.ts", settled=False)], MODEL) == [Outcome.NEW]
    assert jobs.claim(MODEL) is None
    assert states(database) == {("live.ts", "waiting"): 1}
    jobs.found([finding], MODEL)
    assert states(database) == {("live.ts", "ready"): 1}
    assert do(jobs, database) == "live.ts"


def test_a_recording_that_grows_again_is_done_again_once(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    jobs.found([write(tmp_path, "a.ts", "part one")], MODEL)
    assert do(jobs, database) == "a.ts"
    for text in ("part one, part t", "part one, part tw"):
        write(tmp_path, "a.ts", text)
        jobs.found([seen(tmp_path / "a.ts", settled=False)], MODEL)
        assert do(jobs, database) is None
    jobs.found([write(tmp_path, "a.ts", "part one, part two")], MODEL)
    assert do(jobs, database) == "a.ts"
    assert do(jobs, database) is None
    assert states(database) == {("a.ts", "gone"): 1, ("a.ts", "done"): 1}


def test_growing_while_it_is_worked_on_takes_the_job_from_the_worker(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.heartbeat(claim)
    jobs.found([seen(tmp_path / "a.ts", settled=False)], MODEL)
    with pytest.raises(ClaimLostError):
        jobs.heartbeat(claim)
    with pytest.raises(ClaimLostError), database.writing() as session:
        session.add(VoiceRow(name="written too late", enrolled_at=START))
        session.flush()
        jobs.finish(session, claim)
    with database.reading() as session:
        assert session.scalars(select(VoiceRow)).all() == []


def test_a_renamed_recording_keeps_its_markers_and_is_not_done_again(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    jobs.found([write(tmp_path, "before/a.ts")], MODEL)
    assert do(jobs, database) == "a.ts"
    with database.writing() as session:
        voice = VoiceRow(name="Anna", enrolled_at=START)
        session.add(voice)
        session.flush()
        recording_id = session.scalars(select(RecordingRow.id)).one()
        session.add(MarkerRow(recording_id=recording_id, voice_id=voice.id, start_s=1, end_s=9, score=0.9))
    (tmp_path / "before").rename(tmp_path / "after")
    assert jobs.found([seen(tmp_path / "after/a.ts")], MODEL) == [Outcome.MOVED]
    jobs.gone([tmp_path / "before/a.ts"])
    assert do(jobs, database) is None
    with database.reading() as session:
        row = session.scalars(select(RecordingRow)).one()
        assert row.path == str(tmp_path / "after/a.ts")
        assert row.deleted_at is None
        assert [marker.end_s for marker in row.markers] == [9]
        assert [file.path for file in row.files] == [row.path]


def test_a_moved_recording_is_recognised_even_if_it_had_to_settle_again(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    do(jobs, database)
    (tmp_path / "a.ts").rename(tmp_path / "b.ts")
    jobs.found([seen(tmp_path / "b.ts", settled=False)], MODEL)
    jobs.gone([tmp_path / "a.ts"])
    assert jobs.found([seen(tmp_path / "b.ts")], MODEL) == [Outcome.MOVED]
    assert states(database) == {("b.ts", "done"): 1}
    assert do(jobs, database) is None


def test_a_copy_is_a_recording_of_its_own(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    jobs.found([write(tmp_path, "a.ts", "same")], MODEL)
    assert jobs.found([write(tmp_path, "b.ts", "same")], MODEL) == [Outcome.NEW]
    assert {do(jobs, database), do(jobs, database)} == {"a.ts", "b.ts"}


def test_two_recordings_swap_names_and_both_are_seen_as_changed(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    jobs.found([write(tmp_path, "a.ts", "first"), write(tmp_path, "b.ts", "second")], MODEL)
    swapped = [write(tmp_path, "a.ts", "second"), write(tmp_path, "b.ts", "first")]
    assert jobs.found(swapped, MODEL) == [Outcome.CHANGED, Outcome.CHANGED]
    assert states(database)["a.ts", "ready"] == states(database)["b.ts", "ready"] == 1


def test_a_deleted_recording_says_so_and_comes_back_without_work(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    finding = write(tmp_path, "a.ts")
    jobs.found([finding], MODEL)
    do(jobs, database)
    assert jobs.gone([finding.recording.path]) == 1
    assert jobs.gone([finding.recording.path]) == 0
    assert jobs.known(tmp_path, MODEL)[finding.recording.path].deleted
    assert jobs.found([finding], MODEL) == [Outcome.RESTORED]
    assert do(jobs, database) is None


def test_a_recording_deleted_before_its_turn_is_done_when_it_comes_back(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    finding = write(tmp_path, "a.ts")
    jobs.found([finding], MODEL)
    jobs.gone([finding.recording.path])
    assert do(jobs, database) is None
    jobs.found([finding], MODEL)
    assert do(jobs, database) == "a.ts"


def test_deleted_recordings_are_erased_only_when_they_stay_away(
    tmp_path: Path, database: Database, jobs: Jobs, clock: Clock
) -> None:
    findings = [write(tmp_path, "a.ts"), write(tmp_path, "b.ts")]
    jobs.found(findings, MODEL)
    jobs.gone([findings[0].recording.path])
    assert jobs.drop_deleted(older_than=timedelta(days=1)) == []
    clock.pass_s(2 * 86_400)
    assert jobs.drop_deleted(older_than=timedelta(days=1)) == [tmp_path / "a.ts"]
    with database.reading() as session:
        assert [Path(path).name for path in session.scalars(select(RecordingRow.path))] == ["b.ts"]
        assert len(session.scalars(select(FileRow)).all()) == len(session.scalars(select(JobRow)).all()) == 1


def test_a_clock_that_is_set_forwards_makes_nothing_gone_for_longer(tmp_path: Path, jobs: Jobs, clock: Clock) -> None:
    findings = [write(tmp_path, "long ago.ts"), write(tmp_path, "just now.ts")]
    jobs.found(findings, MODEL)
    step = timedelta(days=400)
    clock.now = START - step  # before the clock was set
    jobs.gone([findings[1].recording.path])
    clock.now = START
    jobs.gone([findings[0].recording.path])
    jobs.clock_was_set(step)
    assert jobs.drop_deleted(older_than=timedelta(days=1)) == []
    clock.pass_s(1.5 * 86_400)
    assert len(jobs.drop_deleted(older_than=timedelta(days=1))) == 2


def test_a_failed_job_pauses_twice_as_long_each_time_and_is_then_set_aside(
    tmp_path: Path, database: Database, jobs: Jobs, clock: Clock
) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    for pause in (100, 200):
        claim = jobs.claim(MODEL)
        assert claim is not None
        assert not jobs.fail(claim, "no audio came")
        clock.pass_s(pause - 1)
        assert jobs.claim(MODEL) is None
        clock.pass_s(1)
    claim = jobs.claim(MODEL)
    assert claim is not None and claim.attempt == 3
    assert jobs.fail(claim, "no audio came")
    clock.pass_s(1e6)
    assert jobs.claim(MODEL) is None
    assert jobs.retry() == [tmp_path / "a.ts"]
    assert do(jobs, database) == "a.ts"


def test_what_can_never_work_is_set_aside_at_once(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    assert jobs.fail(claim, "is scrambled", final=True)
    assert states(database) == {("a.ts", "failed"): 1}


def test_a_named_recording_is_retried_out_of_its_pause(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.fail(claim, "the disk was away")
    assert jobs.retry() == []
    assert jobs.retry(tmp_path / "a.ts") == [tmp_path / "a.ts"]
    assert do(jobs, database) == "a.ts"


def test_a_job_given_back_costs_no_attempt(tmp_path: Path, jobs: Jobs) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    for _ in range(10):
        claim = jobs.claim(MODEL)
        assert claim is not None and claim.attempt == 1
        jobs.release(claim)


@pytest.mark.parametrize("back_s", [1, 3600, 86_400, 400 * 86_400])
def test_a_clock_set_back_does_not_prolong_a_pause(tmp_path: Path, jobs: Jobs, clock: Clock, back_s: float) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.fail(claim, "no audio came")
    clock.pass_s(-back_s)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.fail(claim, "no audio came")
    assert jobs.claim(MODEL) is None, "a pause that begins now is kept"


def test_the_job_of_a_process_that_died_is_taken_over(tmp_path: Path, database: Database, clock: Clock) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "from voicemark.store.workers import worker_id; print(worker_id())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert is_dead(dead) and not is_dead(worker_id())
    killed, other = Jobs(database, clock=clock, worker=dead), Jobs(database, clock=clock)
    killed.found([write(tmp_path, "a.ts")], MODEL)
    assert killed.claim(MODEL) is not None
    claim = other.claim(MODEL)
    assert claim is not None and claim.attempt == 2


def test_a_recording_that_kills_the_program_is_set_aside_in_the_end(
    tmp_path: Path, database: Database, clock: Clock
) -> None:
    host, _, started = worker_id().rsplit(":", 2)
    dead = f"{host}:4194305:{started}"  # Above the largest process id that Linux gives.
    jobs = Jobs(database, retries=2, retry_pause_s=10, clock=clock, worker=dead)
    jobs.found([write(tmp_path, "bomb.ts")], MODEL)
    attempts = []
    while (claim := jobs.claim(MODEL)) is not None:
        attempts.append(claim.attempt)
        jobs.claim(MODEL) if claim.attempt > 1 else None  # Notices the death; the pause begins.
        clock.pass_s(100_000)
    assert attempts == list(range(1, MOST_DEATHS + 1))
    assert states(database) == {("bomb.ts", "failed"): 1}


def test_a_worker_elsewhere_loses_its_job_only_when_it_stays_silent(
    tmp_path: Path, database: Database, clock: Clock
) -> None:
    elsewhere, claim = claimed_elsewhere(tmp_path, database, clock)
    here = Jobs(database, clock=clock)
    for _ in range(10):
        clock.pass_s(500)
        elsewhere.heartbeat(claim)
        assert here.claim(MODEL) is None
    clock.pass_s(601)
    assert here.claim(MODEL) is not None
    with pytest.raises(ClaimLostError):
        elsewhere.heartbeat(claim)


@pytest.mark.parametrize("back_s", [3600, 86_400])
def test_a_clock_set_back_takes_no_job_from_who_is_at_it(
    tmp_path: Path, database: Database, clock: Clock, back_s: float
) -> None:
    elsewhere, claim = claimed_elsewhere(tmp_path, database, clock)
    here = Jobs(database, clock=clock)
    clock.pass_s(-back_s)
    assert here.claim(MODEL) is None
    elsewhere.heartbeat(claim)
    clock.pass_s(599)
    assert here.claim(MODEL) is None
    clock.pass_s(2)
    assert here.claim(MODEL) is not None, "it has been silent since"


@pytest.mark.parametrize("step_s", [-400 * 86_400, -3600, 3600, 400 * 86_400])
def test_on_one_machine_no_step_of_the_clock_takes_a_job_from_who_is_at_it(
    tmp_path: Path, database: Database, clock: Clock, step_s: float
) -> None:
    """As when a clock that began in 1970 is set from the network."""
    now = Beat.now()
    hung = Jobs(database, clock=clock, beat=lambda: now)
    hung.found([write(tmp_path, "a.ts")], MODEL)
    claim = hung.claim(MODEL)
    assert claim is not None
    clock.pass_s(step_s)

    def after(seconds: float) -> Jobs:
        return Jobs(database, clock=clock, beat=lambda: Beat(now.boot, now.seconds + seconds))

    soon, late = after(599), after(601)
    assert soon.claim(MODEL) is None
    hung.heartbeat(claim)
    assert late.claim(MODEL) is not None, "silent on a clock that nobody sets"


def test_a_look_that_began_before_a_claim_does_not_take_it(tmp_path: Path, jobs: Jobs) -> None:
    """What was found out before the other's transaction is not held against what it wrote."""
    fresh = write(tmp_path, "a.ts")
    jobs.found([fresh], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    [outcome] = jobs.found([Finding(fresh.recording, None, signature([claim.path]), NOT_SETTLED)], MODEL)
    assert outcome is Outcome.KNOWN
    jobs.heartbeat(claim)
    older = Finding(fresh.recording, "what it was before", ((str(claim.path), 1, 1),))
    assert jobs.found([older], MODEL) == [Outcome.KNOWN]
    assert jobs.gone([claim.path], still=lambda path: not path.exists()) == 0
    jobs.heartbeat(claim)


def test_what_is_out_of_reach_waits_longer_each_time_and_nothing_is_counted(
    tmp_path: Path, database: Database, jobs: Jobs, clock: Clock
) -> None:
    jobs.found([write(tmp_path, "a.ts")], MODEL)
    for pause in (30, 60, 120, 240, 480, 900, 900):
        claim = jobs.claim(MODEL)
        assert claim is not None and claim.attempt == 1
        jobs.release(claim, waits_for="the mount is away")
        clock.pass_s(pause - 1)
        assert jobs.claim(MODEL) is None
        clock.pass_s(1)
    with database.reading() as session:
        assert session.scalars(select(JobRow.waits_for)).all() == ["the mount is away"]
    assert do(jobs, database) == "a.ts"
    with database.reading() as session:
        assert session.execute(select(JobRow.waits, JobRow.waits_for)).all() == [(0, None)]


def test_many_workers_share_the_jobs_without_doing_one_twice(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    jobs.found([write(tmp_path, f"{number}.ts") for number in range(40)], MODEL)
    done: list[str] = []

    def work() -> None:
        while (name := do(jobs, database)) is not None:
            done.append(name)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(f"{number}.ts" for number in range(40))


def test_a_new_model_takes_the_place_of_unfinished_work_and_leaves_results(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    findings = [write(tmp_path, "done.ts"), write(tmp_path, "open.ts")]
    jobs.found(findings[:1], "encoder-before")
    claim = jobs.claim("encoder-before")
    assert claim is not None
    with database.writing() as session:
        jobs.finish(session, claim)
    jobs.found(findings[1:], "encoder-before")
    jobs.found(findings, MODEL)
    assert states(database) == {
        ("done.ts", "done"): 1,
        ("done.ts", "ready"): 1,
        ("open.ts", "gone"): 1,
        ("open.ts", "ready"): 1,
    }


def test_known_tells_without_reading_what_has_changed(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    finding = write(tmp_path / "video", "a.ts")
    write_other = write(tmp_path / "video2", "b.ts")
    jobs.found([finding, write_other], MODEL)
    known = jobs.known(tmp_path / "video", MODEL)
    assert list(known) == [finding.recording.path]
    here = known[finding.recording.path]
    assert here.settled and here.sizes == signature(finding.recording.files)
    assert not jobs.known(tmp_path, "encoder-b")[finding.recording.path].settled
    jobs.found([seen(finding.recording.path, settled=False)], MODEL)
    assert not jobs.known(tmp_path, MODEL)[finding.recording.path].settled


def test_names_that_are_not_utf8_are_kept(tmp_path: Path, database: Database, jobs: Jobs) -> None:
    name = tmp_path / b"K\xf6ln.ts".decode("utf-8", "surrogateescape")
    name.write_text("x")
    jobs.found([seen(name)], MODEL)
    assert name in jobs.known(tmp_path, MODEL)
    claim = jobs.claim(MODEL, name)
    assert claim is not None and claim.path == name


def test_more_recordings_than_a_transaction_holds_are_written_in_chunks(
    tmp_path: Path, database: Database, jobs: Jobs
) -> None:
    file = tmp_path / "one.ts"
    file.write_text("x")
    findings = [
        Finding(Recording(tmp_path / f"{number}.ts", "plain", (file,)), f"content {number}")
        for number in range(CHUNK + 3)
    ]
    assert jobs.found(findings, MODEL) == [Outcome.NEW] * (CHUNK + 3)
    assert len(jobs.known(tmp_path, MODEL)) == CHUNK + 3


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
    jobs = Jobs(database, retries=1000, retry_pause_s=0, clock=clock)
    host, _, started = worker_id().rsplit(":", 2)
    dying = Jobs(database, retries=1000, retry_pause_s=0, clock=clock, worker=f"{host}:4194305:{started}")

    def rescan() -> None:
        jobs.found([seen(file) for file in sorted(video.iterdir())], MODEL)
        jobs.gone([path for path in jobs.known(video, MODEL) if not path.exists()])

    for step, name, other in steps:
        file = video / name
        if step == "write":
            file.write_text(other)
        elif step == "grow" and file.exists():
            file.write_text(file.read_text() + f" more {next(counter)}")
            jobs.found([seen(file, settled=False)], MODEL)
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
