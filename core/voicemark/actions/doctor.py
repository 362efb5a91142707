"""What is right and what is wrong with an installation: each finding says what to do."""

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from voicemark.actions.check import unusable
from voicemark.actions.findings import Finding, Grade
from voicemark.audio import ffmpeg
from voicemark.config import Config, WatchSection
from voicemark.config.check import missing
from voicemark.errors import VoicemarkError
from voicemark.recorders.auto import Auto
from voicemark.recorders.registry import recorder_for
from voicemark.store.check import SOUND, Check, has_reset_bug, last_check
from voicemark.store.database import open_database, open_to_read

BROADCAST_DECODERS = {
    "mp2float": "MP2 (most DVB-S channels)",
    "ac3": "AC-3 (Dolby Digital)",
    "eac3": "E-AC-3",
    "aac": "AAC",
    "aac_latm": "AAC-LATM (DVB-T2, HD channels)",
}
LITTLE_SPACE = 500 * 1024**2


def examine(config: Config, *, networks: bool = True) -> Iterator[Finding]:
    """Everything that a recording's way depends on, in that order. Writes nothing but a missing database.

    `networks`: load them, too, which takes seconds and memory that a process which shows pages does not have.
    """
    yield from _programs()
    if networks:
        from voicemark.actions.doctor_networks import loaded

        yield from loaded(config)
    yield from _database(config.database.path)
    faults = [*missing(config), *unusable(config)]
    yield from (Finding(Grade.WRONG, fault, "correct the configuration, or bring it back") for fault in faults)
    if not faults:
        yield Finding(Grade.RIGHT, f"{len(config.watch)} watched folder(s), {len(config.speakers)} voice(s) configured")
        yield from (_folder(section, config) for section in config.watch)
        yield from _watches(config)
    if not config.speakers:
        yield Finding(Grade.NOTE, "no voice is configured", "add a [[speakers]] table with samples")


def _folder(section: WatchSection, config: Config) -> Finding:
    """What the service will find there."""
    recorder = recorder_for(section, config.watch)
    if isinstance(recorder, Auto):
        counts = recorder.census(section.path)
    else:
        counts = Counter({recorder.name: sum(1 for _ in recorder.find(section.path))})
    if not counts.total():
        return Finding(Grade.NOTE, f"no recordings in {section.path}", "check [[watch]] path and recorder")
    kinds = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    return Finding(Grade.RIGHT, f"{counts.total()} recording(s) in {section.path}: {kinds}")


def _programs() -> Iterator[Finding]:
    try:
        ffmpeg.find_program("ffprobe")
        yield Finding(Grade.RIGHT, f"ffmpeg {ffmpeg.version()}")
        there = ffmpeg.decoders()
    except VoicemarkError as error:
        yield Finding(Grade.WRONG, error.what, error.hint)
        return
    absent = [words for name, words in BROADCAST_DECODERS.items() if name not in there]
    if absent:
        yield Finding(Grade.WRONG, f"ffmpeg cannot decode {', '.join(absent)}", "install a complete ffmpeg")
    else:
        yield Finding(Grade.RIGHT, f"ffmpeg decodes {', '.join(BROADCAST_DECODERS.values())}")


def _soundness(last: Check | None) -> Finding:
    """What the last daily check said, by which SQLite."""
    library = f"SQLite {sqlite3.sqlite_version}"
    if has_reset_bug():
        library += ", whose WAL-reset bug is avoided: one connection at a time writes"
    if last is None:
        return Finding(Grade.RIGHT, f"the database was not checked yet; the service does so once a day ({library})")
    when = f"{last.at.astimezone():%Y-%m-%d %H:%M}"
    if last.result != SOUND:
        return Finding(
            Grade.WRONG, f"the database is damaged, as of {when}: {last.result} ({library})", "restore a backup"
        )
    return Finding(Grade.RIGHT, f"the database was sound on {when} ({library})")


def _watches(config: Config) -> Iterator[Finding]:
    """inotify needs a watch for every folder below the watched ones."""
    try:
        limit = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text())
    except (OSError, ValueError):
        return
    watched = [section.path for section in config.watch if section.mode != "poll"]
    folders = len({path for root in watched for path, _, _ in os.walk(root)})
    if folders > limit:
        yield Finding(
            Grade.NOTE,
            f"{folders} watched folders, but inotify gives a user {limit} watches: the rest is polled",
            "sysctl fs.inotify.max_user_watches=524288, and the same in /etc/sysctl.d",
        )


def _database(path: Path) -> Iterator[Finding]:
    try:
        database = (open_to_read if os.path.lexists(path) else open_database)(path, busy_timeout_s=5)
        try:
            with database.reading() as session:
                last = last_check(session)
        finally:
            database.close()
    except VoicemarkError as error:
        yield Finding(Grade.WRONG, f"the database cannot be used: {error}", error.hint)
        return
    yield Finding(Grade.RIGHT, f"database {path} ({path.stat().st_size / 1e6:.1f} MB)")
    yield _soundness(last)
    if path.stat().st_mode & 0o007:
        yield Finding(Grade.WRONG, f"{path} is open to everybody", f"chmod o= '{path}'")
    if not os.access(path, os.W_OK):
        yield Finding(
            Grade.WRONG, f"{path} may not be written by this user", "run as the service's user, or give it access"
        )
    free = shutil.disk_usage(path.parent).free
    if free < LITTLE_SPACE:
        yield Finding(Grade.WRONG, f"only {free / 1e6:.0f} MB are free beside the database", "free some space")
