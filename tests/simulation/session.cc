#include "session.h"

namespace sahpool::testing {
namespace {

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
    case Action::kFill:
      return false;
    default:
      return true;
  }
}

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
  // Not in the middle of an operation: a connection that is being closed may keep something back.
  if (!HasUnflushedChanges(*disk_)) was_weak_ = was_careless_ = false;
  NoteWeakness();
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
    case Action::kFill:
      return;
  }
}

void Session::Finish() {
  for (SimulatedConnection& connection : connections_) Close(connection);
}

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
  const bool is_full = primary == SQLITE_CANTOPEN && pool_->pool().files().free_count() == 0;
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

}  // namespace sahpool::testing
