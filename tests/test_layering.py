"""What holds of the source tree and no contract says; who may import whom is in pyproject.toml."""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
LIBRARY = REPOSITORY / "core/voicemark"
MODULES = sorted(LIBRARY.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Names of all modules that the file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_ffmpeg_python_is_used_in_one_module_of_the_pipeline() -> None:
    users = {path.relative_to(LIBRARY) for path in MODULES if "ffmpeg" in imports_of(path)}
    assert users == {Path("audio/decoder.py")}


@pytest.mark.parametrize("root", ["core", "daemon"])
def test_a_source_root_holds_packages_only(root: str) -> None:
    assert list((REPOSITORY / root).glob("*.py")) == []


def test_every_module_says_its_idea() -> None:
    modules = [*MODULES, *(REPOSITORY / "daemon").rglob("*.py")]
    silent = [
        path for path in modules if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []
