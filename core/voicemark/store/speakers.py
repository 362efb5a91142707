"""Who speaks when: the one place that writes the turns of a recording, and whose voices they are."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from voicemark.result import NamedTurn, Speech
from voicemark.store.schema import LocalSpeakerRow, TurnRow, TurnVoiceRow


def write_speech(session: Session, recording_id: int, speech: Speech) -> None:
    """Make `speech` what is known of who speaks when; names that its turns had go with the turns."""
    for table in (TurnVoiceRow, TurnRow, LocalSpeakerRow):
        session.execute(delete(table).where(table.recording_id == recording_id))
    if speech.speakers:
        session.execute(
            insert(LocalSpeakerRow),
            [
                {
                    "recording_id": recording_id,
                    "number": speaker.number,
                    "seconds": speaker.seconds,
                    "embedding": speaker.embedding.tobytes(),
                }
                for speaker in speech.speakers
            ],
        )
    if speech.turns:
        session.execute(
            insert(TurnRow),
            [
                {
                    "recording_id": recording_id,
                    "number": number,
                    "start_s": turn.start_s,
                    "end_s": turn.end_s,
                    "local_speaker": turn.local_speaker,
                }
                for number, turn in enumerate(speech.turns)
            ],
        )


def write_names(session: Session, recording_id: int, named: Sequence[NamedTurn], voices: Mapping[str, int]) -> None:
    """Make `named` the names of the recording's turns; `voices` are the ids of those voices that there are."""
    session.execute(delete(TurnVoiceRow).where(TurnVoiceRow.recording_id == recording_id))
    named = [one for one in named if one.voice in voices]
    if named:
        session.execute(
            insert(TurnVoiceRow),
            [
                {"recording_id": recording_id, "turn": one.turn, "voice_id": voices[one.voice], "score": one.score}
                for one in named
            ],
        )
