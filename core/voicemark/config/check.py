"""What a valid configuration names that is not there: folders, samples, guides, models."""

import glob
import os
from pathlib import Path

from voicemark.config import Config
from voicemark.rights import barred_at, who_may


def missing(config: Config) -> list[str]:
    """A sentence for each thing that the configuration names and that cannot be read."""
    faults = []
    folders: list[tuple[str, Path]] = []
    for number, watch in enumerate(config.watch):
        folders.append((f"watch[{number}].path", watch.path))
        folders += [(f"watch[{number}].dvr_log", watch.dvr_log)] if watch.dvr_log is not None else []
    folders += [(f"cluster.roots.{name}", folder) for name, folder in config.cluster.roots.items()]
    for key, folder in folders:
        if barred_at(folder) is not None:
            faults.append(f"{key}: {folder} may not be read by this user ({who_may(folder)})")
        elif not folder.is_dir():
            faults.append(f"{key}: {folder} is no folder")
    for number, speaker in enumerate(config.speakers):
        for place, sample in enumerate(speaker.samples):
            name = sample if isinstance(sample, str) else str(sample.file)
            if not os.path.lexists(name) and not (glob.has_magic(name) and any(glob.iglob(name))):
                faults.append(f"speakers[{number}].samples[{place}]: there is no {name}")
    guides = [("epg.xmltv", path) for path in config.epg.xmltv]
    guides += [("epg.vdr_epg_data", path) for path in config.epg.vdr_epg_data]
    models: list[tuple[str, Path | None]] = [("encoder.model", config.encoder.model)]
    certificates = [(f"cluster.{key}", getattr(config.cluster, key)) for key in ("authority", "certificate", "key")]
    if config.match.verifier is not None:
        models.append(("match.verifier.model", config.match.verifier.model))
    for key, path in (*guides, *models, *certificates):
        if path is not None and barred_at(path) is not None:
            faults.append(f"{key}: {path} may not be read by this user ({who_may(path)})")
        elif path is not None and not path.is_file():
            faults.append(f"{key}: there is no file {path}")
    return faults
