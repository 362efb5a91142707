"""What the worker does beside recordings: each a step that may fail, is tried again by itself and stops nothing else.

A new configuration, samples that change, erasures, the archive, exports, metadata, labels, the database's own check.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue

from voicemark.actions.catch_up import catch_up
from voicemark.actions.erase import finish_erasures
from voicemark.actions.link import LinkReport, is_link_due, link_people
from voicemark.actions.refresh import refresh
from voicemark.config import Config
from voicemark.enrolment.keeping import stamps
from voicemark.errors import DatabaseError, VoicemarkError
from voicemark.priorities import be_nice
from voicemark.recording import Recording
from voicemark.store.acts import NOTHING_SAID, state_of_acts
from voicemark.store.check import SOUND, check, is_due, last_check
from voicemark.store.database import Database
from voicemark.store.forget import is_anything_left
from voicemark.store.waiting import CONFIGURATION, ERASURE
from voicemark.titles.annotate import label_programmes
from voicemarkd.exports import Exports
from voicemarkd.patience import Patience
from voicemarkd.recogniser import CurrentRecogniser
from voicemarkd.waits import Waits

log = logging.getLogger(__name__)

SAMPLES_S = 10.0
"""How often samples are looked at that change or cannot be heard; the others at every `rescan_s`, as folders are."""
ERASURES_OWN_TIME = timedelta(minutes=2)
"""A `voicemark forget` that runs has so long to end what it began."""
ARCHIVE, EXPORTS, LABELS, VOICES = "matching the archive", "writing exports", "relating programmes", "the voices"
CHECK, METADATA, PEOPLE = "the database", "reading metadata again", "finding people"
STEPS = (ARCHIVE, EXPORTS, LABELS, VOICES, ERASURE, CHECK, METADATA, PEOPLE)
"""What may fail and is tried again, beside the queue and the configuration."""


class StopError(Exception):
    """The worker is to end."""


class Steps:
    """The steps, and what makes them due. `go_on` is called as they advance and may raise `StopError`; `doing` is told
    in words what is being done."""

    def __init__(
        self,
        database: Database,
        recogniser: CurrentRecogniser,
        waits: Waits,
        *,
        go_on: Callable[[], None],
        doing: Callable[[str], None],
        changed: Callable[[Config], None],
    ) -> None:
        """`changed` is called with a new configuration once it is in force here."""
        self._database, self._recogniser, self._waits = database, recogniser, waits
        self._go_on, self._doing, self._changed = go_on, doing, changed
        self.exports = Exports(database, advanced=go_on)
        self.retold: SimpleQueue[Recording] = SimpleQueue()
        """Recordings that were heard and of which something else may be told now. May be put to from any thread."""
        self.pending: Config | None = None
        """A configuration that is to be taken over."""
        self.match_due = self.labels_due = True
        self._samples_at = float("-inf")
        self._samples = recogniser.stamps
        self._said = NOTHING_SAID
        self._sample_patience = Patience()

    def try_step(self, name: str, work: Callable[[], None]) -> None:
        """Do `work`, unless it failed a short while ago; whatever fails in it is tried again and stops nothing else.

        Raises `DatabaseError`, which everything waits for, and `StopError`.
        """
        if self._waits.left_s(name) > 0:
            return
        self._go_on()
        try:
            work()
        except (StopError, DatabaseError):
            raise
        except Exception as error:
            self._waits.failed(name, error, f"{name} waits")
        else:
            self._waits.over(name)

    def take_over_config(self) -> None:
        """The pending configuration, when nothing is in hand that was begun with the old one."""
        if self.pending is not None:
            self.try_step(CONFIGURATION, self._take_over_config)

    @property
    def config_waits(self) -> bool:
        """Whether a configuration is to be taken over as soon as nothing is in hand."""
        return self.pending is not None and self._waits.left_s(CONFIGURATION) == 0

    def first(self) -> None:
        """What goes before recordings, and is done even while none may be heard."""
        if time.monotonic() >= self._samples_at:
            self.try_step(VOICES, self._look_after_voices)
        self.try_step(VOICES, self._heed_acts)
        self.try_step(ERASURE, self._finish_erasures)
        if self.match_due:
            self.try_step(ARCHIVE, self._catch_up)
        self.write_exports()

    def write_exports(self) -> None:
        """Those that are owed."""
        self.try_step(EXPORTS, lambda: self.exports.try_again(self._recogniser.config.export))

    def read_metadata_again(self) -> None:
        """A better title that came later, another name in the recorder."""
        self.try_step(METADATA, self._read_metadata_again)

    def when_idle(self) -> None:
        """What waits until no recording is to be heard."""
        self.try_step(PEOPLE, self._find_people)
        if self.labels_due:
            self.try_step(LABELS, self._label)
        self.try_step(CHECK, self._check)

    def _read_metadata_again(self) -> None:
        config = self._recogniser.config
        while not self.retold.empty():
            self._go_on()
            recording = self.retold.get()
            try:
                changed = refresh(self._database, recording, config)
            except (DatabaseError, MemoryError):
                self.retold.put(recording)
                raise
            if changed:
                log.info("%s: its metadata have changed and were read again", recording.path)
                self.labels_due = True
                self.exports.owe(recording.path)

    def _take_over_config(self) -> None:
        config = self.pending
        if config is None:
            return
        self._doing("taking over the new configuration")
        try:
            self._recogniser.change(config)
        except Exception:
            if self._waits.reason(CONFIGURATION) is None:
                log.warning("the new configuration is not taken over yet, the old one stays in force")
            raise
        if self.pending is config:
            self.pending = None
        self.match_due = True
        # Niceness is a thread's own, and whoever this one starts has it too.
        be_nice(config.service.nice, idle_io=config.service.idle_io)
        self._changed(config)

    def _look_after_voices(self) -> None:
        """Enrol them again when their samples have changed and are at rest, or could not be heard before."""
        config = self._recogniser.config
        found = stamps(config.speakers)
        at_rest, self._samples = found == self._samples, found
        soon = self._recogniser.waits or not at_rest
        self._samples_at = time.monotonic() + (SAMPLES_S if soon else config.service.rescan_s)
        changed = at_rest and found != self._recogniser.stamps
        if changed or (self._recogniser.waits and self._sample_patience.left_s == 0):
            self._doing("hearing samples")
            self.match_due |= self._recogniser.enrol_again()
            self._sample_patience.failed() if self._recogniser.waits else self._sample_patience.over()

    def _heed_acts(self) -> None:
        """Remember voices otherwise when somebody said something of people, or undid it, here or by a command."""
        with self._database.reading() as session:
            said = state_of_acts(session)
        if said != self._said:
            self._doing("learning what was said of voices")
            self._recogniser.enrol_again()
            self._said, self.match_due = said, True

    def _finish_erasures(self) -> None:
        """End what a `voicemark forget` could not, or was kept from. Raises `VoicemarkError` for what is still left."""
        with self._database.reading() as session:
            if not is_anything_left(session, asked_before=datetime.now(UTC) - ERASURES_OWN_TIME):
                return
        self._doing("ending an erasure")
        rest = finish_erasures(self._database, self._recogniser.config.export)
        if rest.unfinished is not None:
            raise VoicemarkError(rest.unfinished)
        log.info("what was left to be erased of a voice has been erased")

    def _check(self) -> None:
        """The database, once a day. Raises `VoicemarkError` when it is damaged: what can be done goes on."""
        with self._database.reading() as session:
            last, due = last_check(session), is_due(session, datetime.now(UTC))
        if last is None or due:
            self._doing("checking the database")
            last = check(self._database)
        if last.result != SOUND:
            raise VoicemarkError(
                f"is damaged: {last.result}", path=self._database.path, hint="restore a backup, or move it away"
            )

    def _find_people(self) -> None:
        """Across recordings, where it is wanted; many recordings at once say more than one after the other."""
        recogniser, config = self._recogniser.now, self._recogniser.config
        if is_link_due(self._database, recogniser, config):
            self._doing("finding people across recordings")
            _say_of(link_people(self._database, recogniser, config, go_on=self._go_on))

    def _label(self) -> None:
        self._doing("relating programmes by their texts")
        label_programmes(self._database, self._recogniser.config.titles.model)
        self.labels_due = False

    def _catch_up(self) -> None:
        """With voices as they are now, and with what was said of people; only what was matched otherwise is done."""
        config = self._recogniser.config
        self._doing("matching the archive")
        done = catch_up(
            self._database,
            self._recogniser.now,
            config,
            write_all=True,
            write=lambda: self.exports.write(None, config.export),
            progress=lambda _done, _total: self._go_on(),
            at_leisure=False,
            go_on=self._go_on,
        )
        self.match_due = False
        if (report := done.matched).recordings:
            log.info(
                "matched %d kept recordings (%.1f hours) anew in %.1f s: %d markers",
                report.recordings,
                report.hours,
                report.seconds,
                report.markers,
            )
        _say_of(done.linked)


def _say_of(report: LinkReport) -> None:
    if report.placed or report.erased:
        log.info(
            "%d local speakers are somebody's (%d people and %d sounds are new), %d were forgotten, in %.1f s",
            report.placed,
            report.people,
            report.sounds,
            report.erased,
            report.seconds,
        )
