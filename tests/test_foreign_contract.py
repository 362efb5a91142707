"""What is not ours is opened in one way: no plain `open` in the modules that read what others wrote."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "core/voicemark"
READERS = sorted(
    {
        *(LIBRARY / "recorders").glob("*.py"),
        *(
            LIBRARY / f"epg/{name}.py"
            for name in ("xmltv", "guide_xml", "eit", "epgdata", "dvb_text", "stream_eit", "packed")
        ),
        *(LIBRARY / f"epg/{name}.py" for name in ("timeline", "twins", "origin", "gather", "channels", "event")),
        *(LIBRARY / f"{name}.py" for name in ("mpegts", "recording", "guard", "bounds", "clean_text", "fits")),
        LIBRARY / "recorders/hooks.py",
        LIBRARY / "export/vdr_index.py",
    }
)
OPENERS = {
    *("open", "read_text", "read_bytes", "write_text", "write_bytes", "fdopen", "fromfile", "memmap", "FileIO"),
    *("loadtxt", "genfromtxt", "parse", "iterparse", "copyfile"),
}
"""Names of functions and methods that open what they are given."""


def plain_openings(tree: ast.AST) -> list[str]:
    """Calls that open a file without the one way (`voicemark.foreign`)."""
    own = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "voicemark.foreign"
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if ast.unparse(node.func) == "files.write_bytes":  # what is ours is written so, and nothing of others is opened
            continue
        if (name in OPENERS and not (isinstance(node.func, ast.Name) and name in own)) or ast.unparse(
            node.func
        ) == "json.load":
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("path", READERS, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_reader_opens_nothing_by_itself(path: Path) -> None:
    assert plain_openings(ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "line",
    ["open(p)", "p.open('rb')", "p.read_text()", "os.open(p, 0)", "json.load(f)", "np.fromfile(p)", "ET.parse(p)"],
)
def test_plain_openings_are_seen(line: str) -> None:
    assert plain_openings(ast.parse(line))


def test_the_one_way_is_not_taken_for_another() -> None:
    text = "from voicemark.foreign import opened, read_bytes\nread_bytes(p, 5)\nopened(p)\njson.loads(t)\n"
    assert plain_openings(ast.parse(text)) == []
