-- A ledger as the version before runs left it (version 3 of its tables): the one of version-2.sql, migrated.
PRAGMA application_id = 1886545516;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE balance (
    entry_id INTEGER NOT NULL REFERENCES entry,
    moment TEXT NOT NULL CHECK (moment IN ('before', 'after', 'end')),
    at TEXT NOT NULL,
    balance TEXT NOT NULL,
    consumed TEXT,
    PRIMARY KEY (entry_id, moment)
);
INSERT INTO "balance" VALUES(1,'before','2026-02-01T12:00:03.000000+00:00','1000','0');
INSERT INTO "balance" VALUES(1,'after','2026-02-01T12:00:07.000000+00:00','640','360');
INSERT INTO "balance" VALUES(2,'before','2026-02-01T12:00:11.000000+00:00','640','360');
CREATE TABLE "delivery" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id TEXT NOT NULL,
    event TEXT NOT NULL,
    token_hash TEXT NOT NULL DEFAULT '',
    received_at TEXT NOT NULL,
    times INTEGER NOT NULL DEFAULT 1,
    result TEXT,
    forwarded_at TEXT,
    UNIQUE (task_id, event, token_hash)
);
INSERT INTO "delivery" VALUES(1,'task-a','task.completed','ae0bec9e9d33c56354bd612c8a6010840324fc5b9786ce0a18b696b304b09397','2026-02-01T12:00:18.000000+00:00',1,NULL,NULL);
INSERT INTO "delivery" VALUES(2,'task-x','task.failed','','2026-02-01T12:00:19.000000+00:00',1,NULL,NULL);
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    api TEXT NOT NULL,
    job_hash TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('intended', 'sent', 'accepted', 'completed', 'failed', 'refused', 'unknown')),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    sent_at TEXT,
    settles_at TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL,
    path TEXT,
    job TEXT NOT NULL,
    quote TEXT NOT NULL,
    high TEXT NOT NULL,
    clocks TEXT NOT NULL,
    receipts TEXT NOT NULL,
    token_hash TEXT UNIQUE,
    task_id TEXT,
    charged TEXT,
    refunded INTEGER,
    reason TEXT
, account TEXT, content_hash TEXT);
INSERT INTO "entry" VALUES(1,'https://api.example','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','completed','2026-02-01T12:00:02.000000+00:00','2026-02-01T12:00:08.000000+00:00','2026-02-01T12:00:04.000000+00:00',NULL,1,'kling-v3-motion-control','job.yaml','{"model": "kling-v3-motion-control"}','{"credits": "360", "low": "360", "high": "360", "credits_per_second": "30", "orientation": "video"}','360','{"video": "12"}','[{"field": "input.video_urls[0]", "source": "https://example.com/a.mp4"}]','ae0bec9e9d33c56354bd612c8a6010840324fc5b9786ce0a18b696b304b09397','task-a','360',NULL,'completed',NULL,NULL);
INSERT INTO "entry" VALUES(2,'https://api.example','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','unknown','2026-02-01T12:00:10.000000+00:00','2026-02-01T12:00:17.000000+00:00','2026-02-01T12:00:12.000000+00:00','2026-02-01T12:03:17.000000+00:00',2,'kling-v3-motion-control','job.yaml','{"model": "kling-v3-motion-control"}','{"credits": "360", "low": "360", "high": "360", "credits_per_second": "30", "orientation": "video"}','360','{"video": "12"}','[{"field": "input.video_urls[0]", "source": "https://example.com/a.mp4"}]',NULL,NULL,NULL,NULL,'504: the answer is no error object of the API',NULL,NULL);
CREATE TABLE event (
    entry_id INTEGER NOT NULL REFERENCES entry,
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    what TEXT NOT NULL
);
INSERT INTO "event" VALUES(1,'2026-02-01T12:00:02.000000+00:00','intended','written down');
INSERT INTO "event" VALUES(1,'2026-02-01T12:00:05.000000+00:00','sent','attempt 1 leaves');
INSERT INTO "event" VALUES(1,'2026-02-01T12:00:06.000000+00:00','accepted','accepted as task task-a');
INSERT INTO "event" VALUES(1,'2026-02-01T12:00:08.000000+00:00','completed','completed');
INSERT INTO "event" VALUES(2,'2026-02-01T12:00:10.000000+00:00','intended','written down');
INSERT INTO "event" VALUES(2,'2026-02-01T12:00:13.000000+00:00','sent','attempt 1 leaves');
INSERT INTO "event" VALUES(2,'2026-02-01T12:00:15.000000+00:00','sent','attempt 2 leaves');
INSERT INTO "event" VALUES(2,'2026-02-01T12:00:17.000000+00:00','unknown','504: the answer is no error object of the API');
CREATE TABLE salt (value BLOB NOT NULL);
INSERT INTO "salt" VALUES(X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F');
CREATE UNIQUE INDEX entry_in_doubt ON entry (api, job_hash) WHERE state IN ('intended', 'sent', 'unknown');
CREATE UNIQUE INDEX entry_task ON entry (api, task_id) WHERE task_id IS NOT NULL;
CREATE INDEX entry_state ON entry (api, state, updated_at);
CREATE INDEX event_entry ON event (entry_id);
CREATE INDEX entry_job ON entry (api, job_hash);
CREATE INDEX entry_sent ON entry (api, sent_at);
CREATE INDEX delivery_open ON delivery (id) WHERE result IS NULL;
CREATE UNIQUE INDEX entry_bytes_in_doubt ON entry (api, content_hash) WHERE content_hash IS NOT NULL AND state IN ('intended', 'sent', 'unknown');
CREATE INDEX entry_content ON entry (api, content_hash);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('entry',2);
INSERT INTO "sqlite_sequence" VALUES('delivery',2);
COMMIT;
