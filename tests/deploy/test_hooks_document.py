"""docs/hooks.md: the lines to copy are those of the scripts, and the example request is one."""

import json
import re
from pathlib import Path

import pytest

from voicemark.recorders.hooks import parse_request

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENT = (REPOSITORY / "docs" / "hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", ["tvheadend-hook", "mythtv-user-job"])
def test_the_lines_to_copy_are_the_scripts_own(script: str) -> None:
    text = (REPOSITORY / "deploy" / "hooks" / script).read_text()
    lines = re.findall(rf"/opt/voicemark/share/hooks/{script} .+", text)
    assert lines
    for line in lines:
        assert line in DOCUMENT


def test_the_example_request_is_understood() -> None:
    [example] = re.findall(r"```json\n(.*?)\n```", DOCUMENT, re.DOTALL)
    fields = json.loads(example)
    whole = {name: value.replace("…", "2f") if isinstance(value, str) else value for name, value in fields.items()}
    assert parse_request(json.dumps(whole).encode()).path == Path("/srv")


def test_every_hook_is_described() -> None:
    for script in (REPOSITORY / "deploy" / "hooks").rglob("*"):
        if script.is_file() and script.suffix != ".pyc":
            assert script.name in DOCUMENT
