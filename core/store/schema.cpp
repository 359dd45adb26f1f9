// The tables, step by step. A content (turns, context, tools) is stored once, never changed and never removed: records, the journal and
// snapshots point to it, so that history costs little and the full-text index is only ever added to.
#include "core/store/schema.h"
#include "core/base/words.h"

#include <array>
#include <fmt/format.h>

namespace fettle::store {

namespace {

constexpr std::string_view kVersion1 = R"sql(
CREATE TABLE value (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE content (
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  turns TEXT NOT NULL,
  context TEXT NOT NULL,
  tools TEXT NOT NULL,
  instruction TEXT NOT NULL,
  response TEXT NOT NULL,
  turnCount INTEGER NOT NULL,
  isPair INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  tokens INTEGER
);
CREATE VIRTUAL TABLE contentText USING fts5(instruction, context, response, other, content='', tokenize='unicode61 remove_diacritics 2');

CREATE TABLE record (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  content INTEGER NOT NULL REFERENCES content(id),
  status INTEGER NOT NULL,
  split INTEGER NOT NULL,
  rating INTEGER NOT NULL,
  note TEXT NOT NULL,
  source TEXT NOT NULL,
  flags INTEGER NOT NULL DEFAULT 0,
  loss REAL,
  lossRun INTEGER,
  updated INTEGER NOT NULL
);
CREATE INDEX recordContent ON record(content);
CREATE TABLE recordTag (
  record INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (record, position)
) WITHOUT ROWID;
CREATE INDEX recordTagTag ON recordTag(tag, record);

CREATE TABLE journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  what TEXT NOT NULL,
  at TEXT NOT NULL,
  records INTEGER NOT NULL,
  isUndone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE journalItem (
  entry INTEGER NOT NULL REFERENCES journal(id) ON DELETE CASCADE,
  record INTEGER NOT NULL,
  before TEXT,
  after TEXT,
  PRIMARY KEY (entry, record)
) WITHOUT ROWID;
CREATE INDEX journalItemRecord ON journalItem(record);

CREATE TABLE snapshot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL,
  rows INTEGER NOT NULL,
  train INTEGER NOT NULL,
  heldOut INTEGER NOT NULL,
  test INTEGER NOT NULL,
  recordsVersion INTEGER NOT NULL
);
CREATE TABLE snapshotRow (
  snapshot INTEGER NOT NULL REFERENCES snapshot(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  record INTEGER NOT NULL,
  content INTEGER NOT NULL REFERENCES content(id),
  split INTEGER NOT NULL,
  about TEXT NOT NULL,
  PRIMARY KEY (snapshot, position)
) WITHOUT ROWID;

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  state INTEGER NOT NULL,
  method TEXT NOT NULL,
  modelPath TEXT NOT NULL,
  modelName TEXT NOT NULL,
  modelHash TEXT NOT NULL,
  snapshot INTEGER REFERENCES snapshot(id),
  recipe TEXT NOT NULL,
  step INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  epoch REAL NOT NULL,
  trainLoss REAL,
  evalLoss REAL,
  tokens INTEGER NOT NULL,
  trainedTokens INTEGER NOT NULL,
  seconds REAL NOT NULL,
  started TEXT NOT NULL,
  adapter TEXT NOT NULL,
  failure TEXT NOT NULL
);
CREATE TABLE metric (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  epoch REAL, loss REAL, learningRate REAL, gradNorm REAL, tokensPerSecond REAL,
  tokens INTEGER NOT NULL, peakBytes INTEGER NOT NULL, seconds REAL,
  PRIMARY KEY (run, step)
) WITHOUT ROWID;
CREATE TABLE eval (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  step INTEGER NOT NULL, loss REAL, tokens INTEGER NOT NULL,
  PRIMARY KEY (run, step)
) WITHOUT ROWID;
CREATE TABLE checkpoint (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  step INTEGER NOT NULL, path TEXT NOT NULL, evalLoss REAL,
  PRIMARY KEY (run, step)
) WITHOUT ROWID;
CREATE TABLE loss (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  record INTEGER NOT NULL, loss REAL,
  PRIMARY KEY (run, record)
) WITHOUT ROWID;
CREATE INDEX lossRecord ON loss(record, run);

CREATE TABLE prompt (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  title TEXT NOT NULL, system TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL, isPinned INTEGER NOT NULL
);
)sql";

// Version 2: blind votes. A pair keeps both answers as they were shown, because a model folder may be gone when somebody asks.
constexpr std::string_view kVersion2 = R"sql(
CREATE TABLE ballot (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token TEXT NOT NULL UNIQUE,
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  adapter TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL,
  seed INTEGER NOT NULL, wanted INTEGER NOT NULL, maxTokens INTEGER NOT NULL,
  at TEXT NOT NULL, isComplete INTEGER NOT NULL
);
CREATE INDEX ballotRun ON ballot(run);
CREATE TABLE ballotPair (
  ballot INTEGER NOT NULL REFERENCES ballot(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  record INTEGER NOT NULL,
  question TEXT NOT NULL, expected TEXT NOT NULL, tags TEXT NOT NULL,
  base TEXT NOT NULL, tuned TEXT NOT NULL, baseHash TEXT NOT NULL, tunedHash TEXT NOT NULL,
  isBaseLeft INTEGER NOT NULL,
  PRIMARY KEY (ballot, position)
) WITHOUT ROWID;
CREATE TABLE vote (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  ballot INTEGER NOT NULL,
  position INTEGER NOT NULL,
  voter TEXT NOT NULL,
  choice TEXT NOT NULL,
  at TEXT NOT NULL,
  UNIQUE (ballot, position, voter),
  FOREIGN KEY (ballot, position) REFERENCES ballotPair(ballot, position) ON DELETE CASCADE
);
)sql";

// Version 3: where the answer begins (its length is counted again), names of snapshots, and a quick way to what was deleted.
constexpr std::string_view kVersion3 = R"sql(
ALTER TABLE content ADD COLUMN answerAt INTEGER;
UPDATE content SET tokens = NULL;
ALTER TABLE snapshot ADD COLUMN name TEXT NOT NULL DEFAULT '';
CREATE INDEX journalItemRemoved ON journalItem(record) WHERE after IS NULL;
)sql";

// Version 4: what is learnt while a run goes on: answers to probe prompts, the loss of every row at every reading (one blob of 32-bit numbers for each
// reading, in the order of ledgerRows, so that a hundred thousand rows cost 400 kB a reading), and how runs are sorted by people.
constexpr std::string_view kVersion4 = R"sql(
CREATE TABLE probe (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  record INTEGER NOT NULL, question TEXT NOT NULL, expected TEXT NOT NULL,
  PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE probeAnswer (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  step INTEGER NOT NULL, position INTEGER NOT NULL, text TEXT NOT NULL,
  PRIMARY KEY (run, step, position)
) WITHOUT ROWID;
CREATE TABLE ledgerRows (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  part INTEGER NOT NULL, records BLOB NOT NULL,
  PRIMARY KEY (run, part)
) WITHOUT ROWID;
CREATE TABLE ledger (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  part INTEGER NOT NULL, at INTEGER NOT NULL, losses BLOB NOT NULL,
  PRIMARY KEY (run, part, at)
);
ALTER TABLE metric ADD COLUMN accuracy REAL;
ALTER TABLE eval ADD COLUMN accuracy REAL;
ALTER TABLE run ADD COLUMN resultStep INTEGER;
ALTER TABLE run ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN isArchived INTEGER NOT NULL DEFAULT 0;
)sql";

// Version 5: the base model's own loss on answer and question, beside the text, so that an edited record has none.
constexpr std::string_view kVersion5 = R"sql(
ALTER TABLE content ADD COLUMN baseLoss REAL;
ALTER TABLE content ADD COLUMN questionLoss REAL;
)sql";

// Version 6: a trash for runs, and what people write at a step of a curve.
constexpr std::string_view kVersion6 = R"sql(
ALTER TABLE run ADD COLUMN trashed TEXT NOT NULL DEFAULT '';
CREATE TABLE curveNote (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  step INTEGER NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX curveNoteRun ON curveNote(run, step);
)sql";

// Version 7: a saved question keeps the context and the tools that it was asked with.
constexpr std::string_view kVersion7 = R"sql(
ALTER TABLE prompt ADD COLUMN context TEXT NOT NULL DEFAULT '';
ALTER TABLE prompt ADD COLUMN tools TEXT NOT NULL DEFAULT '';
)sql";

// Version 8: answers that a model proposed, beside the records until somebody accepts them.
constexpr std::string_view kVersion8 = R"sql(
CREATE TABLE draft (
  record INTEGER PRIMARY KEY REFERENCES record(id) ON DELETE CASCADE,
  text TEXT NOT NULL, author TEXT NOT NULL, at TEXT NOT NULL, isCut INTEGER NOT NULL
);
)sql";

// Version 9: what the run doctor looks at beside the curves: rows whose end is not learnt, and how often a step waited for pages from a disk.
constexpr std::string_view kVersion9 = R"sql(
ALTER TABLE run ADD COLUMN trainRows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN cutRows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN endlessRows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN longestRow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE metric ADD COLUMN pageFaults INTEGER NOT NULL DEFAULT 0;
)sql";

// Version 10: an accepted draft stays beside its record, with the journal's entry that made it the answer: when that is undone, it waits again.
constexpr std::string_view kVersion10 = R"sql(
ALTER TABLE draft ADD COLUMN accepted INTEGER;
CREATE VIEW openDraft AS SELECT record, text, author, at, isCut FROM draft
  WHERE accepted IS NULL OR NOT EXISTS (SELECT 1 FROM journal j WHERE j.id = accepted AND j.isUndone = 0);
)sql";

// Version 11: older steps of a run lie together in blocks, so that a run of a million steps is read at once. A point has pointBytes bytes; see projectmetrics.cpp.
constexpr std::string_view kVersion11 = R"sql(
CREATE TABLE metricBlock (
  run INTEGER NOT NULL REFERENCES run(id) ON DELETE CASCADE,
  first INTEGER NOT NULL, last INTEGER NOT NULL, pointBytes INTEGER NOT NULL, points BLOB NOT NULL,
  PRIMARY KEY (run, last)
);
)sql";

// Version 12: what lists and counts read of a million contents lies in one narrow index (see kJoinContent), and an edit does not have to wait for the
// full-text index to join what an import left: it is joined in small steps ("automerge"), never as a whole.
constexpr std::string_view kVersion12 = R"sql(
CREATE INDEX contentFacts ON content(id, flags, tokens, answerAt, baseLoss, questionLoss, turnCount, isPair, substr(instruction, 1, 32), substr(response, 1, 32));
INSERT INTO contentText(contentText, rank) VALUES('crisismerge', 1999);
)sql";

constexpr std::array kSteps = {kVersion1, kVersion2, kVersion3, kVersion4, kVersion5, kVersion6, kVersion7, kVersion8, kVersion9, kVersion10, kVersion11, kVersion12};

} // namespace

std::span<const std::string_view> schemaSteps()
{
    return kSteps;
}

Result<> applySchema(const Database &database, std::span<const std::string_view> steps)
{
    const auto version = database.integer("PRAGMA user_version");
    if (!version)
        return passError(version);
    const auto application = database.integer("PRAGMA application_id");
    if (!application)
        return passError(application);
    const auto tables = database.integer("SELECT count(*) FROM sqlite_master");
    if (!tables)
        return passError(tables);
    const auto newest = static_cast<std::int64_t>(steps.size());
    const bool isEmpty = *tables == 0 && *version == 0;
    if (*application != kApplicationId && !(isEmpty && !database.isReadOnly()))
        return fail(ErrorCode::BadInput, tr("{} is a database of another program.", database.file().string()),
                    tr("Choose the folder of a project."));
    if (*version > newest || *version < 0)
        return fail(ErrorCode::BadInput,
                    tr("{} was written by a newer Fettle (format {}, this one knows up to {}).", database.file().string(), *version, newest),
                    tr("Update Fettle to open this project."));
    if (*version < newest && database.isReadOnly())
        return fail(ErrorCode::BadInput, tr("{} has an older format ({}; now {}).", database.file().string(), *version, newest),
                    tr("Open the project once where it may be written; it is then brought up to date."));
    for (std::int64_t next = *version + 1; next <= newest; ++next) {
        auto transaction = Transaction::begin(database);
        if (!transaction)
            return passError(transaction);
        if (auto done = database.execute(steps[static_cast<std::size_t>(next - 1)]); !done)
            return done;
        if (auto done = database.execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId, next)); !done)
            return done;
        if (auto done = transaction->commit(); !done)
            return done;
    }
    return {};
}

Result<std::optional<std::string>> readValue(const Database &database, std::string_view key)
{
    auto statement = database.prepare("SELECT value FROM value WHERE key = ?");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(key).step();
    if (!hasRow)
        return passError(hasRow);
    return *hasRow ? std::optional(statement->text(0)) : std::nullopt;
}

Result<> writeValue(const Database &database, std::string_view key, std::string_view value)
{
    auto statement = database.prepare("INSERT INTO value(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value");
    if (!statement)
        return passError(statement);
    return statement->bind(key).bind(value).run();
}

Result<std::int64_t> counter(const Database &database, std::string_view name)
{
    auto statement = database.prepare("SELECT value FROM counter WHERE name = ?");
    if (!statement)
        return passError(statement);
    const auto hasRow = statement->bind(name).step();
    if (!hasRow)
        return passError(hasRow);
    return *hasRow ? statement->integer(0) : 0;
}

Result<> countUp(const Database &database, std::string_view name)
{
    auto statement = database.prepare("INSERT INTO counter(name, value) VALUES(?, 1) ON CONFLICT(name) DO UPDATE SET value = value + 1");
    if (!statement)
        return passError(statement);
    return statement->bind(name).run();
}

} // namespace fettle::store
