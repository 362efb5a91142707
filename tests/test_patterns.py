"""Every regular expression of the program works in proportion to its text, on the texts that are hardest for it."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.counted_regex import MOST_STEPS, Counted

REPOSITORY = Path(__file__).parents[1]
ROOTS = (REPOSITORY / "core", REPOSITORY / "daemon")
LENGTH = 30
METHODS = ("compile", "fullmatch", "match", "search", "split", "findall", "finditer", "sub")
GIVEN_BY_THE_OWNER = {"voicemark.config", "voicemark.recorders.names"}
"""Where patterns come from the configuration."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            if any(isinstance(node, ast.Import) and any(one.name == "re" for one in node.names) for node in tree.body):
                yield ".".join(path.relative_to(root).with_suffix("").parts), tree


def patterns_in(value: Any) -> Iterator["re.Pattern[Any]"]:
    """Compiled patterns in a module's variable, however deep."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | frozenset | set):
        for item in value:
            yield from patterns_in(item)
    elif isinstance(value, dict):
        yield from patterns_in(list(value.values()))


def usages(name: str, tree: ast.Module) -> Iterator[tuple["re.Pattern[Any]", str]]:
    """Each pattern of a module, and how it is used: `fullmatch`, `match`, or `search` for all else."""
    module = importlib.import_module(name)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    used: dict[str, set[str]] = {}
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        if isinstance(call.func.value, ast.Name):
            used.setdefault(call.func.value.id, set()).add(call.func.attr)
    for variable, value in vars(module).items():
        methods = used.get(variable, {"search"})
        anchored = (
            "fullmatch" if methods == {"fullmatch"} else "match" if methods <= {"match", "fullmatch"} else "search"
        )
        for pattern in patterns_in(value):
            yield pattern, anchored
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        if not (isinstance(call.func.value, ast.Name) and call.func.value.id == "re" and call.func.attr in METHODS[1:]):
            continue
        flags = [ast.unparse(one) for one in (*call.args[1:], *(word.value for word in call.keywords))]
        names = {"re": re, **vars(module)}
        try:
            text = eval(ast.unparse(call.args[0]), names)  # the program's own source
        except NameError:
            assert name in (*GIVEN_BY_THE_OWNER, "voicemark.audio.choose"), f"{name}: {ast.unparse(call)}"
            continue
        flag = eval(" | ".join(one for one in flags if one.startswith("re.")) or "0", names)
        mode = call.func.attr if call.func.attr in ("fullmatch", "match") else "search"
        yield re.compile(text, flag), mode


def all_usages() -> list[Any]:
    found: dict[tuple[str, int, str], Any] = {}
    for name, tree in modules():
        for pattern, mode in usages(name, tree):
            found[pattern.pattern, pattern.flags, mode] = pytest.param(pattern, mode, id=f"{name}-{len(found)}-{mode}")
    return list(found.values())


def growth(pattern: "re.Pattern[Any]", mode: str) -> Iterator[tuple[int, int, str]]:
    """On each hard text, the steps that its second part costs, and those of a third that is twice as long: what a
    pattern with an end costs at first is in neither."""
    counted = Counted(pattern)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        for beginning, pump, end in counted.hard_texts():
            texts = [beginning + pump * (LENGTH * times // len(pump)) + end for times in (1, 2, 4)]
            first, second, third = (counted.work(text, mode) for text in texts)
            yield (second - first, third - second, texts[0]) if third <= MOST_STEPS else (0, MOST_STEPS, texts[0])
    finally:
        sys.setrecursionlimit(limit)


def is_linear(once: int, twice: int) -> bool:
    return twice <= 2.6 * once + 100


@pytest.mark.parametrize(("pattern", "mode"), all_usages())
def test_twice_the_text_is_twice_the_work(pattern: "re.Pattern[Any]", mode: str) -> None:
    for once, twice, text in growth(pattern, mode):
        assert is_linear(once, twice), (pattern.pattern, text, once, twice)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (r"(?s)(.*?<(movie|tvshow)\b.*?</\2\s*>)", "match"),
        (r".+ - .+\.ts", "fullmatch"),
        (r"(?:a+)+b", "match"),
        (r"\s*:", "search"),
        (r"(\w|\d\d?)+x", "match"),
        (r"<bstop>.*</bstop>", "search"),
        (r":(?!\S*\d)", "search"),
    ],
)
def test_a_pattern_that_looks_back_is_found_out(text: str, mode: str) -> None:
    assert not all(is_linear(once, twice) for once, twice, _ in growth(re.compile(text), mode))


@pytest.mark.parametrize("pattern", [r"(\d+)x|[^_]{1,3}_", r"^a*?b(?=c)", r"(?<=a)\bb+$", r"(a|bc)\1?d*"])
@pytest.mark.parametrize("text", ["", "12x", "ab_aab", "aabc", "abbb", "bcbcdd", "aad\n"])
def test_the_counting_matcher_finds_what_pythons_does(pattern: str, text: str) -> None:
    counted = Counted(re.compile(pattern))
    for mode in ("match", "fullmatch"):
        counted.text = text
        ends = [end for end in counted.ends(list(counted.tree), 0) if mode == "match" or end == len(text)]
        real = getattr(re, mode)(pattern, text)
        assert (ends[0] if ends else None) == (real.end() if real else None)
