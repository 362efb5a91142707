"""Who speaks when, measured on a recording of known turns and on a conversation with labels."""

import json
import subprocess
from pathlib import Path

import pytest
import torch
from support.talk import voices, windows
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.errors import ToolError
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.evaluation.markers import Composed, Prepared, diarized
from voicemark.lab.evaluation.speech import conversation_row, oracle, read_rttm, speech_row, true_turns
from voicemark.voice.quantisation import restore

SETTINGS = MatchSection()
TURNS = [("A", 20), ("B", 30), ("A", 6), ("C", 40)]  # windows each half second
PEOPLE = voices(3)


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """A, B, A and C speak in turn; A is enrolled."""
    rows = windows([("ABC".index(who), count) for who, count in TURNS], PEOPLE)
    turns, at = [], 0.75
    for who, count in TURNS:
        turns.append({"speaker": who, "start_s": at, "end_s": at + count / 2, "wanted": who == "A"})
        at += count / 2
    (tmp_path / "truth.json").write_text(json.dumps({"seconds": at, "wanted": ["A"], "turns": turns}))
    memory = torch.from_numpy(restore(windows([(0, 40)], PEOPLE, seed=9)))
    found, kept = diarized(torch.from_numpy(restore(rows)))
    return Prepared(Composed("one", tmp_path), found, kept, {"A": memory}, "m", None, at)


def test_people_who_are_told_apart_have_no_error_and_their_turns_are_found(prepared: Prepared) -> None:
    pytest.importorskip("pyannote.metrics", reason="the extra lab is not installed")
    row = speech_row("ours", "set", [prepared], SETTINGS)
    assert row.score is not None
    assert row.score.purity > 0.95 and row.score.coverage > 0.95 and row.score.der < 0.1
    assert row.by_length == ((0, 0), (1, 1), (0, 0), (1, 1))


def test_the_oracle_has_the_true_turns(prepared: Prepared) -> None:
    told = oracle(prepared)
    assert len(told.found.people) == 3
    assert [int(one) for one in told.found.speakers if one >= 0][:4] == [0, 1, 0, 2]
    assert told.found.lengths.sum() == len(prepared.windows)


def test_truth_is_read_as_the_composer_wrote_it(prepared: Prepared) -> None:
    assert [turn.who for turn in true_turns(prepared.composed.truth)] == ["A", "B", "A", "C"]


def test_a_conversation_with_labels_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("pyannote.metrics", reason="the extra lab is not installed")
    noise = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anoisesrc=r=16000:a=0.01", "-t", "40"]
    subprocess.run([*noise, str(tmp_path / "talk.flac")], check=True)
    (tmp_path / "a.rttm").write_text(
        "SPEAKER talk 1 0.75 20.0 <NA> <NA> X <NA> <NA>\nSPEAKER talk 1 20.75 18.5 <NA> <NA> Y <NA> <NA>\n"
        "SPEAKER away 1 0 1 <NA> <NA> X <NA> <NA>\n"
    )

    def embed(audios: list[Audio]) -> list[Tensor]:
        assert len(audios) == 1 and len(audios[0]) == 40 * 16_000
        return [torch.from_numpy(restore(windows([(0, 40), (1, 37)], PEOPLE)))]

    row = conversation_row("ours", tmp_path, embed)  # type: ignore[arg-type]
    assert row.score is not None and row.score.purity == pytest.approx(1, abs=0.05)
    assert row.recordings.endswith(", 1") and row.by_length == ()
    assert [file for file, _ in read_rttm(tmp_path / "a.rttm")] == ["talk", "talk", "away"]


def test_a_folder_without_labelled_audio_says_so(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no conversation"):
        conversation_row("ours", tmp_path, lambda audios: [torch.zeros(0, 4) for _ in audios])


def test_real_conversation_is_told_apart(shared: Path) -> None:
    """Meetings over far microphones: what the shipped weights reach there."""
    pytest.importorskip("pyannote.metrics", reason="the extra lab is not installed")
    folder = shared / "conversation"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    from voicemark.lab.evaluation.embedders import OwnEmbedder

    row = conversation_row("ours", folder, OwnEmbedder(None).embed_all)
    assert row.score is not None
    assert row.score.purity > 0.9 and row.score.coverage > 0.85
