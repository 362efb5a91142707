"""CPU seconds of one recording's way, beside what ffmpeg alone takes to decode its sound.

Each stage is run by itself over as much audio as the recording holds; the whole is `voicemark scan` in a process of
its own, start of the interpreter and enrolment of three voices included; what these take is what a scan of one minute
takes, less the minute.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from voicemark.audio.demux import AudioReader
from voicemark.audio.features import LogMel
from voicemark.audio.ffmpeg import find_program
from voicemark.audio.timeline import SAMPLE_RATE
from voicemark.config import AudioSection, MatchSection
from voicemark.lab.bench.figures import Figure
from voicemark.lab.bench.media import make_recording
from voicemark.lab.bench.usage import Usage, of_call, of_command
from voicemark.result import Recognised
from voicemark.store.database import open_database
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.schema import EmbeddingRow, RecordingRow
from voicemark.store.speakers import write_names, write_speech
from voicemark.voice.diarization import Diarization, diarize
from voicemark.voice.diarization import pack as pack_turns
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.quantisation import pack, quantise
from voicemark.voice.recognise import Spoken, recognise, speech_of

BLOCK_S = 30
VOICES = 3
CONFIG = """
[database]
url = "sqlite:///{database}"
"""
SPEAKER = """
[[speakers]]
name = "voice {number}"
samples = [{{ file = "{file}", start = {start}, end = {end} }}]
"""


def measure(folder: Path, minutes: int = 60) -> list[Figure]:
    """Figures for a recording of so many minutes. Raises ToolError, ModelError."""
    recording = make_recording(folder, minutes)
    table = f"CPU seconds for {minutes} minutes of a recording in standard definition"
    ffmpeg: list[str | Path] = [
        find_program("ffmpeg"),
        "-v",
        "error",
        "-nostdin",
        "-i",
        recording,
        "-map",
        "0:a:0",
        "-f",
        "null",
        "-",
    ]
    baseline = of_command(ffmpeg).cpu_s
    figures = [Figure(table, "ffmpeg decodes the sound alone", baseline, "s")]
    figures += [Figure(table, name, seconds, "s") for name, seconds in _stages(recording, folder, minutes)]
    whole = scan(recording, folder).cpu_s
    start = scan(make_recording(folder, 1), folder).cpu_s
    start -= (whole - start) / max(1, minutes - 1)  # its own minute is no start-up
    figures.append(Figure(table, "whole (voicemark scan)", whole, "s"))
    figures.append(Figure(table, "start-up and three voices' samples", start, "s"))
    figures.append(Figure(table, "whole / decoding alone", whole / baseline, ""))
    figures.append(Figure(table, "the same, start-up apart", (whole - start) / baseline, "", "aim: at most 2"))
    return figures


def measure_memory(folder: Path, short: int = 30, long: int = 240) -> list[Figure]:
    """Peak memory of a scan of a short and of a long recording (minutes)."""
    table = "Peak memory of voicemark scan"
    peaks = [scan(make_recording(folder, minutes, picture=False), folder).peak_mb for minutes in (short, long)]
    return [
        Figure(table, f"{short} minutes", peaks[0], "MB"),
        Figure(table, f"{long} minutes", peaks[1], "MB"),
        Figure(table, "ratio", peaks[1] / peaks[0], "", "aim: at most 1.2"),
    ]


def scan(recording: Path, folder: Path) -> Usage:
    """What a scan costs that has never seen the recording; three voices are enrolled from turns of it."""
    database, config = folder / "scan.db", folder / "scan.toml"
    for file in folder.glob("scan.db*"):
        file.unlink()
    speakers = [SPEAKER.format(number=n, file=recording, start=10 + 12 * n, end=20 + 12 * n) for n in range(VOICES)]
    config.write_text(CONFIG.format(database=database) + "".join(speakers))
    return of_command([sys.executable, "-m", "voicemark", "scan", recording, "--config", config])


def _stages(recording: Path, folder: Path, minutes: int) -> Iterator[tuple[str, float]]:
    encoder = load_encoder(device="cpu")
    assert isinstance(encoder, Encoder)  # the shipped one
    reader = AudioReader([recording], AudioSection())

    def decode() -> None:
        for _ in reader.blocks():
            pass

    yield "decode, time stamps, mono at 16 kHz", of_call(decode).cpu_s
    blocks = minutes * 60 // BLOCK_S
    block = 0.1 * np.random.default_rng(0).standard_normal(BLOCK_S * SAMPLE_RATE).astype(np.float32)
    log_mel = LogMel(encoder.features)
    waves = torch.from_numpy(block)[None]

    def features() -> None:
        with torch.inference_mode():
            for _ in range(blocks):
                log_mel(waves)

    features_s = of_call(features).cpu_s
    yield "log-mel", features_s
    parts: list[NDArray[np.float32]] = []

    def embed() -> None:
        parts.extend(batch.embeddings for batch in encoder.embed_blocks(block for _ in range(blocks)))

    yield f"encoder in {encoder.numerics} (less log-mel)", of_call(embed).cpu_s - features_s
    embeddings = np.concatenate(parts)
    book = _book(embeddings, encoder)
    diarized: list[Diarization] = []

    def divide() -> None:
        diarized.append(diarize(quantise(embeddings), encoder.hop_s, encoder.window_s))

    yield "who speaks when", of_call(divide).cpu_s
    spoken: list[Spoken] = []
    recognised: list[Recognised] = []

    def match() -> None:
        spoken.append(Spoken(diarized[0], minutes * 60.0, _unread))
        recognised.append(recognise(spoken[0], book, MatchSection(), None))

    yield f"whose {VOICES} voices, markers", of_call(match).cpu_s
    yield "store", of_call(lambda: _store(folder, embeddings, encoder, spoken[0], recognised[0], book)).cpu_s


def _unread(start_s: float, end_s: float) -> NDArray[np.float32]:
    raise AssertionError(f"nothing is read without a verifier: {start_s} to {end_s}")


def _book(embeddings: NDArray[np.float32], encoder: Encoder) -> VoiceBook:
    rows = [torch.from_numpy(embeddings[20 * number :][:60]) for number in range(VOICES)]
    memories = [Memory(f"voice {number}", memory, 0.5) for number, memory in enumerate(rows)]
    return VoiceBook.of(memories, encoder.model_id, MatchSection(), encoder.cohort)


def _store(
    folder: Path,
    embeddings: NDArray[np.float32],
    encoder: Encoder,
    spoken: Spoken,
    recognised: Recognised,
    book: VoiceBook,
) -> None:
    for file in folder.glob("stage.db*"):
        file.unlink()
    database = open_database(folder / "stage.db")
    with database.writing() as session:
        row = RecordingRow(path="/bench", recorder="plain", content="c", title="Bench", found_at=datetime.now(UTC))
        session.add(row)
        session.flush()
        session.add(
            EmbeddingRow(
                recording_id=row.id, model_id=encoder.model_id, content="c", windows=len(embeddings),
                dim=encoder.dim, hop_s=encoder.hop_s, window_s=encoder.window_s, data=pack(embeddings),
                turns=pack_turns(spoken.found),
            )
        )  # fmt: skip
        write_speech(session, row.id, speech_of(spoken.found, spoken.duration_s))
        voices = voice_ids(session, book.names)
        write_markers(session, row.id, recognised.markers, "key", voices)
        write_names(session, row.id, recognised.named, voices)
    database.close()
