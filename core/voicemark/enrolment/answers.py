"""Memories out of what a person said: of groups that were named, of corrections, of answers. Nothing is decoded.

They are made of the windows that are kept of recordings, and kept themselves until something else is said, or more of
the recordings have been heard by the model: so a voice that was named lasts through restarts, other configurations and
new weights. A correction joins what the samples of the configuration say; a group that was named needs none.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy.orm import Session
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.config import MatchSection
from voicemark.store.answers import AnsweredSpan, KeptWindows, answers_by_voice, kept_contents, rows_of
from voicemark.store.database import Database
from voicemark.store.memories import CONFIRMED, DENIED, drop_memory, load_memory, save_memory
from voicemark.voice import corrections
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.corrections import (
    FEWEST,
    MOST_CONFIRMED,
    MOST_DENIED,
    PER_SPAN,
    diverse,
    own_offset,
    spread,
    typical,
    windows_within,
)
from voicemark.voice.match import Memory, VoiceBook, score
from voicemark.voice.naming import evidence_factor
from voicemark.voice.quantisation import restore

MOST_SPANS_READ = 200
"""Of a large group so many spans are looked at, the longest; memories take far fewer."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Taught:
    """What was learned of one voice from answers."""

    named: bool
    """A person gave a group this name: the voice is looked for whether it has samples or not."""
    confirmed: Tensor
    """(n, d): windows that are hers."""
    denied: Tensor
    """(m, d): directions of spans that are not."""
    confirmed_of: tuple[str, ...] = ()
    """Of which span each row of `confirmed` is: content, start and end (seconds)."""
    denied_of: tuple[str, ...] = ()


def taught(database: Database, model_id: str) -> dict[str, Taught]:
    """What was learned of each voice under the model; what was made before is taken as it was kept.

    Raises `DatabaseError`.
    """
    with database.reading() as session:
        said = answers_by_voice(session)
        contents = {span.content for spans in said.values() for span in spans}
        kept = kept_contents(session, model_id, contents) if contents else {}
    return {name: _of_voice(database, name, spans, model_id, kept) for name, spans in said.items()}


def offset_of(
    of: Taught, sampled: Tensor | None, threshold: float, encoder: SpeakerEncoder, settings: MatchSection
) -> float:
    """By how much the voice's threshold moves: from the scores of what a person said is hers and is not.

    A span that is hers is scored by a memory without anything of its recording, as a span of another would be.
    """
    groups: dict[str, list[int]] = {}
    for row, source in enumerate(of.confirmed_of):
        groups.setdefault(source, []).append(row)
    if len(groups) < FEWEST or len(of.denied) < FEWEST:
        return 0.0
    samples = torch.zeros(0, of.confirmed.shape[1]) if sampled is None else sampled
    contents = sorted({source.split(" ")[0] for source in groups})
    memories = []
    for content in contents:
        others = [row for row, source in enumerate(of.confirmed_of) if not source.startswith(content + " ")]
        memories.append(Memory(content, torch.cat((samples, of.confirmed[others])), threshold))
    everything = Memory("", torch.cat((samples, of.confirmed)), threshold)
    if not all(len(memory.embeddings) for memory in memories):
        return 0.0
    book = VoiceBook.of([*memories, everything], "", settings, encoder.cohort)
    directions = torch.stack([normalize(of.confirmed[rows].sum(dim=0), dim=0) for rows in groups.values()])
    yes = score(directions, book).numpy() * _factors(list(groups), encoder)
    no = score(of.denied, book).numpy()[-1] * _factors(of.denied_of, encoder)
    hers = [yes[contents.index(source.split(" ")[0]), k] for k, source in enumerate(groups)]
    return own_offset(np.array(hers, np.float32), no, threshold)


def _factors(sources: Sequence[str], encoder: SpeakerEncoder) -> Floats:
    """What makes scores of spans comparable that are long and short: see `voicemark.voice.naming`."""
    lengths = [float(end) - float(start) for _, start, end in (source.rsplit(" ", 2) for source in sources)]
    windows = [max(1, round((length - encoder.window_s) / encoder.hop_s) + 1) for length in lengths]
    return evidence_factor(np.array(windows), encoder.hop_s, encoder.window_s)


def _of_voice(
    database: Database, name: str, spans: Sequence[AnsweredSpan], model_id: str, kept: dict[str, KeptWindows]
) -> Taught:
    named = any(span.of_speaker and span.is_so for span in spans)
    spans = [span for span in spans if span.content in kept]
    digest = _digest(spans)
    with database.reading() as session:
        confirmed = load_memory(session, name, model_id, CONFIRMED)
        denied = load_memory(session, name, model_id, DENIED)
        present = {memory.samples for memory in (confirmed, denied) if memory is not None}
        if spans and present == {digest}:
            return Taught(
                named,
                _rows(None if confirmed is None else confirmed.embeddings),
                _rows(None if denied is None else denied.embeddings),
                () if confirmed is None else confirmed.sources or (),
                () if denied is None else denied.sources or (),
            )
        yes, yes_of = _confirmed(session, model_id, [span for span in spans if span.is_so], kept)
        no, no_of = _denied(session, model_id, [span for span in spans if not span.is_so], kept)
    if len(yes) or len(no) or present:
        with database.writing() as session:
            for origin, rows, sources in ((CONFIRMED, yes, yes_of), (DENIED, no, no_of)):
                if len(rows):
                    save_memory(session, name, model_id, digest, rows, sources, origin)
                else:
                    drop_memory(session, name, model_id, origin)
    return Taught(named, _rows(yes), _rows(no), tuple(yes_of), tuple(no_of))


def _digest(spans: Sequence[AnsweredSpan]) -> str:
    return hashlib.sha256(f"{corrections.RULES} {list(spans)!r}".encode()).hexdigest()


def _confirmed(
    session: Session, model_id: str, spans: Sequence[AnsweredSpan], kept: dict[str, KeptWindows]
) -> tuple[Floats, list[str]]:
    """Windows to remember, and of which span each is."""
    rows: list[Floats] = []
    sources: list[str] = []
    for of_speaker in (True, False):
        some = [span for span in spans if span.of_speaker is of_speaker]
        heard = _heard(session, model_id, some, kept)
        directions, contents = _directions(heard), [span.content for span, _ in heard]
        chosen = typical(directions, contents) if of_speaker else diverse(directions, contents, MOST_CONFIRMED)
        for k in chosen:
            span, windows = heard[k]
            mine = windows[spread(len(windows), PER_SPAN)]
            rows.append(mine)
            sources += [_source(span)] * len(mine)
    return (np.concatenate(rows), sources) if rows else (np.zeros((0, 0), np.float32), [])


def _denied(
    session: Session, model_id: str, spans: Sequence[AnsweredSpan], kept: dict[str, KeptWindows]
) -> tuple[Floats, list[str]]:
    """A direction of each span that was denied, and of which recording it is."""
    heard = _heard(session, model_id, spans, kept)
    directions, contents = _directions(heard), [span.content for span, _ in heard]
    chosen = diverse(directions, contents, MOST_DENIED, per_source=MOST_DENIED)
    return directions[chosen] if chosen else np.zeros((0, 0), np.float32), [_source(heard[k][0]) for k in chosen]


def _source(span: AnsweredSpan) -> str:
    """Of which span a row is, as it is kept: content, start and end."""
    return f"{span.content} {span.start_s:.2f} {span.end_s:.2f}"


def _heard(
    session: Session, model_id: str, spans: Sequence[AnsweredSpan], kept: dict[str, KeptWindows]
) -> list[tuple[AnsweredSpan, Floats]]:
    """Of each span its windows (n, d) of length 1; spans in which nothing is heard are left out."""
    longest = sorted(spans, key=lambda span: span.start_s - span.end_s)[:MOST_SPANS_READ]
    found = []
    for span in sorted(longest, key=lambda span: (span.content, span.start_s)):
        where = kept[span.content]
        first, last = windows_within(span.start_s, span.end_s, where.hop_s, where.window_s, where.windows)
        rows = restore(rows_of(session, model_id, where, first, last))
        rows = rows[rows.any(axis=1)]
        if len(rows):
            found.append((span, rows))
    return found


def _directions(heard: Sequence[tuple[AnsweredSpan, Floats]]) -> Floats:
    if not heard:
        return np.zeros((0, 0), np.float32)
    sums = np.stack([rows.sum(axis=0) for _, rows in heard])
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), np.float32)


def _rows(values: Floats | None) -> Tensor:
    return torch.zeros(0, 0) if values is None else torch.from_numpy(np.ascontiguousarray(values))
