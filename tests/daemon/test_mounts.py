"""Where inotify is silent, folders are polled."""

from pathlib import Path

import pytest

from voicemarkd.mounts import file_system, has_events

TABLE = rb"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv/video rw,relatime shared:9 - nfs4 server:/video rw,vers=4.2
31 22 0:41 / /srv/video/local\040disk rw,relatime - xfs /dev/sdb1 rw
32 22 0:42 / /srv/share rw,relatime shared:3 master:7 - cifs //nas/video rw
33 32 0:43 / /srv/share rw,relatime - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/video", "nfs4"),
        ("/srv/video/Film/2026-01-01.20.15.1-0.rec", "nfs4"),
        ("/srv/video/local disk/x", "xfs"),
        ("/srv/videos", "ext4"),
        ("/srv/share/x", "tmpfs"),
    ],
)
def test_a_folder_is_on_the_innermost_and_latest_mount(folder: str, kind: str) -> None:
    assert file_system(Path(folder), TABLE) == kind


def test_the_kernels_own_table_is_understood(tmp_path: Path) -> None:
    assert file_system(Path("/proc")) == "proc"
    assert file_system(tmp_path) is not None
    assert isinstance(has_events(tmp_path), bool)
