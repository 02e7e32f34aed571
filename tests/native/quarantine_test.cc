// Slots whose header can't be believed: kept byte for byte, listed, and recovered or discarded only
// on request.
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>

#include "pool_on_disk.h"

namespace sahpool::testing {
namespace {

struct Damage {
  const char* name;
  std::function<Bytes(const Bytes& database)> make;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

Bytes Version1SlotOf(std::uint32_t flags, const Bytes& content) {
  Bytes slot = SlotOf("/app.db", flags, content);
  MakeVersion1(slot);
  return slot;
}

Bytes Changed(Bytes slot, std::size_t offset, int mask) {
  slot.at(offset) ^= static_cast<std::byte>(mask);
  return slot;
}

Bytes SlotOfDatabase(const Bytes& database) { return SlotOf("/app.db", kDatabaseFlags, database); }

const Damage kDamages[] = {
    {"PathFlipped", [](const Bytes& db) { return Changed(SlotOfDatabase(db), 2, 4); }},
    {"FlagsFlipped", [](const Bytes& db) { return Changed(SlotOfDatabase(db), 514, 1); }},
    {"DeleteOnCloseFlipped", [](const Bytes& db) { return Changed(SlotOfDatabase(db), 515, 8); }},
    {"DigestFlipped", [](const Bytes& db) { return Changed(SlotOfDatabase(db), 520, 128); }},
    {"DigestVersionFlipped",
     [](const Bytes& db) { return Changed(SlotOfDatabase(db), 515, 0x80); }},
    {"FirstByteOfPathLost", [](const Bytes& db) { return Changed(SlotOfDatabase(db), 0, '/'); }},
    {"HeaderZeroed",
     [](const Bytes& db) {
       Bytes slot = SlotOfDatabase(db);
       std::fill_n(slot.begin(), kSlotHeaderSize, std::byte{0});
       return slot;
     }},
    {"HeaderOverwritten",
     [](const Bytes& db) {
       Bytes slot = SlotOfDatabase(db);
       std::fill_n(slot.begin(), kSlotHeaderSize, std::byte{0xA5});
       return slot;
     }},
    {"HeaderTorn",
     [](const Bytes& db) {
       Bytes slot = SlotOf("/another-file.db", kDatabaseFlags, db);
       std::copy_n(SlotOfDatabase(db).begin(), 512, slot.begin());
       return slot;
     }},
    {"PathTooLong",
     [](const Bytes& db) { return SlotOf(std::string(511, 'a'), kDatabaseFlags, db); }},
    {"Version1DeleteOnClose", [](const Bytes& db) { return Version1SlotOf(0x10e, db); }},
    {"Version1NoType", [](const Bytes& db) { return Version1SlotOf(0x6, db); }},
    {"Version1NoFlags", [](const Bytes& db) { return Version1SlotOf(0, db); }},
    {"Version1TemporaryType", [](const Bytes& db) { return Version1SlotOf(0x20e, db); }},
    {"Version1JournalDeleteOnClose",
     [](const Bytes&) { return Version1SlotOf(0x80e, Bytes(2000, std::byte{7})); }},
    {"Version1WalNoType",
     [](const Bytes&) { return Version1SlotOf(0x6, Bytes(2000, std::byte{7})); }},
};

class DamagedSlot : public ::testing::TestWithParam<Damage> {
 protected:
  DamagedSlot() {
    disk.AddSlot("damaged", damaged);
    disk.AddSlot("free", Bytes(kSlotDataOffset));
    disk.AddSlot("other", SlotOf("/other.db", kDatabaseFlags, MakeDatabase("other")));
  }

  const Bytes database = MakeDatabase("precious");
  const Bytes damaged = GetParam().make(database);
  FaultDisk disk;
};

TEST_P(DamagedSlot, IsListedAndKeptByteForByte) {
  for (int start = 0; start < 2; ++start) {
    PoolOnDisk pool(disk);
    ASSERT_TRUE(pool.Start().ok());
    const File* const file = pool.pool().files().At(SlotState::kQuarantined, 0);
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(file->slot().slot_name(), "damaged");
    EXPECT_NE(file->slot().quarantine_reason(), "");
    EXPECT_EQ(file->size(), std::ssize(damaged) - kSlotDataOffset);
    EXPECT_EQ(pool.pool().files().At(SlotState::kQuarantined, 1), nullptr);
    EXPECT_EQ(pool.Names(), std::vector<std::string>{"/other.db"});

    // Nothing that fills the pool may touch it either.
    EXPECT_TRUE(pool.pool().Create(Resolved("new"), kDatabaseFlags).ok());
    EXPECT_EQ(pool.pool().Create(Resolved("newer"), kDatabaseFlags).status().code(),
              Code::kNoFreeSlot);
    EXPECT_TRUE(pool.pool().order().Delete(*pool.Find("new")).ok());
    EXPECT_EQ(disk.bytes("damaged"), damaged);
  }
}

TEST_P(DamagedSlot, IsRecoveredByName) {
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_EQ(pool.pool().Recover("other", Resolved("x")).code(), Code::kNotFound);
  EXPECT_EQ(pool.pool().Recover("damaged", Resolved("other.db")).code(), Code::kExists);
  EXPECT_EQ(disk.bytes("damaged"), damaged);
  ASSERT_TRUE(pool.pool().Recover("damaged", Resolved("saved.db")).ok());
  EXPECT_EQ(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);

  PoolOnDisk restarted(disk);
  ASSERT_TRUE(restarted.Start().ok());
  ASSERT_NE(restarted.Find("saved.db"), nullptr);
  Bytes content(damaged.size() - kSlotDataOffset);
  ASSERT_TRUE(restarted.Find("saved.db")->Read(content, 0).ok());
  EXPECT_TRUE(std::equal(content.begin(), content.end(), damaged.begin() + kSlotDataOffset));
  if (content == database) {
    EXPECT_EQ(DescribeFile(restarted, "saved.db"), "precious*10");
  }
}

TEST_P(DamagedSlot, IsDiscardedOnRequest) {
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_EQ(pool.pool().Discard("other").code(), Code::kNotFound);
  ASSERT_TRUE(pool.pool().Discard("damaged").ok());
  EXPECT_EQ(disk.bytes("damaged"), Bytes(kSlotDataOffset));
  EXPECT_EQ(pool.pool().files().free_count(), 2);
}

TEST_P(DamagedSlot, IsDiscardedOrStillThereAfterACrash) {
  ForEachCrash(
      disk.Everything(), [](PoolOnDisk& pool) { ASSERT_TRUE(pool.pool().Discard("damaged").ok()); },
      [](PoolOnDisk& pool) {
        ExpectAllSlotsAccountedFor(pool, 3);
        EXPECT_EQ(DescribeFile(pool, "other.db"), "other*10");
      });
}

TEST_P(DamagedSlot, CanBeDiscardedOrRecoveredAgainAfterAFault) {
  ForEachFault(
      disk.Everything(),
      [](PoolOnDisk& pool) { static_cast<void>(pool.pool().Recover("damaged", Resolved("x"))); },
      [](PoolOnDisk& pool, FaultDisk&) {
        if (pool.Find("x") == nullptr) {
          EXPECT_TRUE(pool.pool().Recover("damaged", Resolved("x")).ok());
        }
        ExpectAllSlotsAccountedFor(pool, 3);
      });
  ForEachFault(
      disk.Everything(),
      [](PoolOnDisk& pool) { static_cast<void>(pool.pool().Discard("damaged")); },
      [](PoolOnDisk& pool, FaultDisk&) {
        ExpectAllSlotsAccountedFor(pool, 3);
        if (pool.pool().files().At(SlotState::kQuarantined, 0) != nullptr) {
          EXPECT_TRUE(pool.pool().Discard("damaged").ok());
        }
        EXPECT_EQ(pool.pool().files().free_count(), 2);
        EXPECT_TRUE(pool.pool().Create(Resolved("a"), kDatabaseFlags).ok());
        EXPECT_TRUE(pool.pool().Create(Resolved("b"), kDatabaseFlags).ok());
      });
}

INSTANTIATE_TEST_SUITE_P(All, DamagedSlot, ::testing::ValuesIn(kDamages),
                         [](const auto& it) { return it.param.name; });

// A crash in the middle of the header write that takes a journal's name away: the sector with the
// path is still the old one.
TEST(Quarantine, TornDeletionOfAJournalIsNoClaimOnIt) {
  Bytes journal = SlotOf("/app.db-journal", kJournalFlags, Bytes(2000, std::byte{7}));
  std::fill(journal.begin() + 512, journal.begin() + kSlotHeaderSize, std::byte{0});
  FaultDisk disk({{"db", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("app"))},
                  {"journal", journal},
                  {"free", Bytes(kSlotDataOffset)}});
  PoolOnDisk pool(disk);
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_NE(pool.pool().files().At(SlotState::kQuarantined, 0), nullptr);
  EXPECT_TRUE(pool.pool().names().CheckQuarantine(Resolved("app.db")).ok());
  EXPECT_EQ(disk.bytes("journal"), journal);

  // One that is damaged in another way may be the journal.
  journal[515] = std::byte{1};
  FaultDisk damaged(
      {{"db", SlotOf("/app.db", kDatabaseFlags, MakeDatabase("app"))}, {"journal", journal}});
  PoolOnDisk other(damaged);
  ASSERT_TRUE(other.Start().ok());
  EXPECT_EQ(other.pool().names().CheckQuarantine(Resolved("app.db")).code(), Code::kCorrupt);
}

}  // namespace
}  // namespace sahpool::testing
