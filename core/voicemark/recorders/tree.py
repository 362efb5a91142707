"""Walking a recorder's folder: quick on 20,000 recordings, safe on loops of links and on what cannot be read.

One `scandir` per directory and no `stat` beyond what links need: on NFS each would be a round trip.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from voicemark.patience import NoAnswerError, within_patience
from voicemark.recorders.ignore import NOTHING_MORE


@dataclass(frozen=True)
class Listing:
    """What stands in one directory: names only, sorted by their bytes."""

    path: str
    folders: tuple[str, ...]
    files: frozenset[str]

    def __truediv__(self, name: str) -> Path:
        return Path(self.path, name)


def walk(
    root: Path, leaf: Callable[[str], bool] = lambda name: False, ignore: Callable[[str], bool] = NOTHING_MORE
) -> Iterator[Listing]:
    """Listings of `root` and of all directories below it, each real directory once.

    Directories whose name satisfies `leaf` stand in their parent's listing and are not entered. Links to directories
    are followed after all real directories, so that a recording is known by its real path where it has one in the
    tree; a link to a place above `root` is passed over, and so is what `ignore` names by its path, files too. Nothing
    is yielded for what cannot be read.
    """
    top = _real(str(root))
    seen = {top}
    links: deque[str] = deque()
    waiting = [(str(root), top)]
    while waiting or links:
        if not waiting:
            path = links.popleft()
            real = _real(path)
            if real in seen or (top + os.sep).startswith(real.rstrip(os.sep) + os.sep):
                continue
            seen.add(real)
            waiting.append((path, real))
        path, real = waiting.pop()
        listing = list_folder(path)
        if listing is None:
            continue
        folders, linked, files = ([name for name in names if not ignore(below(path, name))] for names in listing)
        yield Listing(path, tuple(sorted((*folders, *linked), key=os.fsencode)), frozenset(files))
        for name in sorted(linked, key=os.fsencode):
            if not leaf(name):
                links.append(below(path, name))
        for name in sorted(folders, key=os.fsencode, reverse=True):
            target = below(real, name)
            if not leaf(name) and target not in seen:
                seen.add(target)
                waiting.append((below(path, name), target))


def find_below(
    root: Path,
    recognise: Callable[[Path], Path | None],
    find_in: Callable[[Listing], Iterable[Path]],
    leaf: Callable[[str], bool],
    ignore: Callable[[str], bool] = NOTHING_MORE,
) -> Iterator[Path]:
    """The recording that `root` belongs to, or else what `find_in` sees in each directory of a `walk` of it."""
    own = recognise(root)
    if own is not None:
        yield own
        return
    for listing in walk(root, leaf, ignore):
        yield from find_in(listing)


def is_hidden(name: str) -> bool:
    """Whether a file or directory of that name is hidden (trash, snapshots)."""
    return name.startswith(".")


def below(folder: str, name: str) -> str:
    """The path of `name` in `folder`, as quickly as 20,000 of them ask for."""
    return f"{folder.rstrip(os.sep)}{os.sep}{name}"


def is_folder(path: Path) -> bool:
    """Whether a directory that can be seen stands at `path`; never raises."""
    try:
        return within_patience(path, path.is_dir)
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether a file that can be seen stands at `path`; never raises."""
    try:
        return within_patience(path, path.is_file)
    except (OSError, ValueError):
        return False


def list_folder(path: str) -> tuple[list[str], list[str], list[str]] | None:
    """Names of the folders, of the links to folders, and of the regular files (or links to them) in a directory.

    None when it is no directory, cannot be read, or does not answer.
    """
    try:
        return within_patience(path, partial(_list_folder, path))
    except NoAnswerError:
        return None


def _real(path: str) -> str:
    """Where links lead; of a place that does not answer, its name."""
    try:
        return within_patience(path, lambda: os.path.realpath(path))
    except NoAnswerError:
        return os.path.abspath(path)  # noqa: PTH100


def _list_folder(path: str) -> tuple[list[str], list[str], list[str]] | None:
    folders: list[str] = []
    linked: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif entry.is_symlink() and entry.is_dir():
                        linked.append(entry.name)
                    elif entry.is_file():
                        files.append(entry.name)
                except OSError:
                    continue  # a link onto itself, or gone since
    except OSError:
        return None
    return folders, linked, files
