"""The container's recipe names what is there: without a builder at hand, so much can be seen by reading it."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def instructions() -> list[tuple[str, str]]:
    """Instruction and argument, long lines joined, comments left out."""
    lines = (REPOSITORY / "deploy/Containerfile").read_text().splitlines()
    text = re.sub(r"\\\n\s*", "", "\n".join(line for line in lines if line and not line.startswith("#")))
    return [(name, argument) for name, argument in (line.split(maxsplit=1) for line in text.splitlines())]


def last(name: str) -> str:
    return [argument for one, argument in instructions() if one == name][-1]


def copied() -> list[str]:
    """What is taken from the repository into the image that builds."""
    arguments = [argument for name, argument in instructions() if name == "COPY" and "--from" not in argument]
    return [source for argument in arguments for source in argument.split()[:-1]]


def test_what_is_copied_is_there() -> None:
    assert [source for source in copied() if not list(REPOSITORY.glob(source))] == []


def test_everything_that_the_wheel_is_made_of_is_copied() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    needed = {"pyproject.toml", PROJECT["project"]["readme"], *(package.split("/")[0] for package in packages)}
    assert needed <= set(copied())


def test_both_images_have_a_python_that_the_program_runs_on() -> None:
    images = [argument.split()[0] for name, argument in instructions() if name == "FROM"]
    assert len(set(images)) == 1, "an environment moves to the same Python"
    found = re.search(r"python:3\.(\d+)", images[0])
    least = re.search(r"3\.(\d+)", PROJECT["project"]["requires-python"])
    assert found and least and int(found[1]) >= int(least[1])


def test_it_runs_the_service_as_nobody_special_with_ffmpeg_and_its_data_in_a_volume() -> None:
    program, *arguments = re.findall(r'"([^"]+)"', last("CMD"))
    assert program in PROJECT["project"]["scripts"] and arguments == ["--config", "/etc/voicemark/config.toml"]
    assert last("USER") == "voicemark"
    assert re.search(r"apt-get install [^&]*\bffmpeg\b", last("RUN")) and "useradd --system" in last("RUN")
    assert last("VOLUME") == "/var/lib/voicemark" and last("STOPSIGNAL") == "SIGTERM"
