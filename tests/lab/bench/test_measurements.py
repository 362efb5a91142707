"""What is measured is what is said to be measured."""

import sys
from pathlib import Path

import pytest
import torch

from voicemark.audio.ffmpeg import probe
from voicemark.config import MatchSection
from voicemark.errors import ToolError
from voicemark.lab.bench import archive, cost
from voicemark.lab.bench.media import make_recording
from voicemark.lab.bench.products import naive_scores, scores_by_turn
from voicemark.lab.bench.usage import of_call, of_command
from voicemark.voice.match import Memory, VoiceBook, score


def test_the_three_forms_of_a_product_give_the_same_scores() -> None:
    rows = torch.nn.functional.normalize(torch.randn(21, 16, generator=torch.Generator().manual_seed(1)), dim=1)
    memories = [Memory(str(n), memory, 0.5) for n, memory in enumerate(torch.split(rows[:11], [3, 8]))]
    book = VoiceBook.of(memories, "m", MatchSection(normalise=False))
    expected = naive_scores(rows[11:], book)
    torch.testing.assert_close(scores_by_turn(rows[11:], book), expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(score(rows[11:], book), expected, atol=1e-5, rtol=0)


def test_the_archive_that_is_measured_is_matched_whole(tmp_path: Path) -> None:
    figures = {figure.name: figure.value for figure in archive.measure(tmp_path, hours=2, voices=3)}
    assert figures["markers written"] > 10
    assert figures["3 voices anew"] > 0 and figures["one more voice"] > 0 and figures["its database"] > 2
    assert not list(tmp_path.iterdir())


def test_a_recording_to_measure_with_is_as_long_as_it_says_and_made_once(tmp_path: Path) -> None:
    path = make_recording(tmp_path, 2, picture=False)
    media = probe(path)
    assert media.duration_s == pytest.approx(120, abs=0.5)
    assert [(stream.codec, stream.channels, stream.sample_rate) for stream in media.streams] == [("mp2", 2, 48_000)]
    made_at = path.stat().st_mtime_ns
    assert make_recording(tmp_path, 2, picture=False).stat().st_mtime_ns == made_at
    assert cost.scan(path, tmp_path).cpu_s > 0


def test_children_are_counted_and_their_failures_told() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    assert of_command([sys.executable, "-c", burn]).cpu_s >= 0.3
    assert of_call(lambda: of_command([sys.executable, "-c", burn])).cpu_s >= 0.3
    with pytest.raises(ToolError, match="out of luck"):
        of_command([sys.executable, "-c", "raise SystemExit('out of luck')"])
