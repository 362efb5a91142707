"""What is passed over when a folder is walked: places that hold no recordings of their own, and what its owner names.

Trash cans and snapshots hold copies of what is, or was, elsewhere; media servers keep what is not finished yet in
folders of their own.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

PASSED_OVER = frozenset(
    name.casefold()
    for name in (
        *("#recycle", "#snapshot", "@eaDir", "@tmp", "@sharebin"),  # Synology
        *("@Recycle", "@Recently-Snapshot", ".@__thumb", "@__thumb"),  # QNAP
        *(".snapshot", ".snapshots", ".zfs", "~snapshot"),  # NetApp, snapper, ZFS
        *("$RECYCLE.BIN", "RECYCLER", "System Volume Information"),  # Windows
        *("lost+found", ".Trash", ".Trashes", ".recycle", ".AppleDouble"),
        *(".grab", ".plexignore.d"),  # Plex DVR, until a recording is done
    )
)


@dataclass(frozen=True)
class Ignore:
    """What is passed over below `root`, in any folder. `patterns`: as in a shell, for a name or for a path below `root`
    (`*` also stands for slashes); `elsewhere`: folders that are looked at in another way."""

    root: str = ""
    patterns: tuple[str, ...] = ()
    elsewhere: frozenset[str] = frozenset()

    @classmethod
    def below(cls, root: Path, patterns: Sequence[str] = (), elsewhere: Sequence[Path] = ()) -> "Ignore":
        """For a walk of `root`."""
        return cls(str(root), tuple(patterns), frozenset(map(str, elsewhere)))

    def __call__(self, path: str) -> bool:
        """Whether the folder or file at `path` is passed over."""
        name = path.rpartition(os.sep)[2]
        if name.casefold() in PASSED_OVER or path in self.elsewhere:
            return True
        if not self.patterns:
            return False
        under = path[len(self.root) :].lstrip(os.sep) if path.startswith(self.root) else name
        return any(fnmatchcase(name, pattern) or fnmatchcase(under, pattern) for pattern in self.patterns)

    def holds(self, path: Path) -> bool:
        """Whether `path`, or a folder below `root` that it lies in, is passed over."""
        try:
            parts = path.relative_to(self.root).parts
        except ValueError:
            parts = path.parts[-1:]
        place = self.root
        for part in parts:
            place = f"{place.rstrip(os.sep)}{os.sep}{part}"
            if self(place):
                return True
        return False


NOTHING_MORE = Ignore()
"""Only what is passed over everywhere."""
