"""Manifests are read or refused with a reason."""

from pathlib import Path

import pytest

from voicemark.errors import VoicemarkError
from voicemark.lab.corpus.manifest import Clip, read_manifest


def write(folder: Path, *lines: str, files: tuple[str, ...] = ("a.wav", "b.wav", "c.wav")) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    for name in files:
        (folder / name).touch()
    return folder


def test_only_the_wanted_split_is_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "path,speaker,source,split", "a.wav,s1,x,train", "b.wav,s2,x,dev", "c.wav,,y,train")
    assert read_manifest(folder, "train") == [
        Clip(folder / "a.wav", "s1", "x"),
        Clip(folder / "c.wav", None, "y"),
    ]
    assert [clip.speaker for clip in read_manifest(folder)] == ["s1", "s2", None]


def test_a_manifest_without_splits_is_all_for_training(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", "path", "a.wav", "b.wav")
    assert [clip.source for clip in read_manifest(folder, "train")] == ["c", "c"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("speaker,split", "s1,train"), "no column 'path'"),
        (("path,split", "a.wav,train", "gone.wav,train"), "files of the manifest are missing"),
        (("path,split", "a.wav,dev"), "no clips of split 'train'"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(tmp_path: Path, lines: tuple[str, ...], reason: str) -> None:
    with pytest.raises(VoicemarkError, match=reason):
        read_manifest(write(tmp_path / "c", *lines), "train")


def test_a_folder_without_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VoicemarkError, match=r"no manifest\.csv") as caught:
        read_manifest(tmp_path)
    assert caught.value.hint
