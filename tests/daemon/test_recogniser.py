"""What the service recognises with follows the configuration, and yields the GPU when it is needed elsewhere."""

from pathlib import Path

import pytest

from voicemark.config import Config
from voicemark.errors import VoicemarkError
from voicemark.store.database import open_database
from voicemarkd.recogniser import GPU_AGAIN_S, CurrentRecogniser, is_gpu_failure


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
