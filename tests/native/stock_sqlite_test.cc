// What SQLite itself does not promise, shown on its own VFS for Unix: docs/durability.md and the
// simulation rely on these being limits of SQLite, not of the pool. When one of these tests fails,
// a later SQLite may promise more.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "database_files.h"
#include "observed_vfs.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

using testing::Bytes;
using testing::Connection;
using testing::DatabaseFiles;
using testing::ObservedVfs;
using testing::ReadFile;
using testing::TemporaryDirectory;
using testing::WriteFile;

constexpr const char* kUnix = "unix";

// --- A commit over two databases is cut off when its super-journal has gone ---

// Who comes upon the journals, and in what modes.
struct StaleJournal {
  const char* journal_mode;
  const char* locking_mode;
  bool is_met_by_new_connection;  // else by one that has been there all along
  bool is_undone;                 // what the next transaction has written and rolled back

  friend std::ostream& operator<<(std::ostream& out, const StaleJournal& one) {
    return out << one.journal_mode << ", locking " << one.locking_mode << ", "
               << (one.is_met_by_new_connection ? "new" : "old") << " connection";
  }
};

// The files of the two databases.
struct Files {
  DatabaseFiles main;
  DatabaseFiles other;

  static Files ReadFrom(const TemporaryDirectory& directory) {
    return {DatabaseFiles::ReadFrom(directory.PathOf("main.db")),
            DatabaseFiles::ReadFrom(directory.PathOf("other.db"))};
  }
  // Into the files that are there, so that who has them open sees it.
  void WriteOver(const TemporaryDirectory& directory) const {
    Write(main, directory.PathOf("main.db"));
    Write(other, directory.PathOf("other.db"));
  }

 private:
  static void Write(const DatabaseFiles& files, const std::string& path) {
    WriteFile(path, files.database);
    if (files.journal) WriteFile(path + "-journal", *files.journal);
  }
};

// The locking mode comes first: by what follows, the database is read.
std::string SetUpSql(const TemporaryDirectory& directory, const StaleJournal& modes) {
  const std::string mode = modes.journal_mode;
  return std::string("PRAGMA locking_mode = ") + modes.locking_mode + "; ATTACH '" +
         directory.PathOf("other.db") + "' AS other; PRAGMA main.journal_mode = " + mode +
         "; PRAGMA other.journal_mode = " + mode + ";";
}

class StaleSuperJournalTest : public ::testing::TestWithParam<StaleJournal> {
 protected:
  // Makes `before_` and `cut_off_`.
  void CutOffCommit() {
    const TemporaryDirectory directory;
    const std::string super_journal = directory.PathOf("main.db-mj");
    bool has_super_journal_gone = false;
    ObservedVfs vfs("observed");
    Connection writer(directory.PathOf("main.db"), vfs.name());
    ASSERT_EQ(
        writer.Execute(SetUpSql(directory, GetParam()) +
                       "CREATE TABLE item(data); CREATE TABLE other.copy(data);"
                       "INSERT INTO item WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
                       " FROM n WHERE i < 50) SELECT zeroblob(500) FROM n;"
                       "INSERT INTO copy SELECT data FROM item"),
        SQLITE_OK);
    before_ = Files::ReadFrom(directory);
    vfs.on_change = [&](const ObservedVfs::Change& change) {
      if (has_super_journal_gone && !cut_off_) cut_off_ = Files::ReadFrom(directory);
      has_super_journal_gone |= change.path.starts_with(super_journal) && change.written.empty();
    };
    ASSERT_EQ(writer.Execute("BEGIN; UPDATE item SET data = zeroblob(501);"
                             "UPDATE copy SET data = zeroblob(501); COMMIT"),
              SQLITE_OK);
    ASSERT_TRUE(cut_off_ && cut_off_->main.journal && cut_off_->other.journal);
  }

  Files before_;
  std::optional<Files> cut_off_;
};

TEST_P(StaleSuperJournalTest, TheNextTransactionIsUndoneOrNot) {
  ASSERT_NO_FATAL_FAILURE(CutOffCommit());
  const TemporaryDirectory directory;
  const bool is_new = GetParam().is_met_by_new_connection;
  (is_new ? *cut_off_ : before_).WriteOver(directory);
  Connection connection(directory.PathOf("main.db"), kUnix);
  ASSERT_EQ(connection.Execute(SetUpSql(directory, GetParam())), SQLITE_OK);
  if (!is_new) {
    ASSERT_EQ(connection.Query("SELECT sum(length(data)) FROM item"), "25000");
    cut_off_->WriteOver(directory);
  }
  // The commit itself has happened, in any case.
  ASSERT_EQ(connection.Query("SELECT sum(length(data)) FROM item"), "25050");
  ASSERT_EQ(connection.Execute("BEGIN; INSERT INTO item VALUES (1); ROLLBACK"), SQLITE_OK);
  EXPECT_EQ(connection.Query("SELECT count(*) FROM item"), GetParam().is_undone ? "50" : "51");
}

INSTANTIATE_TEST_SUITE_P(Modes, StaleSuperJournalTest,
                         ::testing::Values(StaleJournal{"delete", "normal", true, true},
                                           StaleJournal{"truncate", "normal", true, true},
                                           StaleJournal{"persist", "normal", true, true},
                                           StaleJournal{"delete", "exclusive", true, false},
                                           StaleJournal{"truncate", "exclusive", true, false},
                                           StaleJournal{"persist", "exclusive", true, false},
                                           StaleJournal{"delete", "normal", false, true},
                                           StaleJournal{"truncate", "normal", false, false},
                                           StaleJournal{"persist", "normal", false, false}));

// --- Power fails, with a rollback journal ---

// What was last synced of each file, for SQLite to be run on and then to be left with that.
class ForgetfulDisk {
 public:
  ForgetfulDisk() {
    vfs_.on_sync = [this](std::string_view path) {
      if (on_sync) on_sync(path);
      synced_[std::string(path)] = Now(path);
    };
  }

  std::string path() const { return directory_.PathOf("main.db"); }
  std::string journal_path() const { return path() + "-journal"; }
  const char* vfs_name() const { return vfs_.name(); }
  static Bytes Now(std::string_view path) { return ReadFile(std::string(path)).value_or(Bytes()); }
  Bytes Synced(std::string_view path) const {
    const auto file = synced_.find(path);
    return file == synced_.end() ? Bytes() : file->second;
  }

  // What is left when nothing but removals has happened since the last sync of each file.
  DatabaseFiles LeftByPowerLoss() const {
    DatabaseFiles files{.database = Synced(path()), .journal = std::nullopt, .wal = std::nullopt};
    if (ReadFile(journal_path())) files.journal = Synced(journal_path());
    return files;
  }

  // Called before a file is synced.
  std::function<void(std::string_view path)> on_sync;

 private:
  TemporaryDirectory directory_;
  ObservedVfs vfs_{"forgetful"};
  std::map<std::string, Bytes, std::less<>> synced_;
};

std::string QueryIn(const DatabaseFiles& files, const std::string& sql) {
  const TemporaryDirectory directory;
  files.WriteTo(directory.PathOf("main.db"));
  return Connection(directory.PathOf("main.db"), kUnix).Query(sql);
}

std::string RowsLeftAfterCommit(const std::string& journal_mode, const std::string& synchronous) {
  ForgetfulDisk disk;
  Connection connection(disk.path(), disk.vfs_name());
  EXPECT_EQ(connection.Execute("PRAGMA journal_mode = " + journal_mode +
                               "; PRAGMA synchronous = " + synchronous +
                               "; CREATE TABLE item(data); INSERT INTO item VALUES (1);"
                               "INSERT INTO item VALUES (2); INSERT INTO item VALUES (3)"),
            SQLITE_OK);
  return QueryIn(disk.LeftByPowerLoss(), "SELECT group_concat(data) FROM item");
}

TEST(PowerLossTest, WithNormalTheLastTransactionIsLostWhereJournalsAreTruncated) {
  EXPECT_EQ(RowsLeftAfterCommit("truncate", "normal"), "1,2");
  EXPECT_EQ(RowsLeftAfterCommit("truncate", "full"), "1,2,3");
}

TEST(PowerLossTest, WithNormalItStaysWhereJournalsAreDeletedOrPersist) {
  EXPECT_EQ(RowsLeftAfterCommit("delete", "normal"), "1,2,3");
  EXPECT_EQ(RowsLeftAfterCommit("persist", "normal"), "1,2,3");
}

// Half of every 200 bytes are zeros, as in sparse data: the checksum of a page in a journal looks
// at every 200th byte only.
std::string SparseBlob() {
  std::string blob = "x'";
  for (int i = 0; i < 12'000; ++i) blob += i % 200 < 100 ? "78" : "00";
  return blob + "'";
}

// Power fails as the journal of a transaction is synced, and takes one of the sectors with it.
// Counts the sectors whose loss damages what was committed before.
int CountHarmfulSectors(const std::string& synchronous) {
  constexpr std::size_t kSectorSize = 512;
  constexpr const char* kRead = "SELECT hex(data) FROM item";
  std::string committed;
  Bytes synced;
  int harmful = 0;
  ForgetfulDisk disk;
  Connection connection(disk.path(), disk.vfs_name());
  EXPECT_EQ(connection.Execute("PRAGMA synchronous = " + synchronous +
                               "; CREATE TABLE item(data); INSERT INTO item VALUES (" +
                               SparseBlob() + ")"),
            SQLITE_OK);
  committed = connection.Query(kRead);
  disk.on_sync = [&](std::string_view path) {
    if (path != disk.journal_path()) return;
    DatabaseFiles files = DatabaseFiles::ReadFrom(disk.path());
    const Bytes journal = *files.journal;
    synced.resize(journal.size());
    for (std::size_t from = 0; from < journal.size(); from += kSectorSize) {
      const std::size_t size = std::min(kSectorSize, journal.size() - from);
      files.journal = journal;
      std::copy_n(&synced[from], size, &(*files.journal)[from]);
      if (QueryIn(files, kRead) != committed) ++harmful;
    }
    synced = journal;
  };
  EXPECT_EQ(connection.Execute("UPDATE item SET data = zeroblob(12000)"), SQLITE_OK);
  EXPECT_FALSE(synced.empty());
  return harmful;
}

TEST(PowerLossTest, WithNormalATornJournalCanDamageTheDatabase) {
  EXPECT_GT(CountHarmfulSectors("normal"), 0);
  EXPECT_EQ(CountHarmfulSectors("full"), 0);
}

}  // namespace
}  // namespace sahpool
