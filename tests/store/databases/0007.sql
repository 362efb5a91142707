BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	CONSTRAINT pk_about PRIMARY KEY ("key")
);
INSERT INTO "about" VALUES('id','632a450a7b1c4c91ba2227b3dd553fa5');
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
INSERT INTO "alembic_version" VALUES('0007');
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
	updated_at DATETIME NOT NULL, beat_boot VARCHAR, beat_s DOUBLE, waits INTEGER DEFAULT '0' NOT NULL, waits_for VARCHAR, 
	CONSTRAINT pk_jobs PRIMARY KEY (id), 
	CONSTRAINT fk_jobs_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE, 
	CONSTRAINT uq_jobs_recording_content_model UNIQUE (recording_id, content, model_id)
);
INSERT INTO "jobs" VALUES(1,1,'482b0ef551ca9d9d10594d0f62e398f0','vm3-4d32c59e','done',1795926511,1,NULL,NULL,NULL,NULL,NULL,'2026-11-29 04:28:38.380303','2026-11-29 04:28:39.159372',NULL,NULL,0,NULL);
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
INSERT INTO "local_speakers" VALUES(1,1,6.25,X'10F8050310F8050310F8050310F80503');
INSERT INTO "local_speakers" VALUES(1,2,15.0,X'0305F8100305F8100305F8100305F810');
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
INSERT INTO "markers" VALUES(1,1,3,1,0.0,6.25,8.68675589561462402343e-01);
INSERT INTO "markers" VALUES(2,1,2,1,19.75,34.75,8.71274232864379882812e-01);
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
INSERT INTO "persons" VALUES(1,'person',1,'person','2026-11-29 04:28:36.780350');
INSERT INTO "persons" VALUES(2,'person',2,'person','2026-11-29 04:28:37.685425');
INSERT INTO "persons" VALUES(3,'person',3,'person','2026-11-29 04:28:38.369909');
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
INSERT INTO "programmes" VALUES(1,'nameAbendschau','name','Abendschau',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'abendschau','',NULL,NULL,NULL,NULL);
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
INSERT INTO "recording_files" VALUES(1,1,0,'/srv/video/Abendschau.ts',1148116,1795926511047508005);
CREATE TABLE recording_programmes (
	recording_id INTEGER NOT NULL, 
	programme_id INTEGER NOT NULL, 
	start_s DOUBLE NOT NULL, 
	end_s DOUBLE NOT NULL, 
	CONSTRAINT pk_recording_programmes PRIMARY KEY (recording_id, programme_id, start_s), 
	CONSTRAINT fk_recording_programmes_programme_id FOREIGN KEY(programme_id) REFERENCES programmes (id) ON DELETE CASCADE, 
	CONSTRAINT fk_recording_programmes_recording_id FOREIGN KEY(recording_id) REFERENCES recordings (id) ON DELETE CASCADE
);
INSERT INTO "recording_programmes" VALUES(1,1,0.0,40.248);
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
	deleted_at DATETIME, mount VARCHAR, 
	CONSTRAINT pk_recordings PRIMARY KEY (id), 
	CONSTRAINT uq_recordings_path UNIQUE (path)
);
INSERT INTO "recordings" VALUES(1,'/srv/video/Abendschau.ts','plain','482b0ef551ca9d9d10594d0f62e398f0','Abendschau',NULL,NULL,NULL,40.248,'stream 0, deu, mp2 stereo',NULL,'vm3-4d32c59e','0e9495af88f9bbe51509b1cc92c1c846','2026-11-29 04:28:38.380303','2026-11-29 04:28:39.145130',NULL,NULL);
CREATE TABLE said (
	content VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
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
INSERT INTO "turn_voices" VALUES(1,0,3,8.68675589561462402343e-01);
INSERT INTO "turn_voices" VALUES(1,1,2,8.71274232864379882812e-01);
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
INSERT INTO "turns" VALUES(1,0,0.0,6.25,1);
INSERT INTO "turns" VALUES(1,1,19.75,34.75,2);
CREATE TABLE voice_memories (
	id INTEGER NOT NULL, 
	voice_id INTEGER NOT NULL, 
	model_id VARCHAR NOT NULL, 
	samples VARCHAR NOT NULL, 
	windows INTEGER NOT NULL, 
	dim INTEGER NOT NULL, 
	embeddings BLOB NOT NULL, 
	made_at DATETIME NOT NULL, sources VARCHAR, 
	CONSTRAINT pk_voice_memories PRIMARY KEY (id), 
	CONSTRAINT fk_voice_memories_voice_id FOREIGN KEY(voice_id) REFERENCES voices (id) ON DELETE CASCADE, 
	CONSTRAINT uq_voice_memories_voice_model UNIQUE (voice_id, model_id)
);
INSERT INTO "voice_memories" VALUES(1,1,'vm3-4d32c59e','471ed1b1851f902268f1f49d51ce8177',6,16,X'040157BE3F1EA3BED7053FBD5E3A5A3D9B27653E27330C3D55020BBE674286BE57ADFB3D2F58BE3E06FAA03D78A195BE418E49BEF22BDD3E965E093EFBA0F1BE7A424ABEAAA292BE1AE1D6BD57B95C3D99FC923EF448893D5C6CB8BDFCBE82BE5DE5103E9C5BCC3E0A01493D4ABA94BE1A276BBE2302EA3E361B473DB401D6BEA33948BE288493BE0094CEBD81DEF43D9DD7823E1087BBBC4C83BFBD6F0833BE2AAB733E8173D53E40CCBD3D68BA99BE39515DBE39BDC43E0037E93DB219ECBE2DF010BEF8B6B2BE6C33F3BC6896ED3DCF5DA03E7C99B13D9C2B0BBE63EE72BE8312523E8F96E63ED448A7BCDEA88FBE20CF51BE27FBB23E20D0473DE2D3D4BEDED86CBEC455A9BE31AB8EBDA3E7FA3D66A9A03E7470DE3CB78D03BE5E641DBE55924D3E8FDEC73E6536EA3DB825B0BE8A0864BE2DF3BD3E222E063DE748D0BE4D704ABE1B0375BE8DA215BDC776F63D6514B23E0728893DF37B52BE6AEB42BEAE575E3E8D58C73E323DA63DFE0DA6BE78FF65BEEA66AF3EB3BAA0BCFEEDE7BE','2026-11-29 04:28:36.783852',NULL);
INSERT INTO "voice_memories" VALUES(2,2,'vm3-4d32c59e','f8643d736488025f26919b4768b22653',6,16,X'F15367BC95EA9DBED3705ABEFBF242BE0E233CBEC899393EA7A1893DC15E44BE0608273D05E26B3E634312BFA18B16BEF45AB3BEDDE9B1BD4E3ADABE4F8193BC1702D4BB7CC0BFBE793B51BE4BD41EBE31A5ACBE1EB0D83D837F84BD1A673FBE6437893DBAB0863E42F40BBF3CB3663CF5EAA3BEB0FEADBDC254C4BEC1DC973C392A27BDFB4DA6BE98F47EBE9CCA18BEE1AF69BEAF6A663EE8E09ABDC46582BEA4DDEB3D80FD833E87B308BFAE91D0BD272099BE3765BCBC3DEAD1BE002C36BD30D5DC3C2198DBBE977550BE01EBE0BDE8577EBE26F36A3EEE2C8B3DE6C3E0BD4549153E41C4993E11BF07BF63857ABDB03F90BEAEBE4ABD9C04C8BED4E469BBA709F7BD1BD7B4BEB5223FBEFD6370BD553847BEE0FA373EBA63AC3CD5FB22BE05D3043E7C9A7C3EAB7618BF08ED9CBD211772BECA2C14BE5C6EEABE160F2D3DED8490BCD938B1BE320A92BE77AD39BE399A4DBEE2E64D3EE215D0BBE95E68BED44D1D3E9B34513E38860FBF39EF0ABE3DB076BE3FE197BD5C49CEBEF8D9C6BD','2026-11-29 04:28:37.687537',NULL);
INSERT INTO "voice_memories" VALUES(3,3,'vm3-4d32c59e','ded60a7dac63090fcd346fde5dacc47a',6,16,X'5BA9F03C67F064BDFBE39CBE1E501ABE19764CBE173EB5BE1038F13D5BE78EBE47F9403EA919553E63D9E8BEB637B43D72B98EBEA3F537B99E08333D3EB7FFBE62DC9FBD531D23BD58AB88BE468846BDC2688BBECEFBA9BEC1DF303D8F1FAFBE4EBFA03E8652143EC2B5F2BE0AFDE93D8DF781BEADC91D3DF968AF3C773BE0BE7DD0B939D6E404BD8D8F86BE18D6A3BDB73D95BE74BF92BE0794CFBCBBCB86BE5B18983E03973E3E83EDF8BE9A6AEA3D97B443BE381F67BCCF3C73BDADF305BF5C4317BDDFE298BD5EAF77BE29545DBDA67287BE0B7E9FBEBF1F603D5C7B91BE9E2D833E4506843E60AEEBBEBCA5EB3C5F67A7BEE2CB2E3D7F21C9BA971AF4BEBD7D9D3D8599B0BC6D769DBEF718D9BD9E7263BE357894BEB2DC563C07A84BBE8A34AE3E871C043EC47508BF20486C3CBEFD71BE3276393D918A843C41B0FABE67AD53BC15DD57BD4F7995BEE5841EBE163D86BEED3E8EBE50BE723DFA5C83BED83A813E466B4E3E7ED808BF61167B3DF2CD90BEDE2DC23ADC6EC0BCC4F1E3BE','2026-11-29 04:28:38.371011',NULL);
CREATE TABLE voices (
	id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	enrolled_at DATETIME NOT NULL, 
	CONSTRAINT pk_voices PRIMARY KEY (id), 
	CONSTRAINT uq_voices_name UNIQUE (name)
);
INSERT INTO "voices" VALUES(1,'Carl','2026-11-29 04:28:36.780350');
INSERT INTO "voices" VALUES(2,'Bert','2026-11-29 04:28:37.685425');
INSERT INTO "voices" VALUES(3,'Anna','2026-11-29 04:28:38.369909');
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
INSERT INTO "window_embeddings" VALUES(1,'vm3-4d32c59e','482b0ef551ca9d9d10594d0f62e398f0',77,16,0.5,2.0,X'010000000C0000001A0000002100000006000000C19DF1205508D6C6387A199FBD770E81FDEFBFEABBAD10B74B2C8110BA010182F8AACFDCC92CFAD4203F81EDB8F09D0405EBC0E6BCAA0FB649308512BCFBFF81',X'C39DF8125BFCD4BE467D2EADC37E0881D59EF01E5704D7CB366B1D9AAF641981BC94F313440FCBC4367113B6B566FB81C7ABEB174402DDC8337F179FD26D0496C394E6155715D2C94E6F189FAB6E0F81BF9FF6225E0DDDDA3E7A1C9BB57F1691CA9703284215DBB82F6A23A4BC6A0A81CDB3F6133F08D5C6217F1BA5CA77F688CAB4EF184618F2CA267F08AEC5681698B79EEF3759F9C8D335680F9FC3721881B7930137660DE1BF3B7A169BD47F2084C6B0D81E58EFCED531660FA5C5740B81FDFAC8EFC1A807C743218110BFFF009200F5C3F3BFA10FBA4C36850AA40E0381F1FDC6E6B9AD0CB83E388312BCEC0881FBEFBCF1BCAB05C249248119B80C0288F8F2CBE7C9C30BB63B1E860AB407EC810FF7C8EDD0B60EB54323860AC0FF0A81FCFFC5F4CCBE13B54026810CB7F4048EF8E8C3E8C2B709C743298F0AC8000281E5F0C2F4C3AE0EAE51278913BE0AFE81F6EBD1E5CAB714C63C2E980ABFFC05810EE7A9F7BFA915B14E38811CB7FD01840AECC1F4C9B902BE3E2A811AC406F8900BDBBCECAFAC0CC155338C1BC2F6FC8107E9BBD7B29014A94F358109A80EFF8100EFC5F8C5B410B03E389015C4FD068101E9C3EDBFB911C44E1C8115C9130996F5F4C5DDB3AA119F4A2F8114BFF90781F5F0CFDCB1A11FBC452381FEC004F181F6ECBEF1C6B21CAD473A8112A5F00A82FCECBAEECEC40CC33630A20AC703FE81FAF3B0DF9CB713BA4727810EB8020491F0EFB7DCA4B005B24F238111C10CFA8AFDEEBBEEAFAC19B75E26830DB4F7FE81F6F5CBD8C2AB11D0573181FDC1FB05810600CCF4BFB514B35623811ED3FCFDA8FFD9B7FAC0B01ABF481F8407B9130881FBB4DDCFCF3A04CD162681FFB9EA9D00F9A5C8E3DC23F5E10E3781EFB4E9A3F4E794DAC9D13004D3183E81DFC6E9B507F5AFDFCDC11DFDD91F3581FAC4F59208FDB0E6E6C31D0AD8273A81F1CCF899FFF4A8DCF2CC27FDD31C4281DFBBEF9108F5BAD5DBBF2806CA2B2A81F6B7F3A7F8F1B2E2E4CE2A01CC002F81E9B1ECAD03FAB5C7D4D621E8E1274D81F7AAF28905FD9BD5FEB83A08DE1A5681EBACF6A20F1A94D1D0CC36F4BB1D5181F599EC8D02FCB1D3D4B427E9D2243181E9CBF88806FEA8CDE2D32DF0D10C2B81E1B30EA6F7DF99BCBECF25FFF5224181E7A7EEA6FDE790BED7CA3208CC2B4781D3BEDE880BF4BAD1CECA260DE5283C81F8AAE9A50AF8ADC0EBCE17F0CE2E408101CAE98C0BF199C2E6D53BF9D02C3481E5AEF39B1014A0C4DBC036F2D32C4E81FDC2DF9F04F7A5D3E1CF3807CF164681F0BEFFA812F5B3CBDFCE1FDFE0223E81EABEF4AF03F0ADC8DDB42802CB20488101B1F19AEBE7A9CAEAC62B08D4353781F4B800A503F2A8CAE3D434F0CA2F4681EBADEA8F11F8B1D0E8C31F06E8194181F7C3E99AFDFDA2CCE1CD1EF6C8314181ECCBF19201FCC4CBD2C832F1DD283E81E4B3EAAD15F596AECDC437FCD6274781CF98E781F8F79BCDE0C72EF0C31D4E81F9BD008F1102C2D9E0CB2AEAD21E4881EFCCEEABFCF9ADDBD6BF3BFDDD294781EBA5F599010FB1D2CCD33BF2D9193D81DBB1E1AF0DFAA8CFDCCA29F9C2153B81E8C9F0960708FEC5E0B7B111BF4C3F8B1DB9F3F68104CDB3F0BE9D16B34F3E810EAAF5F5840FEFC9E2BCB511BB3A20810CBCFD018603EEBBE6C5AB05B34B31910EC9FF018103F7BFE3AFAE0BBA43258115C5020684FDE1C7EDC9A60FB24C2C8910C1FE0881');
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
CREATE VIEW voice_markers AS SELECT r.path AS recording,
               coalesce(p.title, r.title) AS title,
               CASE WHEN p.id IS NULL THEN r.subtitle ELSE p.subtitle END AS subtitle,
               coalesce(p.channel, r.channel) AS channel,
               r.started_at AS started_at,
               v.name AS speaker,
               round(m.start_s, 2) AS start_s,
               round(m.end_s, 2) AS end_s,
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
               count(DISTINCT m.recording_id) AS recordings,
               round(coalesce(sum(s.seconds), 0) / 3600, 3) AS hours,
               min(r.started_at) AS first_heard,
               max(r.started_at) AS last_heard,
               (SELECT f.title FROM memberships n
                  JOIN local_speakers l ON l.recording_id = n.recording_id AND l.number = n.number
                  JOIN recordings f ON f.id = n.recording_id
                 WHERE n.person_id = p.id
                 GROUP BY f.title ORDER BY sum(l.seconds) DESC, f.title LIMIT 1) AS mostly_in
          FROM persons p
          LEFT JOIN voices v ON v.id = p.voice_id
          LEFT JOIN memberships m ON m.person_id = p.id
          LEFT JOIN local_speakers s ON s.recording_id = m.recording_id AND s.number = m.number
          LEFT JOIN recordings r ON r.id = m.recording_id
         GROUP BY p.id;
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
         GROUP BY v.id, r.id, p.id;
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('persons',3);
COMMIT;
