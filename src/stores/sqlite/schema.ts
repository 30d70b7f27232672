/**
 * The memory store's tables. A memory's key is `bank key × 2^28 + number in the bank`, so that a bank lies
 * together in the file and one range holds it. `changed` is the bank's version at the row's last update
 * that a search must notice; a row that never changed has none.
 */
export const MEMORY_SCHEMA = `
CREATE TABLE banks (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  embedding_model TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 0,
  next INTEGER NOT NULL DEFAULT 1,
  purges INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE memories (
  key INTEGER PRIMARY KEY,
  bank INTEGER NOT NULL REFERENCES banks(key),
  id TEXT NOT NULL,
  content_type TEXT NOT NULL,
  fact_type TEXT NOT NULL,
  tags TEXT NOT NULL,
  source TEXT,
  session_id TEXT,
  position INTEGER NOT NULL,
  turn_id TEXT,
  occurred_at INTEGER NOT NULL,
  retained_at INTEGER NOT NULL,
  expires_at INTEGER,
  hash TEXT NOT NULL,
  flags TEXT NOT NULL,
  slot TEXT,
  superseded_by TEXT,
  superseded_at INTEGER,
  seen_count INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  deleted_at INTEGER,
  principal TEXT NOT NULL,
  changed INTEGER
) STRICT;
CREATE UNIQUE INDEX memories_id ON memories(bank, id);
CREATE UNIQUE INDEX memories_hash ON memories(bank, hash) WHERE deleted_at IS NULL;
CREATE INDEX memories_changed ON memories(bank, changed) WHERE changed IS NOT NULL;
CREATE INDEX memories_slot ON memories(bank, slot) WHERE slot IS NOT NULL;
CREATE INDEX memories_session ON memories(bank, session_id, position) WHERE session_id IS NOT NULL;
CREATE INDEX memories_expiry ON memories(bank, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX memories_deleted ON memories(bank, deleted_at) WHERE deleted_at IS NOT NULL;

-- Text, speaker and metadata, sealed (see ops/sealed.ts).
CREATE TABLE texts (key INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE vectors (key INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;

CREATE TABLE idempotency (
  bank INTEGER NOT NULL REFERENCES banks(key),
  key TEXT NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (bank, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
  bank_id TEXT NOT NULL,
  principal TEXT NOT NULL,
  permissions TEXT NOT NULL,
  PRIMARY KEY (bank_id, principal)
) STRICT, WITHOUT ROWID;

CREATE TABLE holds (
  bank_id TEXT NOT NULL,
  id TEXT NOT NULL,
  reason TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at INTEGER NOT NULL,
  PRIMARY KEY (bank_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  window_start INTEGER NOT NULL,
  used REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  principal TEXT NOT NULL,
  operation TEXT NOT NULL,
  bank_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  facts TEXT NOT NULL,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE INDEX audit_bank ON audit(bank_id, seq);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
  WHEN NEW.seq <= (SELECT max(seq) FROM audit)
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`;
