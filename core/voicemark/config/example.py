"""`config.example.toml`, written from the config model: every key, its default and its description."""

import tomllib
import types
from collections.abc import Iterator
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from voicemark.config.model import Config, section_in

HEADER = """\
# voicemark reads this file. Every key is shown with its default; lines that start with `# ` may be uncommented and
# changed. Written by `voicemark config example`. Relative paths are meant from this file's folder.
"""
EXAMPLES: dict[str, str] = {
    "watch": '[[watch]]\npath = "/srv/vdr/video"\nrecorder = "vdr"',
    "speakers": (
        '[[speakers]]\nname = "newsreader"\n'
        'samples = ["/srv/voices/newsreader", '
        '{ file = "/srv/vdr/video/News/2024-03-01.20.00.1-0.rec/00001.ts", start = "00:03:10", end = "00:03:40" }]'
    ),
    "match.verifier": '# [match.verifier]\n# model = "/var/lib/voicemark/campplus.onnx"',
}


def example() -> str:
    """The text of `config.example.toml`; it is a valid configuration itself."""
    parts = [HEADER]
    for name, info in Config.model_fields.items():
        parts.append("\n".join(_table(name, info)))
    text = "\n\n".join(parts) + "\n"
    Config.model_validate(tomllib.loads(text))
    return text


def _table(name: str, info: FieldInfo) -> Iterator[str]:
    section = section_in(info.annotation)
    assert section is not None, name
    yield f"# {(section.__doc__ or '').strip()}"
    if name in EXAMPLES:
        yield EXAMPLES[name]
        shown = {line.split("=")[0].strip() for line in EXAMPLES[name].splitlines()}
    else:
        yield f"[{name}]"
        shown = set()
    nested = []
    for key, field in section.model_fields.items():
        inner = section_in(field.annotation)
        if inner is not None and key != "samples":
            nested.append((f"{name}.{key}", inner))
        elif key not in shown:
            yield from _key(key, field)
    for dotted, inner in nested:
        yield ""
        yield f"# {(inner.__doc__ or '').strip()}"
        yield EXAMPLES[dotted]
        shown = {line.lstrip("# ").split("=")[0].strip() for line in EXAMPLES[dotted].splitlines()}
        for key, field in inner.model_fields.items():
            if key not in shown:
                yield from _key(key, field)


def _key(key: str, field: FieldInfo) -> Iterator[str]:
    allowed = " | ".join(_choices(field.annotation))
    yield f"# {field.description}" + (f" ({allowed})" if allowed else "")
    value = None if field.is_required() else field.default
    yield f"# {key} = {_toml(value)}" if value is not None else f"# {key} = (none)"


def _choices(annotation: Any) -> Iterator[str]:
    """The values of a `Literal` in the annotation."""
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif get_origin(annotation) in (Union, types.UnionType, tuple):
        for inner in get_args(annotation):
            yield from _choices(inner)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    if isinstance(value, int | float):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
