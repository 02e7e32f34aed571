#include "database_workload.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace sahpool::testing {
namespace {

// The content of a row follows from its key and its version.
Bytes BodyOf(std::int64_t key, const Row& row) {
  Bytes body(row.size + 8);
  std::uint64_t state = static_cast<std::uint64_t>(key * 1000003 + row.version) | 1;
  for (std::size_t i = 0; i < row.size; i += 8) {
    state *= 6364136223846793005ULL;
    std::memcpy(&body[i], &state, 8);
  }
  body.resize(row.size);
  return body;
}

// Reads a database with SQLite. Fails the test if it is damaged.
Rows ReadRows(const Bytes& database, const std::string& path, const ObservedVfs& vfs) {
  DatabaseFiles{.database = database, .journal = {}, .wal = {}}.WriteTo(path);
  sqlite3* connection = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, vfs.name()),
            SQLITE_OK);
  Rows rows;
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(connection, "PRAGMA integrity_check", -1, &statement, nullptr),
            SQLITE_OK);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW) << sqlite3_errmsg(connection);
  const unsigned char* const verdict = sqlite3_column_text(statement, 0);
  EXPECT_STREQ(reinterpret_cast<const char*>(verdict), "ok");
  sqlite3_finalize(statement);
  // The transaction that creates the table may itself have been undone.
  if (sqlite3_prepare_v2(connection, "SELECT key, version, body FROM entry", -1, &statement,
                         nullptr) == SQLITE_OK) {
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const std::int64_t key = sqlite3_column_int64(statement, 0);
      const std::size_t size = static_cast<std::size_t>(sqlite3_column_bytes(statement, 2));
      const Row row{.version = sqlite3_column_int64(statement, 1), .size = size};
      const Bytes body = BodyOf(key, row);
      EXPECT_TRUE(size == 0 ||
                  std::memcmp(sqlite3_column_blob(statement, 2), body.data(), size) == 0);
      rows[key] = row;
    }
    sqlite3_finalize(statement);
  }
  EXPECT_EQ(sqlite3_close(connection), SQLITE_OK);
  return rows;
}

}  // namespace

Workload::Workload(std::uint64_t seed, Coverage& coverage, std::vector<DatabaseFiles>* corpus)
    : random_(seed), coverage_(coverage), corpus_(corpus) {
  SetUp();
}

Workload::~Workload() {
  vfs_.on_change = nullptr;
  EndReader();
  EXPECT_EQ(sqlite3_close(connection_), SQLITE_OK);
}

void Workload::Run(int steps) {
  for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
    if (in_transaction_) {
      StepInside();
    } else {
      StepOutside();
    }
  }
}

void Workload::SetUp() {
  vfs_.sector_size = random_.Among({32, 512, 512, 4096, 4096, 65536});
  vfs_.device_characteristics = random_.Among(
      {SQLITE_IOCAP_POWERSAFE_OVERWRITE, SQLITE_IOCAP_POWERSAFE_OVERWRITE, 0, 0,
       SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN, SQLITE_IOCAP_SAFE_APPEND, SQLITE_IOCAP_SEQUENTIAL});
  // SQLite overlooks journals that are smaller than a sector of its own VFS.
  quiet_vfs_.sector_size = std::min(vfs_.sector_size, 512);
  quiet_vfs_.device_characteristics = 0;
  databases_.push_back({"main", directory_.PathOf("main.db"), {}, {}, {}});
  ASSERT_EQ(sqlite3_open_v2(databases_[0].path.c_str(), &connection_,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs_.name()),
            SQLITE_OK);
  if (random_.OneIn(3)) {
    databases_.push_back({"other", directory_.PathOf("other.db"), {}, {}, {}});
    Execute("ATTACH '" + databases_[1].path + "' AS other");
  }
  Execute("PRAGMA temp_store=MEMORY");
  exclusive_ = random_.OneIn(6);
  if (exclusive_) Execute("PRAGMA locking_mode=EXCLUSIVE");
  synchronous_ = random_.Among({"OFF", "NORMAL", "FULL"});
  page_size_ = std::size_t{512} << (random_.OneIn(4) ? random_.Below(8) : random_.Below(4));
  for (const Database& database : databases_) {
    Pragma(database, "page_size", std::to_string(page_size_));
    Pragma(database, "auto_vacuum", random_.Among({"NONE", "FULL", "INCREMENTAL"}));
    Pragma(database, "cache_size", random_.Among({"1", "3", "10"}));
    Pragma(database, "synchronous", synchronous_);
    Pragma(database, "secure_delete", random_.Among({"OFF", "ON"}));
  }
  SwitchJournalMode(random_.Among({"DELETE", "TRUNCATE", "PERSIST", "WAL", "WAL", "WAL"}));
  Execute("PRAGMA wal_autocheckpoint=" + std::to_string(random_.Among({0, 5, 30})));
  look_after_ = 1 + random_.Below(20);
  vfs_.on_change = [this](const ObservedVfs::Change& change) {
    // The moments around a super-journal's removal are few.
    const bool is_rare = in_commit_ && databases_.size() > 1 &&
                         change.path.find("-journal") != std::string_view::npos && random_.OneIn(4);
    if (--look_after_ == 0 || is_rare) Look(change);
  };
  for (const Database& database : databases_) {
    Execute("CREATE TABLE " + database.schema +
            ".entry(key INTEGER PRIMARY KEY, version INTEGER, body BLOB)");
  }
}

void Workload::StepOutside() {
  switch (random_.Below(14)) {
    case 0:
      Execute("VACUUM " + Any().schema);
      break;
    case 1:
      if (!is_wal_) {
        const Database& database = Any();
        Pragma(database, "page_size", std::to_string(512 << random_.Below(5)));
        Execute("VACUUM " + database.schema);
      }
      break;
    case 2:
      SwitchJournalMode(random_.Among({"DELETE", "TRUNCATE", "PERSIST", "WAL", "WAL"}));
      break;
    case 3:
      // Readers may keep it from being complete.
      sqlite3_wal_checkpoint_v2(
          connection_, nullptr,
          random_.Among({SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_FULL,
                         SQLITE_CHECKPOINT_RESTART, SQLITE_CHECKPOINT_TRUNCATE}),
          nullptr, nullptr);
      break;
    case 4:
      EndReader();
      if (is_wal_ && !exclusive_) StartReader();
      break;
    case 5:
      in_commit_ = true;
      Insert(Any());
      Committed();
      break;
    case 6:
      Look({});
      break;
    default:
      Execute("BEGIN");
      in_transaction_ = true;
  }
}

void Workload::StepInside() {
  switch (random_.Below(16)) {
    case 0:
    case 1:
      in_commit_ = true;
      Execute("COMMIT");
      in_transaction_ = false;
      Committed();
      break;
    case 2:
      Execute("ROLLBACK");
      in_transaction_ = false;
      for (Database& database : databases_) {
        database.current = database.committed;
        database.savepoints.clear();
      }
      break;
    case 3:
      Execute("SAVEPOINT here");
      for (Database& database : databases_) database.savepoints.push_back(database.current);
      break;
    case 4:
      if (databases_[0].savepoints.empty()) break;
      Execute("ROLLBACK TO here");
      for (Database& database : databases_) database.current = database.savepoints.back();
      break;
    case 5:
      if (databases_[0].savepoints.empty()) break;
      Execute("RELEASE here");
      for (Database& database : databases_) database.savepoints.pop_back();
      break;
    case 6:
      Execute("PRAGMA " + Any().schema + ".incremental_vacuum(3)");
      break;
    case 7:
      Execute("CREATE INDEX IF NOT EXISTS " + Any().schema + ".by_body ON entry(body)");
      break;
    case 8:
      Execute("DROP INDEX IF EXISTS " + Any().schema + ".by_body");
      break;
    case 9:
      Look({});
      break;
    case 10:
    case 11:
      Delete(Any());
      break;
    default:
      for (std::size_t i = random_.Below(5) + 1; i > 0; --i) Insert(Any());
  }
}

void Workload::Execute(const std::string& sql) {
  ASSERT_EQ(sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sql << ": " << sqlite3_errmsg(connection_);
}

void Workload::Pragma(const Database& database, const char* name, const std::string& value) {
  Execute("PRAGMA " + database.schema + "." + name + "=" + value);
}

void Workload::SwitchJournalMode(const std::string& mode) {
  EndReader();
  for (const Database& database : databases_) Pragma(database, "journal_mode", mode);
  is_wal_ = mode == "WAL";
}

void Workload::Insert(Database& database) {
  const std::int64_t key = static_cast<std::int64_t>(random_.Below(60));
  const Row row{.version = ++version_,
                .size = random_.Below(random_.OneIn(4) ? page_size_ * 5 / 2 : page_size_ / 2)};
  database.current[key] = row;
  const Bytes body = BodyOf(key, row);
  sqlite3_stmt* statement = nullptr;
  const std::string sql = "REPLACE INTO " + database.schema + ".entry VALUES(?,?,?)";
  ASSERT_EQ(sqlite3_prepare_v2(connection_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK)
      << sqlite3_errmsg(connection_);
  sqlite3_bind_int64(statement, 1, key);
  sqlite3_bind_int64(statement, 2, row.version);
  sqlite3_bind_blob(statement, 3, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
  EXPECT_EQ(sqlite3_step(statement), SQLITE_DONE) << sqlite3_errmsg(connection_);
  sqlite3_finalize(statement);
}

void Workload::Delete(Database& database) {
  const std::int64_t from = static_cast<std::int64_t>(random_.Below(60));
  const std::int64_t to = from + static_cast<std::int64_t>(random_.Below(30));
  database.current.erase(database.current.lower_bound(from), database.current.lower_bound(to));
  Execute("DELETE FROM " + database.schema + ".entry WHERE key >= " + std::to_string(from) +
          " AND key < " + std::to_string(to));
}

void Workload::Committed() {
  in_commit_ = false;
  for (Database& database : databases_) {
    database.committed = database.current;
    database.savepoints.clear();
  }
}

void Workload::StartReader() {
  const Database& database = databases_[0];
  ASSERT_EQ(sqlite3_open_v2(database.path.c_str(), &reader_, SQLITE_OPEN_READWRITE, vfs_.name()),
            SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(reader_, "BEGIN; SELECT count(*) FROM entry", nullptr, nullptr, nullptr),
            SQLITE_OK)
      << sqlite3_errmsg(reader_);
}

void Workload::EndReader() {
  EXPECT_EQ(sqlite3_close(reader_), SQLITE_OK);
  reader_ = nullptr;
}

void Workload::Look(const ObservedVfs::Change& change) {
  look_after_ = 1 + random_.Below(80);
  bool all_old = true;
  bool all_new = true;
  for (const Database& database : databases_) {
    DatabaseFiles files = DatabaseFiles::ReadFrom(database.path);
    if (!change.written.empty() && random_.OneIn(2)) Tear(files, database.path, change);
    SCOPED_TRACE(database.schema + ": " + KindOf(files));
    Rows rows;
    ASSERT_NO_FATAL_FAILURE(Check(files, rows));
    const bool is_old = rows == database.committed;
    const bool is_new = rows == database.current;
    EXPECT_TRUE(is_old || (in_commit_ && is_new));
    if (in_commit_ && !is_old) ++coverage_.committing;
    all_old = all_old && is_old;
    all_new = all_new && is_new;
  }
  // SQLite promises this of several databases only with super-journals.
  const bool commits_together = !is_wal_ && synchronous_ != "OFF";
  EXPECT_TRUE(all_old || all_new || !commits_together);
}

void Workload::Tear(DatabaseFiles& files, const std::string& path,
                    const ObservedVfs::Change& change) {
  Bytes* const bytes = change.path == path                                 ? &files.database
                       : change.path == path + "-journal" && files.journal ? &*files.journal
                       : change.path == path + "-wal" && files.wal         ? &*files.wal
                                                                           : nullptr;
  if (bytes == nullptr) return;
  const std::size_t offset = static_cast<std::size_t>(change.offset);
  const std::size_t size = random_.Below(change.written.size());
  if (size == 0) return;
  bytes->resize(std::max(bytes->size(), offset + size));
  std::copy_n(change.written.begin(), size, bytes->begin() + change.offset);
  ++coverage_.torn;
}

void Workload::Check(const DatabaseFiles& files, Rows& rows) {
  OpenedImage opened(files);
  ASSERT_TRUE(opened.ok()) << opened.status().text();
  Count(files, opened, coverage_);
  const Bytes image = opened.ReadAll();
  ExpectSameInRanges(opened, image, random_);
  const Recovered recovered =
      RecoverWithSqlite(files, directory_.PathOf("recovered.db"), quiet_vfs_);
  EXPECT_EQ(recovered.rc, SQLITE_OK);
  EXPECT_TRUE(image == recovered.database)
      << image.size() << " bytes, SQLite leaves " << recovered.database.size();
  rows = ReadRows(image, directory_.PathOf("image.db"), quiet_vfs_);
  ExpectSettles(files, image, random_);
  if (files.wal && files.wal->size() > 32) CheckBigEndian(files);
  if (corpus_ != nullptr && vfs_.sector_size >= 512) corpus_->push_back(files);
}

void Workload::CheckBigEndian(DatabaseFiles files) {
  files.wal = AsBigEndianWal(*files.wal);
  OpenedImage opened(files);
  ASSERT_TRUE(opened.ok()) << opened.status().text();
  const Recovered recovered =
      RecoverWithSqlite(files, directory_.PathOf("recovered.db"), quiet_vfs_);
  EXPECT_EQ(recovered.rc, SQLITE_OK);
  EXPECT_TRUE(opened.ReadAll() == recovered.database);
}

}  // namespace sahpool::testing
