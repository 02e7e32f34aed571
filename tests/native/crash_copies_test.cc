// Crashes in the middle of transactions: the slots are copied as they lie on the disk at that
// moment, and the copy is opened as the pool that the next start would find.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "database_files.h"
#include "observed_pool.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

namespace fs = std::filesystem;

using testing::Connection;
using testing::CopySlots;
using testing::FileCount;
using testing::ObservedPool;
using testing::OpenPool;
using testing::SlotOperation;
using testing::TemporaryDirectory;

// So small that any larger transaction spills into the database before it commits.
const std::string kTinyCache = "PRAGMA cache_size=5; PRAGMA cache_spill=5; ";

const std::string kFill =
    "CREATE TABLE item(key INTEGER PRIMARY KEY, qty, filler);"
    "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 200)"
    "INSERT INTO item SELECT k, 1, zeroblob(500) FROM n;";

constexpr const char* kCount = "SELECT count(*), sum(qty), sum(length(filler)) FROM item";

class HotJournalTest : public ::testing::TestWithParam<const char*> {};

TEST_P(HotJournalTest, ACrashInMidTransactionLeavesWhatWasCommitted) {
  const TemporaryDirectory directory;
  auto pool = OpenPool(directory.PathOf("pool"));
  ASSERT_NE(pool, nullptr);
  Connection writer("/app.db", *pool);
  ASSERT_EQ(writer.Execute(std::string("PRAGMA journal_mode=") + GetParam() + ";" + kFill),
            SQLITE_OK);
  ASSERT_EQ(writer.Execute(kTinyCache + "BEGIN; DELETE FROM item WHERE key % 3 = 0;"
                                        "UPDATE item SET qty = 2, filler = zeroblob(900)"),
            SQLITE_OK);
  CopySlots(directory.PathOf("pool"), directory.PathOf("crashed"));
  ASSERT_EQ(writer.Execute("COMMIT"), SQLITE_OK);

  auto crashed = OpenPool(directory.PathOf("crashed"));
  ASSERT_NE(crashed, nullptr);
  EXPECT_EQ(FileCount(*crashed), 2) << "the database and its journal or WAL";
  {
    Connection reader("/app.db", *crashed);
    EXPECT_EQ(reader.Query(kCount), "200|200|100000");
    EXPECT_EQ(reader.Query("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(reader.Execute("UPDATE item SET qty = 3"), SQLITE_OK);
    EXPECT_EQ(reader.Query(kCount), "200|600|100000");
  }
  EXPECT_EQ(writer.Query(kCount), "134|268|120600");
}

INSTANTIATE_TEST_SUITE_P(AllModes, HotJournalTest,
                         ::testing::Values("DELETE", "TRUNCATE", "PERSIST", "WAL"),
                         [](const auto& test) { return std::string(test.param); });

// Copies of the slots, one for each change of them while `statement` runs.
std::vector<std::string> CopiesDuring(const TemporaryDirectory& directory, ObservedPool& pool,
                                      Connection& connection, const std::string& statement) {
  std::vector<std::string> copies;
  pool.observer = [&](SlotOperation operation) {
    if (operation == SlotOperation::kRead) return Status();
    copies.push_back(directory.PathOf("copy-" + std::to_string(copies.size())));
    CopySlots(directory.PathOf("pool"), copies.back());
    return Status();
  };
  EXPECT_EQ(connection.Execute(statement), SQLITE_OK);
  pool.observer = nullptr;
  return copies;
}

class CommitMomentsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(CommitMomentsTest, ACommitHappensAtOneMoment) {
  const TemporaryDirectory directory;
  ObservedPool pool(directory.PathOf("pool"), 4);
  std::vector<std::string> copies;
  {
    Connection writer("/app.db", pool.vfs_name());
    ASSERT_EQ(writer.Execute(std::string("PRAGMA page_size=512; PRAGMA journal_mode=") +
                             GetParam() + ";" + kFill + kTinyCache),
              SQLITE_OK);
    copies = CopiesDuring(directory, pool, writer,
                          "UPDATE item SET qty = 2 WHERE key BETWEEN 10 AND 20");
  }
  // In WAL mode one write and one flush.
  ASSERT_GE(copies.size(), 2U);
  bool is_committed = false;
  for (const std::string& copy : copies) {
    auto crashed = OpenPool(copy);
    ASSERT_NE(crashed, nullptr);
    Connection reader("/app.db", *crashed);
    const std::string seen = reader.Query(kCount);
    if (seen == "200|211|100000") is_committed = true;
    EXPECT_EQ(seen, is_committed ? "200|211|100000" : "200|200|100000") << copy;
    EXPECT_EQ(reader.Query("PRAGMA integrity_check"), "ok") << copy;
  }
}

INSTANTIATE_TEST_SUITE_P(AllModes, CommitMomentsTest,
                         ::testing::Values("DELETE", "TRUNCATE", "PERSIST", "WAL"),
                         [](const auto& test) { return std::string(test.param); });

// A transaction over two databases: an amount goes from one to the other.
class SuperJournalTest : public ::testing::Test {
 protected:
  static constexpr const char* kFrom = "/from.db";
  static constexpr const char* kTo = "/to.db";
  static constexpr const char* kBalance = "SELECT sum(amount) FROM account";

  // What the two databases of a copy hold, "from|to", after recovery in the given order.
  static std::string Recover(const std::string& copy, bool from_first) {
    auto pool = OpenPool(copy);
    if (pool == nullptr) return "no pool";
    std::string from, to;
    const auto read = [&pool](const char* name) {
      Connection connection(name, *pool);
      EXPECT_EQ(connection.Query("PRAGMA integrity_check"), "ok");
      return connection.Query(kBalance);
    };
    if (from_first) from = read(kFrom);
    to = read(kTo);
    if (!from_first) from = read(kFrom);
    return from + "|" + to;
  }

  // The slot whose header names a super-journal, empty when there is none.
  static fs::path FindSuperJournal(const std::string& copy) {
    for (const auto& entry : fs::directory_iterator(fs::path(copy) / ".opaque")) {
      std::string path;
      std::ifstream file(entry.path(), std::ios::binary);
      if (std::getline(file, path, '\0') && path.find("-mj") != std::string::npos) {
        return entry.path();
      }
    }
    return {};
  }

  void SetUp() override {
    Connection connection(kFrom, pool_.vfs_name());
    ASSERT_EQ(connection.Execute(
                  std::string("ATTACH '") + kTo +
                  "' AS other;"
                  "CREATE TABLE main.account(amount, filler);"
                  "CREATE TABLE other.account(amount, filler);"
                  "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < 20)"
                  "INSERT INTO main.account SELECT 5, zeroblob(700) FROM n;"
                  "INSERT INTO other.account SELECT 0, filler FROM main.account;"),
              SQLITE_OK);
    copies_ = CopiesDuring(directory_, pool_, connection,
                           kTinyCache +
                               "BEGIN; UPDATE main.account SET amount = amount - 2;"
                               "UPDATE other.account SET amount = amount + 2; COMMIT;");
  }

  TemporaryDirectory directory_;
  ObservedPool pool_{directory_.PathOf("pool"), 8};
  std::vector<std::string> copies_;
};

TEST_F(SuperJournalTest, ATransactionOverTwoDatabasesIsAllOrNothing) {
  int with_super_journal = 0;
  bool is_committed = false;
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    if (!FindSuperJournal(copies_[i]).empty()) ++with_super_journal;
    const std::string seen = Recover(copies_[i], i % 2 == 0);
    if (seen == "60|40") is_committed = true;
    EXPECT_EQ(seen, is_committed ? "60|40" : "100|0") << copies_[i];
  }
  EXPECT_TRUE(is_committed);
  EXPECT_GT(with_super_journal, 2);
}

// A file is deleted by two changes of its slot, and a power failure can keep the second alone: the
// slot has the name of the super-journal still, and no bytes. That must not be taken for a
// super-journal by the first database that recovers and for none by the second.
TEST_F(SuperJournalTest, AnEmptySuperJournalIsNone) {
  std::string latest;
  for (const std::string& copy : copies_) {
    if (!FindSuperJournal(copy).empty()) latest = copy;
  }
  ASSERT_FALSE(latest.empty());
  constexpr std::uintmax_t kHeaderAlone = 4096;
  fs::resize_file(FindSuperJournal(latest), kHeaderAlone);
  const std::string again = directory_.PathOf("again");
  CopySlots(latest, again);

  auto pool = OpenPool(latest);
  ASSERT_NE(pool, nullptr);
  Connection from(kFrom, *pool);
  EXPECT_EQ(from.Query(kBalance), "60");
  Connection to(kTo, *pool);
  EXPECT_EQ(to.Query(kBalance), "40");

  // What an export says is what recovery makes of it.
  auto exported_from = OpenPool(again);
  ASSERT_NE(exported_from, nullptr);
  int databases = 0;
  const Status status = exported_from->vfs().WithPool([&](Pool& inner) {
    for (int i = 0; i < inner.files().file_count(); ++i) {
      File* const file = inner.files().At(SlotState::kNamed, i);
      if (file->kind() != FileKind::kDatabase) continue;
      ++databases;
      CommittedImage image;
      EXPECT_TRUE(inner.names().OpenCommitted(*file, image).ok() && image.is_database_itself())
          << file->slot().name().view();
    }
    return Status();
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(databases, 2);
}

}  // namespace
}  // namespace sahpool
