"""The service heeds what another process says of people: it enrols and matches again, and so when that is undone."""

from pathlib import Path

import torch
from support.heard_people import DIM, group, hear
from support.networks import tiny

from voicemark.actions.acts import Name, Undo
from voicemark.actions.perform import perform
from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.config import Config
from voicemark.store.database import open_database
from voicemark.voice import weights
from voicemark.voice.network import SpeakerNet
from voicemarkd.recogniser import CurrentRecogniser
from voicemarkd.steps import Steps
from voicemarkd.waits import Waits

CLARA, DORA = 0, 2


def test_what_was_said_is_learned_and_unlearned_while_the_service_runs(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = weights.packed(SpeakerNet(tiny(DIM)), FeatureSettings(), WindowGrid())
    weights.write(tmp_path / "tiny.safetensors", model)
    config = Config.model_validate(
        {
            "database": {"url": f"sqlite:///{tmp_path}/v.db"},
            "encoder": {"device": "cpu", "model": tmp_path / "tiny.safetensors"},
            "match": {"threshold": 0.6},
        }
    )
    database = open_database(config.database.path)
    recogniser = CurrentRecogniser(config, database)
    model_id = recogniser.model_id
    hear(database, "/a.ts", [(CLARA, 60), (DORA, 40)], model_id)
    hear(database, "/b.ts", [(DORA, 20), (CLARA, 50)], model_id)
    group(database, CLARA, [1, 2], model_id)
    steps = Steps(
        database, recogniser, Waits(database), go_on=lambda: None, doing=lambda _: None, changed=lambda _: None
    )

    def heard() -> list[str]:
        steps.first()
        with database.reading() as session:
            return list(
                session.connection().exec_driver_sql("SELECT recording FROM voice_markers ORDER BY 1").scalars()
            )

    assert heard() == []
    perform(database, config, Name(person=1, name="Clara"), "somebody else")
    assert heard() == ["/a.ts", "/b.ts"] and recogniser.now.book.names == ("Clara",)
    perform(database, config, Undo(), "somebody else")
    assert heard() == [] and not len(recogniser.now.book)
    database.close()
