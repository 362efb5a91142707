"""The page as people use it, in a real browser, with a real service behind it.

`VOICEMARK_PICTURES=1` writes the pictures of README and docs anew.
"""

import io
import os
import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from support.living_page import LivingPage, chromium, has_chromium, living_page
from support.service import make_sources

pytestmark = [
    pytest.mark.skipif(not has_chromium(), reason="needs Chromium: apt install chromium"),
    pytest.mark.timeout(600),
]
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST_PICTURE = 150_000
PAGES = (
    "/recordings",
    "/recordings/1?row=0",
    "/recordings/2",
    "/people?show=unnamed",
    "/people/1",
    "/people/2",
    "/ask",
    "/state",
)
COLOURS = ["color-contrast", "link-in-text-block"]
"""Rules that ask for colours."""
RATE = 16_000
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingPage]:
    sources = make_sources(tmp_path_factory.mktemp("sources"))
    with living_page(tmp_path_factory.mktemp("living"), sources) as there:
        yield there


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


class Looks:
    """A person at the page: a window of their own, in English."""

    def __init__(self, living: LivingPage, browser: Browser) -> None:
        self.living, self._browser = living, browser

    @contextmanager
    def at(self, path: str, *, width: int = 1280, dark: bool = False, script: bool = True) -> Iterator[Page]:
        context = self._browser.new_context(
            base_url=self.living.url,
            viewport={"width": width, "height": 800},
            locale="en-GB",
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
        page.goto(path)
        yield page
        context.close()
        assert faults == []


@pytest.fixture(scope="module")
def looks(living: LivingPage, browser: Browser) -> Looks:
    return Looks(living, browser)


def names(living: LivingPage) -> list[object]:
    """Of persons, by their number."""
    return [name for _, name in living.home.query("SELECT person, name FROM people ORDER BY person")]


def markers(living: LivingPage) -> list[tuple[object, ...]]:
    """Without the last digits of their scores, which depend on what is matched together."""
    return [(*one[:4], round(float(str(one[4])), 3)) for one in living.home.markers()]


def until(living: LivingPage, condition: Callable[[], bool], what: str) -> None:
    living.daemon.wait(condition, what)


def until_in(page: Page, condition: str) -> None:
    """Until `condition` holds in the page. (Playwright's own way to wait is forbidden by the page's policy.)"""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(condition):
        assert time.monotonic() < ends, condition
        page.wait_for_timeout(50)


def test_a_recording_is_searched_and_opened(looks: Looks) -> None:
    with looks.at("/recordings") as page:
        expect(page.locator("#found [data-row], #found tbody tr")).to_have_count(2)
        page.locator("[data-search]").press_sequentially("gespr")
        expect(page.locator("#found [data-row], #found tbody tr")).to_have_count(1)
        page.get_by_role("link", name="Das Gespräch").first.click()
        expect(page.locator("h1")).to_have_text("Das Gespräch")
        assert page.locator("svg[data-lane]").count() >= 2


def test_a_turn_is_played_and_it_is_the_right_sound(looks: Looks, living: LivingPage) -> None:
    (number,) = [row[0] for row in living.home.query("SELECT id FROM recordings WHERE title LIKE 'Stimmen%'")]
    ((turn, start_s, end_s),) = living.home.query(
        f"SELECT number, start_s, end_s FROM turns WHERE recording_id = {number} AND number = 2"
    )
    with looks.at(f"/recordings/{number}?row={turn}") as page:
        page.locator(f'[data-row] [data-clip][href="/clip/turn/{number}/{turn}"]').click()
        until_in(page, "(a => a.currentTime > 0.5 && !a.paused && !a.error)(document.querySelector('#audio'))")
        told = page.evaluate(
            "async () => { const answer = await fetch(document.querySelector('#audio').src);"
            " return Array.from(new Uint8Array(await answer.arrayBuffer())); }"
        )
        length_s = page.evaluate("document.querySelector('#audio').duration")
    with wave.open(io.BytesIO(bytes(told))) as file:
        clip = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    assert isinstance(start_s, float) and isinstance(end_s, float)
    assert length_s == pytest.approx(end_s - start_s, abs=0.1) and len(clip) / RATE == pytest.approx(length_s, abs=0.01)
    (source,) = living.home.video.glob("Stimmen*/*.rec/00001.ts")
    assert abs(_lag_s(clip, _decoded(source), start_s)) < 0.1


def _decoded(path: Path) -> np.ndarray:
    """By ffmpeg alone."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ac", "1", "-ar", str(RATE), "-f", "f32le", "pipe:1"]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.float32)


def _lag_s(clip: np.ndarray, whole: np.ndarray, start_s: float) -> float:
    """How much later than at `start_s` of the whole the clip's sound stands there."""
    first = max(0, round((start_s - 1) * RATE))
    around = whole[first : first + len(clip) + 2 * RATE]
    size = 1 << (len(clip) + len(around)).bit_length()
    match = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(clip, size)), size)
    at = int(np.argmax(match[: len(around)]))
    here = around[at : at + len(clip)]
    assert np.corrcoef(here, clip[: len(here)])[0, 1] > 0.95, "another sound"
    return (first + at) / RATE - start_s


def test_an_unknown_voice_is_named_and_the_archive_changes_and_changes_back(looks: Looks, living: LivingPage) -> None:
    before = names(living)
    assert before[1] is None
    with looks.at("/people?show=unnamed") as page:
        page.locator("[data-row]").first.locator("[data-name]").fill("Anna")
        page.locator("[data-row]").first.locator("[data-name]").press("Enter")
        expect(page.locator("[role=status]")).to_contain_text("Anna")
        until(living, lambda: "Anna" in names(living), "the name")
        page.goto("/recordings/2")
        expect(page.locator(".timeline")).to_contain_text("Anna")
        page.goto("/recordings/1")
        expect(page.locator(".timeline")).to_contain_text("Anna")
        page.goto("/people?show=named")
        page.get_by_role("listitem").filter(has_text="Anna").locator("button").last.click()
        until(living, lambda: names(living) == before, "what was before")


def test_a_marker_is_corrected_and_that_is_undone(looks: Looks, living: LivingPage) -> None:
    before = markers(living)
    ((recording, turn),) = living.home.query(
        "SELECT recording_id, turn FROM turn_voices ORDER BY recording_id, turn LIMIT 1"
    )
    with looks.at(f"/recordings/{recording}?row={turn}") as page:
        page.keyboard.press("x")
        expect(page.locator("[role=status]")).to_be_visible()
        until(living, lambda: len(markers(living)) < len(before), "a marker less")
        page.keyboard.press("u")
        until(living, lambda: markers(living) == before, "the markers that were there before")


def test_everything_goes_without_a_mouse(looks: Looks) -> None:
    with looks.at("/recordings") as page:
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("/")
        expect(page.locator("[data-search]")).to_be_focused()
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()
        page.goto("/recordings/1")
        for _ in range(2):
            page.keyboard.press("j")
        expect(page.locator("[data-row][aria-current]")).to_have_count(1)
        first = page.locator("[data-row]").nth(1)
        expect(first).to_have_attribute("aria-current", "true")
        page.keyboard.press("k")
        expect(page.locator("[data-row]").first).to_have_attribute("aria-current", "true")
        page.keyboard.press(" ")
        until_in(page, "document.querySelector('#audio').currentTime > 0.2")
        page.keyboard.press(" ")
        until_in(page, "document.querySelector('#audio').paused")
        page.keyboard.press("n")
        expect(page.locator("[data-name]:focus")).to_have_count(1)


def test_it_fits_a_small_phone(looks: Looks) -> None:
    """Which is a desktop at 400 %, too."""
    with looks.at("/recordings", width=320) as page:
        for path in PAGES:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_reading_and_naming_go_without_javascript(looks: Looks, living: LivingPage) -> None:
    before = names(living)
    with looks.at("/recordings", script=False) as page:
        page.locator("[data-search]").fill("Stimmen")
        page.locator("[data-search]").press("Enter")
        page.get_by_role("link", name="Stimmen am Abend").first.click()
        expect(page.locator("h1")).to_have_text("Stimmen am Abend")
        page.locator('[data-row] a[href*="row="]').first.click()
        expect(page.locator("#turn h2")).to_be_visible()
        page.goto("/people/2")
        page.locator("[data-name]").fill("Carla")
        page.locator("[data-name]").press("Enter")
        expect(page.locator("h1")).to_have_text("Carla")
        assert "Carla" in names(living)
        page.locator("[data-undo]").click()
        expect(page.locator("h1")).not_to_have_text("Carla")
    assert names(living) == before


def test_two_at_once_see_what_the_other_did_and_nothing_is_lost(looks: Looks, living: LivingPage) -> None:
    before = names(living)
    with looks.at("/people/2") as one, looks.at("/people/3") as other:
        one.locator("[data-name]").fill("Anna")
        other.locator("[data-name]").fill("Carla")
        one.locator("[data-name]").press("Enter")
        other.locator("[data-name]").press("Enter")
        expect(one.locator("h1")).to_have_text("Anna")
        expect(other.locator("h1")).to_have_text("Carla")
        assert set(before) | {"Anna", "Carla"} == set(names(living)) | set(before)
        one.goto("/people?show=named")
        expect(one.locator("main")).to_contain_text("Carla")
        for page in (one, other):
            page.goto("/people?show=named")
            page.locator("#log-title ~ ul button").first.click()
            expect(page.locator("[role=status]")).to_be_visible()
    assert names(living) == before


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_wrong(looks: Looks, dark: bool) -> None:
    """All rules by day; by night colours are others, and nothing else is."""
    rules = {"resultTypes": ["violations"], **({"runOnly": {"type": "rule", "values": COLOURS}} if dark else {})}
    with looks.at("/recordings", dark=dark) as page:
        for path in (*PAGES, "/people?show=named", "/none"):
            page.goto(path)
            found = Axe().run(page, options=rules).response["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == [], path


def test_pictures_of_it_are_small_and_as_it_is(looks: Looks) -> None:
    for name, path, dark in (
        ("recordings", "/recordings", False),
        ("recording", "/recordings/1?row=0", False),
        ("recording-dark", "/recordings/1?row=0", True),
        ("people", "/people?show=unnamed", False),
    ):
        with looks.at(path, width=1000, dark=dark) as page:
            page.wait_for_load_state("networkidle")
            picture = page.screenshot(clip={"x": 0, "y": 0, "width": 1000, "height": 720})
        assert len(picture) < LARGEST_PICTURE
        if os.environ.get("VOICEMARK_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            (PICTURES / f"{name}.png").write_bytes(picture)
        assert (PICTURES / f"{name}.png").stat().st_size < LARGEST_PICTURE
