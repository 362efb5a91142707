"""Chunks of several recordings computed together give what each gives alone, whatever the device does meanwhile."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.networks import tiny
from torch import Tensor

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import Chunk, WindowGrid
from voicemark.voice import batching, weights
from voicemark.voice.base import WindowBatch
from voicemark.voice.batching import Batched, batch_for
from voicemark.voice.device_errors import is_gpu_failure, is_out_of_memory
from voicemark.voice.encoder import Encoder
from voicemark.voice.network import SpeakerNet

RATE = 16_000
PATIENCE_S = 60.0


def make_encoder() -> Encoder:
    torch.manual_seed(3)
    model = weights.packed(SpeakerNet(tiny()), FeatureSettings(), WindowGrid(), dtype=torch.float32)
    return Encoder(model, torch.device("cpu"))


@pytest.fixture(scope="module")
def encoder() -> Iterator[Encoder]:
    """With short chunks, so that a recording of some seconds has several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("voicemark.voice.encoder.WINDOWS_PER_CHUNK", 8)
        yield make_encoder()


class Device:
    """An encoder on a device that fails as it is told to: `room` chunks fit into its memory, and the call of number
    `lost_at` finds it gone."""

    def __init__(self, encoder: Encoder, *, room: int = 100, lost_at: int = -1, broken: bool = False) -> None:
        self._encoder, self.room, self.lost_at, self.broken = encoder, room, lost_at, broken
        self.batches = list[tuple[int, ...]]()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def embed_chunks(self, audio: Tensor, pieces: Sequence[Chunk]) -> list[Tensor]:
        self.may_go_on.wait()
        self.batches.append((len(audio), len(pieces)))
        if len(self.batches) - 1 == self.lost_at:
            raise RuntimeError("CUDA error: the launch timed out and was terminated")
        if len(audio) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        if self.broken and audio.abs().max() > 9:
            raise ValueError("this one cannot be computed")
        return self._encoder.embed_chunks(audio, pieces)


def sound(seconds: float, seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    loud = np.repeat(rng.uniform(0, 0.3, count // 4000 + 1), 4000)[:count]
    return (rng.standard_normal(count) * loud).astype(np.float32)


def all_of(batches: Iterator[WindowBatch]) -> NDArray[np.float32]:
    rows, at = [], 0
    for batch in batches:
        assert batch.first_index == at and batch.start_s[0] == pytest.approx(at / 2)
        at += len(batch.embeddings)
        rows.append(batch.embeddings)
    return np.concatenate(rows) if rows else np.zeros((0, 16), np.float32)


def at_once(batched: Batched, recordings: Sequence[NDArray[np.float32]], block: int = RATE) -> list[object]:
    """The windows of each, heard in a thread each; or what was raised."""
    found: list[object] = [None] * len(recordings)

    def hear(number: int) -> None:
        samples = recordings[number]
        try:
            found[number] = all_of(
                batched.embed_blocks(samples[at : at + block] for at in range(0, len(samples), block))
            )
        except Exception as error:
            found[number] = error

    threads = [threading.Thread(target=hear, args=(number,)) for number in range(len(recordings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def assert_as_alone(encoder: Encoder, recordings: Sequence[NDArray[np.float32]], found: Sequence[object]) -> None:
    for samples, together in zip(recordings, found, strict=True):
        alone = all_of(encoder.embed_blocks([samples]))
        assert isinstance(together, np.ndarray), together
        assert together.shape == alone.shape
        np.testing.assert_allclose(together, alone, atol=1e-3)


@settings(max_examples=12, deadline=None)
@given(
    lengths=st.lists(st.floats(0.5, 25), min_size=1, max_size=4),
    batch=st.integers(1, 6),
    room=st.integers(1, 6),
    block=st.sampled_from([3_000, RATE, 100_000]),
    fixed_shapes=st.booleans(),
)
def test_whatever_meets_in_a_batch_comes_out_as_if_alone(
    encoder: Encoder, lengths: list[float], batch: int, room: int, block: int, fixed_shapes: bool
) -> None:
    recordings = [sound(seconds, seed) for seed, seconds in enumerate(lengths)]
    device = Device(encoder, room=room)
    batched = Batched(device, make_encoder, batch=batch, fixed_shapes=fixed_shapes)
    assert_as_alone(encoder, recordings, at_once(batched, recordings, block))


def test_chunks_that_wait_together_are_computed_together_in_few_shapes(encoder: Encoder) -> None:
    recordings = [sound(40, seed) for seed in range(3)]
    device = Device(encoder)
    device.may_go_on.clear()
    batched = Batched(device, make_encoder, batch=8, fixed_shapes=True)
    threading.Timer(0.5, device.may_go_on.set).start()
    assert_as_alone(encoder, recordings, at_once(batched, recordings))
    assert max(pieces for _, pieces in device.batches) >= 3
    assert {rows for rows, _ in device.batches} <= {1, 2, 4, 8}


def test_a_decoder_is_held_up_while_its_chunks_wait(encoder: Encoder) -> None:
    device = Device(encoder)
    device.may_go_on.clear()
    batched = Batched(device, make_encoder, batch=1)
    read = 0

    def blocks() -> Iterator[NDArray[np.float32]]:
        nonlocal read
        for block in np.split(sound(120, 1), 120):
            read += 1
            if read == 100:  # Never, unless nothing holds it up.
                device.may_go_on.set()
            yield block

    heard = threading.Thread(target=lambda: list(batched.embed_blocks(blocks())), daemon=True)
    heard.start()
    ends = time.monotonic() + PATIENCE_S
    while len(batched._waiting) < batching.AHEAD - 1 and read < 100 and time.monotonic() < ends:
        time.sleep(0.01)
    heard.join(0.2)
    ahead_s = (batching.AHEAD + 1) * 4.0 + 8.0  # chunks of eight windows, and what is around them
    assert 0 < read <= ahead_s
    device.may_go_on.set()
    heard.join()
    assert read == 120


def test_where_memory_is_refused_half_is_asked_for_from_then_on(
    encoder: Encoder, caplog: pytest.LogCaptureFixture
) -> None:
    recordings = [sound(30, seed) for seed in range(4)]
    device = Device(encoder, room=2)
    device.may_go_on.clear()
    batched = Batched(device, make_encoder, batch=8)
    threading.Timer(0.3, device.may_go_on.set).start()
    assert_as_alone(encoder, recordings, at_once(batched, recordings))
    assert batched.batch <= 2 and not batched.is_lost
    assert sum("has no room" in line for line in caplog.messages) <= 3


@pytest.mark.parametrize("fault", [{"room": 0}, {"lost_at": 0}, {"lost_at": 2}])
def test_a_device_that_is_lost_loses_nothing_that_was_in_hand(encoder: Encoder, fault: dict[str, Any]) -> None:
    recordings = [sound(20, seed) for seed in range(3)]
    batched = Batched(Device(encoder, **fault), make_encoder, batch=4)
    assert_as_alone(encoder, recordings, at_once(batched, recordings))
    assert batched.is_lost and batched.device.type == "cpu"


def test_an_error_of_one_recording_is_its_own(encoder: Encoder) -> None:
    recordings = [sound(20, 1), np.full(20 * RATE, 10.0, np.float32), sound(20, 2)]
    batched = Batched(Device(encoder, broken=True), make_encoder, batch=8)
    first, second, third = at_once(batched, recordings)
    assert isinstance(second, ValueError)
    assert_as_alone(encoder, [recordings[0], recordings[2]], [first, third])
    assert not batched.is_lost


def test_a_recording_that_is_left_takes_its_chunks_along(encoder: Encoder) -> None:
    device = Device(encoder)
    batched = Batched(device, make_encoder, batch=1)
    batches = batched.embed_blocks(np.split(sound(40, 1), 40))
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert_as_alone(encoder, [sound(10, 2)], at_once(batched, [sound(10, 2)]))
    assert len(device.batches) < 12


def test_a_gpus_failures_are_told_apart() -> None:
    memory = [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling")]
    assert all(is_out_of_memory(error) and is_gpu_failure(error) for error in memory)
    lost = RuntimeError("CUDA error: unspecified launch failure")
    assert is_gpu_failure(lost) and not is_out_of_memory(lost)
    assert not is_gpu_failure(RuntimeError("out of memory")) and not is_gpu_failure(ValueError("CUDA"))


def test_the_batch_follows_from_the_memory() -> None:
    features = FeatureSettings()
    sizes = [batch_for(gigabytes * 1e9, 137 * RATE, features) for gigabytes in (0.1, 1, 2, 4, 80)]
    assert sizes == sorted(sizes) and sizes[0] == 1 and sizes[-1] == batching.LONGEST_BATCH
    assert 2 * batching.OWN_BYTES < 2e9 and sizes[2] >= 4
