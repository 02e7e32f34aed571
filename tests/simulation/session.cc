#include "session.h"

#include <algorithm>
#include <utility>

#include "judge.h"
#include "pool/import.h"
#include "pool/write_buffer.h"

namespace sahpool::testing {
namespace {

constexpr std::int32_t kMinCapacity = 7;
constexpr std::int32_t kMaxCapacity = 16;
constexpr std::size_t kMaxSavepoints = 3;

ContentPtr Shared(Content content) { return std::make_shared<const Content>(std::move(content)); }

// Others meet a pool with hot journals as a killed process has left it.
bool UsesConnection(Action action) {
  switch (action) {
    case Action::kAddCapacity:
    case Action::kReduceCapacity:
    case Action::kUnlink:
    case Action::kImport:
    case Action::kAbortImport:
    case Action::kExport:
    case Action::kPause:
    case Action::kKill:
    case Action::kCrash:
      return false;
    default:
      return true;
  }
}

std::string Path(std::size_t database) { return std::string(kDatabaseNames[database]); }

}  // namespace

Session::Session(const Settings& settings, std::uint64_t seed)
    : settings_(settings),
      random_(seed),
      journal_mode_(settings.journal_mode),
      disk_(std::make_unique<FaultDisk>()) {
  disk_->keeps_log = false;
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    expectation_.permitted[i] = live_[i] = {Shared({})};
  }
  StartPool();
  AcceptStatus(pool_->AddCapacity(settings.capacity), "first capacity");
  disk_->before_change = [this] {
    if (remembers_moments) RememberMoment();
    if (before_change) before_change();
  };
}

Session::~Session() {
  disk_->before_change = nullptr;
  for (SimulatedConnection& connection : connections_) sqlite3_close_v2(connection.db);
}

void Session::Fail(const std::string& problem) {
  if (failure_.empty()) failure_ = problem;
}

void Session::StartPool() {
  const std::string generation = "slot" + std::to_string(generation_++);
  pool_ = std::make_unique<SimulatedPool>(*disk_, random_.Below(1U << 30), generation);
  AcceptStatus(pool_->Start(), "start");
}

void Session::Run(const Operation& operation) {
  if (!failure_.empty()) return;
  last_code_ = SQLITE_OK;
  if (operation.action != Action::kKill) moment_.reset();
  moments_ = 0;
  if (!pool_->is_started()) {
    StartPool();
    RecoverClaims();
  }
  if (!pool_->is_started()) return;
  if (may_have_stale_journals_ && UsesConnection(operation.action)) {
    CheckLive();
    DeleteStaleJournals();
  }
  SimulatedConnection& connection = ConnectionOf(operation);
  switch (operation.action) {
    case Action::kOpen:
      return Open(operation);
    case Action::kClose:
      return Close(connection);
    case Action::kJournalMode:
      return SetJournalMode(operation);
    case Action::kSynchronous:
      return SetSynchronous(operation);
    case Action::kBegin:
      return Begin(operation);
    case Action::kCommit:
      return Commit(connection);
    case Action::kRollback:
      return Rollback(connection);
    case Action::kSavepoint:
      return Savepoint(connection);
    case Action::kRelease:
      return Release(connection);
    case Action::kRollbackTo:
      return RollbackTo(operation);
    case Action::kInsert:
    case Action::kUpdate:
    case Action::kDelete:
      return Write(operation);
    case Action::kRead:
      return Read(operation);
    case Action::kSort:
      return Sort(operation);
    case Action::kVacuum:
    case Action::kIncrementalVacuum:
      return Vacuum(operation);
    case Action::kCheckpoint:
      return Checkpoint(operation);
    case Action::kAddCapacity:
    case Action::kReduceCapacity:
      return ChangeCapacity(operation);
    case Action::kUnlink:
      return Unlink(operation.database);
    case Action::kImport:
    case Action::kAbortImport:
      return Import(operation);
    case Action::kExport:
      return Export(operation.database);
    case Action::kPause:
      return Pause();
    case Action::kKill:
      return Kill();
    case Action::kCrash:
      return Crash(operation);
  }
}

void Session::Finish() {
  for (SimulatedConnection& connection : connections_) Close(connection);
}

// --- Results ---

int Session::Execute(SimulatedConnection& connection, const std::string& sql) {
  const int code = sqlite3_exec(connection.db, sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return code;
  message_ = sqlite3_errmsg(connection.db);
  return sqlite3_extended_errcode(connection.db);
}

bool Session::Accept(int code, const std::string& what) {
  if (code == SQLITE_OK) return true;
  if (last_code_ == SQLITE_OK) last_code_ = code;
  const int primary = code & 0xff;
  const bool is_full = primary == SQLITE_CANTOPEN && pool_->pool().free_count() == 0;
  const bool is_expected = primary == SQLITE_BUSY || is_full ||
                           (expects_failure() && primary != SQLITE_CORRUPT &&
                            primary != SQLITE_NOTADB && primary != SQLITE_ERROR);
  if (!is_expected)
    Fail(what + ": " + sqlite3_errstr(code) + " (" + std::to_string(code) + ") " + message_);
  return false;
}

bool Session::AcceptStatus(const Status& status, const std::string& what) {
  if (status.ok()) return true;
  const bool is_expected =
      expects_failure() || status.code() == Code::kBusy || status.code() == Code::kNoFreeSlot;
  if (!is_expected) Fail(what + ": " + std::string(status.text()));
  return false;
}

// --- The model ---

void Session::ExpectCommit(const Views& contents, bool is_atomic) {
  before_commit_ = expectation_;
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (contents[i]) expectation_.permitted[i].push_back(contents[i]);
  }
  if (!is_atomic) return;
  // One that is to be as before tells nothing about whether the commit has happened.
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (contents[i] && *contents[i] != *live_[i].front()) expectation_.together[i] = contents[i];
  }
}

void Session::Committed(const Views& contents, bool is_durable) {
  expectation_.together = {};
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (!contents[i]) continue;
    if (live_[i].size() == 1 && *contents[i] == *live_[i].front()) {
      // Nothing was written, so nothing has changed in what a crash would leave.
      expectation_.permitted[i] = before_commit_.permitted[i];
      continue;
    }
    live_[i] = {contents[i]};
    is_uncertain_[i] = false;
    if (is_durable) expectation_.permitted[i] = {contents[i]};
  }
}

void Session::NotCommitted() { expectation_ = before_commit_; }

// The outcome is open: a reader will tell, and until the next commit a crash may tell otherwise.
void Session::CommitMayHaveFailed(const Views& contents) {
  expectation_.together = {};
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (!contents[i]) continue;
    live_[i].push_back(contents[i]);
    is_uncertain_[i] = true;
  }
}

ContentPtr Session::Recognize(std::size_t database, const Content& found) {
  // The frames of a commit that failed may lie in the WAL, and be recovered from it without a crash
  // when SQLite has to rebuild the wal-index.
  std::vector<ContentPtr> possible = live_[database];
  if (is_uncertain_[database]) {
    const auto& permitted = expectation_.permitted[database];
    possible.insert(possible.end(), permitted.begin(), permitted.end());
  }
  for (const ContentPtr& one : possible) {
    if (*one == found) return one;
  }
  Fail(Path(database) + " holds what it must not: " + Describe(found) + "; " +
       DescribeDifference(found, *live_[database].back()));
  return nullptr;
}

void Session::Settle(std::size_t database, const Content& found) {
  if (const ContentPtr content = Recognize(database, found)) live_[database] = {content};
}

void Session::Forget(SimulatedConnection& connection) {
  connection.in_transaction = false;
  connection.snapshot = {};
  connection.view = {};
  connection.has_written = {};
  connection.savepoints.clear();
}

void Session::NoteEndedTransaction(SimulatedConnection& connection) {
  if (connection.in_transaction && sqlite3_get_autocommit(connection.db) != 0) Forget(connection);
}

bool Session::IsOpenAnywhere(std::size_t database) const {
  return std::ranges::any_of(connections_, [&](const SimulatedConnection& connection) {
    return Sees(connection, database);
  });
}

bool Session::IsWrittenByOther(const SimulatedConnection& connection, std::size_t database) const {
  return std::ranges::any_of(connections_, [&](const SimulatedConnection& other) {
    return &other != &connection && other.has_written[database];
  });
}

bool Session::UsesWal(SimulatedConnection& connection, std::size_t database) {
  bool is_wal = false;
  const std::string sql = "PRAGMA " + SchemaOf(connection, database) + ".journal_mode";
  sqlite3_exec(
      connection.db, sql.c_str(),
      [](void* result, int /*count*/, char** values, char** /*names*/) {
        *static_cast<bool*>(result) = values[0] != nullptr && std::string_view(values[0]) == "wal";
        return 0;
      },
      &is_wal, nullptr);
  return is_wal;
}

void Session::NoteJournalModes(SimulatedConnection& connection) {
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (Sees(connection, i)) is_wal_[i] = UsesWal(connection, i);
  }
}

// With synchronous = NORMAL and a rollback journal SQLite flushes the journal only once, trusts
// checksums that look at every 200th byte, and doesn't flush the end of a journal: on a disk that
// tears, reorders or forgets writes it promises nothing, until all of them have been flushed.
Survival Session::DrawSurvival(std::size_t ticket) {
  if (!HasUnflushedChanges(*disk_)) was_weak_ = false;
  for (const SimulatedConnection& connection : connections_) {
    for (std::size_t i = 0; i < kDatabaseCount; ++i) {
      if (Sees(connection, i) && connection.synchronous < 2 && !is_wal_[i]) was_weak_ = true;
    }
  }
  constexpr std::array kOrderly = {Survival::kAll, Survival::kPrefix};
  return was_weak_ ? kOrderly[ticket % kOrderly.size()]
                   : static_cast<Survival>(ticket % kSurvivalCount);
}

ContentPtr Session::Look(SimulatedConnection& connection, std::size_t database) {
  if (connection.view[database]) return connection.view[database];
  return live_[database].size() == 1 ? live_[database].front() : nullptr;
}

// --- Connections ---

void Session::Open(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  Close(connection);
  connection.main = operation.database;
  connection.synchronous = 2;
  const std::string path = Path(connection.main);
  int code = sqlite3_open_v2(path.c_str(), &connection.db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, pool_->vfs_name());
  if (code == SQLITE_OK) code = AddPayloadFunction(connection.db);
  std::vector<std::string> setup;
  const auto set_up = [&](const std::string& schema) {
    setup.push_back("PRAGMA " + schema + ".page_size = " + std::to_string(settings_.page_size));
    setup.push_back("PRAGMA " + schema + ".auto_vacuum = " + std::to_string(settings_.auto_vacuum));
    setup.push_back("PRAGMA " + schema + ".cache_size = " + std::to_string(settings_.cache_pages));
    setup.push_back("PRAGMA " + schema + ".journal_mode = " + settings_.journal_mode);
    setup.push_back(CreateTablesSql(schema));
  };
  setup.push_back("PRAGMA temp_store = file; PRAGMA wal_autocheckpoint = " +
                  std::to_string(settings_.wal_autocheckpoint));
  if (operation.b % 8 == 0) setup.push_back("PRAGMA locking_mode = exclusive");
  set_up("main");
  if (operation.a % 2 == 0) {
    setup.push_back("ATTACH '" + Path(1 - connection.main) + "' AS other");
    connection.has_attached = true;
    set_up("other");
  }
  for (const std::string& sql : setup) {
    if (code != SQLITE_OK) break;
    code = Execute(connection, sql);
    // Another connection may be in the way of a change of the journal mode.
    const bool is_mode = sql.find("journal_mode") != std::string::npos;
    if ((code & 0xff) == SQLITE_BUSY && is_mode) code = SQLITE_OK;
  }
  if (Accept(code, "open " + path)) {
    NoteJournalModes(connection);
  } else {
    Close(connection);
  }
}

void Session::Close(SimulatedConnection& connection) {
  Forget(connection);
  // Whatever fails in it, the connection is gone.
  sqlite3_close_v2(std::exchange(connection.db, nullptr));
  connection.has_attached = false;
}

void Session::SetJournalMode(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (!Sees(connection, operation.database) || connection.in_transaction) return;
  const std::string mode = JournalModeOf(operation);
  const std::string schema = SchemaOf(connection, operation.database);
  // SQLite up to 3.53.2, on every VFS: a connection that leaves WAL mode doesn't notice that its
  // page 1 is older than another connection's VACUUM, unless it has read since.
  const std::string sql = "SELECT count(*) FROM " + schema + ".sqlite_schema; PRAGMA " + schema +
                          ".journal_mode = " + mode;
  if (Accept(Execute(connection, sql), "journal_mode = " + mode)) journal_mode_ = mode;
  NoteJournalModes(connection);
}

void Session::SetSynchronous(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.db == nullptr || connection.in_transaction) return;
  const std::string level = std::to_string(SynchronousOf(operation));
  std::string sql = "PRAGMA main.synchronous = " + level;
  if (connection.has_attached) sql += "; PRAGMA other.synchronous = " + level;
  // Until it is known to be set, nothing may be hoped of it.
  connection.synchronous = std::min(connection.synchronous, SynchronousOf(operation));
  if (Accept(Execute(connection, sql), sql)) connection.synchronous = SynchronousOf(operation);
}

// --- Transactions ---

void Session::Begin(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.db == nullptr || connection.in_transaction) return;
  constexpr std::array kKinds = {"BEGIN", "BEGIN", "BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"};
  const char* const kind = kKinds[operation.a % kKinds.size()];
  connection.in_transaction = Accept(Execute(connection, kind), kind);
}

void Session::Commit(SimulatedConnection& connection) {
  if (!connection.in_transaction) return;
  Views contents{};
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (connection.has_written[i]) contents[i] = connection.view[i];
  }
  const bool is_atomic =
      contents[0] && contents[1] && !UsesWal(connection, 0) && !UsesWal(connection, 1);
  ExpectCommit(contents, is_atomic);
  const int code = Execute(connection, "COMMIT");
  if (connection.has_attached && expects_failure()) may_have_stale_journals_ = true;
  if (Accept(code, "COMMIT")) {
    Committed(contents, connection.synchronous >= 2);
    Forget(connection);
  } else if (sqlite3_get_autocommit(connection.db) == 0) {
    NotCommitted();
  } else {
    CommitMayHaveFailed(contents);
    Forget(connection);
    Resolve(connection);
  }
}

void Session::Rollback(SimulatedConnection& connection) {
  if (!connection.in_transaction) return;
  Accept(Execute(connection, "ROLLBACK"), "ROLLBACK");
  NoteEndedTransaction(connection);
}

void Session::Savepoint(SimulatedConnection& connection) {
  if (!connection.in_transaction || connection.savepoints.size() == kMaxSavepoints) return;
  const std::string sql = "SAVEPOINT s" + std::to_string(connection.savepoints.size());
  if (Accept(Execute(connection, sql), sql)) {
    connection.savepoints.emplace_back(connection.view, connection.has_written);
  }
  NoteEndedTransaction(connection);
}

void Session::Release(SimulatedConnection& connection) {
  if (connection.savepoints.empty()) return;
  const std::string sql = "RELEASE s" + std::to_string(connection.savepoints.size() - 1);
  if (Accept(Execute(connection, sql), sql)) connection.savepoints.pop_back();
  NoteEndedTransaction(connection);
}

void Session::RollbackTo(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.savepoints.empty()) return;
  const std::size_t index = operation.a % connection.savepoints.size();
  const std::string sql = "ROLLBACK TO s" + std::to_string(index);
  if (!Accept(Execute(connection, sql), sql)) {
    // What it has undone is unknown.
    NoteEndedTransaction(connection);
    Rollback(connection);
    return;
  }
  connection.savepoints.resize(index + 1);
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    const ContentPtr& saved = connection.savepoints[index].first[i];
    connection.view[i] = saved ? saved : connection.snapshot[i];
  }
}

// --- Reading and writing ---

Content Session::Changed(const Content& content, const Operation& operation) const {
  const Change change = ChangeOf(operation);
  Content changed = content;
  auto& rows = changed[change.table];
  for (std::int64_t key = change.first_key; key < change.first_key + change.count; ++key) {
    const auto row = rows.find(key);
    switch (operation.action) {
      case Action::kInsert:
        rows[key] = {.version = version_, .size = change.size};
        break;
      case Action::kUpdate:
        if (row != rows.end()) row->second = {.version = version_, .size = change.size};
        break;
      default:
        rows.erase(key);
    }
  }
  return changed;
}

std::string Session::SqlOf(const Operation& operation, const std::string& schema) const {
  const Change change = ChangeOf(operation);
  const std::string table = schema + ".t" + std::to_string(change.table);
  const std::string first = std::to_string(change.first_key);
  const std::string last = std::to_string(change.first_key + change.count - 1);
  const std::string version = std::to_string(version_);
  const std::string size = std::to_string(change.size);
  switch (operation.action) {
    case Action::kInsert:
      return "WITH RECURSIVE key(i) AS (SELECT " + first +
             " UNION ALL SELECT i + 1 FROM key WHERE i < " + last + ") INSERT OR REPLACE INTO " +
             table + " SELECT i, " + version + ", payload(i, " + version + ", " + size +
             ") FROM key";
    case Action::kUpdate:
      return "UPDATE " + table + " SET version = " + version + ", payload = payload(id, " +
             version + ", " + size + ") WHERE id BETWEEN " + first + " AND " + last;
    default:
      return "DELETE FROM " + table + " WHERE id BETWEEN " + first + " AND " + last;
  }
}

void Session::Write(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  const std::size_t database = operation.database;
  if (!Sees(connection, database)) return;
  if (is_uncertain_[database] || live_[database].size() > 1) ReadThrough(connection, database);
  if (!Sees(connection, database) || !failure_.empty()) return;
  const ContentPtr seen = Look(connection, database);
  if (!seen) return;
  ++version_;
  const ContentPtr changed = Shared(Changed(*seen, operation));
  const std::string sql = SqlOf(operation, SchemaOf(connection, database));
  if (!connection.in_transaction) {
    Views contents{};
    contents[database] = changed;
    ExpectCommit(contents, false);
    const int code = Execute(connection, sql);
    if (Accept(code, sql)) return Committed(contents, connection.synchronous >= 2);
    if ((code & 0xff) == SQLITE_BUSY) return NotCommitted();
    CommitMayHaveFailed(contents);
    return Resolve(connection);
  }
  if (Accept(Execute(connection, sql), sql)) {
    if (IsWrittenByOther(connection, database)) return Fail("two transactions write at once");
    if (!connection.snapshot[database]) connection.snapshot[database] = seen;
    connection.view[database] = changed;
    connection.has_written[database] = true;
    return;
  }
  NoteEndedTransaction(connection);
  // Whether the failed statement has begun to read, and so fixed what is seen, is unknown.
  if (!connection.view[database]) Rollback(connection);
}

void Session::Read(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (Sees(connection, operation.database)) ReadThrough(connection, operation.database);
}

void Session::ReadThrough(SimulatedConnection& connection, std::size_t database) {
  const ReadOutcome outcome = ReadContent(connection.db, SchemaOf(connection, database));
  if (!outcome.problem.empty()) return Fail(Path(database) + ": " + outcome.problem);
  if (!Accept(outcome.code, "reading " + Path(database))) {
    NoteEndedTransaction(connection);
    if (connection.in_transaction && !connection.view[database]) Rollback(connection);
    return;
  }
  if (connection.view[database]) {
    if (*connection.view[database] != outcome.content) {
      Fail(Path(database) + " is seen otherwise than written: " +
           DescribeDifference(outcome.content, *connection.view[database]));
    }
    return;
  }
  Settle(database, outcome.content);
  if (connection.in_transaction) {
    connection.snapshot[database] = connection.view[database] = live_[database].front();
  }
}

// Reads what a failed commit has left.
void Session::Resolve(SimulatedConnection& connection) {
  if (connection.in_transaction) return;
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (live_[i].size() > 1 && Sees(connection, i)) ReadThrough(connection, i);
  }
}

void Session::Sort(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (connection.db == nullptr || connection.in_transaction) return;
  // Some temporary databases are larger than what a slot keeps back, so that they reach the disk.
  // The size of the cache can be set when there is one, no sooner.
  const std::size_t more = operation.a % 2 == 0 ? WriteBuffer::kCapacity : 10'000;
  const std::string sql =
      "CREATE TEMP TABLE IF NOT EXISTS sorted(payload); PRAGMA temp.cache_size = 2;"
      "INSERT INTO sorted VALUES(zeroblob(" +
      std::to_string(more) +
      "));"
      "INSERT INTO sorted SELECT payload FROM main.t0 ORDER BY payload;"
      "INSERT INTO sorted SELECT payload FROM sorted ORDER BY payload DESC;"
      "DELETE FROM sorted";
  Accept(Execute(connection, sql), "sort");
}

void Session::Vacuum(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  if (!Sees(connection, operation.database) || connection.in_transaction) return;
  const std::string schema = SchemaOf(connection, operation.database);
  const std::string sql =
      operation.action == Action::kVacuum
          ? "VACUUM " + schema
          : "PRAGMA " + schema + ".incremental_vacuum(" + std::to_string(1 + operation.a % 5) + ")";
  Accept(Execute(connection, sql), sql);
}

void Session::Checkpoint(const Operation& operation) {
  SimulatedConnection& connection = ConnectionOf(operation);
  const std::size_t database = operation.database;
  if (!Sees(connection, database) || connection.in_transaction) return;
  constexpr std::array kModes = {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
                                 SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE};
  int frames = 0;
  int done = 0;
  const int code = sqlite3_wal_checkpoint_v2(connection.db, SchemaOf(connection, database).c_str(),
                                             kModes[operation.a % kModes.size()], &frames, &done);
  if (!Accept(code, "checkpoint")) return;
  const bool is_complete = frames >= 0 && frames == done && UsesWal(connection, database);
  if (is_complete && !is_uncertain_[database] && live_[database].size() == 1) {
    expectation_.permitted[database] = live_[database];
  }
}

// --- The pool ---

void Session::ChangeCapacity(const Operation& operation) {
  const std::int32_t capacity = pool_->pool().capacity();
  const auto count = static_cast<std::int32_t>(1 + operation.a % 3);
  if (operation.action == Action::kAddCapacity) {
    if (capacity + count > kMaxCapacity) return;
    AcceptStatus(pool_->AddCapacity(count), "adding capacity");
  } else if (capacity - count >= kMinCapacity) {
    AcceptStatus(pool_->ReduceCapacity(count), "reducing capacity");
  }
}

void Session::Unlink(std::size_t database) {
  Pool& pool = pool_->pool();
  Slot* const slot = pool.Find(pool.Resolve(kDatabaseNames[database]).value());
  if (slot == nullptr) return;
  Views contents{};
  contents[database] = Shared({});
  ExpectCommit(contents, false);
  const Status status = pool_->vfs().WithPool([&](Pool& p) { return p.DeleteDatabase(*slot); });
  if (status.ok() && IsOpenAnywhere(database)) return Fail("an open database was unlinked");
  if (AcceptStatus(status, "unlink")) return Committed(contents, true);
  status.code() == Code::kBusy ? NotCommitted() : CommitMayHaveFailed(contents);
}

void Session::Import(const Operation& operation) {
  const std::size_t database = operation.database;
  const Content content = ImportedContent(operation);
  const auto image = MakeDatabaseImage(content, settings_.page_size, operation.b % 4 == 0);
  // In chunks of any size, but not in thousands of them.
  const std::size_t chunk = std::max<std::size_t>(1 + operation.c % 5000, image.size() / 64);
  Views contents{};
  contents[database] = Shared(content);
  ExpectCommit(contents, false);
  bool is_aborted = operation.action == Action::kAbortImport;
  const Status status = pool_->vfs().WithPool([&](Pool& pool) -> Status {
    auto import = sahpool::Import::Begin(pool, pool.Resolve(kDatabaseNames[database]).value());
    if (!import.ok()) {
      is_aborted = true;
      return import.status();
    }
    for (std::size_t at = 0; at < image.size(); at += chunk) {
      const auto part = std::span(image).subspan(at, std::min(chunk, image.size() - at));
      if (is_aborted && at > image.size() / 2) return {};
      if (Status s = import.value()->Write(part); !s.ok()) {
        is_aborted = true;
        return s;
      }
    }
    return is_aborted ? Status() : import.value()->Finish();
  });
  if (status.ok() && !is_aborted && IsOpenAnywhere(database)) Fail("an open database was replaced");
  AcceptStatus(status, "import");
  if (is_aborted || status.code() == Code::kBusy) return NotCommitted();
  status.ok() ? Committed(contents, true) : CommitMayHaveFailed(contents);
}

void Session::Export(std::size_t database) {
  Pool& pool = pool_->pool();
  Slot* const slot = pool.Find(pool.Resolve(kDatabaseNames[database]).value());
  if (slot == nullptr) return;
  std::vector<std::byte> image;
  const Status status = pool_->vfs().WithPool([&](Pool& /*pool*/) -> Status {
    auto snapshot = pool_->vfs().OpenSnapshot(*slot);
    if (!snapshot.ok()) return snapshot.status();
    image.resize(static_cast<std::size_t>(snapshot.value()->size()));
    return snapshot.value()->Read(image, 0);
  });
  if (!status.ok()) {
    if (!expects_failure()) Fail("export: " + std::string(status.text()));
    return;
  }
  const ReadOutcome outcome = ReadDatabaseImage(image);
  if (outcome.code != SQLITE_OK)
    return Fail("export: " + std::string(sqlite3_errstr(outcome.code)));
  if (!outcome.problem.empty()) return Fail("export: " + outcome.problem);
  // As after a crash, a commit that failed may be there though no connection sees it.
  Recognize(database, outcome.content);
}

void Session::Pause() {
  Finish();
  if (!AcceptStatus(pool_->Pause(), "pause")) return;
  if (AcceptStatus(pool_->Start(), "unpause")) RecoverClaims();
}

// Any of the operation's moments may be the one that is kept; the last ones, in which a transaction
// becomes one that has happened, are the likeliest.
void Session::RememberMoment() {
  if (!random_.OneIn(++moments_) && !random_.OneIn(8)) return;
  moment_ = {.slots = disk_->slots(), .expectation = expectation_};
}

void Session::Kill() {
  if (!moment_) return StartAgainWith(disk_->slots());
  Moment moment = *std::exchange(moment_, std::nullopt);
  moment.expectation.may_need_recovery |= expectation_.may_need_recovery;
  expectation_ = std::move(moment.expectation);
  StartAgainWith(std::move(moment.slots));
  expectation_.together = {};
}

void Session::Crash(const Operation& operation) {
  std::map<std::string, FaultDisk::Slot> slots;
  for (auto& [name, bytes] : Survivors(*disk_, DrawSurvival(operation.a), random_)) {
    slots[name] = {.now = bytes, .durable = bytes};
  }
  StartAgainWith(std::move(slots));
  CheckLive();
  DeleteStaleJournals();
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (live_[i].size() == 1) expectation_.permitted[i] = live_[i];
  }
}

void Session::StartAgainWith(std::map<std::string, FaultDisk::Slot> slots) {
  const auto observer = std::exchange(disk_->before_change, nullptr);
  // What the connections do as they are closed happens to the disk that is replaced.
  Finish();
  pool_.reset();
  disk_->Replace(std::move(slots));
  disk_->before_change = observer;
  live_ = expectation_.permitted;
  StartPool();
  RecoverClaims();
  may_have_stale_journals_ = true;
}

void Session::DeleteStaleJournals() {
  if (!may_have_stale_journals_ || !pool_->is_started() || !failure_.empty()) return;
  Finish();
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    if (pool_->pool().Find(pool_->pool().Resolve(kDatabaseNames[i]).value()) == nullptr) continue;
    SimulatedConnection connection;
    connection.main = i;
    int code =
        sqlite3_open_v2(Path(i).c_str(), &connection.db, SQLITE_OPEN_READWRITE, pool_->vfs_name());
    if (code == SQLITE_OK && !UsesWal(connection, i)) {
      // SQLite deletes the journal only when it leaves a mode that keeps it.
      code = Execute(connection, "PRAGMA journal_mode = persist; PRAGMA journal_mode = delete");
    }
    Accept(code, "deleting the journal of " + Path(i));
    sqlite3_close_v2(connection.db);
  }
  may_have_stale_journals_ = false;
}

void Session::RecoverClaims() {
  if (!expectation_.may_need_recovery || !pool_->is_started()) return;
  for (const std::string_view database : kDatabaseNames) pool_->RecoverClaimsOn(database);
}

void Session::CheckLive() {
  if (!failure_.empty() || !pool_->is_started()) return;
  for (std::size_t i = 0; i < kDatabaseCount; ++i) {
    Pool& pool = pool_->pool();
    if (pool.Find(pool.Resolve(kDatabaseNames[i]).value()) == nullptr) {
      Settle(i, {});
      continue;
    }
    SimulatedConnection reader;
    reader.main = i;
    int code =
        sqlite3_open_v2(Path(i).c_str(), &reader.db, SQLITE_OPEN_READWRITE, pool_->vfs_name());
    if (code == SQLITE_OK) code = AddPayloadFunction(reader.db);
    if (Accept(code, "opening " + Path(i))) {
      ReadThrough(reader, i);
      const std::string integrity = CheckIntegrity(reader.db, "main");
      if (integrity != "ok" && !expects_failure()) Fail(Path(i) + " integrity_check: " + integrity);
    }
    sqlite3_close_v2(reader.db);
  }
}

}  // namespace sahpool::testing
