"""The views that people query with `sqlite3`: minutes, titles and names in words, stable from version to version.

What a question is likely to ask for (a voice, a recording, a moment) stands in a view as it stands in the table, and
groups are by the columns that are shown: only so does SQLite look it up in an index.
"""

import sqlite3

VIEWS: dict[str, str] = {
    "voice_markers": """
        SELECT r.path AS recording,
               coalesce(p.title, r.title) AS title,
               CASE WHEN p.id IS NULL THEN r.subtitle ELSE p.subtitle END AS subtitle,
               coalesce(p.channel, r.channel) AS channel,
               r.started_at AS started_at,
               v.name AS speaker,
               m.start_s AS start_s,
               m.end_s AS end_s,
               round(m.start_s / 60, 1) AS at_min,
               round(m.score, 3) AS score
          FROM markers m
          JOIN recordings r ON r.id = m.recording_id
          JOIN voices v ON v.id = m.voice_id
          LEFT JOIN programmes p ON p.id = m.programme_id
    """,
    "speaker_turns": """
        SELECT r.path AS recording,
               coalesce(p.title, r.title) AS title,
               coalesce(p.channel, r.channel) AS channel,
               r.started_at AS started_at,
               v.name AS speaker,
               t.local_speaker AS local_speaker,
               round(t.start_s, 2) AS start_s,
               round(t.end_s, 2) AS end_s,
               round(t.start_s / 60, 1) AS at_min,
               q.id AS person,
               w.name AS name
          FROM turns t
          JOIN recordings r ON r.id = t.recording_id
          LEFT JOIN turn_voices n ON n.recording_id = t.recording_id AND n.turn = t.number
          LEFT JOIN voices v ON v.id = n.voice_id
          LEFT JOIN memberships m ON m.recording_id = t.recording_id AND m.number = t.local_speaker
          LEFT JOIN persons q ON q.id = coalesce((SELECT id FROM persons WHERE voice_id = n.voice_id), m.person_id)
          LEFT JOIN voices w ON w.id = q.voice_id
          LEFT JOIN programmes p ON p.id = (SELECT rp.programme_id FROM recording_programmes rp
                                             WHERE rp.recording_id = t.recording_id
                                               AND rp.start_s <= t.start_s AND t.start_s < rp.end_s
                                             ORDER BY rp.start_s DESC LIMIT 1)
    """,
    "people": """
        SELECT p.id AS person,
               v.name AS name,
               p.kind AS kind,
               coalesce(s.recordings, 0) AS recordings,
               round(coalesce(s.hundredths, 0) / 360000.0, 3) AS hours,
               (SELECT min(r.started_at) FROM memberships m JOIN recordings r ON r.id = m.recording_id
                 WHERE m.person_id = p.id) AS first_heard,
               (SELECT max(r.started_at) FROM memberships m JOIN recordings r ON r.id = m.recording_id
                 WHERE m.person_id = p.id) AS last_heard,
               (SELECT f.title FROM memberships n
                  JOIN local_speakers l ON l.recording_id = n.recording_id AND l.number = n.number
                  JOIN recordings f ON f.id = n.recording_id
                 WHERE n.person_id = p.id
                 GROUP BY f.title ORDER BY sum(l.seconds) DESC, f.title LIMIT 1) AS mostly_in
          FROM persons p
          LEFT JOIN voices v ON v.id = p.voice_id
          LEFT JOIN person_sums s ON s.person_id = p.id
    """,
    "voices_by_recording": """
        SELECT v.name AS speaker,
               r.path AS recording,
               r.title AS title,
               r.started_at AS started_at,
               s.markers AS markers,
               s.hundredths / 100.0 AS seconds,
               s.least_score AS least_score
          FROM voices v
          JOIN voice_sums s ON s.voice_id = v.id
          JOIN recordings r ON r.id = s.recording_id
    """,
    "voice_totals": """
        SELECT v.name AS speaker,
               count(*) AS recordings,
               sum(s.markers) AS markers,
               round(sum(s.hundredths) / 6000.0, 1) AS minutes
          FROM voices v
          JOIN voice_sums s ON s.voice_id = v.id
         GROUP BY v.name
    """,
    "recording_list": """
        SELECT r.path AS recording,
               r.title AS title,
               r.subtitle AS subtitle,
               r.channel AS channel,
               r.started_at AS started_at,
               r.duration_s AS duration_s,
               CASE WHEN r.deleted_at IS NOT NULL THEN 'deleted'
                    ELSE coalesce((SELECT j.state FROM jobs j WHERE j.recording_id = r.id
                                    ORDER BY j.updated_at DESC, j.id DESC LIMIT 1),
                                  CASE WHEN r.scanned_at IS NULL THEN 'waiting' ELSE 'done' END)
               END AS state,
               (SELECT j.error FROM jobs j WHERE j.recording_id = r.id
                 ORDER BY j.updated_at DESC, j.id DESC LIMIT 1) AS error
          FROM recordings r
    """,
    "programmes_by_voice": """
        SELECT v.name AS speaker,
               coalesce(p.title, r.title) AS title,
               CASE WHEN p.id IS NULL THEN r.subtitle ELSE p.subtitle END AS subtitle,
               coalesce(p.channel, r.channel) AS channel,
               coalesce(p.start_at, r.started_at) AS started_at,
               count(*) AS markers,
               round(sum(m.end_s - m.start_s) / 60, 1) AS minutes,
               r.path AS recording
          FROM markers m
          JOIN recordings r ON r.id = m.recording_id
          JOIN voices v ON v.id = m.voice_id
          LEFT JOIN programmes p ON p.id = m.programme_id
         GROUP BY v.name, r.path, p.id
    """,
    "programme_series": """
        SELECT series,
               min(title) AS title,
               count(DISTINCT coalesce(part, '')) AS parts,
               count(*) AS showings,
               min(start_at) AS first_start,
               max(start_at) AS last_start
          FROM programmes
         WHERE series IS NOT NULL
         GROUP BY series
    """,
    "programme_repeats": """
        SELECT series,
               part,
               min(title) AS title,
               max(subtitle) AS subtitle,
               count(*) AS showings,
               min(start_at) AS first_start,
               max(start_at) AS last_start
          FROM programmes
         WHERE series IS NOT NULL AND part IS NOT NULL AND part <> ''
         GROUP BY series, part
        HAVING count(*) > 1
    """,
}


def views_are_stale(connection: sqlite3.Connection) -> bool:
    """Is some view missing, or not as this program defines it? Does not write to the database."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'")
    found = {str(row[0]): str(row[1]) for row in rows}
    return any(found.get(name) != _statement(name) for name in VIEWS)


def renew_views(connection: sqlite3.Connection) -> None:
    """Define every view anew.

    Views hold no data, so they are not part of the migrations: the program's own definitions always stand. A
    migration that changes a table under a view drops the view first.
    """
    for name in VIEWS:
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(_statement(name))


def _statement(name: str) -> str:
    return f"CREATE VIEW {name} AS {VIEWS[name].strip()}"
