"""What is right and what is wrong with the networks: each is loaded, as recordings are heard with it."""

import platform
from collections.abc import Iterator

import torch

from voicemark.actions.findings import Finding, Grade
from voicemark.config import Config
from voicemark.errors import VoicemarkError
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import configured_encoder, load_encoder


def loaded(config: Config) -> Iterator[Finding]:
    """The encoder, the processor that it runs on, and the verifier."""
    yield Finding(Grade.RIGHT, f"Python {platform.python_version()}, torch {torch.__version__}")
    if torch.cuda.is_available():
        yield Finding(Grade.RIGHT, f"GPU: {torch.cuda.get_device_name()}")
    elif torch.version.cuda is None:
        yield Finding(Grade.NOTE, "GPU is not used: this torch is a CPU build (it is fast enough without)")
    else:
        yield Finding(
            Grade.NOTE, "GPU is not used: torch sees none", "if there is one, check its driver with nvidia-smi"
        )
    try:
        encoder = configured_encoder(config.encoder)
    except VoicemarkError as error:
        yield Finding(Grade.WRONG, f"the encoder cannot be loaded: {error}", error.hint)
        return
    numerics = f", computed in {encoder.numerics}" if isinstance(encoder, Encoder) else ""
    yield Finding(Grade.RIGHT, f"encoder {encoder.model_id} on {encoder.device}{numerics}")
    yield _verifier(config)


def _verifier(config: Config) -> Finding:
    """Whether doubtful voices are heard again by a stronger network."""
    section = config.match.verifier
    if section is None:
        return Finding(
            Grade.NOTE,
            "no verifier: doubtful voices are not heard again by a stronger network",
            "`voicemark verifier get` brings one (more turns found, fewer false ones; docs/matching.md has figures)",
        )
    try:
        verifier = load_encoder(section.model, config.encoder.device)
    except VoicemarkError as error:
        return Finding(Grade.WRONG, f"the verifier cannot be loaded: {error}", error.hint)
    return Finding(Grade.RIGHT, f"verifier {verifier.model_id} on {verifier.device}")
