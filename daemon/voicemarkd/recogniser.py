"""What recordings are heard with now: the recogniser, made from a configuration and made anew when it changes.

A GPU is shared with games and players: when it refuses memory, the CPU takes over, and the GPU is tried again later.
"""

import logging
import time
from collections.abc import Callable

import torch

from voicemark.actions.recogniser import make_recogniser
from voicemark.config import Config
from voicemark.enrolment.keeping import stamps
from voicemark.errors import ModelError
from voicemark.store.database import Database
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.batching import Batched
from voicemark.voice.load import configured_encoder, use_threads
from voicemark.voice.recognise import Recogniser

log = logging.getLogger(__name__)

GPU_AGAIN_S = 600.0
"""A GPU that had no memory for us is asked again after so long."""


class CurrentRecogniser:
    """The recogniser of the configuration in force. Raises `ModelError` and `EnrolmentError` when it cannot be made."""

    def __init__(self, config: Config, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._gpu_lost_at: float | None = None
        self.config = config
        self.waits = False
        """Is there a voice whose samples cannot be heard at present?"""
        self.stamps = stamps(config.speakers)
        """Of the samples, as they were when the voices were enrolled."""
        self._said: dict[str, str] = {}
        self.now = self._make(config, configured_encoder(config.encoder))

    @property
    def model_id(self) -> str:
        """The encoder's id."""
        return self.now.encoder.model_id

    def change(self, config: Config) -> None:
        """Use `config` from now on; when this raises, everything stays as it was."""
        encoder: SpeakerEncoder = self.now.encoder
        try:
            if config.encoder != self.config.encoder:
                encoder = configured_encoder(config.encoder)
            self.now = self._make(config, encoder)
        except BaseException:
            use_threads(self.config.encoder)
            raise
        self.config = config

    def enrol_again(self) -> bool:
        """The samples may have changed. Whether the voices are heard otherwise now. Raises as `change` does."""
        before = self.now.match_key
        self.now = self._make(self.config, self.now.encoder)
        return self.now.match_key != before

    def leave_gpu(self) -> None:
        """The GPU has failed or has no memory left: go on with the CPU."""
        log.warning(
            "the GPU has no room; the CPU goes on, and the GPU is tried again in %.0f minutes", GPU_AGAIN_S / 60
        )
        self._gpu_lost_at = self._monotonic()
        self._use("cpu")
        torch.cuda.empty_cache()

    def find_gpu_again(self) -> None:
        """Try the GPU again, if it was left long enough ago; what is in hand may have left it by itself."""
        encoder = self.now.encoder
        if self._gpu_lost_at is None and isinstance(encoder, Batched) and encoder.is_lost:
            self.leave_gpu()
        if self._gpu_lost_at is None or self._monotonic() - self._gpu_lost_at < GPU_AGAIN_S:
            return
        try:
            self._use(self.config.encoder.device)
        except (ModelError, RuntimeError):  # Torch's own, or ours of a device that refuses from the beginning.
            self._gpu_lost_at = self._monotonic()
        else:
            log.info("the GPU is used again")
            self._gpu_lost_at = None

    def _use(self, device: str) -> None:
        self.now = self._make(self.config, configured_encoder(self.config.encoder, device))

    def _make(self, config: Config, encoder: SpeakerEncoder) -> Recogniser:
        found = stamps(config.speakers)
        made = make_recogniser(config, self._database, encoder)
        self.stamps = found
        self.waits = any(report.waits for report in made.reports)
        said = {}
        for report in made.reports:
            text = "; ".join(map(str, report.problems))
            if report.error is not None:
                text = f"is not looked for: {report.error}"
            if text and self._said.get(report.name) != text:  # It is tried again and again.
                log.log(logging.WARNING if report.error is None else logging.ERROR, "%s: %s", report.name, text)
            said[report.name] = text
        self._said = said
        return made.recogniser
