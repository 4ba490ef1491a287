CREATE TABLE settings (
    "key"   TEXT PRIMARY KEY,
    "value" TEXT NOT NULL
);
--bun:split
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL COLLATE NOCASE UNIQUE,
    password      TEXT NOT NULL,
    administrator BOOLEAN NOT NULL,
    created_at    TIMESTAMP NOT NULL
);
--bun:split
CREATE TABLE courses (
    id         TEXT PRIMARY KEY,
    slug       TEXT NOT NULL UNIQUE,
    title      TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
--bun:split
CREATE TABLE members (
    course TEXT NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
    "user" TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role   TEXT NOT NULL,
    PRIMARY KEY (course, "user")
);
--bun:split
CREATE INDEX members_user ON members ("user");
--bun:split
CREATE TABLE sessions (
    fingerprint TEXT PRIMARY KEY,
    "user"      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at  TIMESTAMP NOT NULL
);
--bun:split
CREATE INDEX sessions_user ON sessions ("user");
--bun:split
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    fingerprint  TEXT NOT NULL UNIQUE,
    "user"       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    course       TEXT REFERENCES courses (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP
);
--bun:split
CREATE TABLE graders (
    id         TEXT PRIMARY KEY,
    course     TEXT NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    files      TEXT NOT NULL,
    tests      INTEGER NOT NULL,
    max_score  DOUBLE PRECISION NOT NULL,
    "by"       TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (course, name)
);
--bun:split
CREATE TABLE uploads (
    grader     TEXT NOT NULL REFERENCES graders (id) ON DELETE CASCADE,
    revision   INTEGER NOT NULL,
    files      TEXT NOT NULL,
    "by"       TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    content    TEXT NOT NULL,
    PRIMARY KEY (grader, revision)
);
--bun:split
-- A job outlives its grader: it has what it needs of it.
CREATE TABLE jobs (
    number           INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    course           TEXT NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
    grader           TEXT NOT NULL,
    grader_name      TEXT NOT NULL,
    files            TEXT NOT NULL,
    submission       TEXT NOT NULL,
    label            TEXT NOT NULL,
    priority         TEXT NOT NULL,
    runtime          TEXT NOT NULL,
    state            TEXT NOT NULL,
    attempt          INTEGER NOT NULL,
    worker           TEXT NOT NULL,
    verdict          TEXT NOT NULL,
    score            DOUBLE PRECISION NOT NULL,
    max_score        DOUBLE PRECISION NOT NULL,
    message          TEXT NOT NULL,
    "by"             TEXT NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    started_at       TIMESTAMP,
    ended_at         TIMESTAMP,
    token            TEXT NOT NULL DEFAULT '',
    cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
    published        BOOLEAN NOT NULL DEFAULT FALSE
);
--bun:split
CREATE INDEX jobs_course ON jobs (course, number);
--bun:split
CREATE INDEX jobs_grader ON jobs (grader, number);
--bun:split
CREATE INDEX jobs_waiting ON jobs (state) WHERE state IN ('queued', 'starting', 'running');
--bun:split
CREATE INDEX jobs_unpublished ON jobs (number) WHERE NOT published;
--bun:split
CREATE TABLE results (
    job    TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    result TEXT NOT NULL
);
--bun:split
CREATE TABLE images (
    id         TEXT PRIMARY KEY,
    course     TEXT NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    digest     TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    UNIQUE (course, name)
);
--bun:split
CREATE TABLE revisions (
    image      TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    dockerfile TEXT NOT NULL,
    "by"       TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (image, number)
);
--bun:split
CREATE TABLE builds (
    id               TEXT PRIMARY KEY,
    course           TEXT NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
    image            TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    image_name       TEXT NOT NULL,
    revision         INTEGER NOT NULL,
    state            TEXT NOT NULL,
    digest           TEXT NOT NULL,
    message          TEXT NOT NULL,
    line             INTEGER NOT NULL,
    steps            TEXT NOT NULL,
    "by"             TEXT NOT NULL,
    created_at       TIMESTAMP NOT NULL,
    started_at       TIMESTAMP,
    ended_at         TIMESTAMP,
    log              TEXT NOT NULL DEFAULT '',
    attempt          INTEGER NOT NULL DEFAULT 0,
    cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
    published        BOOLEAN NOT NULL DEFAULT FALSE
);
--bun:split
CREATE INDEX builds_image ON builds (image, id);
--bun:split
CREATE INDEX builds_course ON builds (course, id);
--bun:split
CREATE INDEX builds_unpublished ON builds (id) WHERE NOT published;
