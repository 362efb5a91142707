"""The library never depends on the service, and the source roots hold packages only."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
LIBRARY = REPOSITORY / "core/voicemark"
MODULES = sorted(LIBRARY.rglob("*.py"))
STAGES = ("audio", "voice", "epg", "recorders", "export")


def imports_of(path: Path) -> set[str]:
    """Names of all modules that the file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_the_library_does_not_import_the_service(path):
    assert not any(name.split(".")[0] == "voicemarkd" for name in imports_of(path))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_does_not_import_the_command_line_or_the_pipeline(stage):
    for path in (LIBRARY / stage).rglob("*.py"):
        above = {name for name in imports_of(path) if name.startswith(("voicemark.cli", "voicemark.actions.scan"))}
        assert not above, path


def test_ffmpeg_python_is_used_in_one_module_of_the_pipeline():
    users = {path.relative_to(LIBRARY) for path in MODULES if "ffmpeg" in imports_of(path)}
    assert users == {Path("audio/decoder.py")}


@pytest.mark.parametrize("root", ["core", "daemon"])
def test_a_source_root_holds_packages_only(root):
    assert list((REPOSITORY / root).glob("*.py")) == []


def test_every_module_says_its_idea():
    silent = [
        path for path in MODULES if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []
