"""Plain folders: every media file is a recording of its own, told by its name and by the sidecar beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from voicemark.containers import MEDIA_SUFFIXES
from voicemark.errors import RecordingError, RecordingVanishedError
from voicemark.foreign import OWN_FOLDER, ForeignMissingError, Reach, size_of
from voicemark.recorders.careful import careful_read, careful_recognise, careful_state
from voicemark.recorders.hdhomerun import read_header
from voicemark.recorders.ignore import NOTHING_MORE, Ignore
from voicemark.recorders.names import read_file_name
from voicemark.recorders.sidecars import read_sidecar, sidecars_of
from voicemark.recorders.tree import Listing, find_below, is_file, is_folder, is_hidden
from voicemark.recording import Programme, Recording, RecordingState


class Plain:
    """Media files under any name. `patterns`: regular expressions tried before the usual ones (see `names`); `reach`:
    where links to files may lead."""

    name = "plain"

    def __init__(
        self,
        patterns: Sequence[str] = (),
        zone: str | None = None,
        reach: Reach = OWN_FOLDER,
        ignore: Ignore = NOTHING_MORE,
    ) -> None:
        self.patterns = tuple(patterns)
        self.ignore = ignore
        self.zone = zone
        self.reach = reach

    def find(self, root: Path) -> Iterator[Path]:
        """All media files at or below `root`, but hidden ones and those in hidden folders (trash, snapshots)."""
        return find_below(root, self.recognise, self.find_in, is_hidden, self.ignore)

    def find_in(self, listing: Listing) -> Iterator[Path]:
        """The media files in one folder."""
        return (listing / name for name in sorted(listing.files) if is_media_name(name))

    @careful_recognise
    def recognise(self, path: Path) -> Path | None:
        """A media file is itself; the file that a sidecar belongs to, where it is there."""
        if path.suffix.lower() in (".nfo", ".xml"):
            return next((file for file in self._siblings(path) if file.stem == path.stem), None)
        return path if is_media_name(path.name) and not is_folder(path) else None

    @careful_read
    def read(self, path: Path) -> Recording:
        """Title and time by the name's pattern; a sidecar's words come before the name's."""
        try:
            size_of(path, self.reach)
        except ForeignMissingError:
            raise RecordingVanishedError("there is no such recording", path=path) from None
        if not is_media_name(path.name):
            raise RecordingError("is no media file", path=path)
        folders = [folder.name for folder in path.parents]
        named = read_file_name(path.stem, self.patterns, self.zone, folders)
        programme = Programme(
            title=named.title,
            source="name",
            subtitle=named.subtitle,
            channel=named.channel,
            season=named.season,
            episode=named.episode,
        )
        notes: list[str] = []
        header = read_header(path, notes, self.reach)
        sidecar = header.programme if header else read_sidecar(path, notes, self.reach, named, self.zone)
        if sidecar is not None:
            programme = replace(
                sidecar,
                channel=sidecar.channel or named.channel,
                season=named.season if sidecar.season is None else sidecar.season,
                episode=named.episode if sidecar.episode is None else sidecar.episode,
            )
        exact = header.started_at if header else None
        return Recording(
            path=path,
            recorder=self.name,
            files=(path,),
            started_at=exact or named.started_at,
            start_error_s=5.0 if exact else named.start_error_s,
            other_starts=() if exact else named.other_starts,
            programmes=(programme,) if sidecar is not None or named.titled else (),
            expected_duration_s=(header.length_s if header else None) or programme.duration_s,
            notes=tuple(notes),
        )

    def metadata(self, path: Path) -> tuple[Path, ...]:
        """Its sidecars, and its show's."""
        return sidecars_of(path)

    @careful_state
    def state(self, path: Path, now: datetime) -> RecordingState:
        """`UNKNOWN`, since a plain file says nothing of itself; but beside a `.ts` that it still writes, Dispatcharr
        keeps an empty `.mkv` of the name."""
        other = path.with_suffix({".ts": ".mkv", ".mkv": ".ts"}.get(path.suffix, ""))
        if other.suffix and is_file(other) and not size_of(path.with_suffix(".mkv"), self.reach):
            return RecordingState.RECORDING
        return RecordingState.UNKNOWN

    def _siblings(self, path: Path) -> list[Path]:
        try:
            return sorted(file for file in path.parent.iterdir() if is_media_name(file.name))
        except OSError:
            return []


def is_media_name(name: str) -> bool:
    """Whether a file of that name holds audio that ffmpeg can read, as far as the suffix tells; hidden files not."""
    dot = name.rfind(".")
    return dot > 0 and not is_hidden(name) and name[dot:].lower() in MEDIA_SUFFIXES
