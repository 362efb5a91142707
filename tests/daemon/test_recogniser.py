"""What the service recognises with follows the configuration, and yields the GPU when it is needed elsewhere."""

from pathlib import Path

import numpy as np
import pytest
import torch

from voicemark.config import Config
from voicemark.errors import ModelError, VoicemarkError
from voicemark.store.database import open_database
from voicemark.voice import load
from voicemark.voice.device_errors import is_gpu_failure
from voicemarkd.recogniser import GPU_AGAIN_S, CurrentRecogniser


def test_the_gpu_is_left_for_a_while_and_found_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    config = Config.model_validate({"encoder": {"device": "cpu"}})
    recogniser = CurrentRecogniser(config, open_database(tmp_path / "voicemark.db"), monotonic=lambda: now)
    caplog.set_level("INFO")
    before = recogniser.model_id
    recogniser.leave_gpu()
    now = GPU_AGAIN_S - 1
    recogniser.find_gpu_again()
    assert "is used again" not in caplog.text
    now = GPU_AGAIN_S
    recogniser.find_gpu_again()
    assert "is used again" in caplog.text
    assert recogniser.model_id == before


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`cuda` is torch's device without memory, from which nothing comes back; or refuses, as long as this says why."""
    refusals: list[str] = []
    real = load.pick_device

    def pick_device(device: str) -> torch.device:
        if device == "cuda" and refusals:
            raise ModelError(refusals[0])
        return torch.device("meta") if device == "cuda" else real(device)

    monkeypatch.setattr(load, "pick_device", pick_device)
    return refusals


def test_where_the_gpu_fails_the_processor_goes_on_and_the_gpu_is_used_again_when_it_is_there(
    tmp_path: Path, gpu: list[str]
) -> None:
    now = 0.0
    config = Config.model_validate({"encoder": {"device": "cuda"}})
    recogniser = CurrentRecogniser(config, open_database(tmp_path / "voicemark.db"), monotonic=lambda: now)
    window = np.random.default_rng(0).standard_normal((1, 32_000)).astype(np.float32)
    with pytest.raises(RuntimeError):
        recogniser.now.encoder.embed_windows(window)
    recogniser.leave_gpu()
    assert recogniser.now.encoder.device.type == "cpu"
    assert float(recogniser.now.encoder.embed_windows(window).norm()) == pytest.approx(1)
    now = GPU_AGAIN_S
    gpu.append("CUDA out of memory")
    recogniser.find_gpu_again()  # a game still has it
    assert recogniser.now.encoder.device.type == "cpu"
    gpu.clear()
    now = 2 * GPU_AGAIN_S - 1
    recogniser.find_gpu_again()
    assert recogniser.now.encoder.device.type == "cpu", "not so soon again"
    now = 2 * GPU_AGAIN_S
    recogniser.find_gpu_again()
    assert recogniser.now.encoder.device.type == "meta"


def test_a_change_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    config = Config.model_validate({"encoder": {"device": "cpu"}})
    recogniser = CurrentRecogniser(config, open_database(tmp_path / "voicemark.db"))
    before = recogniser.now
    with pytest.raises(VoicemarkError):
        recogniser.change(Config.model_validate({"encoder": {"model": tmp_path / "none.safetensors"}}))
    assert recogniser.now is before


def test_a_gpus_failure_is_told_from_a_recordings() -> None:
    assert is_gpu_failure(RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"))
    assert not is_gpu_failure(RuntimeError("shapes do not match"))
    assert not is_gpu_failure(ValueError("CUDA"))
