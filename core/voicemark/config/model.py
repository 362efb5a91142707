"""The configuration: one pydantic model that holds the only defaults, validates, and documents itself.

`voicemark.config.load` reads TOML; `config.example.toml` is generated from the field descriptions here
(`voicemark.config.example`). Units are in the names: `_s` seconds, `_db` decibels.
"""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from voicemark.config.pattern_cost import fault_of


def parse_clock(value: object) -> object:
    """Seconds from a number, `"SS.s"`, `"MM:SS"` or `"HH:MM:SS.s"`; anything else is left for pydantic to refuse."""
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
    if not isinstance(value, str):
        return value
    parts = value.strip().split(":")
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"'{value}' is no time: write HH:MM:SS, MM:SS or seconds")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        raise ValueError(f"'{value}' is no time: write HH:MM:SS, MM:SS or seconds") from None
    if any(number < 0 for number in numbers) or any(number >= 60 for number in numbers[1:]):
        raise ValueError(f"'{value}' is no time: minutes and seconds go from 0 to 59")
    seconds = 0.0
    for number in numbers:
        seconds = seconds * 60 + number
    return seconds


Seconds = Annotated[float, BeforeValidator(parse_clock), Field(ge=0, allow_inf_nan=False)]


class Section(BaseModel):
    """A TOML table: unknown keys are errors, values do not change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSection(Section):
    """Where results are kept."""

    url: str = Field("sqlite:////var/lib/voicemark/voicemark.db", description="SQLAlchemy URL of the SQLite database.")

    @field_validator("url")
    @classmethod
    def _sqlite_file(cls, url: str) -> str:
        if not url.startswith("sqlite:///") or len(url) <= len("sqlite:///"):
            raise ValueError("only SQLite files are supported: write sqlite:////absolute/path/voicemark.db")
        return url

    @property
    def path(self) -> Path:
        """The database file."""
        return Path(self.url.removeprefix("sqlite:///"))


NAME_GROUPS = frozenset({"title", "subtitle", "channel", "date", "time", "season", "episode"})


class WatchSection(Section):
    """A folder in which a recorder leaves its recordings."""

    path: Path = Field(description="The recorder's folder.")
    recorder: Literal["auto", "vdr", "tvheadend", "enigma2", "plain"] = Field(
        "auto", description="Which recorder writes there; auto finds out by looking."
    )
    mode: Literal["auto", "events", "poll"] = Field(
        "auto",
        description="How new files are noticed: events (local disks), poll (NFS, SMB); auto finds out.",
    )
    poll_s: float = Field(60.0, gt=0, description="Seconds between two looks when polling.")
    settle_s: float = Field(
        120.0,
        ge=0,
        description="A recording without a sign of its recorder is finished after so many quiet seconds.",
    )
    dvr_log: Path | None = Field(
        None, description="Tvheadend only: its dvr/log folder, where titles and states are kept."
    )
    disks: tuple[Path, ...] = Field(
        (),
        description="Further folders that links to files in this one may lead to, such as other disks of the recorder.",
    )
    ignore: tuple[str, ...] = Field(
        (),
        description="Names, or paths below the folder, that are passed over (* and ? as in a shell); trash cans and "
        "snapshots always are.",
    )
    name_patterns: tuple[str, ...] = Field(
        (),
        description="Plain folders only: regular expressions with named groups (title, subtitle, channel, date, "
        "time, season, episode) tried in turn on a file's name, before the usual ones.",
    )
    time_zone: str | None = Field(
        None,
        description="Time zone in which the recorder names its files, such as Europe/Berlin; none: this machine's.",
    )

    @field_validator("name_patterns")
    @classmethod
    def _usable_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                groups = set(re.compile(pattern).groupindex)
            except re.error as error:
                raise ValueError(f"'{pattern}' is no regular expression: {error}") from None
            if "title" not in groups or groups - NAME_GROUPS:
                raise ValueError(
                    f"'{pattern}' needs a group (?P<title>…) and may have {', '.join(sorted(NAME_GROUPS))}"
                )
            if (fault := fault_of(pattern)) is not None:
                raise ValueError(f"'{pattern}' could take for ever on some names: {fault}")
        return patterns

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(f"'{zone}' is no time zone: write one such as Europe/Berlin")
        return zone


class AudioSection(Section):
    """Which audio is heard, and how broken signals are treated."""

    languages: tuple[str, ...] = Field(
        ("deu", "ger"),
        description="Preferred audio languages (ISO 639-2), best first; else the first stream.",
    )
    audio_description: bool = Field(False, description="Take the audio description when there is one.")
    prefer: Literal["stereo", "surround"] = Field(
        "stereo",
        description="Of several streams in one language: MP2/AAC stereo, or AC-3 (its centre channel).",
    )
    max_hole_s: float = Field(
        600.0,
        gt=0,
        description="A longer jump of the time stamps is a splice, not lost signal, and is closed up.",
    )
    stall_s: float = Field(60.0, gt=0, description="ffmpeg is ended when it delivers nothing for so long.")


class EncoderSection(Section):
    """The network that turns audio into embeddings."""

    model: Path | None = Field(
        None, description="Weights (.safetensors) or a speaker model (.onnx); none: the one that ships."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where it runs.")
    numerics: Literal["auto", "fp32", "bf16", "int8"] = Field(
        "auto", description="What it is computed in; auto: the cheapest that the processor computes well."
    )
    device_memory_mb: int = Field(
        2048, ge=1024, description="A GPU's memory that may be taken; recordings are computed together as it allows."
    )
    threads: int = Field(
        1, ge=0, le=1024, description="CPU threads; more save little time and cost more CPU. 0: all cores."
    )


class VerifierSection(Section):
    """A stronger network that is asked where the fast one is in doubt."""

    model: Path = Field(description="An ONNX speaker model (CAM++, ERes2Net, WeSpeaker ResNet …).")
    threshold: float = Field(0.65, ge=-1, le=1, description="Cosine from which it hears a voice.")
    band: float = Field(0.1, gt=0, le=1, description="Fast scores within this of the threshold are in doubt.")


RENAMED = {"calibrate": "normalise", "judge": "verifier"}
"""What keys of `[match]` were called before version 0.1.0."""


class MatchSection(Section):
    """When a turn of a recording counts as a voice, and when turns become a marker."""

    threshold: float = Field(0.62, ge=-1, le=1, description="Score from which a voice is heard.")
    normalise: bool = Field(True, description="Make the scores of different voices comparable (shipped cohort).")
    join_gap_s: float = Field(2.0, ge=0, description="Markers of a voice closer than this become one.")
    min_marker_s: float = Field(2.0, ge=0, description="Shorter markers are dropped.")
    exclusive: float = Field(
        0.1,
        ge=0,
        le=2,
        description="Of voices heard at once, those so much below the best one are left out; 2 keeps them all.",
    )
    memory_windows: int = Field(60, ge=1, description="At most so many windows of a voice's samples are kept.")
    verifier: VerifierSection | None = Field(None, description="A second opinion on doubtful people (optional).")

    @model_validator(mode="before")
    @classmethod
    def _names_of_today(cls, keys: Any) -> Any:
        if isinstance(keys, dict):
            for old in sorted(RENAMED.keys() & keys.keys()):
                raise ValueError(f"'{old}' is called '{RENAMED[old]}' now: rename it")
        return keys


class SampleSection(Section):
    """A stretch of a recording in which the voice speaks."""

    file: Path = Field(description="An audio file or a recording.")
    start: Seconds = Field(0.0, description="HH:MM:SS or seconds.")
    end: Seconds | None = Field(None, description="HH:MM:SS or seconds; none: to its end.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError("end must be after start")
        return self


def sample_kind(value: object) -> str:
    """Which of the two forms of a sample a value is meant to be: a table, or a path."""
    return IN_A_TABLE if isinstance(value, dict | SampleSection) else AS_A_PATH


AS_A_PATH, IN_A_TABLE = "(path)", "(table)"  # no key of TOML looks like these
Sample = Annotated[
    Annotated[str, Tag(AS_A_PATH)] | Annotated[SampleSection, Tag(IN_A_TABLE)], Discriminator(sample_kind)
]


class SpeakerSection(Section):
    """A voice to be found."""

    name: str = Field(min_length=1, description="What markers call the voice.")
    samples: tuple[Sample, ...] = Field(
        min_length=1, description="Files, folders, globs, or stretches { file, start, end }."
    )
    threshold: float | None = Field(None, ge=-1, le=1, description="Instead of [match] threshold for this voice.")

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if name != name.strip() or not name.isprintable():
            raise ValueError("a name has no control characters and no spaces at its ends")
        return name


class EpgSection(Section):
    """Where titles come from beside the recorder's own metadata."""

    xmltv: tuple[Path, ...] = Field((), description="XMLTV guides, plain or packed (gzip, xz, bzip2, zip).")
    vdr_epg_data: tuple[Path, ...] = Field((), description="VDR's epg.data.")
    stream_eit: bool = Field(True, description="Read the EIT inside the recording's own stream.")
    channels: tuple[str, ...] = Field(
        (), description='Channels that guides call otherwise, such as "BR Süd HD = BR Fernsehen" (recorder = guide).'
    )

    @field_validator("channels")
    @classmethod
    def _pairs(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        for pair in channels:
            if not all(part.strip() for part in (*pair.split("=", 1), "")[:2]):
                raise ValueError(f"'{pair}' needs the form \"recorder's name = guide's name or id\"")
        return channels


class TitlesSection(Section):
    """The model that relates programmes by their texts."""

    model: Path = Field(
        Path("/var/lib/voicemark/titles.safetensors"),
        description="Made by `voicemark train titles`; used when it is there.",
    )


class ExportSection(Section):
    """Files for players, written after each recording."""

    formats: tuple[
        Literal[
            "edl", "sm", "vdr-marks", "cuts", "ffmetadata", "matroska", "webvtt", "rttm", "rttm-turns", "json", "csv"
        ],
        ...,
    ] = Field((), description="Which formats; none writes nothing.")
    folder: Path = Field(Path("/var/lib/voicemark/export"), description="Where they go.")
    in_place: bool = Field(
        False, description="Write beside the recording instead; never over a file that someone else wrote."
    )


class ServiceSection(Section):
    """How the service behaves beside the recorder."""

    nice: int = Field(15, ge=0, le=19, description="CPU niceness.")
    idle_io: bool = Field(True, description="Read from disk only when nobody else does.")
    recordings_at_once: Literal["auto"] | Annotated[int, Field(ge=1, le=64)] = Field(
        "auto",
        description="How many recordings are heard side by side, each on a core of its own; auto: as many as cores, "
        "memory and disk allow beside the recorder, one on a small machine. Each but a single one takes 450 MB.",
    )
    allowed_hours: str | None = Field(None, description='Only between these hours, such as "01:00-06:30".')
    pause_while_recording: bool = Field(False, description="Do nothing while the recorder records.")
    max_load: float | None = Field(None, gt=0, description="Do nothing while the 1-minute load is above this.")
    inhibit_shutdown: bool = Field(True, description="Ask logind to wait while a recording is in hand.")
    rescan_s: float = Field(900.0, gt=0, description="Seconds between two full looks at the watched folders.")
    retries: int = Field(4, ge=0, description="How often a failed recording is tried again.")
    retry_pause_s: float = Field(300.0, ge=0, description="Pause before the first retry; it doubles each time.")
    deleted: Literal["keep", "drop"] = Field("keep", description="Markers of recordings that were deleted.")
    requests: Path = Field(
        Path("/var/lib/voicemark/requests"), description="Where recorder hooks leave their requests."
    )
    control: Path | None = Field(
        None,
        description="The socket at which the service takes what commands and the page ask of it; none: beside the "
        "database, under its name with -control behind it.",
    )
    metrics_file: Path | None = Field(
        None,
        description="Written for node_exporter's textfile collector, such as /var/lib/node_exporter/voicemark.prom.",
    )

    @field_validator("allowed_hours")
    @classmethod
    def _two_times(cls, hours: str | None) -> str | None:
        if hours is not None and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", hours):
            raise ValueError(f"'{hours}' is no stretch of the day: write HH:MM-HH:MM, such as 01:00-06:30")
        return hours


class PeopleSection(Section):
    """People who are heard in several recordings, enrolled or not."""

    discover: bool = Field(
        False,
        description="Find them across recordings, also those whom nobody has enrolled. Off until you decide: it makes "
        "the voices of third parties, biometric data, comparable with each other; nothing of it leaves this machine.",
    )
    keep_unknown_days: int | None = Field(
        None,
        ge=1,
        description="Whom nobody has named is forgotten so many days after the recording was heard; none: kept.",
    )


class WebSection(Section):
    """The page (`voicemark web`)."""

    host: str = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; any but this machine's own needs a password."
    )
    port: int = Field(8765, ge=0, le=65535, description="Port to listen on; 0: any that is free.")
    hosts: tuple[str, ...] = Field(
        (),
        description="Names by which browsers may ask for it, beside localhost, such as the one of a reverse proxy.",
    )
    password_file: Path | None = Field(
        None, description="Made by `voicemark web --new-password`; with it nobody gets in without the password."
    )

    @field_validator("hosts")
    @classmethod
    def _names_alone(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", host):
                raise ValueError(f"'{host}' is no host's name: write it without scheme, port and path")
        return tuple(host.lower() for host in hosts)


class ClusterSection(Section):
    """Several machines that hear recordings together (extra `cluster`, docs/cluster.md)."""

    scheduler: str | None = Field(
        None, description="Where `voicemark cluster worker` joins, such as tls://recorder.lan:8786."
    )
    roots: dict[str, Path] = Field(
        {},
        description='Folders of recordings by a name that all machines share, such as { tv = "/mnt/tv" }; '
        "none: paths are the same on all of them.",
    )
    authority: Path | None = Field(None, description="The certificate of the authority that all machines trust.")
    certificate: Path | None = Field(None, description="This machine's certificate, signed by that authority.")
    key: Path | None = Field(None, description="The key of that certificate.")

    @field_validator("roots")
    @classmethod
    def _names_of_roots(cls, roots: dict[str, Path]) -> dict[str, Path]:
        for name in roots:
            if not re.fullmatch(r"[\w.-]+", name):
                raise ValueError(f"'{name}' is no name of a root: letters, digits, dots, hyphens")
        return roots


class Config(Section):
    """Everything that can be set."""

    database: DatabaseSection = DatabaseSection()
    watch: tuple[WatchSection, ...] = ()
    audio: AudioSection = AudioSection()
    encoder: EncoderSection = EncoderSection()
    match: MatchSection = MatchSection()
    speakers: tuple[SpeakerSection, ...] = ()
    epg: EpgSection = EpgSection()
    titles: TitlesSection = TitlesSection()
    export: ExportSection = ExportSection()
    service: ServiceSection = ServiceSection()
    people: PeopleSection = PeopleSection()
    web: WebSection = WebSection()
    cluster: ClusterSection = ClusterSection()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        seen: set[str] = set()
        for speaker in self.speakers:
            if speaker.name in seen:
                raise ValueError(f"two speakers are named '{speaker.name}': put their samples under one name")
            seen.add(speaker.name)
        return self


def section_in(annotation: Any) -> type[Section] | None:
    """The section class inside `X`, `X | None`, `tuple[str | X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if (found := section_in(inner)) is not None:
            return found
    return None
