"""A configuration file is read, and what is wrong in it is said with its key, its line and what is allowed."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from voicemark.config.model import (
    AS_A_PATH,
    IN_A_TABLE,
    Config,
    DatabaseSection,
    Section,
    SpeakerSection,
    section_in,
)
from voicemark.errors import ConfigError
from voicemark.faults import in_words, perhaps
from voicemark.named import named
from voicemark.patience import within_patience
from voicemark.rights import who_may


def load_config(path: Path) -> Config:
    """The configuration in the TOML file at `path`. Relative paths in it are meant from the file's own folder.

    Raises `ConfigError` that names the key, the line where it is known, and what is allowed.
    """
    try:
        text = within_patience(path, path.read_bytes).decode("utf-8")
        data = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(
            "there is no such configuration", path=path, hint="write one with `voicemark config example`"
        ) from None
    except PermissionError:
        raise ConfigError("may not be read by this user", path=path, hint=who_may(path)) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"is not UTF-8 (byte {error.start})", path=path, hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"is not valid TOML: {error}", path=path) from error
    except RecursionError:
        raise ConfigError("is not valid TOML: brackets within brackets without end", path=path) from None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_explain(error, text), path=path, hint="see `voicemark config example`") from error
    return _anchored(config, path.resolve().parent)


def _explain(error: ValidationError, text: str) -> str:
    """Every fault of a validation on one line: key, line, what is wrong, what is allowed."""
    faults: dict[str, str] = {}
    for item in error.errors():
        location = tuple(part for part in item["loc"] if part not in (AS_A_PATH, IN_A_TABLE))
        line = find_line(text, location)
        where = f"at '{key_name(location)}'" + (f" (line {line}): " if line else ": ") if location else ""
        message = in_words(item)
        if item["type"] == "extra_forbidden":
            allowed = _allowed_keys(location[:-1])
            message = f"unknown key{perhaps(str(location[-1]), allowed)}; allowed are: {', '.join(allowed)}"
        faults[where] = f"{faults[where]}, or {message}" if where in faults else message
    return "; ".join(where + message for where, message in faults.items())


def key_name(location: tuple[int | str, ...]) -> str:
    """`('speakers', 0, 'name')` → `speakers[0].name`."""
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def _allowed_keys(location: tuple[int | str, ...]) -> list[str]:
    model: Any = Config
    for part in location:
        if isinstance(part, str) and part in getattr(model, "model_fields", {}):
            model = section_in(model.model_fields[part].annotation) or model
    return sorted(model.model_fields)


def find_line(text: str, location: tuple[int | str, ...]) -> int | None:
    """The line (from 1) of `text` that sets the key at `location`, or of the nearest table around it.

    TOML parsers do not keep line numbers; this follows table headers and `key =` at a line's start, which is how
    configurations are written. A key inside an inline table is found at the line of the key that holds it.
    """
    counts: dict[str, int] = {}
    table: tuple[int | str, ...] = ()
    best, best_length = None, 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("["):
            name = line.split("#")[0].strip().strip("[]").strip()
            if line.startswith("[["):
                counts[name] = counts.get(name, -1) + 1
                table = (*name.split("."), counts[name])
            else:
                table = tuple(name.split("."))
            here = table
        elif "=" in line and not line.startswith("#"):
            here = (*table, *(part.strip().strip("\"'") for part in line.split("=")[0].split(".")))
        else:
            continue
        if here == location[: len(here)] and len(here) > best_length:
            best, best_length = number, len(here)
        elif best is None and location and here[: len(location)] == location:
            best = number  # A table that should not be there, or one of several of that name.
    return best


def _anchored(config: Config, folder: Path) -> Config:
    """The same configuration with every relative path made absolute from `folder`."""

    def anchor(value: Any) -> Any:
        if isinstance(value, Path):
            return named(folder / value.expanduser())
        if isinstance(value, tuple):
            return tuple(anchor(item) for item in value)
        if isinstance(value, dict):
            return {name: anchor(item) for name, item in value.items()}
        if isinstance(value, Section):
            changed = {name: anchor(getattr(value, name)) for name in type(value).model_fields}
            if isinstance(value, SpeakerSection):
                changed["samples"] = tuple(
                    str(folder / Path(item).expanduser()) if isinstance(item, str) else item
                    for item in changed["samples"]
                )
            if isinstance(value, DatabaseSection):
                changed["url"] = f"sqlite:///{folder / value.path}"
            return value.model_copy(update=changed)
        return value

    anchored: Config = anchor(config)
    return anchored
