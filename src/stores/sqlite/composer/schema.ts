/**
 * The composer's tables. A session is one JSON document with the columns that are searched drawn out of it,
 * so that a new field needs no migration.
 */
export const COMPOSER_SCHEMA = `
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  row TEXT NOT NULL,
  state TEXT AS (row ->> '$.state') STORED,
  vendor TEXT AS (row ->> '$.vendor') STORED,
  vendor_session_id TEXT AS (row ->> '$.vendorSessionId') STORED,
  principal TEXT AS (row ->> '$.principal') STORED,
  subject TEXT AS (row ->> '$.subject') STORED,
  bank_id TEXT AS (row ->> '$.bankId') STORED,
  settled INTEGER AS (row ->> '$.settled') STORED,
  created_at INTEGER AS (row ->> '$.createdAt') STORED
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_state ON sessions(state, settled, id);
CREATE INDEX sessions_principal ON sessions(principal, id);
CREATE INDEX sessions_subject ON sessions(subject, id);
CREATE INDEX sessions_bank ON sessions(bank_id);
CREATE INDEX sessions_vendor_id ON sessions(vendor, vendor_session_id);

CREATE TABLE turns (
  session_id TEXT NOT NULL,
  key TEXT NOT NULL,
  role TEXT NOT NULL,
  text TEXT NOT NULL,
  heard TEXT,
  interrupted INTEGER NOT NULL,
  at REAL NOT NULL,
  channel TEXT NOT NULL,
  retained_at REAL,
  PRIMARY KEY (session_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  session_id TEXT NOT NULL,
  at REAL NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE INDEX events_session ON events(session_id, seq);

CREATE TABLE inbox (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  received_at REAL NOT NULL,
  payload TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT,
  done INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX inbox_pending ON inbox(seq) WHERE done = 0;
CREATE INDEX inbox_session ON inbox(session_id);

CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  session_id TEXT NOT NULL,
  due_at REAL NOT NULL,
  attempts INTEGER NOT NULL,
  payload TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs(due_at);
CREATE INDEX jobs_session ON jobs(session_id);

CREATE TABLE tool_calls (
  session_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  output TEXT NOT NULL,
  at REAL NOT NULL,
  memory_id TEXT,
  PRIMARY KEY (session_id, id)
) STRICT, WITHOUT ROWID;
`;

/** Calls that come in at a vendor are asked about by its id of them. */
export const COMPOSER_CALLS = `
CREATE INDEX sessions_call ON sessions(vendor, row ->> '$.callId') WHERE row ->> '$.callId' IS NOT NULL;
`;
