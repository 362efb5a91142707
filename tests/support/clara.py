"""An archive in which Clara is heard in several recordings before anybody looks for people, and whom she is then."""

import sqlite3
from contextlib import closing
from pathlib import Path

import torch
from support.heard_people import hear
from support.networks import tiny

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.store.database import open_database
from voicemark.voice import weights
from voicemark.voice.network import SpeakerNet

DIM = 128
CLARA, DORA = 0, 2
DISCOVER = "\n[people]\ndiscover = true\n"


def write_model(path: Path) -> Path:
    """Weights of an untrained network of as many dimensions as real ones have."""
    torch.manual_seed(1)
    weights.write(path, weights.packed(SpeakerNet(tiny(DIM)), FeatureSettings(), WindowGrid()))
    return path


def heard_before(path: Path, model_id: str) -> None:
    """Clara speaks in three recordings, Dora in one of them."""
    with closing(open_database(path)) as database:
        for name in "abc":
            turns = [(CLARA, 60), (DORA, 40)] if name == "b" else [(CLARA, 60)]
            hear(database, f"/{name}.ts", turns, model_id, DIM)


def clara_again(path: Path, model_id: str) -> None:
    """She speaks in a fourth, where somebody said that it is not the person of the others."""
    with closing(open_database(path)) as database:
        number = hear(database, "/d.ts", [(CLARA, 45)], model_id, DIM)
        with database.writing() as session:
            session.connection().exec_driver_sql("INSERT INTO cannot_links VALUES (?, 1, ?)", (number, clara(path)))


def people(path: Path) -> list[tuple[int, str]]:
    """Number and recordings of each person, of those recordings that were heard before."""
    query = """
        SELECT person_id, group_concat(substr(path, 2, 1), '') FROM (
            SELECT person_id, path FROM memberships JOIN recordings ON id = recording_id
             WHERE path IN ('/a.ts', '/b.ts', '/c.ts', '/d.ts') ORDER BY path)
         GROUP BY person_id ORDER BY 2
    """
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        return connection.execute(query).fetchall()


def recordings(path: Path) -> list[str]:
    return [names for _, names in people(path)]


def clara(path: Path) -> int:
    return people(path)[0][0]
