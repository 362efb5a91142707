"""A watched folder on a real disk with a real job table; only the clocks stand still until they are moved."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select
from support.disks import mounted

from voicemark.config import WatchSection
from voicemark.errors import DatabaseError
from voicemark.recorders import recorder_for
from voicemark.recording import fingerprint
from voicemark.store.database import Database, open_database
from voicemark.store.findings import Finding
from voicemark.store.inventory import Inventory, Known
from voicemark.store.jobs import Claim, Jobs
from voicemark.store.schema import JobRow, RecordingRow
from voicemarkd.events import Events
from voicemarkd.watch import BURST_S, STATE_LOOK_S, Clocks, WatchedFolder

MODEL = "encoder-a"
SETTLE_S = 60.0
RESCAN_S = 900.0


class World:
    """A recorder's folder, the database, and clocks."""

    def __init__(self, folder: Path) -> None:
        self.video = folder / "video"
        self.video.mkdir()
        self.database: Database = open_database(folder / "voicemark.db")
        self.now = 1000.0
        self.jobs, self.inventory = Jobs(self.database), Inventory(self.database)
        self.told: list[str] = []
        self.restart()

    def restart(self, mode: str = "poll", rescan_s: float = RESCAN_S) -> None:
        section = WatchSection.model_validate({"path": self.video, "mode": mode, "settle_s": SETTLE_S, "poll_s": 10})
        self.folder = WatchedFolder(
            section,
            recorder_for(section),
            self.inventory,
            MODEL,
            rescan_s=rescan_s,
            clocks=Clocks(monotonic=lambda: self.now),
            told=lambda recording: self.told.append(recording.title),
        )

    def pass_s(self, seconds: float) -> None:
        """Let time pass as the service does: it comes back when the folder asks for it."""
        end = self.now + seconds
        while (wait := self.folder.tick()) and self.now + wait <= end:
            self.now += wait
        self.now = end
        self.folder.tick()

    def settle(self) -> None:
        self.pass_s(SETTLE_S + STATE_LOOK_S)

    def do_all(self) -> list[str]:
        """Do every job; the names of what was done."""
        done = []
        while (claim := self.jobs.claim(MODEL)) is not None:
            with self.database.writing() as session:
                self.jobs.finish(session, claim)
            done.append(claim.path.name)
        return sorted(done)

    def jobs_by_name(self) -> dict[str, str]:
        with self.database.reading() as session:
            rows = session.execute(
                select(RecordingRow.path, JobRow.state)
                .join(JobRow, JobRow.recording_id == RecordingRow.id)
                .where(JobRow.state != "gone")
            )
            return {Path(path).name: state for path, state in rows}

    def deleted(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.scalars(select(RecordingRow.path).where(RecordingRow.deleted_at.is_not(None)))
            return sorted(Path(path).name for path in rows)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.folder.stop()
    made.database.close()


def vdr_recording(folder: Path, name: str = "2026-03-01.20.15.1-0.rec", content: bytes = b"x" * 1000) -> Path:
    path = folder / name
    path.mkdir(parents=True)
    (path / "info").write_text("T Tagesschau\n")
    (path / "00001.ts").write_bytes(content)
    return path


def test_a_recording_is_ready_when_it_has_been_quiet_and_not_before(world: World) -> None:
    file = world.video / "a.ts"
    file.write_bytes(b"1")
    for size in range(2, 12):
        world.pass_s(SETTLE_S - 20)
        file.write_bytes(b"1" * size)
    assert world.jobs_by_name() == {"a.ts": "waiting"}
    world.settle()
    assert world.jobs_by_name() == {"a.ts": "ready"}


def test_the_first_look_says_what_was_found(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for name in ("a.ts", "b.ts"):
        (world.video / name).write_bytes(name.encode())
    world.settle()
    assert "0 new" not in caplog.text
    vdr_recording(world.video / "Tagesschau")
    (world.video / "b.ts").unlink()
    (world.video / "c.ts").write_bytes(b"c")
    os.utime(world.video / "c.ts", (1_600_000_000, 1_600_000_000))
    caplog.clear()
    world.restart()
    world.pass_s(2 * RESCAN_S)
    assert [record.getMessage() for record in caplog.records if record.name == "voicemarkd.watch"] == [
        f"{world.video}: 3 recordings (2 plain, 1 vdr): 1 new, 1 known, 1 unsettled, 1 gone"
    ]


def test_a_recording_that_grows_for_its_whole_length_is_done_once(world: World) -> None:
    file = world.video / "a.ts"
    done = []
    for _ in range(120):
        with file.open("ab") as growing:
            growing.write(os.urandom(100))
        world.pass_s(30)
        done += world.do_all()
    assert done == []
    world.settle()
    assert world.do_all() == ["a.ts"]
    world.pass_s(3 * RESCAN_S)
    assert world.do_all() == []


def test_a_file_that_grows_again_after_rest_is_done_again_once(world: World) -> None:
    file = world.video / "a.ts"
    file.write_bytes(b"first")
    world.settle()
    assert world.do_all() == ["a.ts"]
    file.write_bytes(b"first and more")
    world.pass_s(RESCAN_S)
    world.settle()
    assert world.do_all() == ["a.ts"]
    world.pass_s(RESCAN_S)
    world.settle()
    assert world.do_all() == []


def test_vdr_says_when_it_has_finished(world: World) -> None:
    path = vdr_recording(world.video / "Tagesschau")
    (path / ".timer").write_text("1\n")
    world.pass_s(10 * SETTLE_S)
    assert world.jobs_by_name() == {path.name: "waiting"}
    assert world.folder.recording == (path,)
    (path / ".timer").unlink()
    world.pass_s(STATE_LOOK_S + 5)
    assert world.jobs_by_name() == {path.name: "ready"}
    assert not world.folder.recording


def test_a_second_part_of_a_recording_is_noticed(world: World) -> None:
    path = vdr_recording(world.video / "Film")
    world.settle()
    assert world.do_all() == [path.name]
    (path / "00002.ts").write_bytes(b"y" * 500)
    world.pass_s(RESCAN_S)
    world.settle()
    assert world.do_all() == [path.name]


def test_a_moved_folder_is_followed_without_work(world: World) -> None:
    vdr_recording(world.video / "Film")
    world.settle()
    world.do_all()
    (world.video / "Film").rename(world.video / "Krimi")
    world.pass_s(20)
    world.settle()
    assert world.do_all() == []
    assert world.deleted() == []
    assert list(world.inventory.known(world.video, MODEL)) == [world.video / "Krimi" / "2026-03-01.20.15.1-0.rec"]


def test_deleting_and_undeleting_in_vdr_is_followed(world: World) -> None:
    path = vdr_recording(world.video / "Film")
    world.settle()
    world.do_all()
    path.rename(path.with_suffix(".del"))
    world.pass_s(20)
    assert world.deleted() == [path.name]
    path.with_suffix(".del").rename(path)
    world.pass_s(20)
    world.settle()
    assert world.deleted() == []
    assert world.do_all() == []


def test_what_happened_while_the_service_was_down_is_found_at_the_next_start(world: World) -> None:
    for name in ("stays.ts", "moves.ts", "goes.ts", "changes.ts"):
        (world.video / name).write_text(name)
    world.settle()
    assert len(world.do_all()) == 4
    (world.video / "moves.ts").rename(world.video / "moved.ts")
    (world.video / "goes.ts").unlink()
    (world.video / "changes.ts").write_text("something else")
    (world.video / "new.ts").write_text("new")
    world.restart()
    world.settle()
    assert world.do_all() == ["changes.ts", "new.ts"]
    assert world.deleted() == ["goes.ts"]
    assert world.jobs_by_name()["moved.ts"] == "done"


def test_a_restart_does_nothing_twice(world: World) -> None:
    (world.video / "a.ts").write_text("a")
    world.settle()
    world.do_all()
    world.restart()
    world.pass_s(2 * RESCAN_S)
    assert world.do_all() == []


def test_an_unmounted_folder_loses_no_recording(world: World) -> None:
    (world.video / "a.ts").write_text("a")
    world.settle()
    world.do_all()
    away = world.video.rename(world.video.with_name("elsewhere"))
    world.pass_s(RESCAN_S)  # The mount point itself is gone …
    assert world.deleted() == []
    world.video.mkdir()
    world.pass_s(RESCAN_S)  # … or empty.
    assert world.deleted() == []
    world.restart()
    world.pass_s(RESCAN_S)  # Not even a service that starts meanwhile is fooled.
    assert world.deleted() == []
    world.video.rmdir()
    away.rename(world.video)
    world.pass_s(RESCAN_S)
    assert world.deleted() == []
    assert world.do_all() == []


def test_a_file_system_that_is_unmounted_and_mounted_again_loses_nothing(world: World) -> None:
    def mount(*arguments: str) -> None:
        done = subprocess.run([*arguments, str(world.video)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"needs the right to mount: {done.stderr.strip()}")

    world.restart("events")
    source = world.video.with_name("disk")
    source.mkdir()
    (source / "a.ts").write_text("a")
    mount("mount", "--bind", str(source))
    try:
        world.settle()
        assert world.do_all() == ["a.ts"]
        mount("umount")
        world.pass_s(RESCAN_S)
        assert world.deleted() == []
    finally:
        mount("mount", "--bind", str(source))
    try:
        (world.video / "b.ts").write_text("b")
        world.pass_s(RESCAN_S)
        world.settle()
        assert world.deleted() == []
        assert world.do_all() == ["b.ts"]
    finally:
        world.folder.stop()
        mount("umount")


def test_the_last_recording_may_be_deleted(world: World) -> None:
    (world.video / "a.ts").write_text("a")
    world.settle()
    (world.video / "a.ts").unlink()
    world.pass_s(20)
    assert world.deleted() == ["a.ts"]


def test_a_folder_that_cannot_be_read_hides_nothing_for_good(world: World) -> None:
    (world.video / "inner").mkdir()
    (world.video / "inner" / "a.ts").write_text("a")
    (world.video / "b.ts").write_text("b")
    world.settle()
    shutil.move(world.video / "inner", world.video.with_name("inner"))
    (world.video / "inner").symlink_to(world.video / "inner")  # ELOOP for whoever asks
    world.pass_s(RESCAN_S)
    assert world.deleted() == []


def test_loops_of_links_end(world: World) -> None:
    (world.video / "a.ts").write_text("a")
    (world.video / "loop").symlink_to(world.video)
    (world.video / "self.ts").symlink_to(world.video / "self.ts")
    world.settle()
    assert world.do_all() == ["a.ts"]


def test_names_that_are_not_utf8_are_followed(world: World) -> None:
    name = os.fsdecode(b"K\xf6ln.ts")
    (world.video / name).write_text("a")
    world.settle()
    assert world.do_all() == [name]
    world.restart()
    world.pass_s(RESCAN_S)
    assert world.jobs_by_name() == {"K\\udcf6ln.ts": "done"}


def test_a_clock_set_back_neither_hurries_nor_stops_anything(world: World) -> None:
    file = world.video / "a.ts"
    file.write_text("a")
    future = 4_000_000_000
    os.utime(file, (future, future))
    world.pass_s(SETTLE_S - 10)
    assert world.jobs_by_name() == {"a.ts": "waiting"}
    world.settle()
    assert world.do_all() == ["a.ts"]


def test_vdrs_update_file_spares_the_walk(world: World) -> None:
    walks = 0
    inner = world.folder._recorder.find

    def counted(root: Path) -> Iterator[Path]:
        nonlocal walks
        walks += 1
        return inner(root)

    world.folder._recorder.find = counted  # type: ignore[method-assign]
    (world.video / ".update").touch()
    world.pass_s(100)
    before = walks
    world.pass_s(200)
    assert walks == before
    os.utime(world.video / ".update", (1, 1))
    world.pass_s(20)
    assert walks == before + 1


def eventually(world: World, condition: Callable[[], bool]) -> bool:
    """Give inotify's thread its turn until `condition` holds."""
    hinted = threading.Event()
    for _ in range(100):
        world.pass_s(BURST_S)
        if condition():
            return True
        hinted.wait(0.05)
    return False


def test_events_bring_new_moved_and_deleted_recordings(world: World) -> None:
    world.restart("events", rescan_s=1e9)
    world.pass_s(1)
    file = world.video / "later" / "a.ts"
    file.parent.mkdir()
    file.write_text("a")
    assert eventually(world, lambda: world.jobs_by_name() == {"a.ts": "waiting"})
    world.settle()
    assert world.do_all() == ["a.ts"]
    file.rename(file.with_name("b.ts"))
    assert eventually(world, lambda: "b.ts" in world.jobs_by_name())
    world.settle()
    assert world.jobs_by_name() == {"b.ts": "done"}
    file.with_name("b.ts").unlink()
    assert eventually(world, lambda: world.deleted() == ["b.ts"])


def test_lost_events_are_made_good_by_the_next_rescan(world: World) -> None:
    world.restart("events")
    world.pass_s(1)
    world.folder._events.stop()  # type: ignore[union-attr]
    (world.video / "unseen.ts").write_text("a")
    world.pass_s(RESCAN_S)
    world.settle()
    assert world.do_all() == ["unseen.ts"]


def test_watching_begins_anew_when_the_folder_is_another(tmp_path: Path) -> None:
    folder = tmp_path / "video"
    seen: list[Path] = []
    events = Events(folder, seen.append)
    assert not events.start()
    folder.mkdir()
    assert events.start() and events.start()
    folder.rename(tmp_path / "old")
    folder.mkdir()
    assert events.start()
    (folder / "a.ts").write_text("a")
    waiter = threading.Event()
    for _ in range(100):
        if folder / "a.ts" in seen:
            break
        waiter.wait(0.05)
    events.stop()
    assert folder / "a.ts" in seen


def test_what_was_found_while_the_database_was_locked_is_not_left_to_the_next_rescan(world: World) -> None:
    world.inventory = Inventory(open_database(world.database.path, busy_timeout_s=0.05))
    world.restart(mode="events")
    gone = world.video / "gone.ts"
    gone.write_bytes(b"gone")
    world.settle()
    with closing(sqlite3.connect(world.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        vdr_recording(world.video / "Tagesschau")
        world.folder.hint(world.video / "Tagesschau")
        gone.unlink()
        world.folder.hint(gone)
        for _ in range(3):
            world.now += BURST_S
            with pytest.raises(DatabaseError, match="is locked"):
                world.folder.tick()
        other.execute("ROLLBACK")
    world.pass_s(2 * SETTLE_S)
    assert world.jobs_by_name() == {"2026-03-01.20.15.1-0.rec": "ready"}
    assert world.deleted() == ["gone.ts"]


def test_metadata_that_change_are_told_and_nothing_is_done_again(world: World) -> None:
    path = vdr_recording(world.video / "Tagesschau")
    film = world.video / "film.mkv"
    film.write_bytes(b"film")
    world.settle()
    assert len(world.do_all()) == 2
    world.pass_s(RESCAN_S)
    world.told.clear()
    (path / "info").write_text("T Tagesschau extra\n")
    film.with_suffix(".nfo").write_text("<movie><title>Der Film</title></movie>")
    world.pass_s(RESCAN_S)
    assert sorted(world.told) == ["Der Film", "Tagesschau extra"]
    assert world.do_all() == []
    world.told.clear()
    world.restart()
    world.pass_s(RESCAN_S)
    assert sorted(world.told) == ["Der Film", "Tagesschau extra"], "and after a restart, once"


def test_a_sidecar_that_comes_soon_after_is_told_without_settling_again(world: World) -> None:
    film = world.video / "film.mkv"
    film.write_bytes(b"film")
    world.settle()
    assert world.do_all() == ["film.mkv"]
    film.with_suffix(".nfo").write_text("<movie><title>Der Film</title></movie>")
    world.folder.hint(film.with_suffix(".nfo"))
    world.pass_s(SETTLE_S + STATE_LOOK_S)
    assert world.told == ["Der Film"]
    assert world.jobs_by_name() == {"film.mkv": "done"}


@pytest.mark.parametrize("name", ["a" * 300, "nul\0byte", "x/" * 3000, "self/below", "\udce4"])
def test_a_hint_that_cannot_be_followed_is_dropped(world: World, name: str) -> None:
    (world.video / "self").symlink_to("self")
    vdr_recording(world.video / "Tagesschau")
    world.folder.hint(world.video / name)
    world.settle()
    assert world.jobs_by_name() == {"2026-03-01.20.15.1-0.rec": "ready"}


def on_a_disk(world: World, disk: Path) -> None:
    """A recording on the disk at `disk` and one beside it, both found."""
    record(world.video / "a.ts")
    record(disk / "b.ts")
    world.settle()
    assert world.do_all() == ["a.ts", "b.ts"]


def record(path: Path) -> None:
    path.write_bytes(os.urandom(64))


@pytest.mark.parametrize("linked", [False, True])
def test_a_disk_below_the_folder_that_is_away_takes_no_recording_with_it(
    world: World, tmp_path: Path, linked: bool
) -> None:
    """Also one that a link leads to, and also if the service starts meanwhile; what is deleted elsewhere is noticed."""
    point = tmp_path / "disk" if linked else world.video / "disk"
    with mounted(point):
        if linked:
            (world.video / "disk").symlink_to(point)
        on_a_disk(world, world.video / "disk")
        record(world.video / "c.ts")
        world.settle()
        held = os.open(point, os.O_RDONLY)  # else what is on it were lost with the mount
        subprocess.run(["umount", "--lazy", point], check=True)
        (world.video / "a.ts").unlink()
        world.pass_s(2 * RESCAN_S)
        assert world.deleted() == ["a.ts"]
        world.restart()
        world.pass_s(2 * RESCAN_S)
        assert world.deleted() == ["a.ts"]
        os.close(held)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", point], check=True)  # another one, or not yet filled
        world.restart()
        world.pass_s(2 * RESCAN_S)
        assert world.deleted() == ["a.ts"]


def test_what_is_deleted_on_a_disk_below_the_folder_is_noticed(world: World) -> None:
    with mounted(world.video / "disk"):
        on_a_disk(world, world.video / "disk")
        (world.video / "disk" / "b.ts").unlink()
        world.pass_s(2 * RESCAN_S)
        assert world.deleted() == ["b.ts"]


def test_another_bind_mount_over_the_same_folder_keeps_deletions_visible(world: World) -> None:
    """As a unit's ReadWritePaths= makes one, in the service's own view."""
    record(world.video / "a.ts")
    record(world.video / "b.ts")
    if subprocess.run(["mount", "--bind", world.video, world.video], capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        world.settle()
    finally:
        subprocess.run(["umount", "--lazy", world.video], check=True)
    world.restart()
    world.settle()
    (world.video / "a.ts").unlink()
    world.pass_s(2 * RESCAN_S)
    assert world.deleted() == ["a.ts"]


def test_a_look_that_began_before_a_scan_leaves_it_its_claim(world: World) -> None:
    file = world.video / "a.ts"
    scan = Jobs(world.database, worker="scan")

    class Overtaken(Inventory):
        """Between the begin of a look and its end, `voicemark scan a.ts` begins."""

        def known(self, root: Path, model_id: str) -> dict[Path, Known]:
            before = super().known(root, model_id)
            if not claims:
                record(file)
                recording = recorder_for(WatchSection(path=root)).read(file)
                world.inventory.found([Finding(recording, fingerprint(recording.files))], model_id)
                claims.append(scan.claim(model_id, file))
            return before

    claims: list[Claim | None] = []
    world.inventory = Overtaken(world.database)
    world.restart()
    world.folder.look(thorough=True)
    assert claims[0] is not None
    scan.heartbeat(claims[0])


WATCH = """
import sys, time
from pathlib import Path
from voicemarkd.events import Events
Path("/proc/sys/user/max_inotify_watches").write_text(sys.argv[2])
events = Events(Path(sys.argv[1]), lambda path: None)
print(events.start(), events.lacks)
"""


@pytest.mark.parametrize(("watches", "said"), [("100", "True None"), ("10", "False 41 folders need watches, 10")])
def test_folders_that_get_no_watch_are_counted(world: World, watches: str, said: str) -> None:
    for number in range(40):
        (world.video / str(number)).mkdir()
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", WATCH, str(world.video), watches]
    done = subprocess.run(command, capture_output=True, text=True)
    if "unshare" in done.stderr:
        pytest.skip("needs user namespaces")
    assert done.stdout.startswith(said), done.stderr
