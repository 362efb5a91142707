"""Of which recordings can it be said that they are gone? Of those only whose place is seen to be there.

A place is what a file system holds, at the point at which it is mounted: a watched folder may be one, have several
below it, or lead to others by links. It is away while nothing is mounted there. It is away as well while it is empty of
what is known and is not the very directory in which recordings were seen since the start. (A recorder's last recording
that was deleted while the service was down is therefore noticed only when another one appears.)
"""

import logging
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from voicemark.patience import NoAnswerError, status
from voicemarkd.mounts import Mounts

log = logging.getLogger(__name__)


class Places:
    """The places behind one watched folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._mounts = Mounts.read()
        self._folders: dict[Path, str | None] = {}
        self._inhabited: dict[str, tuple[int, int] | None] = {}
        self._away: set[str] = set()

    def look_anew(self) -> None:
        """Mounts may have changed."""
        self._mounts = Mounts.read()
        self._folders.clear()

    def of(self, path: Path) -> str | None:
        """Where the file system is mounted that holds the recording at `path`, which is there; None if unknown."""
        folder = path.parent
        try:
            if stat.S_ISLNK(status(path, follow=False).st_mode):
                return self._mounts.of(path)
            if folder not in self._folders:
                self._folders[folder] = self._mounts.of(folder)
        except OSError:
            return None
        return self._folders[folder]

    def gone(
        self, absent: Iterable[Path], present: Iterable[Path], remembered: Mapping[Path, str], *, whole: bool
    ) -> set[Path]:
        """Of the recordings that were not found those that are gone, and not only away with their place.

        `remembered`: where each was last seen; `whole`: `present` is all that was found in a walk of the whole folder.
        """
        try:
            own = self._mounts.of(self._root) or ""
        except NoAnswerError:
            return set()
        groups: dict[str, set[Path]] = {}
        for path in absent:
            groups.setdefault(remembered.get(path, own), set()).add(path)
        inhabited = {remembered.get(path, own) for path in present}
        gone: set[Path] = set()
        for point in groups.keys() | (inhabited if whole else set()):
            paths = groups.get(point, set())
            if not self._is_away(point, own, found=point in inhabited, missed=bool(paths), whole=whole):
                gone |= paths
        return gone

    def _is_away(self, point: str, own: str, *, found: bool, missed: bool, whole: bool) -> bool:
        place = self._root if point == own else Path(point)
        identity = _identity(place)
        if whole and found:
            self._inhabited[point] = identity
        mounted = self._mounts.has(point) or not self._mounts.kinds
        away = not found and (
            identity is None or not mounted or (missed and identity != self._inhabited.get(point, (-1, -1)))
        )
        if away and point not in self._away:
            log.warning("%s is not there or empty: not mounted? Its recordings are left as they are", place)
            self._away.add(point)
        elif not away and point in self._away:
            log.info("%s is there again", place)
            self._away.discard(point)
        return away


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = status(folder)
    except OSError:
        return None
    return found.st_dev, found.st_ino
