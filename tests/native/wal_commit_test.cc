// Commits to a WAL that fail halfway: nothing of them comes back.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <optional>
#include <string>

#include "journal_seal_fixture.h"

namespace sahpool::testing {
namespace {

// Changes each page twice with hardly a page in the cache, so that frames of the transaction are in
// the WAL before it ends, and the commit corrects the checksums of those that it then replaces.
constexpr const char* kChangeAllTwice =
    "PRAGMA cache_size=2; BEGIN; UPDATE t SET tag='lost'; UPDATE t SET tag='new'; COMMIT";

// A database in WAL mode, ten rows that say "old", with two connections that have read it.
class WalCommit {
 public:
  WalCommit() {
    AddFreeSlots(disk, 4);
    EXPECT_TRUE(pool.Start().ok());
    EXPECT_TRUE(pool.Import("app.db", MakeDatabase("old")).ok());
    writer.emplace("app.db", pool.vfs().name());
    other.emplace("app.db", pool.vfs().name());
    EXPECT_EQ(writer->Query("PRAGMA journal_mode=wal"), "wal");
    EXPECT_EQ(writer->Execute("CREATE TABLE u(a)"), SQLITE_OK);
    EXPECT_EQ(TagsOf(*other), "old");
  }

  static std::string TagsOf(Connection& connection) {
    return connection.Query("SELECT DISTINCT tag FROM t");
  }

  FaultDisk disk;
  PoolOnDisk pool{disk};
  std::optional<Connection> writer;
  std::optional<Connection> other;
};

// Whether the fault came to pass.
bool FailACommit(const Fault& fault) {
  WalCommit test;
  test.disk.Arm(fault);
  const bool is_committed = test.writer->Execute(kChangeAllTwice) == SQLITE_OK;
  const bool has_hit = test.disk.has_hit();
  test.disk.Disarm();
  const std::string expected = is_committed ? "new" : "old";
  test.writer->Execute("ROLLBACK");
  // Flushes the WAL and whatever is kept back of it.
  EXPECT_EQ(test.other->Execute("PRAGMA wal_checkpoint(PASSIVE)"), SQLITE_OK);
  EXPECT_EQ(WalCommit::TagsOf(*test.other), expected);
  EXPECT_EQ(DescribeAfterStart(test.disk.Everything()), expected + "*10");
  EXPECT_EQ(test.other->Execute("INSERT INTO u VALUES(1)"), SQLITE_OK);
  EXPECT_EQ(DescribeAfterStart(test.disk.Everything()), expected + "*10");
  return has_hit;
}

TEST(WalCommitTest, OneThatFailedHalfwayIsNotCompletedLater) {
  for (const Fault::Kind kind : {Fault::Kind::kError, Fault::Kind::kErrorAfterHalf}) {
    for (const bool persists : {false, true}) {
      int nth = 1;
      for (bool has_hit = true; has_hit && !::testing::Test::HasFailure(); ++nth) {
        SCOPED_TRACE("kind " + std::to_string(static_cast<int>(kind)) + ", write " +
                     std::to_string(nth) + (persists ? " and all later ones" : ""));
        has_hit =
            FailACommit({.kind = kind, .nth = nth, .of = CallKind::kWrite, .persists = persists});
      }
      // The frames, and the checksums in one or more pieces.
      EXPECT_GT(nth, 4);
    }
  }
}

// Who relies on synchronous=NORMAL loses nothing by a killed process.
TEST(WalCommitTest, CorrectedChecksumsAreHandedOverByTheCommit) {
  WalCommit test;
  ASSERT_EQ(test.writer->Execute("PRAGMA synchronous=normal"), SQLITE_OK);
  ASSERT_EQ(test.writer->Execute(kChangeAllTwice), SQLITE_OK);
  EXPECT_EQ(DescribeAfterStart(test.disk.Everything()), "new*10");
}

}  // namespace
}  // namespace sahpool::testing
