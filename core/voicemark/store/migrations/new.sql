CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE programmes (
	id INTEGER NOT NULL, 
	identity VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	subtitle VARCHAR, 
	description VARCHAR, 
	channel VARCHAR, 
	start_at DATETIME, 
	duration_s DOUBLE, 
	genre VARCHAR, 
	language VARCHAR, 
	season INTEGER, 
	episode INTEGER, 
	age_rating INTEGER, 
	series VARCHAR, 
	part VARCHAR, 
	type_guess VARCHAR, 
	type_probability DOUBLE, 
	title_vector BLOB, 
	title_model VARCHAR, 
	CONSTRAINT pk_programmes PRIMARY KEY (id), 
	CONSTRAINT uq_programmes_identity UNIQUE (identity)
);

CREATE INDEX ix_programmes_series_part ON programmes (series, part);

CREATE INDEX ix_programmes_title ON programmes (title);

CREATE TABLE recordings (
	id INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	recorder VARCHAR NOT NULL, 
	content VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	subtitle VARCHAR, 
	channel VARCHAR, 
	started_at DATETIME, 
	duration_s DOUBLE, 
	audio_stream VARCHAR, 
	notes VARCHAR, 
	model_id VARCHAR, 
	match_key VARCHAR, 
	found_at DATETIME NOT NULL, 
	scanned_at DATETIME, 
	deleted_at DATETIME, mount VARCHAR, numerics VARCHAR, 
	CONSTRAINT pk_recordings PRIMARY KEY (id), 
	CONSTRAINT uq_recordings_path UNIQUE (path)
);

CREATE INDEX ix_recordings_content ON recordings (content);

CREATE TABLE voices (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	enrolled_at DATETIME NOT NULL, 
	CONSTRAINT pk_voices PRIMARY KEY (id), 
	CONSTRAINT uq_voices_name UNIQUE (name)
);

CREATE TABLE jobs (
	id INTEGER NOT NULL, 
	recording_id INTEGER NOT NULL, 
	content VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	priority INTEGER NOT NULL, 
	attempts INTEGER NOT NULL, 
	not_before DATETIME, 
	worker VARCHAR, 
	heartbeat_at DATETIME, 
	error VARCHAR, 
	took_s DOUBLE, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, beat_boot VARCHAR, beat_s DOUBLE, waits INTEGER DEFAULT '0' NOT NULL, waits_for VARCHAR, machine VARCHAR, heard_s DOUBLE, 
	CONSTRAINT pk_jobs PRIMARY KEY (id), 
	CONSTRAINT fk_jobs_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT uq_jobs_recording_content_model UNIQUE (recording_id, content, model_id)
);

CREATE INDEX ix_jobs_state_priority ON jobs (state, priority);

CREATE TABLE recording_files (
	id INTEGER NOT NULL, 
	recording_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	path VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	mtime_ns INTEGER NOT NULL, 
	CONSTRAINT pk_recording_files PRIMARY KEY (id), 
	CONSTRAINT fk_recording_files_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT uq_recording_files_recording_id UNIQUE (recording_id, position)
);

CREATE TABLE recording_programmes (
	recording_id INTEGER NOT NULL, 
	programme_id INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	CONSTRAINT pk_recording_programmes PRIMARY KEY (recording_id, programme_id, start_s), 
	CONSTRAINT fk_recording_programmes_programme_id FOREIGN KEY(programme_id) REFERENCES programmes (id) ON DELETE CASCADE, 
	CONSTRAINT fk_recording_programmes_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);

CREATE TABLE window_embeddings (
	recording_id INTEGER NOT NULL, 
	model_id VARCHAR NOT NULL, 
	content VARCHAR NOT NULL, 
	windows INTEGER NOT NULL, 
	dim INTEGER NOT NULL, 
	hop_s DOUBLE NOT NULL, 
	window_s DOUBLE NOT NULL, 
	turns BLOB, 
	data BLOB NOT NULL, 
	CONSTRAINT pk_window_embeddings PRIMARY KEY (recording_id, model_id), 
	CONSTRAINT fk_window_embeddings_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);

CREATE TABLE about (
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY ("key")
);

CREATE TABLE waiting (
	subject VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_waiting PRIMARY KEY (subject)
);

CREATE TABLE exports (
	target VARCHAR NOT NULL, 
	recording_id INTEGER, 
	format VARCHAR NOT NULL, 
	digest VARCHAR, 
	made_of VARCHAR, 
	CONSTRAINT pk_exports PRIMARY KEY (target), 
	CONSTRAINT fk_exports_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE SET NULL
);

CREATE INDEX ix_exports_recording_id ON exports (recording_id);

CREATE TABLE export_voices (
	target VARCHAR NOT NULL, 
	voice_id INTEGER NOT NULL, 
	CONSTRAINT pk_export_voices PRIMARY KEY (target, voice_id), 
	CONSTRAINT fk_export_voices_target FOREIGN KEY(target) REFERENCES exports (target) ON DELETE CASCADE, 
	CONSTRAINT fk_export_voices_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE
);

CREATE TABLE erasures (
	id INTEGER NOT NULL, 
	asked_at DATETIME NOT NULL, 
	scrubbed_at DATETIME, 
	CONSTRAINT pk_erasures PRIMARY KEY (id)
);

CREATE TABLE erasure_files (
	target VARCHAR NOT NULL, 
	recording_id INTEGER, 
	format VARCHAR NOT NULL, 
	digest VARCHAR, 
	CONSTRAINT pk_erasure_files PRIMARY KEY (target), 
	CONSTRAINT fk_erasure_files_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE SET NULL
);

CREATE TABLE local_speakers (
	recording_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	seconds DOUBLE NOT NULL, 
	embedding BLOB NOT NULL, 
	CONSTRAINT pk_local_speakers PRIMARY KEY (recording_id, number), 
	CONSTRAINT fk_local_speakers_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE turns (
	recording_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	local_speaker INTEGER NOT NULL, 
	CONSTRAINT pk_turns PRIMARY KEY (recording_id, number), 
	CONSTRAINT fk_turns_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE turn_voices (
	recording_id INTEGER NOT NULL, 
	turn INTEGER NOT NULL, 
	voice_id INTEGER NOT NULL, 
	score DOUBLE NOT NULL, 
	CONSTRAINT pk_turn_voices PRIMARY KEY (recording_id, turn, voice_id), 
	CONSTRAINT fk_turn_voices_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT fk_turn_voices_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE INDEX ix_turn_voices_voice ON turn_voices (voice_id);

CREATE INDEX ix_recordings_started_path ON recordings (started_at, path);

CREATE TABLE persons (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	voice_id INTEGER, 
	"by" VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_persons_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE SET NULL, 
	CONSTRAINT uq_persons_voice_id UNIQUE (voice_id)
);

CREATE TABLE memberships (
	recording_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	placed_by VARCHAR NOT NULL, 
	score DOUBLE, 
	CONSTRAINT pk_memberships PRIMARY KEY (recording_id, number), 
	CONSTRAINT fk_memberships_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT fk_memberships_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE INDEX ix_memberships_person ON memberships (person_id);

CREATE TABLE cannot_links (
	recording_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	CONSTRAINT pk_cannot_links PRIMARY KEY (recording_id, number, person_id), 
	CONSTRAINT fk_cannot_links_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT fk_cannot_links_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE INDEX ix_cannot_links_person ON cannot_links (person_id);

CREATE TABLE acts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	"by" VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	message VARCHAR NOT NULL, 
	undone_at DATETIME
);

CREATE TABLE act_changes (
	act_id INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	subject VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	recording_id INTEGER, 
	number INTEGER, 
	"before" VARCHAR, 
	"after" VARCHAR, 
	CONSTRAINT pk_act_changes PRIMARY KEY (act_id, ordinal), 
	CONSTRAINT fk_act_changes_act_id FOREIGN KEY(act_id) REFERENCES acts (id) ON DELETE CASCADE, 
	CONSTRAINT fk_act_changes_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE INDEX ix_act_changes_recording ON act_changes (recording_id);

CREATE TABLE statements (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	act_id INTEGER, 
	said_at DATETIME NOT NULL, 
	content VARCHAR NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	person_id INTEGER NOT NULL, 
	answer VARCHAR NOT NULL, 
	about VARCHAR NOT NULL, 
	speaker INTEGER NOT NULL, 
	CONSTRAINT fk_statements_act_id FOREIGN KEY(act_id) REFERENCES acts (id) ON DELETE SET NULL, 
	CONSTRAINT fk_statements_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE
);

CREATE INDEX ix_statements_content ON statements (content);

CREATE INDEX ix_statements_person ON statements (person_id);

CREATE INDEX ix_statements_act_id ON statements (act_id);

CREATE TABLE said (
	content VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, answers INTEGER, agreeing INTEGER, 
	CONSTRAINT pk_said PRIMARY KEY (content)
);

CREATE TABLE asked (
	person_id INTEGER NOT NULL, 
	other_id INTEGER NOT NULL, 
	noes INTEGER NOT NULL, 
	CONSTRAINT pk_asked PRIMARY KEY (person_id, other_id), 
	CONSTRAINT fk_asked_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE, 
	CONSTRAINT fk_asked_other_id FOREIGN KEY(other_id) REFERENCES persons (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE TABLE normalisations (
	recording_id INTEGER NOT NULL, 
	cohort VARCHAR NOT NULL, 
	turns INTEGER NOT NULL, 
	taken BLOB NOT NULL, 
	CONSTRAINT pk_normalisations PRIMARY KEY (recording_id), 
	CONSTRAINT fk_normalisations_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);

CREATE TABLE matchings (
	"key" VARCHAR NOT NULL, 
	parts VARCHAR NOT NULL, 
	CONSTRAINT pk_matchings PRIMARY KEY ("key")
);

CREATE INDEX ix_recording_programmes_programme ON recording_programmes (programme_id, recording_id);

CREATE VIRTUAL TABLE recording_texts USING fts5(title, subtitle, channel, content='recordings', content_rowid='id', tokenize='unicode61 remove_diacritics 2');

CREATE TRIGGER recording_texts_added AFTER INSERT ON recordings BEGIN INSERT INTO recording_texts(rowid, title, subtitle, channel) VALUES (new.id, new.title, new.subtitle, new.channel); END;

CREATE TRIGGER recording_texts_taken AFTER DELETE ON recordings BEGIN INSERT INTO recording_texts(recording_texts, rowid, title, subtitle, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.channel); END;

CREATE TRIGGER recording_texts_changed AFTER UPDATE OF id, title, subtitle, channel ON recordings WHEN old.id <> new.id OR old.title IS NOT new.title OR old.subtitle IS NOT new.subtitle OR old.channel IS NOT new.channel BEGIN INSERT INTO recording_texts(recording_texts, rowid, title, subtitle, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.channel); INSERT INTO recording_texts(rowid, title, subtitle, channel) VALUES (new.id, new.title, new.subtitle, new.channel); END;

CREATE VIRTUAL TABLE programme_texts USING fts5(title, subtitle, description, channel, content='programmes', content_rowid='id', tokenize='unicode61 remove_diacritics 2');

CREATE TRIGGER programme_texts_added AFTER INSERT ON programmes BEGIN INSERT INTO programme_texts(rowid, title, subtitle, description, channel) VALUES (new.id, new.title, new.subtitle, new.description, new.channel); END;

CREATE TRIGGER programme_texts_taken AFTER DELETE ON programmes BEGIN INSERT INTO programme_texts(programme_texts, rowid, title, subtitle, description, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.description, old.channel); END;

CREATE TRIGGER programme_texts_changed AFTER UPDATE OF id, title, subtitle, description, channel ON programmes WHEN old.id <> new.id OR old.title IS NOT new.title OR old.subtitle IS NOT new.subtitle OR old.description IS NOT new.description OR old.channel IS NOT new.channel BEGIN INSERT INTO programme_texts(programme_texts, rowid, title, subtitle, description, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.description, old.channel); INSERT INTO programme_texts(rowid, title, subtitle, description, channel) VALUES (new.id, new.title, new.subtitle, new.description, new.channel); END;

CREATE TABLE "voice_memories" (
	id INTEGER NOT NULL, 
	voice_id INTEGER NOT NULL, 
	model_id VARCHAR NOT NULL, 
	samples VARCHAR NOT NULL, 
	windows INTEGER NOT NULL, 
	dim INTEGER NOT NULL, 
	embeddings BLOB NOT NULL, 
	made_at DATETIME NOT NULL, 
	sources VARCHAR, 
	origin VARCHAR DEFAULT 'samples' NOT NULL, 
	CONSTRAINT pk_voice_memories PRIMARY KEY (id), 
	CONSTRAINT fk_voice_memories_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE, 
	CONSTRAINT uq_voice_memories_voice_model UNIQUE (voice_id, model_id, origin)
);

CREATE TABLE cluster_workers (
	name VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	program VARCHAR NOT NULL, 
	model_id VARCHAR NOT NULL, 
	recording VARCHAR, 
	since DATETIME, 
	heard_s DOUBLE NOT NULL, 
	took_s DOUBLE NOT NULL, 
	seen_at DATETIME NOT NULL, 
	failed_in_a_row INTEGER NOT NULL, 
	trouble VARCHAR, 
	CONSTRAINT pk_cluster_workers PRIMARY KEY (name)
);

CREATE TABLE linked (
	recording_id INTEGER NOT NULL, 
	CONSTRAINT pk_linked PRIMARY KEY (recording_id), 
	CONSTRAINT fk_linked_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);

CREATE TABLE voice_sums (
	voice_id INTEGER NOT NULL, 
	recording_id INTEGER NOT NULL, 
	markers INTEGER NOT NULL, 
	hundredths INTEGER NOT NULL, 
	least_score DOUBLE NOT NULL, 
	CONSTRAINT pk_voice_sums PRIMARY KEY (voice_id, recording_id), 
	CONSTRAINT fk_voice_sums_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE, 
	CONSTRAINT fk_voice_sums_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
)
 WITHOUT ROWID;

CREATE INDEX ix_voice_sums_recording_id ON voice_sums (recording_id);

CREATE INDEX ix_voice_sums_least_score ON voice_sums (least_score);

CREATE TABLE person_sums (
	person_id INTEGER NOT NULL, 
	recordings INTEGER NOT NULL, 
	hundredths INTEGER NOT NULL, 
	CONSTRAINT pk_person_sums PRIMARY KEY (person_id), 
	CONSTRAINT fk_person_sums_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE
);

CREATE TRIGGER person_sums_added AFTER INSERT ON memberships BEGIN INSERT INTO person_sums VALUES (new.person_id, (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = new.person_id AND o.recording_id = new.recording_id AND o.number <> new.number)), coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = new.recording_id AND s.number = new.number), 0)) ON CONFLICT (person_id) DO UPDATE SET recordings = recordings + excluded.recordings, hundredths = hundredths + excluded.hundredths; END;

CREATE TRIGGER person_sums_taken AFTER DELETE ON memberships BEGIN UPDATE person_sums SET recordings = recordings - (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = old.person_id AND o.recording_id = old.recording_id AND o.number <> old.number)), hundredths = hundredths - coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = old.recording_id AND s.number = old.number), 0) WHERE person_id = old.person_id; DELETE FROM person_sums WHERE person_id = old.person_id AND recordings = 0; END;

CREATE TRIGGER person_sums_changed AFTER UPDATE OF recording_id, number, person_id ON memberships WHEN (old.recording_id, old.number, old.person_id) <> (new.recording_id, new.number, new.person_id) BEGIN UPDATE person_sums SET recordings = recordings - (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = old.person_id AND o.recording_id = old.recording_id AND o.number <> old.number)), hundredths = hundredths - coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = old.recording_id AND s.number = old.number), 0) WHERE person_id = old.person_id; DELETE FROM person_sums WHERE person_id = old.person_id AND recordings = 0; INSERT INTO person_sums VALUES (new.person_id, (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = new.person_id AND o.recording_id = new.recording_id AND o.number <> new.number)), coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = new.recording_id AND s.number = new.number), 0)) ON CONFLICT (person_id) DO UPDATE SET recordings = recordings + excluded.recordings, hundredths = hundredths + excluded.hundredths; END;

CREATE TRIGGER person_sums_by_speaker_added AFTER INSERT ON local_speakers BEGIN UPDATE person_sums SET hundredths = hundredths + CAST(round(new.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = new.recording_id AND m.number = new.number); END;

CREATE TRIGGER person_sums_by_speaker_taken AFTER DELETE ON local_speakers BEGIN UPDATE person_sums SET hundredths = hundredths - CAST(round(old.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = old.recording_id AND m.number = old.number); END;

CREATE TRIGGER person_sums_by_speaker_changed AFTER UPDATE OF recording_id, number, seconds ON local_speakers WHEN (old.recording_id, old.number, old.seconds) <> (new.recording_id, new.number, new.seconds) BEGIN UPDATE person_sums SET hundredths = hundredths - CAST(round(old.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = old.recording_id AND m.number = old.number); UPDATE person_sums SET hundredths = hundredths + CAST(round(new.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = new.recording_id AND m.number = new.number); END;

CREATE INDEX ix_local_speakers_seconds ON local_speakers (seconds);

CREATE TABLE "markers" (
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
);

CREATE INDEX ix_markers_recording_start ON markers (recording_id, start_s);

CREATE INDEX ix_markers_voice_recording_start ON markers (voice_id, recording_id, start_s);

CREATE INDEX ix_markers_programme_voice_recording ON markers (programme_id, voice_id, recording_id);
