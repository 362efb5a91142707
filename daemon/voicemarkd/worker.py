"""The one who does the jobs, in a thread, until told to stop: it claims recordings, has as many heard side by side as
may be (`voicemark.actions.in_hand`), and alone writes what comes of them.

Nothing ends the thread but `end`. What it does beside recordings is in `voicemarkd.steps`, what becomes of each in
`voicemarkd.outcomes`, what is in the way in `voicemarkd.waits`.
"""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue

from voicemark.actions.at_once import Hearers
from voicemark.actions.hear import Heard
from voicemark.actions.in_hand import Hearing, InHand
from voicemark.actions.keep import heard_elsewhere
from voicemark.config import Config
from voicemark.errors import DatabaseError, RecordingError, VoicemarkError, words_of
from voicemark.pipeline import content_of
from voicemark.recorders.base import Recorder
from voicemark.recording import Recording
from voicemark.store.database import Database
from voicemark.store.jobs import Claim, Jobs
from voicemark.store.waiting import CONFIGURATION, QUEUE
from voicemarkd.exports import Exports
from voicemarkd.inhibit import inhibited
from voicemarkd.outcomes import Outcomes
from voicemarkd.recogniser import CurrentRecogniser
from voicemarkd.steps import Steps, StopError
from voicemarkd.throttle import LOOK_AGAIN_S, Manners
from voicemarkd.waits import Waits

IDLE_S = 5.0
"""How often the job table is asked for what a pause has kept back or another program has put there, and is told that
what is in hand goes on."""
KEPT_WARM_S = 60.0
"""Processes that hear end when there was nothing to hear for so long."""


class Worker(threading.Thread):
    """Does jobs with `recogniser`; `hint` is told of recordings that are no longer what they were."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        recogniser: CurrentRecogniser,
        manners: Manners,
        recorder_of: Callable[[Path], Recorder],
        *,
        hint: Callable[[Path], None],
        changed: Callable[[Config], None],
    ) -> None:
        """`changed` is called with a new configuration once it is in force here."""
        super().__init__(name="worker", daemon=True)
        self.manners = manners
        self.jobs = jobs
        self._database, self._recogniser, self._recorder_of = database, recogniser, recorder_of
        self._ending, self._wake = threading.Event(), threading.Event()
        self._doing: str | None = "starting"
        self._advanced_at = self._busy_at = time.monotonic()
        self._waits = Waits(database)
        self._steps = Steps(database, recogniser, self._waits, go_on=self._go_on, doing=self._is_doing, changed=changed)
        self._outcomes = Outcomes(
            database, recogniser, self._waits, hint=hint, rest=self._rest, is_ending=self._ending.is_set
        )
        self._hearers = Hearers(recogniser.config, recogniser.now.encoder.device)
        self._in_hand = InHand(self._hearers.hear, advanced=self._may_go_on, wake=self._wake.set)
        self._inhibiting = ExitStack()

    @property
    def doing(self) -> str:
        """In words, for the status line."""
        return "; ".join(filter(None, (self._doing, *_said_of(self._in_hand)))) or "idle"

    @property
    def advanced_at(self) -> float:
        """When the work last went on, or was last seen waiting for something it knows; of what does least so."""
        return min(self._advanced_at, *(one.advanced_at for one in self._in_hand if one.outcome is None), float("inf"))

    @property
    def claims(self) -> list[Claim]:
        """All that is this worker's at present."""
        return [*(hearing.claim for hearing in self._in_hand), *self._outcomes.claims]

    @property
    def exports(self) -> Exports:
        """Files for players that are owed."""
        return self._steps.exports

    @property
    def retold(self) -> "SimpleQueue[Recording]":
        """Recordings that were heard and of which something else may be told now. May be put to from any thread."""
        return self._steps.retold

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()
        self._in_hand.look_again()

    def change(self, config: Config) -> None:
        """Use `config` as soon as the recordings in hand are done."""
        self._steps.pending = config
        self._waits.try_now(CONFIGURATION)
        self.wake()

    def end(self) -> None:
        """Stop soon; the recordings in hand are given back."""
        self._ending.set()
        self.wake()

    def run(self) -> None:
        """Work until `end`."""
        with suppress(StopError):
            while not self._ending.is_set():
                try:
                    self._turn()
                except StopError:
                    raise
                except Exception as error:
                    self._wait_for_place(error)
                    self._database.reconnect()  # A connection made while the disk was read-only would stay so.
        with self._inhibiting:
            claims = self.claims
            self._in_hand.leave_all()
            for claim in claims:
                with suppress(VoicemarkError):
                    self.jobs.release(claim)
            self._hearers.end()

    def _turn(self) -> None:
        """One step: what has ended, a new configuration, the archive, further recordings, or waiting."""
        self._advance()
        self._outcomes.give_back_owed()
        self._in_hand.beat()
        while (ended := self._in_hand.next_ended()) is not None:
            self._settle(ended)
        if not self._in_hand:
            self._inhibiting.close()
            self._steps.take_over_config()
        self._steps.first()
        if (reason := self.manners.reason_to_pause(working=len(self._in_hand))) is not None:
            self._rest_unless_hearing(f"pausing: {reason}", LOOK_AGAIN_S)
            return
        if (left_s := self._waits.left_s(QUEUE)) > 0:
            self._rest_unless_hearing(f"waiting: {self._waits.reason(QUEUE)}", min(left_s, LOOK_AGAIN_S))
            return
        self._steps.read_metadata_again()
        self._begin_what_may_be()
        if not self._in_hand and not self._wake.is_set():
            self._waits.over(QUEUE)
            self._steps.when_idle()
            if time.monotonic() - self._busy_at > KEPT_WARM_S:
                self._hearers.end_idle()
        self._rest_unless_hearing("idle", IDLE_S)

    def _begin_what_may_be(self) -> None:
        """As many recordings as are heard at once; none while a new configuration waits for those in hand."""
        self._recogniser.find_gpu_again()
        if not self._in_hand:
            self._use_hearers()
        while len(self._in_hand) < self._hearers.count and not self._steps.config_waits:
            self._go_on()
            claim = self.jobs.claim(self._recogniser.model_id)
            if claim is None:
                return
            self._busy_at = time.monotonic()
            try:
                self._begin(claim)
            except Exception as error:
                self._outcomes.not_begun(claim, error, self.jobs)
                self._wake.set()  # There may be others.
                return

    def _begin(self, claim: Claim) -> None:
        recording = self._recorder_of(claim.path).read(claim.path)
        if content_of(recording) != claim.content:
            raise RecordingError("has changed since it was found", path=claim.path)
        config = self._recogniser.config
        known = heard_elsewhere(recording, claim, config, self._database)
        if known is not None:
            hearing = Hearing(claim, recording, self._recogniser.now, self.jobs)
            hearing.outcome = known
            self._settle(hearing)
            return
        if not self._in_hand:
            self._inhibiting.enter_context(
                inhibited("hearing recordings", wanted=config.service.inhibit_shutdown),
            )
        self._in_hand.begin(claim, recording, self._recogniser.now, config, self.jobs)

    def _settle(self, hearing: Hearing) -> None:
        self._is_doing(f"writing down {name_of(hearing.claim.path)}")
        heard: Heard | None = self._outcomes.settle(hearing, self.jobs)
        self._doing = None
        self._busy_at = time.monotonic()
        if heard is not None:
            self._waits.over(QUEUE)
            self._steps.labels_due = True
            self._steps.match_due |= heard.result.match_key != self._recogniser.now.match_key
            self._steps.exports.owe(hearing.claim.path)
            self._steps.write_exports()

    def _may_go_on(self, hearing: Hearing) -> None:
        """Asked by each recording in hand, from its thread, as it goes on: it keeps still while there is reason to."""
        while (reason := self.manners.reason_to_pause(working=max(1, len(self._in_hand)))) is not None:
            if self._steps.config_waits or self._ending.is_set():
                hearing.leave()
            hearing.pause(reason, LOOK_AGAIN_S)

    def _use_hearers(self) -> None:
        """Of the configuration and the device in force; nothing is in hand."""
        config, device = self._recogniser.config, self._recogniser.now.encoder.device
        if not self._hearers.are_for(config, device):
            self._hearers.end()
            self._hearers = Hearers(config, device)
            self._in_hand.hear = self._hearers.hear

    def _wait_for_place(self, error: Exception) -> None:
        """Nothing can be done: the whole queue waits. Nothing was counted. Raises `StopError`."""
        self._waits.say(QUEUE, error, "the work waits")
        pause_s = LOOK_AGAIN_S
        if not isinstance(error, DatabaseError):  # Every turn asks the database, so it needs no longer pause.
            pause_s = min(self._waits.failed(QUEUE), LOOK_AGAIN_S)
        self._rest(f"waiting: {words_of(error)}", pause_s)

    def _is_doing(self, what: str) -> None:
        self._doing = what

    def _go_on(self) -> None:
        """The work advances. Raises `StopError` when it is to end."""
        self._advance()
        if self._ending.is_set():
            raise StopError

    def _advance(self) -> None:
        self._advanced_at = time.monotonic()

    def _rest_unless_hearing(self, why: str, seconds: float) -> None:
        """As `_rest`; with recordings in hand for a moment only, and they say what is done."""
        if self._in_hand:
            self._doing = None
            self._rest(None, IDLE_S)
        else:
            self._rest(why, seconds)

    def _rest(self, why: str | None, seconds: float) -> None:
        """Wait, unless something comes up. Raises `StopError` when the work is to end."""
        self._advance()
        self._doing = why
        self._wake.wait(seconds)
        self._wake.clear()
        self._go_on()


def _said_of(in_hand: InHand) -> list[str]:
    """What is in hand, in words: each with how far it is, and why it keeps still if it does."""
    said = []
    going = [one for one in in_hand if one.pauses is None]
    if going:
        said.append(f"hearing {', '.join(map(_how_far, going))}")
    for why in dict.fromkeys(one.pauses for one in in_hand if one.pauses is not None):
        names = ", ".join(name_of(one.claim.path) for one in in_hand if one.pauses == why)
        said.append(f"pausing within {names}: {why}")
    return said


def _how_far(hearing: Hearing) -> str:
    at = f", at {hearing.heard_s / 60:.0f} min" if hearing.heard_s else ""
    return f"{name_of(hearing.claim.path)}{at}"


def name_of(path: Path) -> str:
    """For the status line: the title's folder for a `.rec` directory, the file's name otherwise."""
    name = f"{path.parent.name}/{path.name}" if path.suffix == ".rec" else path.name
    return name.encode("utf-8", "replace").decode()
