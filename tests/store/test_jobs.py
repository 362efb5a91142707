"""Work on a recording is done by one worker at a time, and to the end, whatever happens to workers and clocks."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update
from support.job_table import MODEL, Clock, do, states, write

from voicemark.actions.status import read_status
from voicemark.store.database import Database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import MOST_DEATHS, Claim, ClaimLostError, Jobs
from voicemark.store.schema import JobRow
from voicemark.store.workers import Beat, is_dead, worker_id


def claimed_elsewhere(folder: Path, database: Database, clock: Clock) -> tuple[Jobs, Claim]:
    """A worker on another machine, at work on a recording."""
    beat = Beat("1a2b3c4d", 0.0)
    elsewhere = Jobs(database, clock=clock, beat=lambda: beat, worker="recorder/1a2b3c4d/4026531836:77:1234")
    Inventory(database, clock=clock).found([write(folder, "a.ts")], MODEL)
    claim = elsewhere.claim(MODEL)
    assert claim is not None
    return elsewhere, claim


def test_a_failed_job_pauses_twice_as_long_each_time_and_is_then_set_aside(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs, clock: Clock
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
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


def test_what_can_never_work_is_set_aside_at_once(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    assert jobs.fail(claim, "is scrambled", final=True)
    assert states(database) == {("a.ts", "failed"): 1}


def test_a_named_recording_is_retried_out_of_its_pause(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.fail(claim, "the disk was away")
    assert jobs.retry() == []
    assert jobs.retry(tmp_path / "a.ts") == [tmp_path / "a.ts"]
    assert do(jobs, database) == "a.ts"


def test_a_job_given_back_costs_no_attempt(tmp_path: Path, inventory: Inventory, jobs: Jobs) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    for _ in range(10):
        claim = jobs.claim(MODEL)
        assert claim is not None and claim.attempt == 1
        jobs.release(claim)


@pytest.mark.parametrize("back_s", [1, 3600, 86_400, 400 * 86_400])
def test_a_clock_set_back_does_not_prolong_a_pause(
    tmp_path: Path, inventory: Inventory, jobs: Jobs, clock: Clock, back_s: float
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.fail(claim, "no audio came")
    clock.pass_s(-back_s)
    claim = jobs.claim(MODEL)
    assert claim is not None
    jobs.fail(claim, "no audio came")
    assert jobs.claim(MODEL) is None, "a pause that begins now is kept"


def test_the_job_of_a_process_that_died_is_taken_over(
    tmp_path: Path, database: Database, clock: Clock, inventory: Inventory
) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "from voicemark.store.workers import worker_id; print(worker_id())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert is_dead(dead) and not is_dead(worker_id())
    killed, other = Jobs(database, clock=clock, worker=dead), Jobs(database, clock=clock)
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    assert killed.claim(MODEL) is not None
    claim = other.claim(MODEL)
    assert claim is not None and claim.attempt == 2


def test_a_recording_that_kills_the_program_is_set_aside_in_the_end(
    tmp_path: Path, database: Database, clock: Clock, inventory: Inventory
) -> None:
    host, _, started = worker_id().rsplit(":", 2)
    dead = f"{host}:4194305:{started}"  # Above the largest process id that Linux gives.
    jobs = Jobs(database, retries=2, retry_pause_s=10, clock=clock, worker=dead)
    inventory.found([write(tmp_path, "bomb.ts")], MODEL)
    attempts = []
    while (claim := jobs.claim(MODEL)) is not None:
        attempts.append(claim.attempt)
        jobs.claim(MODEL) if claim.attempt > 1 else None  # Notices the death; the pause begins.
        clock.pass_s(100_000)
    assert attempts == list(range(1, MOST_DEATHS + 1))
    assert states(database) == {("bomb.ts", "failed"): 1}


@pytest.mark.parametrize("in_hand", [1, 2, 3])
def test_of_several_that_were_in_hand_each_is_blamed_for_its_share(
    tmp_path: Path, database: Database, clock: Clock, inventory: Inventory, in_hand: int
) -> None:
    host, _, started = worker_id().rsplit(":", 2)
    inventory.found([write(tmp_path, f"{number}.ts") for number in range(in_hand)], MODEL)

    def after(deaths: int) -> set[str]:
        """The states of all, once their program has died so often."""
        with database.writing() as session:
            dead = {"state": "running", "worker": f"{host}:4194305:{started}", "attempts": deaths}
            session.execute(update(JobRow).values(dead))
        assert Jobs(database, retries=2, retry_pause_s=10, clock=clock).claim(MODEL) is None
        return {state for _, state in states(database)}

    assert after(MOST_DEATHS * in_hand - 1) == {"ready"}
    assert after(MOST_DEATHS * in_hand) == {"failed"}


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


def test_how_far_a_recording_is_heard_is_told_as_long_as_somebody_is_at_it(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None
    assert [held.heard_s for held in read_status(database).held] == [None]
    jobs.heartbeat(claim, 1800.0)
    assert [held.heard_s for held in read_status(database).held] == [1800.0]
    jobs.release(claim)
    assert read_status(database).held == ()
    assert jobs.claim(MODEL) is not None
    assert [held.heard_s for held in read_status(database).held] == [None]


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
    tmp_path: Path, database: Database, clock: Clock, step_s: float, inventory: Inventory
) -> None:
    """As when a clock that began in 1970 is set from the network."""
    now = Beat.now()
    hung = Jobs(database, clock=clock, beat=lambda: now)
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    claim = hung.claim(MODEL)
    assert claim is not None
    clock.pass_s(step_s)

    def after(seconds: float) -> Jobs:
        return Jobs(database, clock=clock, beat=lambda: Beat(now.boot, now.seconds + seconds))

    soon, late = after(599), after(601)
    assert soon.claim(MODEL) is None
    hung.heartbeat(claim)
    assert late.claim(MODEL) is not None, "silent on a clock that nobody sets"


def test_what_is_out_of_reach_waits_longer_each_time_and_nothing_is_counted(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs, clock: Clock
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
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


def test_many_workers_share_the_jobs_without_doing_one_twice(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, f"{number}.ts") for number in range(40)], MODEL)
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


def test_claims_in_hand_are_renewed_together_and_lost_ones_are_told_of(
    tmp_path: Path, database: Database, clock: Clock, inventory: Inventory
) -> None:
    inventory.found([write(tmp_path, name) for name in ("a.ts", "b.ts", "c.ts")], MODEL)
    beat = Beat("1a2b3c4d", 0.0)
    far = Jobs(database, clock=clock, beat=lambda: beat, worker="recorder/1a2b3c4d/4026531836:77:1234")
    claims = [claim for _ in range(3) if (claim := far.claim(MODEL, machine="box")) is not None]
    far.release(claims[1])
    for _ in range(3):
        clock.pass_s(500)
        assert far.renew(claims) == [claims[1]]
    here = Jobs(database, clock=clock)
    assert here.claim(MODEL) == far_claim_of_here(claims[1], here)
    assert here.claim(MODEL) is None


def far_claim_of_here(claim: Claim, jobs: Jobs) -> Claim:
    """The same job as that of another worker, claimed here."""
    return replace(claim, worker=jobs.worker)


def test_a_job_is_claimed_only_below_the_folders_that_are_asked_for(
    tmp_path: Path, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path / "tv", "a.ts"), write(tmp_path / "TV", "b.ts")], MODEL)
    assert not jobs.is_any_ready(MODEL, below=[])
    assert jobs.claim(MODEL, below=[tmp_path / "t"]) is None
    claim = jobs.claim(MODEL, below=[tmp_path / "TV"])
    assert claim is not None and claim.path == tmp_path / "TV/b.ts"
    assert jobs.claim(MODEL, below=[tmp_path / "TV"]) is None
    assert jobs.is_any_ready(MODEL, below=[Path("/")])


def test_whose_hearer_died_is_ready_at_once_and_the_second_time_it_counts(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs, clock: Clock
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    first = jobs.claim(MODEL, machine="box")
    assert first is not None and not jobs.died(first, "the worker died")
    second = jobs.claim(MODEL)
    assert second is not None and second.attempt == 2
    assert not jobs.died(second, "the worker died")
    assert jobs.claim(MODEL) is None
    clock.pass_s(200)
    third = jobs.claim(MODEL)
    assert third is not None and jobs.died(third, "the worker died")
    assert states(database) == {("a.ts", "failed"): 1}


def test_what_was_claimed_again_since_is_not_finished_by_who_had_it_before(
    tmp_path: Path, database: Database, inventory: Inventory, jobs: Jobs
) -> None:
    inventory.found([write(tmp_path, "a.ts")], MODEL)
    first = jobs.claim(MODEL)
    assert first is not None
    jobs.died(first, "the worker died")
    assert jobs.claim(MODEL) is not None
    with pytest.raises(ClaimLostError), database.writing() as session:
        jobs.finish(session, first)
    assert states(database) == {("a.ts", "running"): 1}
