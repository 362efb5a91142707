"""Who speaks when: the one place that writes the turns of a recording, and whose voices they are."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from voicemark.result import NamedTurn, Speech
from voicemark.store.carry import put_back, take_out
from voicemark.store.schema import LocalSpeakerRow, TurnRow, TurnVoiceRow
from voicemark.store.schema_people import LinkedRow

INSERT_NAMES = "INSERT INTO turn_voices (recording_id, turn, voice_id, score) VALUES (?, ?, ?, ?)"


def write_speech(session: Session, recording_id: int, speech: Speech, *, same_content: bool = True) -> None:
    """Make `speech` what is known of who speaks when; names that its turns had go with the turns.

    Whose the local speakers are is carried over by time, where it is the `same_content` that was cut otherwise before;
    who is nobody's is looked for across recordings anew.
    """
    placed = take_out(session, recording_id)
    for table in (TurnVoiceRow, TurnRow, LocalSpeakerRow, LinkedRow):
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
    if same_content:
        put_back(session, recording_id, placed, speech.turns)


def write_names(session: Session, recording_id: int, named: Sequence[NamedTurn], voices: Mapping[str, int]) -> None:
    """Make `named` the names of the recording's turns; `voices` are the ids of those voices that there are."""
    replace_names(session, {recording_id: named}, voices)


def replace_names(session: Session, named: Mapping[int, Sequence[NamedTurn]], voices: Mapping[str, int]) -> None:
    """As `write_names`, of many recordings with two statements."""
    session.execute(delete(TurnVoiceRow).where(TurnVoiceRow.recording_id.in_(list(named))))
    rows = [
        (recording_id, one.turn, voices[one.voice], one.score)
        for recording_id, found in named.items()
        for one in found
        if one.voice in voices
    ]
    if rows:
        session.connection().exec_driver_sql(INSERT_NAMES, rows)
