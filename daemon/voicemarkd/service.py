"""The service's main loop: looks at the folders, takes requests and new configurations, tells systemd and the metrics
file how it goes, and ends in time. The work itself is the worker's, in a thread of its own.
"""

import logging
import signal
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil

from voicemark.actions.metrics import write_metrics
from voicemark.audio import processes
from voicemark.config import Config
from voicemark.errors import DatabaseError, VoicemarkError
from voicemark.export.after import remove_exports
from voicemark.priorities import be_nice
from voicemark.recorders.base import Recorder
from voicemark.recorders.hooks import RequestKind, take_requests
from voicemark.recorders.registry import place_of, recorder_for
from voicemark.store.database import Database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Jobs
from voicemark.store.paths import path_to_text
from voicemark.store.sqlite_errors import DatabaseLostError
from voicemark.store.waiting import CONFIGURATION, QUEUE, WATCHING, clear_waiting, note_waiting
from voicemarkd.clock_steps import ClockSteps
from voicemarkd.control import Control
from voicemarkd.notify import notify, reloading
from voicemarkd.patience import Patience
from voicemarkd.recogniser import CurrentRecogniser
from voicemarkd.reload import ConfigFile
from voicemarkd.steps import STEPS
from voicemarkd.throttle import Manners
from voicemarkd.watch import WatchedFolder
from voicemarkd.worker import Worker

log = logging.getLogger(__name__)

TICK_S = 2.0
"""The longest sleep of the loop: requests and the configuration file are looked at so often."""
END_WITHIN_S = 3.0
"""The worker has so long to give its recordings back, their ffmpeg having been ended."""
METRICS_S = 60.0
DROP_AFTER = timedelta(days=1)
"""With `deleted = "drop"`, markers outlive their recording by so long: recorders undelete, disks are unmounted."""
LOST_S = 20.0
"""A database that is gone, in a folder that is there, is waited for so long."""
STUCK_S = 240.0
"""Work that has not advanced for so long is stuck, and the watchdog is not fed any more."""


class Service:
    """Everything that runs, made from a configuration; `run` returns when it was asked to end."""

    def __init__(self, config_file: ConfigFile, database: Database, recogniser: CurrentRecogniser) -> None:
        config = config_file.accepted
        self._config_file, self._config = config_file, config
        self._database, self._recogniser = database, recogniser
        self._ending = threading.Event()
        self._reload = threading.Event()
        self._wake = threading.Event()
        self._status = ""
        self._ready = False
        self._metrics_at = self._status_at = self._fed_at = 0.0
        self._accepted: Config | None = None
        self._trouble: str | None = None
        self._lost_at: float | None = None
        self._clock_steps = ClockSteps()
        self._fatal: DatabaseLostError | None = None
        self._patience = defaultdict[Path, Patience](Patience)
        self._lacks: dict[Path, str | None] = {}
        self._metrics_trouble: str | None = None
        self._recorders: dict[Path, Recorder] = {}
        self._folders: list[WatchedFolder] = []
        self._inventory = Inventory(database)
        self._worker = Worker(
            database,
            self._jobs(config),
            recogniser,
            self._manners(config),
            self._recorder_of,
            hint=self._hint,
            changed=self._config_accepted,
        )
        self._control = Control(database, lambda: self._config, self._worker.wake)
        self._watch(config)

    def run(self) -> DatabaseLostError | None:
        """Serve until SIGTERM or SIGINT. What made the service end, if nobody asked it to: its database is lost."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.end())
        signal.signal(signal.SIGHUP, lambda *_: self._reload.set())
        be_nice(self._config.service.nice, idle_io=self._config.service.idle_io)
        try:
            while not self._ending.is_set() and self._fatal is None:
                sleep_s = self._turn()
                if not self._ending.is_set():
                    self._wake.wait(min(sleep_s, TICK_S))
                    self._wake.clear()
        finally:
            self._stop()
        return self._fatal

    def end(self) -> None:
        """Ask the service to end; safe in a signal handler."""
        self._ending.set()
        self._worker.end()
        self._wake.set()

    def _turn(self) -> float:
        """One round: what is due; seconds until the next must come."""
        self._take_over_config()
        self._control.keep_up()
        sleep_s = TICK_S
        try:
            self._database.check_contents()
            self._take_requests()
            for folder in self._folders:
                sleep_s = min(sleep_s, self._tick(folder))
            if self._config.service.deleted == "drop" and self._ready:
                self._drop_deleted()
            self._trouble = self._lost_at = None
        except DatabaseError as error:
            if self._trouble != error.what:
                log.error("%s", error)
            self._trouble = error.what
            self._database.reconnect()  # A connection made while the disk was read-only would stay so.
            if isinstance(error, DatabaseLostError):
                self._end_if_lost(error)
        else:
            if not self._ready and not self._ending.is_set():
                self._ready = True
                self._forget_what_waited()
                self._worker.start()
                notify("READY=1", "STATUS=looked at everything")
                log.info("ready: %d folders are watched, model %s", len(self._folders), self._recogniser.model_id)
        self._report()
        return sleep_s

    def _tick(self, folder: WatchedFolder) -> float:
        """What is due in one folder; an error of this program there keeps no other folder waiting."""
        if (left_s := self._patience[folder.root].left_s) > 0:
            return left_s
        try:
            sleep_s = folder.tick()
        except DatabaseError:
            raise
        except Exception:
            log.exception("%s cannot be looked at; tried again: an error of voicemark itself", folder.root)
            return self._patience[folder.root].failed()
        self._patience[folder.root].over()
        if folder.lacks != self._lacks.get(folder.root):
            with self._database.writing() as session:
                note_waiting(session, f"{WATCHING}{path_to_text(folder.root)}", folder.lacks)
            self._lacks[folder.root] = folder.lacks
        return sleep_s

    def _end_if_lost(self, error: DatabaseLostError) -> None:
        """Another database is begun anew with; one that was deleted too, unless its whole folder is away as well."""
        now = time.monotonic()
        self._lost_at = self._lost_at or now
        if error.replaced or (now - self._lost_at > LOST_S and not self._database.may_come_back()):
            self._fatal = error

    def _forget_what_waited(self) -> None:
        """What an earlier process waited for says nothing of this one."""
        with suppress(DatabaseError), self._database.writing() as session:
            for subject in (QUEUE, CONFIGURATION, *STEPS):
                note_waiting(session, subject, None)
            clear_waiting(session, WATCHING)
            for root, lacks in self._lacks.items():
                note_waiting(session, f"{WATCHING}{path_to_text(root)}", lacks)

    def _report(self) -> None:
        """Tell systemd and the metrics file how it goes."""
        now = time.monotonic()
        self._feed_watchdog(now)
        status = self._trouble or self._worker.doing
        if status != self._status or now - self._status_at > METRICS_S:
            self._status, self._status_at = status, now
            notify(f"STATUS={status}")
        metrics = self._config.service.metrics_file
        if metrics is not None and (now - self._metrics_at > METRICS_S or self._metrics_at == 0.0):
            self._metrics_at = now
            self._write_metrics(metrics)

    def _write_metrics(self, path: Path) -> None:
        """What is in the way is said once, not every minute."""
        trouble = None
        try:
            write_metrics(self._database, path)
        except VoicemarkError as error:
            trouble = str(error)
            if trouble != self._metrics_trouble:
                log.warning("%s", error)
        self._metrics_trouble = trouble

    def _drop_deleted(self) -> None:
        if (step_s := self._clock_steps.since_last()) > 0:
            log.info("the clock was set forwards by %.0f s: nothing counts as gone for longer", step_s)
            self._inventory.clock_was_set(timedelta(seconds=step_s))
        if dropped := self._inventory.drop_deleted(older_than=DROP_AFTER):
            log.info("dropped %d deleted recordings with their markers", len(dropped))
            for failure in remove_exports(dropped, self._config.export):
                log.warning("%s", failure)

    def _take_requests(self) -> None:
        try:
            requests = take_requests(self._config.service.requests)
        except VoicemarkError as error:
            log.warning("%s", error)
            return
        except Exception:
            log.exception("requests are passed over: an error of voicemark itself")
            return
        for request in requests:
            log.debug("request: %s %s", request.event, request.path)
            self._hint(request.path)
            if request.source is not None and request.kind is RequestKind.MOVED:
                self._hint(request.source)

    def _hint(self, path: Path) -> None:
        for folder in self._folders:
            if path == folder.root or folder.root in path.parents:
                folder.hint(path)
        self._wake.set()

    def _take_over_config(self) -> None:
        """Read the configuration again when asked to or when its file has changed; the worker takes it over first."""
        if self._reload.is_set() or self._config_file.changed():
            self._reload.clear()
            reloading()
            config = self._config_file.read()
            if config is not None:
                if self._ready:
                    self._worker.change(config)
                else:
                    self._accepted = config
            notify("READY=1") if self._ready else None
        if self._accepted is not None:
            config, self._accepted = self._accepted, None
            be_nice(config.service.nice, idle_io=config.service.idle_io)
            self._worker.manners = self._manners(config)
            self._worker.jobs = self._jobs(config)
            self._watch(config)
            self._config = config

    def _config_accepted(self, config: Config) -> None:
        self._accepted = config
        self._wake.set()

    def _watch(self, config: Config) -> None:
        for folder in self._folders:
            folder.stop()
        self._recorders = {
            section.path: recorder_for(section, config.watch, config.audio.languages) for section in config.watch
        }
        self._folders = [
            WatchedFolder(
                section,
                self._recorders[section.path],
                self._inventory,
                self._recogniser.model_id,
                rescan_s=config.service.rescan_s,
                alive=self._looking,
                found=self._worker.wake,
                moved=self._worker.exports.owe,
                told=self._worker.retold.put,
            )
            for section in config.watch
        ]
        if not config.watch:
            log.warning("no folder is watched: add a [[watch]] table to %s", self._config_file.path)

    def _looking(self) -> bool:
        """Asked during long looks: systemd is told that they go on."""
        now = time.monotonic()
        if now - self._fed_at > TICK_S:
            self._feed_watchdog(now)
            if not self._ready:
                notify("STATUS=looking at the folders", "EXTEND_TIMEOUT_USEC=60000000")
        return not self._ending.is_set()

    def _feed_watchdog(self, now: float) -> None:
        """Unless the work is stuck, whatever else goes on."""
        self._fed_at = now
        if not self._ready or now - self._worker.advanced_at < STUCK_S:
            notify("WATCHDOG=1")

    def _recorder_of(self, path: Path) -> Recorder:
        """The adapter of the innermost watched folder around `path`; one that finds out by looking outside of all
        (a recording that a person scanned)."""
        place = place_of(path, self._config.watch)
        return self._recorders.get(place.section.path) or recorder_for(
            place.section, languages=self._config.audio.languages
        )

    def _jobs(self, config: Config) -> Jobs:
        return Jobs(self._database, retries=config.service.retries, retry_pause_s=config.service.retry_pause_s)

    def _manners(self, config: Config) -> Manners:
        return Manners(config.service, recording=lambda: any(folder.recording for folder in self._folders))

    def _stop(self) -> None:
        """End everything within `END_WITHIN_S` and a little; a job in hand goes back to the table."""
        notify("STOPPING=1", "STATUS=ending")
        self._control.stop()
        self._worker.end()
        processes.end_for_good()
        if self._worker.is_alive():
            self._worker.join(END_WITHIN_S)
        if self._worker.is_alive():
            for claim in self._worker.claims:
                with suppress(VoicemarkError):
                    self._jobs(self._config).release(claim)
        for folder in self._folders:
            folder.stop()
        end_children()
        log.info("ended")


def end_children() -> None:
    """End every program that this process has started and still runs, such as what holds off a shutdown."""
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
