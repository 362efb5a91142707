"""Errors of the configuration name the key, the line, and what is allowed."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.config import Config, load_config
from voicemark.config.check import missing
from voicemark.config.example import example
from voicemark.config.load import find_line, key_name
from voicemark.config.model import parse_clock
from voicemark.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]

GOOD = """
[database]
url = "sqlite:///marks.db"

[[watch]]
path = "video"
recorder = "vdr"

[match]
threshold = 0.6

[[speakers]]
name = "newsreader"
samples = ["voices/newsreader", { file = "x/00001.ts", start = "00:03:10", end = "00:03:40" }]
threshold = 0.65
"""


def load(tmp_path: Path, text: str | bytes) -> Config:
    file = tmp_path / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_config(file)


def fault(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)
    return str(raised.value)


def test_a_good_configuration_is_read_with_paths_from_its_own_folder(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    assert config.database.path == tmp_path / "marks.db"
    assert config.watch[0].path == tmp_path / "video"
    folder, stretch = config.speakers[0].samples
    assert folder == str(tmp_path / "voices/newsreader")
    assert not isinstance(stretch, str)
    assert (stretch.file, stretch.start, stretch.end) == (tmp_path / "x/00001.ts", 190, 220)


def test_an_empty_configuration_is_all_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "").match == Config().match


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("threshold = 0.6", "threshold = 3"), "'match.threshold' (line 10): must be at most 1"),
        (("threshold = 0.6", 'threshold = "high"'), "'match.threshold' (line 10): must be a number"),
        (
            ("threshold = 0.6", "treshold = 0.6"),
            "'match.treshold' (line 10): unknown key (is it 'threshold'?); allowed are:",
        ),
        (('recorder = "vdr"', 'recorder = "vcr"'), "'watch[0].recorder' (line 7)"),
        (('"00:03:40"', '"00:03:00"'), "end must be after start"),
        (('"00:03:40"', '"tomorrow"'), "'tomorrow' is no time"),
        (('url = "sqlite:///marks.db"', 'url = "postgresql://x/y"'), "only SQLite files are supported"),
        (("[match]", "[matsch]"), "'matsch' (line 9): unknown key (is it 'match'?); allowed are:"),
        (("[[speakers]]", "[[speaker]]"), "'speaker' (line 12): unknown key (is it 'speakers'?); allowed are:"),
        (('name = "newsreader"\n', ""), "'speakers[0].name' (line 12): is missing"),
        (('name = "newsreader"', 'name = ""'), "'speakers[0].name' (line 13)"),
    ],
)
def test_a_fault_names_its_key_its_line_and_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], expected: str
) -> None:
    assert expected in fault(tmp_path, GOOD.replace(*change, 1))


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("threshold = 0.6\n", "threshold = 3\n").replace('recorder = "vdr"', 'recorder = "vcr"')
    told = fault(tmp_path, text)
    assert "match.threshold" in told
    assert "watch[0].recorder" in told


def test_two_voices_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = GOOD + '\n[[speakers]]\nname = "newsreader"\nsamples = ["y"]\n'
    assert "two speakers are named 'newsreader'" in fault(tmp_path, twice)


def test_broken_toml_tells_the_line(tmp_path: Path) -> None:
    assert "line 2" in fault(tmp_path, "[match]\nthreshold = = 1\n")


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    assert "is not UTF-8" in fault(tmp_path, "# Müller".encode("latin-1"))


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="voicemark config example"):
        load_config(tmp_path / "nothing.toml")


def test_the_example_is_valid_and_shows_every_key() -> None:
    text = example()
    Config.model_validate(tomllib.loads(text))
    for name, field in Config.model_fields.items():
        assert f"[{name}" in text, name
        section = field.annotation
        for key in getattr(section, "model_fields", {}):
            assert key in text, f"{name}.{key}"


def test_the_example_with_every_default_uncommented_is_valid_too() -> None:
    lines, optional = [], False
    for line in example().splitlines():
        if line.startswith(("[", "# [")):
            optional = line.startswith("# [")
        if re.match(r"# [a-z_]+ = ", line) and not optional and not line.endswith("(none)"):
            line = line.removeprefix("# ")
        lines.append(line)
    config = Config.model_validate(tomllib.loads("\n".join(lines)))
    assert config.service == Config().service
    assert config.audio == Config().audio


def test_the_example_in_the_repository_is_the_one_that_the_program_writes() -> None:
    assert (REPOSITORY / "config.example.toml").read_text(encoding="utf-8") == example()


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_clock_times_are_seconds(hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    expected = hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
    assert parse_clock(f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}") == pytest.approx(expected)


@given(st.text(max_size=12))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        value = parse_clock(text)
    except ValueError:
        return
    assert isinstance(value, float)


def test_lines_are_found_in_tables_arrays_and_inline_tables() -> None:
    text = GOOD
    lines = text.splitlines()
    for location, part in [
        (("database", "url"), "url ="),
        (("speakers", 0, "threshold"), "threshold = 0.65"),
        (("speakers", 0, "samples", 1, "end"), "samples ="),
        (("match", "nothing"), "[match]"),
    ]:
        number = find_line(text, location)
        assert number is not None
        assert part in lines[number - 1]
    assert key_name(("speakers", 0, "samples", 1)) == "speakers[0].samples[1]"


def test_what_is_named_and_not_there_is_listed(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD)
    faults = missing(config)
    assert any(str(tmp_path / "video") in fault for fault in faults)
    assert any("newsreader" in fault for fault in faults)
    (tmp_path / "video").mkdir()
    (tmp_path / "voices/newsreader").mkdir(parents=True)
    (tmp_path / "x").mkdir()
    (tmp_path / "x/00001.ts").touch()
    assert missing(config) == []


CLUSTER = """
[cluster]
roots = { tv = "video", films = "/srv/films" }
authority = "authority.pem"
"""


def test_roots_of_a_cluster_are_meant_from_the_file_and_looked_for(tmp_path: Path) -> None:
    config = load(tmp_path, CLUSTER)
    assert config.cluster.roots == {"tv": tmp_path / "video", "films": Path("/srv/films")}
    assert [fault.partition(":")[0] for fault in missing(config)] == [
        "cluster.roots.tv",
        "cluster.roots.films",
        "cluster.authority",
    ]


@pytest.mark.parametrize("name", ["/", "a b", "../tv", ""])
def test_a_root_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a root"):
        load(tmp_path, f'[cluster.roots]\n"{name}" = "video"\n')
