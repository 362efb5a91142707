"""What is not ours: regular files only, within reach, with an end; what does not answer is given up."""

import os
import socket
import threading
from pathlib import Path

import pytest

from voicemark.foreign import (
    ANYWHERE,
    OWN_FOLDER,
    ForeignError,
    ForeignMissingError,
    LeadsOutError,
    Reach,
    opened,
    read_bytes,
    size_of,
)


def made(path: Path, data: bytes = b"text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file_is_read_as_far_as_asked(tmp_path: Path) -> None:
    path = made(tmp_path / "info", b"0123456789")
    assert read_bytes(path, 4) == b"0123"
    assert read_bytes(path, 100) == b"0123456789"
    with opened(path) as file:
        assert (file.seek(8), file.read()) == (8, b"89")
        file.seek(0)
        assert file.readline(3) == b"012"
    assert size_of(path) == 10


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name in ("pipe", "folder", "socket"):
            for look in (lambda path: read_bytes(path, 10, ANYWHERE), size_of, lambda path: opened(path, ANYWHERE)):
                with pytest.raises(ForeignError, match="no regular file"):
                    look(tmp_path / name)
    for device in (Path("/dev/zero"), Path("/dev/tty")):
        with pytest.raises(ForeignError, match="no regular file"):
            read_bytes(device, 10, ANYWHERE)


@pytest.mark.parametrize("name", ["none", "file/below", "nul\0byte", "x" * 300])
def test_what_is_not_there_is_a_clear_error(tmp_path: Path, name: str) -> None:
    made(tmp_path / "file")
    expected = ForeignError if len(name) == 300 else ForeignMissingError
    for look in (lambda path: read_bytes(path, 10), size_of):
        with pytest.raises(expected) as caught:
            look(tmp_path / name)
        assert isinstance(caught.value, OSError) and caught.value.strerror


def test_a_link_leads_within_its_folder_and_the_watched_ones_and_no_further(tmp_path: Path) -> None:
    watched, outside = tmp_path / "watched", tmp_path / "outside"
    secret = made(outside / "secret")
    for target in (made(watched / "a.rec/real"), made(watched / "other.rec/real"), secret):
        link = watched / "a.rec/info"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        near, known = target.parent == link.parent, target is not secret
        for reach, allowed in ((OWN_FOLDER, near), (Reach.of([watched]), known), (ANYWHERE, True)):
            if allowed:
                assert read_bytes(link, 10, reach) == b"text"
                assert size_of(link, reach) == 4
                continue
            for look in (lambda path, reach: read_bytes(path, 10, reach), size_of, opened):
                with pytest.raises(LeadsOutError, match="leads out") as caught:
                    look(link, reach)
                assert "disks" in str(caught.value.hint)


def test_a_folder_that_is_linked_from_elsewhere_is_the_folder(tmp_path: Path) -> None:
    made(tmp_path / "disk2/a.rec/info")
    made(tmp_path / "watched/x")
    (tmp_path / "watched/a.rec").symlink_to(tmp_path / "disk2/a.rec")
    assert read_bytes(tmp_path / "watched/a.rec/info", 10) == b"text"


def test_a_watched_folder_that_is_a_link_is_where_it_leads(tmp_path: Path) -> None:
    made(tmp_path / "real/b/secret")
    (tmp_path / "video").symlink_to(tmp_path / "real")
    link = tmp_path / "real/a/link"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "video/b/secret")
    assert read_bytes(link, 10, Reach.of([tmp_path / "video"])) == b"text"


@pytest.mark.parametrize(
    ("name", "other", "belongs"),
    [("video.00", "video.01", True), ("video0", "video3", True), ("video", "video1", False), ("tv10", "tv11", False)],
)
def test_vdrs_numbered_disks_belong_to_its_video_folder(tmp_path: Path, name: str, other: str, belongs: bool) -> None:
    target = made(tmp_path / other / "Film/x.rec/00002.ts")
    link = tmp_path / name / "Film/x.rec/00002.ts"
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    reach = Reach.of([tmp_path / name])
    assert reach.allows(str(target.resolve()), str(link.parent.resolve())) is belongs


def test_a_name_that_begins_like_a_root_is_not_below_it(tmp_path: Path) -> None:
    target = made(tmp_path / "video-private/secret")
    link = tmp_path / "video/link"
    link.parent.mkdir()
    link.symlink_to(target)
    with pytest.raises(LeadsOutError):
        read_bytes(link, 10, Reach.of([tmp_path / "video"]))


def test_links_onto_themselves_and_to_nothing_end(tmp_path: Path) -> None:
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "dead").symlink_to("nowhere")
    with pytest.raises(ForeignError):
        read_bytes(tmp_path / "self", 10)
    with pytest.raises(ForeignMissingError):
        read_bytes(tmp_path / "dead", 10)


def test_a_file_that_grows_is_read_as_far_as_it_was(tmp_path: Path) -> None:
    path = made(tmp_path / "guide.xml", b"line\n" * 100)
    read = 0
    with opened(path) as file, path.open("ab") as writer:
        while line := file.readline():
            read += len(line)
            writer.write(line * 200)
            writer.flush()
            assert read <= 500
    assert read == 500


def test_a_file_that_shrinks_ends(tmp_path: Path) -> None:
    path = made(tmp_path / "guide.xml", b"x" * 300_000)
    with opened(path) as file:
        assert file.read(1) == b"x"
        os.truncate(path, 10)
        assert len(file.read()) < 300_000


def test_reading_from_many_threads_is_reading(tmp_path: Path) -> None:
    paths = [made(tmp_path / f"{number}", b"%d" % number) for number in range(20)]
    found: dict[Path, bytes] = {}
    threads = [threading.Thread(target=lambda path=path: found.update({path: read_bytes(path, 9)})) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {path: path.name.encode() for path in paths}
