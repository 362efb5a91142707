"""What recordings are heard with: encoder, voices and judge, made from a configuration and made anew when it changes.

A GPU is shared with games and players: when it refuses memory, the CPU takes over, and the GPU is tried again later.
"""

import logging
import time
from collections.abc import Callable

import torch

from voicemark.actions.scan import load_judge
from voicemark.config import Config
from voicemark.enrolment.enrolment import enrol
from voicemark.pipeline import Tools
from voicemark.store.database import Database
from voicemark.voice.load import load_encoder

log = logging.getLogger(__name__)

GPU_AGAIN_S = 600.0
"""A GPU that had no memory for us is asked again after so long."""


class Hearing:
    """The tools for a configuration. Raises `ModelError` and `EnrolmentError` when they cannot be made."""

    def __init__(self, config: Config, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._gpu_lost_at: float | None = None
        if config.encoder.threads:
            torch.set_num_threads(config.encoder.threads)
        self._encoder = load_encoder(config.encoder.model, config.encoder.device)
        self.tools = self._make(config)

    @property
    def model_id(self) -> str:
        """The encoder's id."""
        return self._encoder.model_id

    def change(self, config: Config) -> None:
        """Use `config` from now on; when this raises, everything stays as it was."""
        before = self._encoder
        try:
            if config.encoder != self.tools.config.encoder:
                self._encoder = load_encoder(config.encoder.model, config.encoder.device)
            self.tools = self._make(config)
        except BaseException:
            self._encoder = before
            raise
        if config.encoder.threads:
            torch.set_num_threads(config.encoder.threads)

    def leave_gpu(self) -> None:
        """The GPU has failed or has no memory left: go on with the CPU."""
        log.warning(
            "the GPU has no room; the CPU goes on, and the GPU is tried again in %.0f minutes", GPU_AGAIN_S / 60
        )
        self._gpu_lost_at = self._monotonic()
        self._use("cpu")
        torch.cuda.empty_cache()

    def find_gpu_again(self) -> None:
        """Try the GPU again, if it was left long enough ago."""
        if self._gpu_lost_at is None or self._monotonic() - self._gpu_lost_at < GPU_AGAIN_S:
            return
        try:
            self._use(self.tools.config.encoder.device)
        except RuntimeError:
            self._gpu_lost_at = self._monotonic()
            self._use("cpu")
        else:
            log.info("the GPU is used again")
            self._gpu_lost_at = None

    def _use(self, device: str) -> None:
        config = self.tools.config
        self._encoder = load_encoder(config.encoder.model, device)
        self.tools = self._make(config)

    def _make(self, config: Config) -> Tools:
        enrolment = enrol(config, self._encoder, self._database)
        for report in enrolment.reports:
            for problem in report.problems:
                log.warning("%s: %s", report.name, problem)
            if report.error is not None:
                log.error("%s is not looked for: %s", report.name, report.error)
        return Tools(config, self._encoder, enrolment.book, load_judge(config, enrolment.book, self._database))


def is_gpu_failure(error: BaseException) -> bool:
    """Did the GPU fail, rather than the recording? (Memory is refused by several libraries in several ways.)"""
    return isinstance(error, RuntimeError) and any(word in str(error) for word in ("CUDA", "cuDNN", "CUBLAS"))
