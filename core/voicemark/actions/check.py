"""What a valid configuration names that is there and of no use: a database of another program, guides that are broken,
voices that nobody can hear."""

import os
from contextlib import closing
from pathlib import Path

from voicemark.audio.demux import AudioReader
from voicemark.config import Config
from voicemark.enrolment.samples import Sample, resolve
from voicemark.epg.epgdata import read_epg_data
from voicemark.epg.xmltv import read_programmes
from voicemark.errors import DatabaseError, RecordingError
from voicemark.guard import unit
from voicemark.rights import barred_at
from voicemark.store.revision import is_current
from voicemark.store.sqlite_errors import in_words
from voicemark.store.sqlite_file import LOCKED_AFTER_S, check_file, connect


def unusable(config: Config) -> list[str]:
    """A sentence for each guide that is broken, and each voice without a sample that can be heard; what is not there
    at all, `config.check` tells. Reads guides whole and the headers of samples."""
    faults: list[str] = []
    for key, paths in (("epg.xmltv", config.epg.xmltv), ("epg.vdr_epg_data", config.epg.vdr_epg_data)):
        for path in filter(os.path.isfile, paths):
            with unit(f"{key}: {path}", faults.append):
                programmes = read_programmes(path) if key == "epg.xmltv" else read_epg_data(path)
                if not sum(1 for _ in programmes):
                    faults.append(f"{key}: {path} holds no programmes")
    for number, speaker in enumerate(config.speakers):
        samples, problems = resolve(speaker)
        why = [problem.what for problem in problems]
        if not any(_can_be_heard(sample, config, why) for sample in samples):
            reason = f": {why[0]}" if why else ""
            faults.append(f"speakers[{number}]: voice '{speaker.name}' has no sample that can be used{reason}")
    return faults


def unusable_database(path: Path) -> list[str]:
    """Whether a file that is there is a database of this program, of whatever version; only read."""
    if not os.path.lexists(path) and barred_at(path) is None:
        return []
    try:
        check_file(path)
        with in_words(path), closing(connect(path, "ro", LOCKED_AFTER_S)) as connection:
            is_current(connection, path)
    except DatabaseError as error:
        return [f"database.url: {error}"]
    return []


def _can_be_heard(sample: Sample, config: Config, why: list[str]) -> bool:
    try:
        AudioReader.of(sample.recording, config.audio)
    except RecordingError as error:
        why.append(f"{error.path or sample}: {error.what}")
        return False
    return True
