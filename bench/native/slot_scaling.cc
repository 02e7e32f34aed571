// What a commit, a look at all names and a start cost in pools of different sizes: slots in memory,
// so that the host's part is next to nothing. All but a few slots hold files, as in a pool that has
// grown with them. Not a test: times depend on the machine.
//
//   sahpool_slot_scaling [SLOTS...]   else 8, 1000 and 10000 slots

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "tests/native/memory_pool.h"

namespace sahpool::testing {
namespace {

constexpr int kCommits = 2000;
constexpr int kRounds = 9;
constexpr int kUnnamed = 6;  // the database, its journal, and some that stay free

// Of the processor, so that what else runs counts less.
double MicrosecondsSince(std::clock_t start) {
  return static_cast<double>(std::clock() - start) * (1e6 / CLOCKS_PER_SEC);
}

void Demand(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "%s failed\n", what);
  std::abort();
}

void Run(sqlite3* database, const char* sql) {
  Demand(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
}

// One commit, in the quickest of the rounds.
double CommitMicroseconds(const char* vfs, const char* journal_mode) {
  sqlite3* database = nullptr;
  Demand(sqlite3_open_v2("/the.db", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs) ==
             SQLITE_OK,
         "opening");
  Run(database, (std::string("PRAGMA journal_mode=") + journal_mode).c_str());
  Run(database, "CREATE TABLE IF NOT EXISTS t(a); DELETE FROM t");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "INSERT INTO t VALUES(1)", -1, &insert, nullptr);
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::clock();
    for (int i = 0; i < kCommits; ++i) {
      Demand(sqlite3_step(insert) == SQLITE_DONE, "a commit");
      sqlite3_reset(insert);
    }
    rounds.push_back(MicrosecondsSince(start) / kCommits);
  }
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return *std::min_element(rounds.begin(), rounds.end());
}

void Measure(int slots) {
  const auto filling = std::clock();
  MemoryPool pool(slots, kUnnamed);
  const double filled = MicrosecondsSince(filling) / slots;
  Demand(pool.is_whole(), "filling the pool");
  const double rollback = CommitMicroseconds(pool.vfs_name(), "DELETE");
  const double wal = CommitMicroseconds(pool.vfs_name(), "WAL");
  const auto listing = std::clock();
  std::int32_t count = 0;
  while (pool.pool().At(SlotState::kNamed, count) != nullptr) ++count;
  const double listed = MicrosecondsSince(listing) / count;
  std::printf(
      "%6d slots: commit %.2f us (DELETE), %.2f us (WAL); start and a file's making %.2f us, ",
      slots, rollback, wal, filled);
  std::printf("listing %.3f us\n", listed);
}

}  // namespace
}  // namespace sahpool::testing

int main(int count, char** arguments) {
  std::vector<int> sizes;
  for (int i = 1; i < count; ++i) sizes.push_back(std::max(std::atoi(arguments[i]), 8));
  if (sizes.empty()) sizes = {8, 1000, 10000};
  for (const int slots : sizes) sahpool::testing::Measure(slots);
  return 0;
}
