"""From the config's samples to the book of all voices; what was heard once is kept in the database.

A memory is made anew only when its samples, the model or the rules have changed, and then it must be a better one: see
`voicemark.enrolment.keeping`. One bad sample is a warning while others are good; a voice without any good window is an
error for that voice alone.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor, cat, from_numpy

from voicemark.config import Config, SpeakerSection
from voicemark.enrolment import samples as samples_module
from voicemark.enrolment.answers import Taught, offset_of, taught
from voicemark.enrolment.keeping import out_of_reach, sources_of
from voicemark.enrolment.memory import RULES, SampleWindows, choose, drop_outliers, hear, make_do
from voicemark.enrolment.samples import resolve
from voicemark.enrolment.sound import SampleSound
from voicemark.errors import EnrolmentError
from voicemark.store.database import Database
from voicemark.store.memories import StoredMemory, load_memory, save_memory
from voicemark.store.waiting import VOICE, clear_waiting, note_waiting, read_waiting
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.match import Memory, VoiceBook, threshold_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VoiceReport:
    """How one voice was enrolled."""

    name: str
    memory: Tensor | None
    """(rows, d), or None when the voice could not be enrolled."""
    samples: tuple[SampleWindows, ...] = ()
    """What was heard; empty when the memory came from the database."""
    problems: tuple[EnrolmentError, ...] = ()
    """Samples that cannot be used."""
    error: EnrolmentError | None = None
    """Why the voice has no memory."""
    from_database: bool = False
    unheard: tuple[Path, ...] = ()
    """Samples that were found and could not be heard."""
    kept: bool = False
    """The memory of before stays in use, as samples that it was made of cannot be heard."""
    confirmed: int = 0
    """How many rows of the memory are from answers of a person."""
    denied: Tensor | None = None
    """(k, d): what a person said is not the voice."""
    offset: float = 0.0
    """What is added to the threshold for this voice, from many answers."""

    @property
    def waits(self) -> str | None:
        """What the voice waits for, in words; None when it is enrolled as it should be."""
        if self.error is not None:
            return str(self.error)
        return "; ".join(map(str, self.problems)) if self.kept else None


@dataclass(frozen=True)
class Enrolment:
    """All voices that could be enrolled, ready to be matched, and how it went for each in the config."""

    book: VoiceBook
    reports: tuple[VoiceReport, ...]


def enrol(config: Config, encoder: SpeakerEncoder, database: Database, *, anew: bool = False) -> Enrolment:
    """The memories of all voices in `config`, from the database where their samples have not changed.

    `anew` hears every sample again, so that the reports tell all. Writes new memories to the database. Never raises
    for a voice: its report says what is wrong.
    """
    sampled = [_enrol_voice(speaker, config, encoder, database, anew) for speaker in config.speakers]
    reports = tuple(with_answers(sampled, taught(database, encoder.model_id), config, encoder))
    return Enrolment(book_of(reports, config, encoder), reports)


def with_answers(
    sampled: Iterable[VoiceReport], learned: Mapping[str, Taught], config: Config, encoder: SpeakerEncoder
) -> Iterator[VoiceReport]:
    """What samples say of each voice, with what answers say; then the voices that a person named and that have none."""
    left = dict(learned)
    for report in sampled:
        of = left.pop(report.name, None)
        yield report if of is None else _with_answers(report, of, config, encoder)
    for name, of in left.items():
        if of.named:
            nothing = EnrolmentError(
                f"nothing is kept of the recordings in which '{name}' was named under this model",
                hint="it is looked for once they have been heard",
            )
            yield _with_answers(VoiceReport(name, None, error=nothing, from_database=True), of, config, encoder)


def _with_answers(report: VoiceReport, of: Taught, config: Config, encoder: SpeakerEncoder) -> VoiceReport:
    parts = [rows for rows in (report.memory, of.confirmed) if rows is not None and len(rows)]
    if not parts:
        return report
    problems = report.problems if report.error is None or not report.samples else (*report.problems, report.error)
    threshold = threshold_of(config, report.name)
    offset = offset_of(of, report.memory, threshold, encoder, config.match)
    return replace(
        report,
        memory=cat(parts),
        denied=of.denied,
        offset=offset,
        confirmed=len(of.confirmed),
        problems=problems,
        error=None,
    )


def book_of(reports: Iterable[VoiceReport], config: Config, encoder: SpeakerEncoder) -> VoiceBook:
    """The book of those voices that have a memory."""
    memories = [
        Memory(report.name, report.memory, threshold_of(config, report.name) + report.offset, report.denied)
        for report in reports
        if report.memory is not None
    ]
    return VoiceBook.of(memories, encoder.model_id, config.match, encoder.cohort, encoder.device)


def _enrol_voice(
    speaker: SpeakerSection, config: Config, encoder: SpeakerEncoder, database: Database, anew: bool
) -> VoiceReport:
    found, problems = resolve(speaker)
    with database.reading() as session:
        stored = load_memory(session, speaker.name, encoder.model_id)
    try:
        digest = samples_module.digest(found, config.match.memory_windows, RULES)
    except OSError as error:
        digest = ""
        problems.append(EnrolmentError(f"a sample vanished: {error.strerror}", path=error.filename))
    if stored is not None and stored.samples == digest and found and not anew:
        return VoiceReport(speaker.name, from_numpy(stored.embeddings), problems=tuple(problems), from_database=True)
    report = make_memory(speaker.name, found, encoder, config, problems)
    report = _unless_changed(report, found, digest, config)
    paths = [sample.recording.path for sample in found]
    if stored is not None and (
        report.memory is None or out_of_reach(stored, speaker, paths, report.unheard, bool(problems))
    ):
        return _keeping(stored, report)
    if report.memory is not None:
        heard = [sample.sample.recording.path for sample in report.samples]
        with database.writing() as session:
            save_memory(session, speaker.name, encoder.model_id, digest, report.memory.numpy(), sources_of(heard))
    return report


def _unless_changed(
    report: VoiceReport, found: list[samples_module.Sample], digest: str, config: Config
) -> VoiceReport:
    """A sample that was written to while it was heard has not been heard."""
    try:
        if samples_module.digest(found, config.match.memory_windows, RULES) == digest:
            return report
    except OSError:
        pass
    changed = EnrolmentError("a sample changed while it was heard", hint="it is heard again once it is at rest")
    everything = tuple(sample.recording.path for sample in found)
    return replace(report, problems=(*report.problems, changed), unheard=everything)


def _keeping(stored: StoredMemory, report: VoiceReport) -> VoiceReport:
    kept = EnrolmentError(
        f"samples of '{report.name}' cannot be heard; its memory of {stored.made_at:%Y-%m-%d} stays in use",
        hint="bring the samples back, or take them out of [[speakers]]; or run `voicemark forget`",
    )
    problems = (*report.problems, kept)
    return replace(
        report, memory=from_numpy(stored.embeddings), problems=problems, error=None, from_database=True, kept=True
    )


def tell_what_waits(database: Database, reports: Iterable[VoiceReport]) -> None:
    """Write down which voices wait for their samples, and that no other does. Raises `DatabaseError`."""
    waiting = {VOICE + report.name: report.waits for report in reports if report.waits is not None}
    with database.snapshot() as connection:
        told = {one.subject: one.reason for one in read_waiting(connection) if one.subject.startswith(VOICE)}
    if told == waiting:
        return
    with database.writing() as session:
        if told.keys() - waiting.keys():
            clear_waiting(session, VOICE)
        for subject, reason in waiting.items():
            note_waiting(session, subject, reason)


def make_memory(
    name: str,
    found: Iterable[samples_module.Sample],
    encoder: SpeakerEncoder,
    config: Config,
    problems: Iterable[EnrolmentError] = (),
) -> VoiceReport:
    """Hear the samples and choose what to remember. Writes nothing."""
    heard: list[SampleWindows] = []
    faults = list(problems)
    unheard: list[Path] = []
    found = tuple(found)
    sound = SampleSound(found, config.audio)
    for sample in found:
        try:
            heard.append(hear(sample, encoder, config.audio, sound))
        except EnrolmentError as error:
            faults.append(error)
            unheard.append(sample.recording.path)
        except Exception as error:
            log.exception("%s: an error of voicemark itself", sample)
            faults.append(EnrolmentError(f"the sample cannot be heard: {error}", path=sample.recording.path))
            unheard.append(sample.recording.path)
    if (fault := make_do(heard)) is not None:
        faults.append(
            EnrolmentError(
                f"all windows of the samples of '{name}' are {fault}: it is looked for all the same, less surely",
                path=str(heard[0].sample),
                hint="add samples in which the voice is heard well",
            )
        )
    drop_outliers(heard)
    memory = choose(heard, config.match.memory_windows)
    if len(memory):
        return VoiceReport(name, memory, tuple(heard), tuple(faults), unheard=tuple(unheard))
    why = _nothing_heard(name, heard, faults)
    return VoiceReport(name, None, tuple(heard), tuple(faults), why, unheard=tuple(unheard))


def _nothing_heard(name: str, heard: list[SampleWindows], faults: list[EnrolmentError]) -> EnrolmentError:
    reasons = sorted({reason for sample in heard for reason in sample.reasons})
    if reasons:
        return EnrolmentError(
            f"voice '{name}' cannot be enrolled: all windows of its samples are {' or '.join(reasons)}",
            path=str(heard[0].sample),
            hint="choose samples in which the voice alone speaks",
        )
    if faults:
        return EnrolmentError(
            f"voice '{name}' cannot be enrolled: {faults[0].what}", path=faults[0].path, hint=faults[0].hint
        )
    return EnrolmentError(f"voice '{name}' has no samples", hint="set [[speakers]] samples")
