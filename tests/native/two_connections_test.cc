// Several connections to one database of a pool, in one thread: random interleavings against a
// model of what is committed, and step by step against SQLite's own unix VFS.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "database_files.h"
#include "interleaving.h"
#include "sql_connection.h"

namespace sahpool {
namespace {

using testing::Action;
using testing::ActionSource;
using testing::Connection;
using testing::ContentModel;
using testing::Interleaving;
using testing::Observation;
using testing::OpenPool;
using testing::Parties;
using testing::RenderRows;
using testing::TemporaryDirectory;

constexpr std::uint64_t kModelSeeds = 4;
constexpr int kSteps = 2000;
constexpr const char* kSelect = "SELECT key, value, length(filler) FROM item ORDER BY key";

// Small pages and a small cache, so that transactions spill into the database before they commit.
const std::string kSmall = "PRAGMA page_size=512; PRAGMA cache_size=6; ";

std::string Mode(const std::string& journal_mode) {
  return kSmall + "PRAGMA journal_mode=" + journal_mode + "; ";
}

class InterleavingTest : public ::testing::TestWithParam<Interleaving> {};

void CheckAtRest(Connection& connection, const ContentModel& model) {
  EXPECT_EQ(connection.Query("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(connection.Run(kSelect).rows, RenderRows(model.committed()));
}

void RunInterleaving(const Interleaving& interleaving, std::uint64_t seed) {
  const TemporaryDirectory directory;
  const std::string pool_directory = directory.PathOf("pool");
  auto pool = OpenPool(pool_directory, 6);
  ASSERT_NE(pool, nullptr);
  Parties ours("/app.db", pool->vfs().name(), interleaving);
  Parties oracle(directory.PathOf("app.db"), "unix", interleaving);
  ContentModel model(interleaving.connection_count);
  ActionSource source(seed, interleaving);
  int busy_count = 0;
  std::set<std::string> states_committed;

  for (int step = 0; step < kSteps; ++step) {
    const Action action = source.Next();
    SCOPED_TRACE(::testing::Message() << "seed " << seed << ", step " << step << ", " << action);
    const Observation seen = ours.Run(action);
    ASSERT_EQ(seen, oracle.Run(action));
    model.Follow(action, seen);
    if (::testing::Test::HasFailure()) return;
    source.Note(action, seen);
    if ((seen.outcome.code & 0xff) == SQLITE_BUSY) ++busy_count;
    states_committed.insert(RenderRows(model.committed()));
  }
  EXPECT_GT(busy_count, 20) << "the connections never met";
  EXPECT_GT(states_committed.size(), 30U) << "too few commits to mean anything";
  ours.CloseAll();
  oracle.CloseAll();
  {
    Connection of_oracle(directory.PathOf("app.db"), "unix");
    CheckAtRest(of_oracle, model);
    Connection still_there("/app.db", *pool);
    CheckAtRest(still_there, model);
  }
  pool.reset();
  pool = OpenPool(pool_directory);
  ASSERT_NE(pool, nullptr);
  Connection reopened("/app.db", *pool);
  CheckAtRest(reopened, model);
}

TEST_P(InterleavingTest, IsThatOfTheUnixVfsAndLosesNoCommit) {
  for (std::uint64_t seed = 1; seed <= kModelSeeds && !HasFailure(); ++seed) {
    RunInterleaving(GetParam(), seed);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, InterleavingTest,
    ::testing::Values(
        Interleaving{.name = "Delete", .setup = Mode("DELETE")},
        Interleaving{.name = "DeleteOfThree", .setup = Mode("DELETE"), .connection_count = 3},
        Interleaving{.name = "Truncate", .setup = Mode("TRUNCATE")},
        Interleaving{.name = "Persist", .setup = Mode("PERSIST")},
        Interleaving{.name = "Wal", .setup = Mode("WAL"), .has_checkpoints = true},
        Interleaving{.name = "WalOfThree",
                     .setup = Mode("WAL") + "PRAGMA wal_autocheckpoint=20; ",
                     .connection_count = 3,
                     .has_checkpoints = true},
        Interleaving{
            .name = "ExclusiveDelete", .setup = Mode("DELETE"), .changes_locking_mode = true},
        Interleaving{.name = "ExclusiveWal",
                     .setup = Mode("WAL"),
                     .has_checkpoints = true,
                     .changes_locking_mode = true},
        Interleaving{.name = "ChangingModes",
                     .setup = kSmall,
                     .connection_count = 3,
                     .has_checkpoints = true,
                     .changes_journal_mode = true},
        Interleaving{.name = "ChangingEverything",
                     .setup = kSmall,
                     .connection_count = 3,
                     .has_checkpoints = true,
                     .changes_journal_mode = true,
                     .changes_locking_mode = true}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace sahpool
