"""What a valid configuration names that is not there, or cannot be used: folders, samples, guides, models."""

import glob
import os
from pathlib import Path

from voicemark.audio.demux import AudioReader
from voicemark.config import Config
from voicemark.enrolment.samples import Sample, resolve
from voicemark.epg.epgdata import read_epg_data
from voicemark.epg.xmltv import read_programmes
from voicemark.errors import RecordingError
from voicemark.guard import unit


def missing(config: Config) -> list[str]:
    """A sentence for each thing that the configuration names and that cannot be read."""
    faults = []
    for number, watch in enumerate(config.watch):
        if not watch.path.is_dir():
            faults.append(f"watch[{number}].path: {watch.path} is no folder")
        elif not os.access(watch.path, os.R_OK | os.X_OK):
            faults.append(f"watch[{number}].path: {watch.path} may not be read by this user")
        if watch.dvr_log is not None and not watch.dvr_log.is_dir():
            faults.append(f"watch[{number}].dvr_log: {watch.dvr_log} is no folder")
    for number, speaker in enumerate(config.speakers):
        for place, sample in enumerate(speaker.samples):
            name = sample if isinstance(sample, str) else str(sample.file)
            if not os.path.lexists(name) and not (glob.has_magic(name) and any(glob.iglob(name))):
                faults.append(f"speakers[{number}].samples[{place}]: there is no {name}")
    guides = [("epg.xmltv", path) for path in config.epg.xmltv]
    guides += [("epg.vdr_epg_data", path) for path in config.epg.vdr_epg_data]
    models: list[tuple[str, Path | None]] = [("encoder.model", config.encoder.model)]
    if config.match.verifier is not None:
        models.append(("match.verifier.model", config.match.verifier.model))
    for key, path in (*guides, *models):
        if path is not None and not path.is_file():
            faults.append(f"{key}: there is no file {path}")
    return faults


def unusable(config: Config) -> list[str]:
    """A sentence for each guide that is broken, and each voice without a sample that can be heard; what is not there
    at all, `missing` tells. Reads guides whole and the headers of samples."""
    faults: list[str] = []
    for key, paths in (("epg.xmltv", config.epg.xmltv), ("epg.vdr_epg_data", config.epg.vdr_epg_data)):
        for path in filter(Path.is_file, paths):
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


def _can_be_heard(sample: Sample, config: Config, why: list[str]) -> bool:
    try:
        AudioReader.of(sample.recording, config.audio)
    except RecordingError as error:
        why.append(f"{error.path or sample}: {error.what}")
        return False
    return True
