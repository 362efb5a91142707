"""What the owner decides: the model of it (`model`), reading a file (`load`), checking it, an example of it."""

from voicemark.config.load import load_config
from voicemark.config.model import (
    AudioSection,
    ClusterSection,
    Config,
    DatabaseSection,
    EncoderSection,
    EpgSection,
    ExportSection,
    MatchSection,
    PeopleSection,
    SampleSection,
    ServiceSection,
    SpeakerSection,
    TitlesSection,
    VerifierSection,
    WatchSection,
    WebSection,
)

__all__ = [
    "AudioSection",
    "ClusterSection",
    "Config",
    "DatabaseSection",
    "EncoderSection",
    "EpgSection",
    "ExportSection",
    "MatchSection",
    "PeopleSection",
    "SampleSection",
    "ServiceSection",
    "SpeakerSection",
    "TitlesSection",
    "VerifierSection",
    "WatchSection",
    "WebSection",
    "load_config",
]
