// Pools of many slots: what is done to one file does not cost more for all the others, and what the
// pool knows without looking at every slot is what looking would tell.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/native/memory_pool.h"

namespace sahpool::testing {
namespace {

// Time of the processor, of the quickest of some rounds: what else the machine does only makes a
// round slower.
template <typename Round>
double Quickest(Round round) {
  double quickest = std::numeric_limits<double>::max();
  for (int i = 0; i < 5; ++i) {
    const std::clock_t start = std::clock();
    round();
    quickest = std::min(quickest, static_cast<double>(std::clock() - start));
  }
  return quickest;
}

// Whether `slow` is at most `factor` times `quick`, in any of some attempts: where each slot costs,
// it is a hundred times as much in every one of them.
template <typename Slow, typename Quick>
bool IsWithin(double factor, Slow slow, Quick quick) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    if (slow() < factor * quick()) return true;
  }
  return false;
}

double CommitTime(MemoryPool& pool, const char* journal_mode) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2("/the.db", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                            pool.vfs_name()),
            SQLITE_OK);
  const std::string mode = std::string("PRAGMA journal_mode=") + journal_mode;
  EXPECT_EQ(sqlite3_exec(database, mode.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "CREATE TABLE IF NOT EXISTS t(a)", nullptr, nullptr, nullptr),
            SQLITE_OK);
  const double time = Quickest([&] {
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(sqlite3_exec(database, "INSERT INTO t VALUES(1)", nullptr, nullptr, nullptr),
                SQLITE_OK);
    }
  });
  EXPECT_EQ(sqlite3_close(database), SQLITE_OK);
  return time;
}

TEST(ManySlots, DoNotSlowDownACommit) {
  MemoryPool few(8, 6);
  MemoryPool many(4000, 6);
  ASSERT_TRUE(few.is_whole() && many.is_whole());
  for (const char* const mode : {"DELETE", "TRUNCATE", "PERSIST", "WAL"}) {
    EXPECT_TRUE(IsWithin(
        3, [&] { return CommitTime(many, mode); }, [&] { return CommitTime(few, mode); }))
        << mode;
  }
}

TEST(ManySlots, DoNotSlowDownLookingANameUpOrListing) {
  MemoryPool few(40, 6);
  MemoryPool many(4000, 6);
  ASSERT_TRUE(few.is_whole() && many.is_whole());
  const auto look_up = [](MemoryPool& pool) {
    return Quickest([&] {
      for (int i = 0; i < 1000; ++i) EXPECT_EQ(pool.pool().files().Find("/none.db"), nullptr);
    });
  };
  EXPECT_TRUE(IsWithin(5, [&] { return look_up(many); }, [&] { return look_up(few); }));
  const auto list = [](MemoryPool& pool) {
    return Quickest([&] {
             for (int i = 0; i < pool.pool().files().file_count(); ++i) {
               EXPECT_NE(pool.pool().files().At(SlotState::kNamed, i), nullptr);
             }
           }) /
           pool.pool().files().file_count();
  };
  EXPECT_TRUE(IsWithin(5, [&] { return list(many); }, [&] { return list(few); }));
}

// Looks at every slot.
void ExpectAllIsKnown(Pool& pool, const std::map<std::string, File*>& files) {
  std::int32_t all = 0;
  for (const SlotState state : {SlotState::kFree, SlotState::kNamed, SlotState::kTemporary,
                                SlotState::kReserved, SlotState::kQuarantined}) {
    std::int32_t count = 0;
    while (pool.files().At(state, count) != nullptr) ++count;
    if (state == SlotState::kFree) EXPECT_EQ(pool.files().free_count(), count);
    if (state == SlotState::kNamed) EXPECT_EQ(pool.files().file_count(), count);
    if (state == SlotState::kQuarantined) EXPECT_EQ(pool.files().quarantined_count(), count);
    all += count;
  }
  EXPECT_EQ(pool.files().capacity(), all);
  EXPECT_EQ(pool.files().file_count(), static_cast<std::int32_t>(files.size()));
  for (const auto& [name, slot] : files) EXPECT_EQ(pool.files().Find(name), slot) << name;
}

TEST(ManySlots, AreKnownWithoutLookingAtThem) {
  MemoryPool memory(30, 30);
  ASSERT_TRUE(memory.is_whole());
  Pool& pool = memory.pool();
  std::map<std::string, File*> files;
  std::vector<File*> nameless;
  std::mt19937 random(1);
  for (int step = 0; step < 3000; ++step) {
    const std::string name = MemoryPool::FileName(static_cast<int>(random() % 12));
    const bool is_journal = random() % 2 == 0;
    const std::string chosen = is_journal ? name + "-journal" : name;
    const auto found = files.find(chosen);
    switch (random() % 4) {
      case 0:
      case 1:
        if (found == files.end()) {
          const auto made = pool.Create(pool.names().Resolve(chosen).value(),
                                        is_journal ? open_flag::kMainJournal : open_flag::kMainDb);
          ASSERT_EQ(made.ok(), made.status().code() != Code::kNoFreeSlot);
          if (made.ok()) files[chosen] = made.value();
        } else if (pool.order().Delete(*found->second).ok()) {
          files.erase(found);
        }
        break;
      case 2:
        if (const auto made = pool.CreateTemporary(open_flag::kTempDb); made.ok()) {
          nameless.push_back(made.value());
        }
        break;
      default:
        if (random() % 50 == 0) {
          ASSERT_TRUE(pool.Attach(std::make_unique<MemoryHandle>(), "new").ok());
        } else if (random() % 50 == 0) {
          pool.RemoveFreeSlot();
        } else if (!nameless.empty()) {
          ASSERT_TRUE(nameless.back()->SetFree().ok());
          nameless.pop_back();
        }
    }
    ExpectAllIsKnown(pool, files);
  }
  for (File* const file : nameless) ASSERT_TRUE(file->SetFree().ok());
}

}  // namespace
}  // namespace sahpool::testing
