"""Where recordings lie, said so that every machine understands it: the name of a root, and the way below it.

The same folder is `/srv/vdr/video` on the machine with the disks and `/mnt/tv` on another. Each says in its own
configuration what it calls where (`[cluster] roots`); what travels is the name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from voicemark.errors import RecordingUnreadableError
from voicemark.store.paths import path_to_text, text_to_path

EVERYTHING = "/"
"""The one root where none is named: all paths are the same on all machines."""


class NoRootError(RecordingUnreadableError):
    """The recording lies below no root that this machine knows."""


@dataclass(frozen=True)
class Placed:
    """A path, as it travels."""

    root: str
    way: str
    """Below the root, with slashes; bytes that are not UTF-8 as `path_to_text` writes them."""


@dataclass(frozen=True)
class Roots:
    """The roots of one machine."""

    folders: Mapping[str, Path]

    @classmethod
    def of(cls, folders: Mapping[str, Path]) -> "Roots":
        """Those of a configuration."""
        return cls(dict(folders) or {EVERYTHING: Path("/")})

    def placed(self, path: Path) -> Placed:
        """How `path` is said to others: from the innermost root above it. Raises `NoRootError`."""
        above = [(name, folder) for name, folder in self.folders.items() if path.is_relative_to(folder)]
        if not above:
            raise NoRootError("lies below none of [cluster] roots", path=path, hint="add its folder there")
        name, folder = max(above, key=lambda pair: len(pair[1].parts))
        return Placed(name, path_to_text(path.relative_to(folder)))

    def found(self, placed: Placed) -> Path:
        """Where that is on this machine. Raises `NoRootError`, also for a way that leads out of its root."""
        folder = self.folders.get(placed.root)
        if folder is None:
            raise NoRootError(
                f"this machine has no root '{placed.root}'", hint="name its folder in [cluster] roots of this machine"
            )
        way = text_to_path(placed.way)
        if way.is_absolute() or ".." in PurePosixPath(way).parts or "\0" in placed.way:
            raise NoRootError(f"'{placed.way}' leads out of the root '{placed.root}'")
        return folder / way

    def below(self, names: frozenset[str]) -> list[Path]:
        """The folders of those of our roots that somebody else has, too."""
        return [folder for name, folder in self.folders.items() if name in names]
