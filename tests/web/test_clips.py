"""Sound over HTTP: what is asked for by number is heard, in parts and again, and nothing else can be reached."""

import asyncio
import io
import re
import threading
import wave
from pathlib import Path

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette
from support.page import BEGAN, HERE, Browser
from support.streams import beep_times, make_beeps

from voicemark.config import Config
from voicemark.recording import fingerprint
from voicemark.store.database import open_database
from voicemark.store.schema import FileRow, LocalSpeakerRow, MarkerRow, RecordingRow, TurnRow, VoiceRow
from voicemark.web.app import make_app
from voicemark.web.sound import clips as clips_module
from voicemark.web.sound import cutting
from voicemark.web.sound.clips import Clips


@pytest.fixture(scope="module")
def beeps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A beep every ten seconds."""
    return make_beeps(tmp_path_factory.mktemp("clips") / "beeps.ts", 45)


class Heard:
    """A recording that was heard, with a turn from 8 s to 13 s and a marker from 18 s to 42 s, and its page."""

    def __init__(self, root: Path, source: Path) -> None:
        self.video = root / "video"
        self.video.mkdir()
        self.recording = self.video / "beeps.ts"
        self.recording.write_bytes(source.read_bytes())
        self.config = Config.model_validate(
            {"database": {"url": f"sqlite:///{root}/voicemark.db"}, "watch": [{"path": self.video}]}
        )
        self.cache = root / "cache"
        database = open_database(self.config.database.path)
        with database.writing() as session:
            session.add(VoiceRow(id=1, name="Anna", enrolled_at=BEGAN))
            session.add(
                RecordingRow(
                    id=7,
                    path=str(self.recording),
                    recorder="plain",
                    content=fingerprint([self.recording]),
                    title="Beeps",
                    duration_s=45.0,
                    found_at=BEGAN,
                    scanned_at=BEGAN,
                    files=[FileRow(position=0, path=str(self.recording), size=1, mtime_ns=1)],
                )
            )
            session.flush()
            session.add(LocalSpeakerRow(recording_id=7, number=1, seconds=5.0, embedding=b"\1"))
            session.add(TurnRow(recording_id=7, number=0, start_s=8.0, end_s=13.0, local_speaker=1))
            session.add(MarkerRow(id=3, recording_id=7, voice_id=1, start_s=18.0, end_s=42.0, score=0.8))
        database.close()
        self.app = self.new_app()
        self.browser = Browser(self.app)

    def new_app(self) -> Starlette:
        return make_app(self.config, clips=Clips(self.config, self.cache))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory, beeps: Path) -> Heard:
    """For all tests that leave the recording alone."""
    return Heard(tmp_path_factory.mktemp("heard"), beeps)


@pytest.fixture
def own(tmp_path: Path, beeps: Path) -> Heard:
    """For a test that does not."""
    return Heard(tmp_path, beeps)


def samples_of(answer: httpx.Response) -> np.ndarray:
    with wave.open(io.BytesIO(answer.content)) as file:
        assert (file.getframerate(), file.getnchannels()) == (16_000, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32767)


@pytest.mark.parametrize(
    ("path", "length_s", "beeps_at"),
    [
        ("/clip/turn/7/0", 5.0, [2.0]),
        ("/clip/marker/3", 24.0, [2.0, 12.0, 22.0]),
        ("/clip/7?start=19.5&end=21.5", 2.0, [0.5]),
        ("/clip/7?start=0&end=9000", 30.0, [0.0, 10.0, 20.0]),
        ("/clip/7?start=39&end=1e4", 6.0, [1.0]),
    ],
)
def test_the_right_stretch_is_heard(heard: Heard, path: str, length_s: float, beeps_at: list[float]) -> None:
    answer = heard.browser.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    samples = samples_of(answer)
    assert len(samples) / 16_000 == pytest.approx(length_s, abs=0.15)
    assert beep_times(samples) == pytest.approx(beeps_at, abs=0.05)


def test_a_clip_can_be_had_in_parts_again_and_by_its_head(heard: Heard) -> None:
    whole = heard.browser.get("/clip/turn/7/0")
    size, tag = len(whole.content), whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes" and int(whole.headers["content-length"]) == size
    part = heard.browser.get("/clip/turn/7/0", {"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{size}" and part.headers["content-length"] == "100"
    assert heard.browser.get("/clip/turn/7/0", {"Range": "bytes=0-1"}).content == whole.content[:2], "as Safari begins"
    rest = heard.browser.get("/clip/turn/7/0", {"Range": f"bytes={size - 5}-{10**17}"})
    assert (rest.status_code, rest.content) == (206, whole.content[-5:])
    assert heard.browser.get("/clip/turn/7/0", {"If-None-Match": tag}).status_code == 304
    assert heard.browser.get("/clip/turn/7/0", {"If-None-Match": '"other"'}).status_code == 200
    head = heard.browser.ask("HEAD", "/clip/turn/7/0")
    assert (head.status_code, head.headers["content-length"]) == (200, str(size))


def test_a_part_of_another_clip_is_not_put_together_with_this_one(heard: Heard) -> None:
    tag = heard.browser.get("/clip/turn/7/0").headers["etag"]
    for told, status in ((tag, 206), ('"another"', 200), ("Mon, 01 Jan 2024 00:00:00 GMT", 200)):
        assert heard.browser.get("/clip/turn/7/0", {"Range": "bytes=0-9", "If-Range": told}).status_code == status


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=999999999999999999-999999999999999999"])
def test_a_part_that_is_not_there_is_refused(heard: Heard, asked: str) -> None:
    answer = heard.browser.get("/clip/turn/7/0", {"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert re.fullmatch(r"bytes \*/\d+", answer.headers["content-range"])


def test_what_was_cut_is_kept_and_played_without_the_recording(own: Heard) -> None:
    before = own.browser.get("/clip/turn/7/0").content
    own.recording.unlink()
    assert Browser(own.new_app()).get("/clip/turn/7/0").content == before


@pytest.mark.parametrize(
    "path",
    [
        "/clip/turn/7/1",
        "/clip/turn/8/0",
        "/clip/turn/-1/0",
        "/clip/turn/7/-1",
        f"/clip/turn/{10**30}/0",
        f"/clip/turn/7/{2**63}",
        "/clip/turn/7/0x0",
        "/clip/turn/7/%2e%2e",
        "/clip/turn/7/..%2f..%2fetc%2fpasswd",
        "/clip/marker/99",
        "/clip/marker/3'; DROP TABLE markers; --",
        "/clip/marker/..%2f7",
        "/clip/%2fetc%2fpasswd?start=0&end=1",
        "/clip/7",
        "/clip/7?start=5",
        "/clip/7?start=nan&end=5",
        "/clip/7?start=5&end=inf",
        "/clip/7?start=-5&end=5",
        "/clip/7?start=10&end=5",
        "/clip/7?start=44.9999&end=45",
        "/clip/7?start=5000&end=5010",
        "/clip/7?start=0&end=1&path=/etc/passwd",
    ],
)
def test_nothing_but_stretches_of_recordings_is_reached(heard: Heard, path: str) -> None:
    answer = heard.browser.get(path, {"Accept": "audio/*"})
    if "path=" in path:
        assert answer.status_code == 200 and len(samples_of(answer)) == 16_000
        return
    assert answer.status_code == 404
    assert b"root:" not in answer.content


def test_why_there_is_no_sound_is_said_in_the_readers_language(own: Heard) -> None:
    own.recording.rename(own.video / "away")
    told = own.browser.get("/clip/turn/7/0", {"Accept": "text/plain", "Accept-Language": "de"})
    assert (told.status_code, told.headers["content-type"]) == (503, "text/plain; charset=utf-8")
    assert "eingehängt" in told.text and told.headers["retry-after"]
    page = own.browser.get("/clip/turn/7/0", {"Accept": "text/html"})
    assert page.status_code == 503 and "Is its disk mounted?" in page.text and "<html" in page.text


def test_another_recording_under_that_name_is_not_played(own: Heard, beeps: Path) -> None:
    own.recording.write_bytes(beeps.read_bytes()[188 * 50 :])
    answer = own.browser.get("/clip/turn/7/0")
    assert answer.status_code == 404 and "changed" in answer.text


def test_a_link_to_elsewhere_is_not_followed(own: Heard, beeps: Path) -> None:
    own.recording.unlink()
    own.recording.symlink_to(beeps)
    answer = own.browser.get("/clip/turn/7/0")
    assert answer.status_code in (404, 503)


def test_a_level_line_is_drawn_of_what_was_cut(own: Heard) -> None:
    own.browser.get("/clip/turn/7/0")
    own.recording.unlink()
    answer = own.browser.get("/level/turn/7/0")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    loud = [int(at) for at in re.findall(r"M(\d+) ", answer.text.split("<path")[2])]
    assert min(loud) >= 115 and max(loud) <= 135, "the beep, two of five seconds in"


def test_of_two_hundred_clips_at_once_a_few_are_cut_and_the_others_may_come_again(
    own: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, cut = threading.Event(), []

    def slowly(stretch: object, config: Config) -> np.ndarray:
        cut.append(stretch)
        go.wait(60)
        return np.zeros(1600, np.float32)

    monkeypatch.setattr(clips_module, "cut", slowly)

    async def all_at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(own.app)
        async with httpx.AsyncClient(transport=transport, base_url=HERE, timeout=60) as client:
            asking = [asyncio.create_task(client.get(f"/clip/7?start={n / 10}&end={n / 10 + 1}")) for n in range(200)]
            while sum(task.done() for task in asking) < 200 - 18:
                await asyncio.sleep(0.01)
            page = await client.get("/recordings")
            assert page.status_code == 200, "pages come meanwhile"
            go.set()
            return list(await asyncio.gather(*asking))

    answers = asyncio.run(all_at_once())
    served = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(served) + len(refused) == 200 and 16 <= len(served) == len(cut) <= 18
    assert all(answer.headers["retry-after"] for answer in refused)


def test_a_recording_that_vanishes_while_it_is_cut_is_named_and_the_next_clip_comes(
    own: Heard, beeps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cutting.cut

    def vanishing(stretch: object, config: Config) -> object:
        own.recording.unlink()
        return real(stretch, config)  # type: ignore[arg-type]

    monkeypatch.setattr(clips_module, "cut", vanishing)
    assert own.browser.get("/clip/turn/7/0").status_code == 503
    monkeypatch.setattr(clips_module, "cut", real)
    own.recording.write_bytes(beeps.read_bytes())
    assert own.browser.get("/clip/turn/7/0").status_code == 200
