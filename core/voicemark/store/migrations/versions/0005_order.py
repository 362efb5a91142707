"""Markers are read in their order, of a voice or a programme alone, without all of them being sorted or looked at."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes; one on the voice alone is part of the new one."""
    op.create_index("ix_recordings_started_path", "recordings", ["started_at", "path"])
    op.create_index("ix_markers_voice_recording_start", "markers", ["voice_id", "recording_id", "start_s"])
    op.create_index("ix_markers_programme_voice_recording", "markers", ["programme_id", "voice_id", "recording_id"])
    op.drop_index("ix_markers_voice", "markers")
