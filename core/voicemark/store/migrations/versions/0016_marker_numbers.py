"""The number of a marker is never used again for another."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE markers_anew (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    recording_id INTEGER NOT NULL,
    voice_id INTEGER NOT NULL,
    programme_id INTEGER,
    start_s DOUBLE NOT NULL,
    end_s DOUBLE NOT NULL,
    score DOUBLE NOT NULL,
    CONSTRAINT fk_markers_programme_id FOREIGN KEY(programme_id) REFERENCES programmes (id) ON DELETE SET NULL,
    CONSTRAINT fk_markers_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE,
    CONSTRAINT fk_markers_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE
)
"""
INDEXES = {
    "ix_markers_recording_start": ["recording_id", "start_s"],
    "ix_markers_voice_recording_start": ["voice_id", "recording_id", "start_s"],
    "ix_markers_programme_voice_recording": ["programme_id", "voice_id", "recording_id"],
}


def upgrade() -> None:
    """Make the table anew, which counts its rows from now on; every marker keeps its number."""
    op.execute(TABLE)
    op.execute(
        "INSERT INTO markers_anew SELECT id, recording_id, voice_id, programme_id, start_s, end_s, score FROM markers "
        "ORDER BY id"
    )
    op.execute("DROP TABLE markers")
    # Views that tell of markers stay as they are, also those that somebody made: else each has to be valid meanwhile.
    op.execute("PRAGMA legacy_alter_table = ON")
    op.execute("ALTER TABLE markers_anew RENAME TO markers")
    op.execute("PRAGMA legacy_alter_table = OFF")
    for name, columns in INDEXES.items():
        op.create_index(name, "markers", columns)
