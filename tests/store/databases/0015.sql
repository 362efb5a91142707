PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY ("key")
);
INSERT INTO about VALUES('id','632a450a7b1c4c91ba2227b3dd553fa5');
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
 WITHOUT ROWID

;
CREATE TABLE acts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	"by" VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	message VARCHAR NOT NULL, 
	undone_at DATETIME
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES('0015');
CREATE TABLE asked (
	person_id INTEGER NOT NULL, 
	other_id INTEGER NOT NULL, 
	noes INTEGER NOT NULL, 
	CONSTRAINT pk_asked PRIMARY KEY (person_id, other_id), 
	CONSTRAINT fk_asked_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE, 
	CONSTRAINT fk_asked_other_id FOREIGN KEY(other_id) REFERENCES persons (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE cannot_links (
	recording_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	CONSTRAINT pk_cannot_links PRIMARY KEY (recording_id, number, person_id), 
	CONSTRAINT fk_cannot_links_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT fk_cannot_links_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE erasure_files (
	target VARCHAR NOT NULL, 
	recording_id INTEGER, 
	format VARCHAR NOT NULL, 
	digest VARCHAR, 
	CONSTRAINT pk_erasure_files PRIMARY KEY (target), 
	CONSTRAINT fk_erasure_files_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE SET NULL
);
CREATE TABLE erasures (
	id INTEGER NOT NULL, 
	asked_at DATETIME NOT NULL, 
	scrubbed_at DATETIME, 
	CONSTRAINT pk_erasures PRIMARY KEY (id)
);
CREATE TABLE export_voices (
	target VARCHAR NOT NULL, 
	voice_id INTEGER NOT NULL, 
	CONSTRAINT pk_export_voices PRIMARY KEY (target, voice_id), 
	CONSTRAINT fk_export_voices_target FOREIGN KEY(target) REFERENCES exports (target) ON DELETE CASCADE, 
	CONSTRAINT fk_export_voices_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE
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
INSERT INTO jobs VALUES(1,1,'482b0ef551ca9d9d10594d0f62e398f0','vm3-4d32c59e','done',1795926511,1,NULL,NULL,NULL,NULL,NULL,'2026-11-29 04:28:38.380303','2026-11-29 04:28:39.159372',NULL,NULL,0,NULL,NULL,NULL);
CREATE TABLE local_speakers (
	recording_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	seconds DOUBLE NOT NULL, 
	embedding BLOB NOT NULL, 
	CONSTRAINT pk_local_speakers PRIMARY KEY (recording_id, number), 
	CONSTRAINT fk_local_speakers_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO local_speakers VALUES(1,1,6.25,X'10f8050310f8050310f8050310f80503');
INSERT INTO local_speakers VALUES(1,2,15.0,X'0305f8100305f8100305f8100305f810');
CREATE TABLE markers (
	id INTEGER NOT NULL, 
	recording_id INTEGER NOT NULL, 
	voice_id INTEGER NOT NULL, 
	programme_id INTEGER, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	score DOUBLE NOT NULL, 
	CONSTRAINT pk_markers PRIMARY KEY (id), 
	CONSTRAINT fk_markers_programme_id FOREIGN KEY(programme_id) REFERENCES programmes (id) ON DELETE SET NULL, 
	CONSTRAINT fk_markers_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT fk_markers_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE
);
INSERT INTO markers VALUES(1,1,3,1,0.0,6.25,0.86867558956146240234);
INSERT INTO markers VALUES(2,1,2,1,19.75,34.749999999999999999,0.87127423286437988281);
CREATE TABLE matchings (
	"key" VARCHAR NOT NULL, 
	parts VARCHAR NOT NULL, 
	CONSTRAINT pk_matchings PRIMARY KEY ("key")
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
 WITHOUT ROWID

;
CREATE TABLE normalisations (
	recording_id INTEGER NOT NULL, 
	cohort VARCHAR NOT NULL, 
	turns INTEGER NOT NULL, 
	taken BLOB NOT NULL, 
	CONSTRAINT pk_normalisations PRIMARY KEY (recording_id), 
	CONSTRAINT fk_normalisations_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);
CREATE TABLE persons (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR NOT NULL, 
	voice_id INTEGER, 
	"by" VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT fk_persons_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE SET NULL, 
	CONSTRAINT uq_persons_voice_id UNIQUE (voice_id)
);
INSERT INTO persons VALUES(1,'person',1,'person','2026-11-29 04:28:36.780350');
INSERT INTO persons VALUES(2,'person',2,'person','2026-11-29 04:28:37.685425');
INSERT INTO persons VALUES(3,'person',3,'person','2026-11-29 04:28:38.369909');
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
INSERT INTO programmes VALUES(1,'nameAbendschau','name','Abendschau',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'abendschau','',NULL,NULL,NULL,NULL);
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
INSERT INTO recording_files VALUES(1,1,0,'/srv/video/Abendschau.ts',1148116,1795926511047508005);
CREATE TABLE recording_programmes (
	recording_id INTEGER NOT NULL, 
	programme_id INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	CONSTRAINT pk_recording_programmes PRIMARY KEY (recording_id, programme_id, start_s), 
	CONSTRAINT fk_recording_programmes_programme_id FOREIGN KEY(programme_id) REFERENCES programmes (id) ON DELETE CASCADE, 
	CONSTRAINT fk_recording_programmes_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);
INSERT INTO recording_programmes VALUES(1,1,0.0,40.247999999999997553);
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
INSERT INTO recordings VALUES(1,'/srv/video/Abendschau.ts','plain','482b0ef551ca9d9d10594d0f62e398f0','Abendschau',NULL,NULL,NULL,40.247999999999997553,'stream 0, deu, mp2 stereo',NULL,'vm3-4d32c59e','0e9495af88f9bbe51509b1cc92c1c846','2026-11-29 04:28:38.380303','2026-11-29 04:28:39.145130',NULL,NULL,NULL);
CREATE TABLE said (
	content VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, answers INTEGER, agreeing INTEGER, 
	CONSTRAINT pk_said PRIMARY KEY (content)
);
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
CREATE TABLE turn_voices (
	recording_id INTEGER NOT NULL, 
	turn INTEGER NOT NULL, 
	voice_id INTEGER NOT NULL, 
	score DOUBLE NOT NULL, 
	CONSTRAINT pk_turn_voices PRIMARY KEY (recording_id, turn, voice_id), 
	CONSTRAINT fk_turn_voices_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT fk_turn_voices_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO turn_voices VALUES(1,0,3,0.86867558956146240234);
INSERT INTO turn_voices VALUES(1,1,2,0.87127423286437988281);
CREATE TABLE turns (
	recording_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	local_speaker INTEGER NOT NULL, 
	CONSTRAINT pk_turns PRIMARY KEY (recording_id, number), 
	CONSTRAINT fk_turns_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO turns VALUES(1,0,0.0,6.25,1);
INSERT INTO turns VALUES(1,1,19.75,34.749999999999999999,2);
CREATE TABLE voices (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	enrolled_at DATETIME NOT NULL, 
	CONSTRAINT pk_voices PRIMARY KEY (id), 
	CONSTRAINT uq_voices_name UNIQUE (name)
);
INSERT INTO voices VALUES(1,'Carl','2026-11-29 04:28:36.780350');
INSERT INTO voices VALUES(2,'Bert','2026-11-29 04:28:37.685425');
INSERT INTO voices VALUES(3,'Anna','2026-11-29 04:28:38.369909');
CREATE TABLE waiting (
	subject VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_waiting PRIMARY KEY (subject)
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
INSERT INTO window_embeddings VALUES(1,'vm3-4d32c59e','482b0ef551ca9d9d10594d0f62e398f0',77,16,0.5,2.0,X'010000000c0000001a0000002100000006000000c19df1205508d6c6387a199fbd770e81fdefbfeabbad10b74b2c8110ba010182f8aacfdcc92cfad4203f81edb8f09d0405ebc0e6bcaa0fb649308512bcfbff81',X'c39df8125bfcd4be467d2eadc37e0881d59ef01e5704d7cb366b1d9aaf641981bc94f313440fcbc4367113b6b566fb81c7abeb174402ddc8337f179fd26d0496c394e6155715d2c94e6f189fab6e0f81bf9ff6225e0dddda3e7a1c9bb57f1691ca9703284215dbb82f6a23a4bc6a0a81cdb3f6133f08d5c6217f1ba5ca77f688cab4ef184618f2ca267f08aec5681698b79eef3759f9c8d335680f9fc3721881b7930137660de1bf3b7a169bd47f2084c6b0d81e58efced531660fa5c5740b81fdfac8efc1a807c743218110bfff009200f5c3f3bfa10fba4c36850aa40e0381f1fdc6e6b9ad0cb83e388312bcec0881fbefbcf1bcab05c249248119b80c0288f8f2cbe7c9c30bb63b1e860ab407ec810ff7c8edd0b60eb54323860ac0ff0a81fcffc5f4ccbe13b54026810cb7f4048ef8e8c3e8c2b709c743298f0ac8000281e5f0c2f4c3ae0eae51278913be0afe81f6ebd1e5cab714c63c2e980abffc05810ee7a9f7bfa915b14e38811cb7fd01840aecc1f4c9b902be3e2a811ac406f8900bdbbcecafac0cc155338c1bc2f6fc8107e9bbd7b29014a94f358109a80eff8100efc5f8c5b410b03e389015c4fd068101e9c3edbfb911c44e1c8115c9130996f5f4c5ddb3aa119f4a2f8114bff90781f5f0cfdcb1a11fbc452381fec004f181f6ecbef1c6b21cad473a8112a5f00a82fcecbaeecec40cc33630a20ac703fe81faf3b0df9cb713ba4727810eb8020491f0efb7dca4b005b24f238111c10cfa8afdeebbeeafac19b75e26830db4f7fe81f6f5cbd8c2ab11d0573181fdc1fb05810600ccf4bfb514b35623811ed3fcfda8ffd9b7fac0b01abf481f8407b9130881fbb4ddcfcf3a04cd162681ffb9ea9d00f9a5c8e3dc23f5e10e3781efb4e9a3f4e794dac9d13004d3183e81dfc6e9b507f5afdfcdc11dfdd91f3581fac4f59208fdb0e6e6c31d0ad8273a81f1ccf899fff4a8dcf2cc27fdd31c4281dfbbef9108f5bad5dbbf2806ca2b2a81f6b7f3a7f8f1b2e2e4ce2a01cc002f81e9b1ecad03fab5c7d4d621e8e1274d81f7aaf28905fd9bd5feb83a08de1a5681ebacf6a20f1a94d1d0cc36f4bb1d5181f599ec8d02fcb1d3d4b427e9d2243181e9cbf88806fea8cde2d32df0d10c2b81e1b30ea6f7df99bcbecf25fff5224181e7a7eea6fde790bed7ca3208cc2b4781d3bede880bf4bad1ceca260de5283c81f8aae9a50af8adc0ebce17f0ce2e408101cae98c0bf199c2e6d53bf9d02c3481e5aef39b1014a0c4dbc036f2d32c4e81fdc2df9f04f7a5d3e1cf3807cf164681f0beffa812f5b3cbdfce1fdfe0223e81eabef4af03f0adc8ddb42802cb20488101b1f19aebe7a9caeac62b08d4353781f4b800a503f2a8cae3d434f0ca2f4681ebadea8f11f8b1d0e8c31f06e8194181f7c3e99afdfda2cce1cd1ef6c8314181eccbf19201fcc4cbd2c832f1dd283e81e4b3eaad15f596aecdc437fcd6274781cf98e781f8f79bcde0c72ef0c31d4e81f9bd008f1102c2d9e0cb2aead21e4881efcceeabfcf9addbd6bf3bfddd294781eba5f599010fb1d2ccd33bf2d9193d81dbb1e1af0dfaa8cfdcca29f9c2153b81e8c9f0960708fec5e0b7b111bf4c3f8b1db9f3f68104cdb3f0be9d16b34f3e810eaaf5f5840fefc9e2bcb511bb3a20810cbcfd018603eebbe6c5ab05b34b31910ec9ff018103f7bfe3afae0bba43258115c5020684fde1c7edc9a60fb24c2c8910c1fe0881');
PRAGMA writable_schema=ON;
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','recording_texts','recording_texts',0,'CREATE VIRTUAL TABLE recording_texts USING fts5(title, subtitle, channel, content=''recordings'', content_rowid=''id'', tokenize=''unicode61 remove_diacritics 2'')');
CREATE TABLE IF NOT EXISTS 'recording_texts_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO recording_texts_data VALUES(1,X'01010000');
INSERT INTO recording_texts_data VALUES(10,X'000000000101010001010101');
INSERT INTO recording_texts_data VALUES(137438953473,X'000000130b306162656e64736368617501020204');
CREATE TABLE IF NOT EXISTS 'recording_texts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO recording_texts_idx VALUES(1,X'',2);
CREATE TABLE IF NOT EXISTS 'recording_texts_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO recording_texts_docsize VALUES(1,X'010000');
CREATE TABLE IF NOT EXISTS 'recording_texts_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO recording_texts_config VALUES('version',4);
INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','programme_texts','programme_texts',0,'CREATE VIRTUAL TABLE programme_texts USING fts5(title, subtitle, description, channel, content=''programmes'', content_rowid=''id'', tokenize=''unicode61 remove_diacritics 2'')');
CREATE TABLE IF NOT EXISTS 'programme_texts_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO programme_texts_data VALUES(1,X'0101000000');
INSERT INTO programme_texts_data VALUES(10,X'000000000101010001010101');
INSERT INTO programme_texts_data VALUES(137438953473,X'000000130b306162656e64736368617501020204');
CREATE TABLE IF NOT EXISTS 'programme_texts_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO programme_texts_idx VALUES(1,X'',2);
CREATE TABLE IF NOT EXISTS 'programme_texts_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO programme_texts_docsize VALUES(1,X'01000000');
CREATE TABLE IF NOT EXISTS 'programme_texts_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO programme_texts_config VALUES('version',4);
CREATE TABLE IF NOT EXISTS "voice_memories" (
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
INSERT INTO voice_memories VALUES(1,1,'vm3-4d32c59e','471ed1b1851f902268f1f49d51ce8177',6,16,X'040157be3f1ea3bed7053fbd5e3a5a3d9b27653e27330c3d55020bbe674286be57adfb3d2f58be3e06faa03d78a195be418e49bef22bdd3e965e093efba0f1be7a424abeaaa292be1ae1d6bd57b95c3d99fc923ef448893d5c6cb8bdfcbe82be5de5103e9c5bcc3e0a01493d4aba94be1a276bbe2302ea3e361b473db401d6bea33948be288493be0094cebd81def43d9dd7823e1087bbbc4c83bfbd6f0833be2aab733e8173d53e40ccbd3d68ba99be39515dbe39bdc43e0037e93db219ecbe2df010bef8b6b2be6c33f3bc6896ed3dcf5da03e7c99b13d9c2b0bbe63ee72be8312523e8f96e63ed448a7bcdea88fbe20cf51be27fbb23e20d0473de2d3d4beded86cbec455a9be31ab8ebda3e7fa3d66a9a03e7470de3cb78d03be5e641dbe55924d3e8fdec73e6536ea3db825b0be8a0864be2df3bd3e222e063de748d0be4d704abe1b0375be8da215bdc776f63d6514b23e0728893df37b52be6aeb42beae575e3e8d58c73e323da63dfe0da6be78ff65beea66af3eb3baa0bcfeede7be','2026-11-29 04:28:36.783852',NULL,'samples');
INSERT INTO voice_memories VALUES(2,2,'vm3-4d32c59e','f8643d736488025f26919b4768b22653',6,16,X'f15367bc95ea9dbed3705abefbf242be0e233cbec899393ea7a1893dc15e44be0608273d05e26b3e634312bfa18b16bef45ab3bedde9b1bd4e3adabe4f8193bc1702d4bb7cc0bfbe793b51be4bd41ebe31a5acbe1eb0d83d837f84bd1a673fbe6437893dbab0863e42f40bbf3cb3663cf5eaa3beb0feadbdc254c4bec1dc973c392a27bdfb4da6be98f47ebe9cca18bee1af69beaf6a663ee8e09abdc46582bea4ddeb3d80fd833e87b308bfae91d0bd272099be3765bcbc3dead1be002c36bd30d5dc3c2198dbbe977550be01ebe0bde8577ebe26f36a3eee2c8b3de6c3e0bd4549153e41c4993e11bf07bf63857abdb03f90beaebe4abd9c04c8bed4e469bba709f7bd1bd7b4beb5223fbefd6370bd553847bee0fa373eba63ac3cd5fb22be05d3043e7c9a7c3eab7618bf08ed9cbd211772beca2c14be5c6eeabe160f2d3ded8490bcd938b1be320a92be77ad39be399a4dbee2e64d3ee215d0bbe95e68bed44d1d3e9b34513e38860fbf39ef0abe3db076be3fe197bd5c49cebef8d9c6bd','2026-11-29 04:28:37.687537',NULL,'samples');
INSERT INTO voice_memories VALUES(3,3,'vm3-4d32c59e','ded60a7dac63090fcd346fde5dacc47a',6,16,X'5ba9f03c67f064bdfbe39cbe1e501abe19764cbe173eb5be1038f13d5be78ebe47f9403ea919553e63d9e8beb637b43d72b98ebea3f537b99e08333d3eb7ffbe62dc9fbd531d23bd58ab88be468846bdc2688bbecefba9bec1df303d8f1fafbe4ebfa03e8652143ec2b5f2be0afde93d8df781beadc91d3df968af3c773be0be7dd0b939d6e404bd8d8f86be18d6a3bdb73d95be74bf92be0794cfbcbbcb86be5b18983e03973e3e83edf8be9a6aea3d97b443be381f67bccf3c73bdadf305bf5c4317bddfe298bd5eaf77be29545dbda67287be0b7e9fbebf1f603d5c7b91be9e2d833e4506843e60aeebbebca5eb3c5f67a7bee2cb2e3d7f21c9ba971af4bebd7d9d3d8599b0bc6d769dbef718d9bd9e7263be357894beb2dc563c07a84bbe8a34ae3e871c043ec47508bf20486c3cbefd71be3276393d918a843c41b0fabe67ad53bc15dd57bd4f7995bee5841ebe163d86beed3e8ebe50be723dfa5c83bed83a813e466b4e3e7ed808bf61167b3df2cd90bede2dc23adc6ec0bcc4f1e3be','2026-11-29 04:28:38.371011',NULL,'samples');
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
 WITHOUT ROWID

;
INSERT INTO voice_sums VALUES(2,1,1,1500,0.87127423286437988281);
INSERT INTO voice_sums VALUES(3,1,1,625,0.86867558956146240234);
CREATE TABLE person_sums (
	person_id INTEGER NOT NULL, 
	recordings INTEGER NOT NULL, 
	hundredths INTEGER NOT NULL, 
	CONSTRAINT pk_person_sums PRIMARY KEY (person_id), 
	CONSTRAINT fk_person_sums_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE
);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('persons',3);
CREATE INDEX ix_programmes_series_part ON programmes (series, part);
CREATE INDEX ix_programmes_title ON programmes (title);
CREATE INDEX ix_recordings_content ON recordings (content);
CREATE INDEX ix_jobs_state_priority ON jobs (state, priority);
CREATE INDEX ix_markers_recording_start ON markers (recording_id, start_s);
CREATE INDEX ix_exports_recording_id ON exports (recording_id);
CREATE INDEX ix_turn_voices_voice ON turn_voices (voice_id);
CREATE INDEX ix_recordings_started_path ON recordings (started_at, path);
CREATE INDEX ix_markers_voice_recording_start ON markers (voice_id, recording_id, start_s);
CREATE INDEX ix_markers_programme_voice_recording ON markers (programme_id, voice_id, recording_id);
CREATE INDEX ix_memberships_person ON memberships (person_id);
CREATE INDEX ix_cannot_links_person ON cannot_links (person_id);
CREATE INDEX ix_act_changes_recording ON act_changes (recording_id);
CREATE INDEX ix_statements_content ON statements (content);
CREATE INDEX ix_statements_person ON statements (person_id);
CREATE INDEX ix_statements_act_id ON statements (act_id);
CREATE INDEX ix_recording_programmes_programme ON recording_programmes (programme_id, recording_id);
CREATE TRIGGER recording_texts_added AFTER INSERT ON recordings BEGIN INSERT INTO recording_texts(rowid, title, subtitle, channel) VALUES (new.id, new.title, new.subtitle, new.channel); END;
CREATE TRIGGER recording_texts_taken AFTER DELETE ON recordings BEGIN INSERT INTO recording_texts(recording_texts, rowid, title, subtitle, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.channel); END;
CREATE TRIGGER recording_texts_changed AFTER UPDATE OF id, title, subtitle, channel ON recordings WHEN old.id <> new.id OR old.title IS NOT new.title OR old.subtitle IS NOT new.subtitle OR old.channel IS NOT new.channel BEGIN INSERT INTO recording_texts(recording_texts, rowid, title, subtitle, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.channel); INSERT INTO recording_texts(rowid, title, subtitle, channel) VALUES (new.id, new.title, new.subtitle, new.channel); END;
CREATE TRIGGER programme_texts_added AFTER INSERT ON programmes BEGIN INSERT INTO programme_texts(rowid, title, subtitle, description, channel) VALUES (new.id, new.title, new.subtitle, new.description, new.channel); END;
CREATE TRIGGER programme_texts_taken AFTER DELETE ON programmes BEGIN INSERT INTO programme_texts(programme_texts, rowid, title, subtitle, description, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.description, old.channel); END;
CREATE TRIGGER programme_texts_changed AFTER UPDATE OF id, title, subtitle, description, channel ON programmes WHEN old.id <> new.id OR old.title IS NOT new.title OR old.subtitle IS NOT new.subtitle OR old.description IS NOT new.description OR old.channel IS NOT new.channel BEGIN INSERT INTO programme_texts(programme_texts, rowid, title, subtitle, description, channel) VALUES ('delete', old.id, old.title, old.subtitle, old.description, old.channel); INSERT INTO programme_texts(rowid, title, subtitle, description, channel) VALUES (new.id, new.title, new.subtitle, new.description, new.channel); END;
CREATE INDEX ix_voice_sums_recording_id ON voice_sums (recording_id);
CREATE INDEX ix_voice_sums_least_score ON voice_sums (least_score);
CREATE TRIGGER person_sums_added AFTER INSERT ON memberships BEGIN INSERT INTO person_sums VALUES (new.person_id, (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = new.person_id AND o.recording_id = new.recording_id AND o.number <> new.number)), coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = new.recording_id AND s.number = new.number), 0)) ON CONFLICT (person_id) DO UPDATE SET recordings = recordings + excluded.recordings, hundredths = hundredths + excluded.hundredths; END;
CREATE TRIGGER person_sums_taken AFTER DELETE ON memberships BEGIN UPDATE person_sums SET recordings = recordings - (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = old.person_id AND o.recording_id = old.recording_id AND o.number <> old.number)), hundredths = hundredths - coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = old.recording_id AND s.number = old.number), 0) WHERE person_id = old.person_id; DELETE FROM person_sums WHERE person_id = old.person_id AND recordings = 0; END;
CREATE TRIGGER person_sums_changed AFTER UPDATE OF recording_id, number, person_id ON memberships WHEN (old.recording_id, old.number, old.person_id) <> (new.recording_id, new.number, new.person_id) BEGIN UPDATE person_sums SET recordings = recordings - (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = old.person_id AND o.recording_id = old.recording_id AND o.number <> old.number)), hundredths = hundredths - coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = old.recording_id AND s.number = old.number), 0) WHERE person_id = old.person_id; DELETE FROM person_sums WHERE person_id = old.person_id AND recordings = 0; INSERT INTO person_sums VALUES (new.person_id, (NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = new.person_id AND o.recording_id = new.recording_id AND o.number <> new.number)), coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s WHERE s.recording_id = new.recording_id AND s.number = new.number), 0)) ON CONFLICT (person_id) DO UPDATE SET recordings = recordings + excluded.recordings, hundredths = hundredths + excluded.hundredths; END;
CREATE TRIGGER person_sums_by_speaker_added AFTER INSERT ON local_speakers BEGIN UPDATE person_sums SET hundredths = hundredths + CAST(round(new.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = new.recording_id AND m.number = new.number); END;
CREATE TRIGGER person_sums_by_speaker_taken AFTER DELETE ON local_speakers BEGIN UPDATE person_sums SET hundredths = hundredths - CAST(round(old.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = old.recording_id AND m.number = old.number); END;
CREATE TRIGGER person_sums_by_speaker_changed AFTER UPDATE OF recording_id, number, seconds ON local_speakers WHEN (old.recording_id, old.number, old.seconds) <> (new.recording_id, new.number, new.seconds) BEGIN UPDATE person_sums SET hundredths = hundredths - CAST(round(old.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = old.recording_id AND m.number = old.number); UPDATE person_sums SET hundredths = hundredths + CAST(round(new.seconds * 100) AS INTEGER) WHERE person_id = (SELECT m.person_id FROM memberships m WHERE m.recording_id = new.recording_id AND m.number = new.number); END;
CREATE INDEX ix_local_speakers_seconds ON local_speakers (seconds);
CREATE VIEW voice_markers AS SELECT r.path AS recording,
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
          LEFT JOIN programmes p ON p.id = m.programme_id;
CREATE VIEW speaker_turns AS SELECT r.path AS recording,
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
                                             ORDER BY rp.start_s DESC LIMIT 1);
CREATE VIEW people AS SELECT p.id AS person,
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
          LEFT JOIN person_sums s ON s.person_id = p.id;
CREATE VIEW voices_by_recording AS SELECT v.name AS speaker,
               r.path AS recording,
               r.title AS title,
               r.started_at AS started_at,
               s.markers AS markers,
               s.hundredths / 100.0 AS seconds,
               s.least_score AS least_score
          FROM voices v
          JOIN voice_sums s ON s.voice_id = v.id
          JOIN recordings r ON r.id = s.recording_id;
CREATE VIEW voice_totals AS SELECT v.name AS speaker,
               count(*) AS recordings,
               sum(s.markers) AS markers,
               round(sum(s.hundredths) / 6000.0, 1) AS minutes
          FROM voices v
          JOIN voice_sums s ON s.voice_id = v.id
         GROUP BY v.name;
CREATE VIEW recording_list AS SELECT r.path AS recording,
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
          FROM recordings r;
CREATE VIEW programmes_by_voice AS SELECT v.name AS speaker,
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
         GROUP BY v.name, r.path, p.id;
CREATE VIEW programme_series AS SELECT series,
               min(title) AS title,
               count(DISTINCT coalesce(part, '')) AS parts,
               count(*) AS showings,
               min(start_at) AS first_start,
               max(start_at) AS last_start
          FROM programmes
         WHERE series IS NOT NULL
         GROUP BY series;
CREATE VIEW programme_repeats AS SELECT series,
               part,
               min(title) AS title,
               max(subtitle) AS subtitle,
               count(*) AS showings,
               min(start_at) AS first_start,
               max(start_at) AS last_start
          FROM programmes
         WHERE series IS NOT NULL AND part IS NOT NULL AND part <> ''
         GROUP BY series, part
        HAVING count(*) > 1;
PRAGMA writable_schema=OFF;
COMMIT;
