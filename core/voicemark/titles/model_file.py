"""What `voicemark train titles` makes: the title embedding and the type classifier in one file that says what it is.

The file is safetensors. It carries the vocabularies with their counts, the dimensions, a format version, and an id
that is a hash of all of it; programmes in the database name the id that their vector and type came from.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from voicemark import model_files
from voicemark.titles.title_file import TITLE_MODEL, id_of, titles_in, vocabulary_in
from voicemark.titles.title_model import TitleModel
from voicemark.titles.types import TypeConfig, TypeNet
from voicemark.titles.vocabulary import Vocabulary


@dataclass(frozen=True)
class TextModel:
    """A title embedding, and a type classifier where the guide had enough categories to learn one."""

    titles: TitleModel
    types: TypeNet | None
    model_id: str


def text_model(titles: TitleModel, types: TypeNet | None) -> TextModel:
    """Both, as they will be once written and read again (half precision), with their id."""
    tensors, metadata = _packed(titles, types)
    return _unpacked(tensors, metadata, _model_id(tensors, metadata))


def save_text_model(path: Path, model: TextModel) -> None:
    """Write `model`; replaces `path` in one step. Raises ModelError when that cannot be done."""
    tensors, metadata = _packed(model.titles, model.types)
    model_files.write(path, TITLE_MODEL, tensors, {**metadata, "model_id": model.model_id})


def load_text_model(path: Path) -> TextModel:
    """Read a model. Raises ModelError for a file that is missing, damaged, of another kind or format version."""
    contents = model_files.read(path, TITLE_MODEL)
    model_id = contents.metadata.pop("model_id", "")
    if _model_id(contents.tensors, contents.metadata) != model_id:
        raise model_files.corrupt(path, TITLE_MODEL, "it does not match its id")
    try:
        return _unpacked(contents.tensors, contents.metadata, model_id)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise model_files.corrupt(path, TITLE_MODEL, error) from error


def _packed(titles: TitleModel, types: TypeNet | None) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata; of the meaning table only the rows that are not zero."""
    meaning = torch.from_numpy(titles.meaning)
    rows = meaning.abs().sum(dim=1).nonzero().flatten()
    tensors = {
        "titles.rows": rows.to(torch.int32),
        "titles.meaning": meaning[rows].half().contiguous(),
        **_packed_vocabulary("titles", titles.vocabulary),
    }
    metadata = {
        **model_files.said(TITLE_MODEL),
        "titles": json.dumps(asdict(titles.config)),
        "titles.vocabulary": _numbers_of(titles.vocabulary),
    }
    if types is not None:
        tensors |= _packed_vocabulary("types", types.vocabulary)
        tensors |= {f"types.net.{name}": value.half().contiguous() for name, value in types.state_dict().items()}
        metadata |= {"types": json.dumps(asdict(types.config)), "types.vocabulary": _numbers_of(types.vocabulary)}
    return tensors, metadata


def _unpacked(tensors: dict[str, Tensor], metadata: dict[str, str], model_id: str) -> TextModel:
    arrays = {name: tensor.numpy() for name, tensor in tensors.items() if not name.startswith("types.net.")}
    net: TypeNet | None = None
    if "types" in metadata:
        settings: dict[str, Any] = json.loads(metadata["types"])
        net = TypeNet(
            TypeConfig(**{**settings, "types": tuple(settings["types"])}), vocabulary_in("types", arrays, metadata)
        )
        prefix = "types.net."
        state = {n.removeprefix(prefix): t.float() for n, t in tensors.items() if n.startswith(prefix)}
        net.load_state_dict(state)
        net.eval()
    return TextModel(titles_in(arrays, metadata), net, model_id)


def _packed_vocabulary(name: str, vocabulary: Vocabulary) -> dict[str, Tensor]:
    """Counts, and the words as UTF-8 lines (no token holds a line break)."""
    text = "\n".join(vocabulary.words).encode("utf-8", "surrogatepass")
    return {
        f"{name}.words": torch.from_numpy(np.frombuffer(text, np.uint8).copy()),
        f"{name}.counts": torch.from_numpy(vocabulary.counts).to(torch.int32),
    }


def _numbers_of(vocabulary: Vocabulary) -> str:
    return json.dumps({"unknown": vocabulary.unknown, "buckets": vocabulary.buckets, "texts": vocabulary.texts})


def _model_id(tensors: dict[str, Tensor], metadata: dict[str, str]) -> str:
    return id_of(model_files.tensor_bytes(tensors), metadata)
