// A journal, a WAL or a super-journal whose header is damaged: the database that may need it stays
// closed, all others open.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <string>

#include "journal_seal_fixture.h"
#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool::testing {
namespace {

struct Harm {
  const char* name;
  std::function<void(Bytes&)> make;
};
void PrintTo(const Harm& harm, std::ostream* out) { *out << harm.name; }

void FillPath(Bytes& slot, std::size_t from, std::size_t count, int value) {
  std::fill_n(slot.begin() + static_cast<std::ptrdiff_t>(from), count,
              static_cast<std::byte>(value));
}

const Harm kHarms[] = {
    {"OneBit", [](Bytes& slot) { slot.at(2) ^= std::byte{4}; }},
    {"FirstByteLost", [](Bytes& slot) { FillPath(slot, 0, 1, 0); }},
    {"CutShort", [](Bytes& slot) { FillPath(slot, 4, 508, 0); }},
    {"Longer", [](Bytes& slot) { FillPath(slot, 20, 2, 'x'); }},
    {"Garbage", [](Bytes& slot) { FillPath(slot, 0, 512, 0xA5); }},
    {"Flags", [](Bytes& slot) { slot.at(513) ^= std::byte{1}; }},
    {"Digest", [](Bytes& slot) { slot.at(520) ^= std::byte{1}; }},
};

bool IsSuperJournal(const Bytes& slot) {
  return HeaderOf(slot).path.find("-mj") != std::string_view::npos;
}

class DamagedHeader : public ::testing::TestWithParam<Harm> {
 protected:
  static void ExpectClosedUntilRecovered(SlotBytes slots, const std::string& file,
                                         const std::string& state);
};

// That "app.db" is not opened, exported or made anew, and that others are; then that it is in that
// state once the slot is recovered under its name.
void DamagedHeader::ExpectClosedUntilRecovered(SlotBytes slots, const std::string& file,
                                               const std::string& state) {
  GetParam().make(SlotAt(slots, file));
  slots["other"] = SlotOf("/other.db", kDatabaseFlags, MakeDatabase("other"));
  slots["free"] = Bytes(kSlotDataOffset);
  FaultDisk disk(slots);
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  const File* const damaged = pool.pool().files().At(SlotState::kQuarantined, 0);
  ASSERT_NE(damaged, nullptr);
  const std::string slot(damaged->slot().slot_name());
  {
    Connection db("/app.db", pool.vfs().name());
    EXPECT_EQ(db.open_code() & 0xff, SQLITE_CANTOPEN);
    EXPECT_EQ(pool.vfs().last_error().text(),
              file + " may be in quarantined slot " + slot + ": recover or discard it first");
  }
  if (file != "/app.db") {
    EXPECT_EQ(pool.Export("/app.db").status().code(), Code::kCorrupt);
  }
  EXPECT_EQ(DescribeFile(pool, "/other.db"), "other*10");
  EXPECT_EQ(disk.bytes(slot), slots.at(slot));
  ASSERT_TRUE(pool.pool().Recover(slot, Resolved(file)).ok());
  EXPECT_EQ(DescribeFile(pool, "/app.db"), state);
}

TEST_P(DamagedHeader, OfAHotJournal) {
  ExpectClosedUntilRecovered(MakeHotPool("old"), "/app.db-journal", "old*30");
}

TEST_P(DamagedHeader, OfAWal) {
  ExpectClosedUntilRecovered(MakeWalPool("new"), "/app.db-wal", "new*2");
}

TEST_P(DamagedHeader, OfADatabase) {
  ExpectClosedUntilRecovered({{"db", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("old"))}},
                             "/app.db", "old*10");
}

INSTANTIATE_TEST_SUITE_P(All, DamagedHeader, ::testing::ValuesIn(kHarms),
                         [](const auto& it) { return it.param.name; });

// A crash in the middle of a header write that gives a name, takes one away, or makes an import
// that one.
TEST(TornHeader, IsNoClaim) {
  const Bytes named = SlotOf("/app.db-journal", kJournalFlags, Bytes(2000, std::byte{7}));
  for (const char* other : {"", "/transient"}) {
    Bytes torn = named;
    FillPath(torn, 0, 512, 0);
    std::copy_n(reinterpret_cast<const std::byte*>(other), std::string(other).size(), torn.begin());
    FaultDisk disk(
        {{"db", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("app"))}, {"torn", torn}});
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    EXPECT_NE(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);
    EXPECT_EQ(DescribeFile(pool, "app.db"), "app*10");
  }
}

// Without its super-journal a journal is void to SQLite, and half of a commit would stay.
TEST(DamagedSuperJournal, LeavesNoCommitTornApart) {
  FaultDisk disk;
  AddFreeSlots(disk, 8);
  SlotBytes left;
  {
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    for (const char* name : {"app.db", "other.db"}) {
      ASSERT_TRUE(pool.Import(name, MakeDatabase("old")).ok());
    }
    Connection db("/app.db", pool.vfs().name());
    ASSERT_EQ(db.Execute("ATTACH 'other.db' AS other; BEGIN; UPDATE main.t SET tag='new'; "
                         "UPDATE other.t SET tag='new'"),
              SQLITE_OK);
    // The last state in which there is a super-journal and a database has been written to.
    disk.before_change = [&] {
      const SlotBytes now = disk.Everything();
      for (const auto& [name, bytes] : now) {
        if (IsSuperJournal(bytes)) left = now;
      }
    };
    ASSERT_EQ(db.Execute("COMMIT"), SQLITE_OK);
    disk.before_change = nullptr;
  }
  ASSERT_FALSE(left.empty());
  for (auto& [name, bytes] : left) {
    if (IsSuperJournal(bytes)) bytes.at(2) ^= std::byte{4};
  }
  FaultDisk damaged(left);
  PoolOnDisk pool(damaged);
  ASSERT_TRUE(pool.Start().ok());
  ASSERT_NE(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);
  for (const char* name : {"/app.db", "/other.db"}) {
    EXPECT_EQ(pool.Export(name).status().code(), Code::kCorrupt);
    Connection db(name, pool.vfs().name());
    EXPECT_EQ(db.Run("SELECT * FROM t").code, SQLITE_IOERR_ACCESS);
  }
}

// Whether a journal with a seal is void only the seal tells.
class DamagedSealedJournal : public JournalSealTest {};

TEST_F(DamagedSealedJournal, IsRecoveredWithItsSeal) {
  MakeOldDatabase();
  // Complete with nothing of the database written, and beside the whole commit.
  for (const bool is_committed : {false, true}) {
    SlotBytes slots =
        Written(BeforeFlushOf(is_committed ? "/app.db" : kJournalName, "UPDATE t SET tag='new'"));
    Run("UPDATE t SET tag='old'");
    Bytes& journal = SlotAt(slots, kJournalName);
    ASSERT_TRUE(HasSealedFlag(journal));
    const std::string slot = SlotNameOf(slots, kJournalName);
    EXPECT_EQ(DescribeAfterStart(slots), is_committed ? "new*10" : "old*10");
    for (const std::size_t place : {2U, 513U, 520U}) {
      journal.at(place) ^= std::byte{1};
      FaultDisk left(slots);
      PoolOnDisk restarted(left);
      ASSERT_TRUE(restarted.Start().ok());
      EXPECT_EQ(restarted.pool().names().CheckQuarantine(Resolved("app.db")).code(),
                Code::kCorrupt);
      ASSERT_TRUE(restarted.pool().Recover(slot, Resolved(kJournalName)).ok());
      EXPECT_EQ(DescribeFile(restarted, "app.db"), is_committed ? "new*10" : "old*10");
      journal.at(place) ^= std::byte{1};
    }
  }
}

}  // namespace
}  // namespace sahpool::testing
