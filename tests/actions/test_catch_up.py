"""What follows when recordings were heard or something was said of people follows everywhere: after a scan, after a
backfill, by the service, and after a command that acts without one."""

from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from support.clara import DIM, DISCOVER, clara, clara_again, heard_before, recordings, write_model
from support.cluster import Archive
from support.commands import run
from support.heard_people import MATCH, HearingNothing
from support.service import Home, make_sources, serving

from voicemark.actions.acts import Split
from voicemark.actions.catch_up import catch_up
from voicemark.config import Config, load_config
from voicemark.control.submit import submit
from voicemark.store.database import open_database
from voicemark.voice import weights
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.match import VoiceBook
from voicemark.voice.recognise import Recogniser

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


def test_the_archive_is_matched_written_and_linked_and_then_there_is_nothing_left(tmp_path: Path) -> None:
    heard_before(tmp_path / "v.db", "model")
    config = Config.model_validate({"people": {"discover": True}})
    recogniser = Recogniser(cast(SpeakerEncoder, HearingNothing(dim=DIM)), VoiceBook.of([], "model", MATCH), MATCH)
    with closing(open_database(tmp_path / "v.db")) as database:
        done = catch_up(database, recogniser, config)
        assert (done.matched.recordings, done.linked.placed, done.linked.people) == (3, 3, 1)
        again = catch_up(database, recogniser, config)
        assert (again.matched.recordings, again.linked.placed, again.linked.local_speakers) == (0, 0, 0)
    assert recordings(tmp_path / "v.db") == ["abc"]


def test_people_are_found_after_a_scan(tmp_path: Path, sources: Path, model: Path) -> None:
    archive = Archive(tmp_path, sources, model)
    archive.config.write_text(archive.config.read_text() + DISCOVER)
    archive.record("new.ts", 0)
    heard_before(archive.database, weights.load(model).model_id)
    done = run("scan", archive.video, "-c", archive.config)
    assert done.returncode == 0, done.stderr
    assert recordings(archive.database) == ["abc"]


def test_a_command_that_acts_without_a_service_links_at_once(tmp_path: Path, sources: Path, model: Path) -> None:
    archive = Archive(tmp_path, sources, model)
    archive.config.write_text(archive.config.read_text() + DISCOVER)
    model_id = weights.load(model).model_id
    archive.record("new.ts", 0)
    heard_before(archive.database, model_id)
    assert run("scan", archive.video, "-c", archive.config).returncode == 0
    clara_again(archive.database, model_id)
    done = run("people", "split", str(clara(archive.database)), "/c.ts", "-c", archive.config)
    assert done.returncode == 0, done.stderr
    assert recordings(archive.database) == ["ab", "cd"]


def test_the_service_links_at_its_start_and_at_once_when_somebody_was_taken_out(
    tmp_path: Path, sources: Path, model: Path
) -> None:
    home = Home(tmp_path, sources, service=DISCOVER)
    home.config.write_text(home.config.read_text().replace("[encoder]\n", f'[encoder]\nmodel = "{model}"\n'))
    model_id = weights.load(model).model_id
    heard_before(home.database, model_id)
    with serving(home) as daemon:
        daemon.wait(lambda: recordings(home.database) == ["abc"], "people")
        clara_again(home.database, model_id)
        submit(load_config(home.config), Split(person=clara(home.database), recordings=("/c.ts",)))
        daemon.wait(lambda: recordings(home.database) == ["ab", "cd"], "who is left over")
        assert daemon.terminate() == 0
