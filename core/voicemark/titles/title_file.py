"""The part of a title model's file that makes vectors of titles, read without torch: what questions need.

What else is in such a file, and how it is written, is in `voicemark.titles.model_file`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicemark import model_files
from voicemark.titles.title_model import TitleConfig, TitleModel
from voicemark.titles.vocabulary import Vocabulary

TITLE_MODEL = model_files.Kind(
    format="voicemark-titles",
    version=1,
    noun="title model",
    remedy="make a new one with: voicemark train titles --database",
)


@dataclass(frozen=True)
class TitleReader:
    """Titles to vectors, and the id of the model."""

    titles: TitleModel
    model_id: str


def load_title_reader(path: Path) -> TitleReader:
    """Read a model. Raises ModelError for a file that is missing, damaged, of another kind or format version."""
    arrays, metadata = model_files.read_arrays(path, TITLE_MODEL)
    model_id = metadata.pop("model_id", "")
    if id_of(model_files.array_bytes(arrays), metadata) != model_id:
        raise model_files.corrupt(path, TITLE_MODEL, "it does not match its id")
    try:
        return TitleReader(titles_in(arrays, metadata), model_id)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise model_files.corrupt(path, TITLE_MODEL, error) from error


def titles_in(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> TitleModel:
    """The title embedding. Raises KeyError, IndexError, TypeError or ValueError where there is none."""
    vocabulary = vocabulary_in("titles", arrays, metadata)
    config = TitleConfig(**json.loads(metadata["titles"]))
    meaning = np.zeros((vocabulary.size, config.meaning_dim), np.float32)
    meaning[arrays["titles.rows"]] = arrays["titles.meaning"]
    return TitleModel(config, vocabulary, meaning)


def vocabulary_in(name: str, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> Vocabulary:
    """One of the file's vocabularies. Raises as `titles_in` does."""
    text = arrays[f"{name}.words"].tobytes().decode("utf-8", "surrogatepass")
    words = tuple(text.split("\n")) if text else ()
    numbers: dict[str, int] = json.loads(metadata[f"{name}.vocabulary"])
    counts = arrays[f"{name}.counts"].astype(np.int64)
    vocabulary = Vocabulary(words, numbers["unknown"], numbers["buckets"], numbers["texts"], counts)
    if len(counts) != vocabulary.size:
        raise ValueError(f"{name} vocabulary of {vocabulary.size} features with {len(counts)} counts")
    return vocabulary


def id_of(contents: Iterable[bytes], metadata: Mapping[str, str]) -> str:
    """`vt<format version>-<8 hex>`: SHA-256 over names, types, shapes and values, and the metadata."""
    text = json.dumps(metadata, sort_keys=True)
    return model_files.identity(f"vt{TITLE_MODEL.version}", [text.encode(), *contents])
