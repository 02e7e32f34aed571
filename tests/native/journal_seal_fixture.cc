#include "journal_seal_fixture.h"

#include <algorithm>
#include <span>
#include <vector>

namespace sahpool::testing {

DecodedHeader HeaderOf(const Bytes& slot) {
  return DecodeHeader(std::span<const std::byte, kSlotHeaderSize>(slot.data(), kSlotHeaderSize));
}

bool HasSealedFlag(const Bytes& journal) {
  return (HeaderOf(journal).flags & open_flag::kSealedJournal) != 0;
}

std::string SlotNameOf(const SlotBytes& slots, std::string_view stored_name) {
  const auto found = std::ranges::find_if(slots, [&](const auto& slot) {
    return slot.second.size() >= kSlotHeaderSize && HeaderOf(slot.second).path == stored_name;
  });
  return found == slots.end() ? std::string() : found->first;
}

void CheckCrashesDuring(FaultDisk& disk, const std::function<void()>& operation,
                        const std::function<void(PoolOnDisk&)>& check) {
  const auto check_all = [&] {
    const std::string next = disk.log.empty() ? "" : "after " + disk.log.back();
    for (std::size_t i = 0; i < disk.crash_state_count() && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE(next + ", a crash that leaves state " + std::to_string(i));
      FaultDisk left(disk.CrashState(i));
      PoolOnDisk restarted(left);
      const Status status = restarted.Start();
      ASSERT_TRUE(status.ok()) << status.text();
      check(restarted);
    }
  };
  disk.before_change = check_all;
  operation();
  disk.before_change = nullptr;
  check_all();
}

SlotBytes Written(const std::map<std::string, FaultDisk::Slot>& slots) {
  SlotBytes bytes;
  for (const auto& [name, slot] : slots) bytes[name] = slot.now;
  return bytes;
}

Bytes& SlotAt(SlotBytes& slots, std::string_view stored_name) {
  return slots.at(SlotNameOf(slots, stored_name));
}

std::string DescribeAfterStart(const SlotBytes& slots) {
  FaultDisk disk(slots);
  PoolOnDisk pool(disk);
  const Status status = pool.Start();
  return status.ok() ? DescribeFile(pool, "app.db") : std::string(status.text());
}

void ExpectAfterEachCrash(const FaultDisk& disk, const std::string& expected) {
  for (std::size_t i = 0; i < disk.crash_state_count(); ++i) {
    EXPECT_EQ(DescribeAfterStart(disk.CrashState(i)), expected) << "crash state " << i;
  }
}

void ExpectOneOf(const std::string& found, std::initializer_list<std::string_view> allowed) {
  EXPECT_NE(std::ranges::find(allowed, found), allowed.end()) << found;
}

void JournalSealTest::MakeSlots(int count) {
  AddFreeSlots(disk, count);
  ASSERT_TRUE(pool.Start().ok());
}

void JournalSealTest::MakeOldDatabase(int rows) {
  MakeSlots(6);
  const std::vector<std::string> spares = {"spare-1.db", "spare-2.db", "spare-3.db"};
  for (const std::string& name : spares) {
    ASSERT_TRUE(pool.Import(name, MakeDatabase("spare")).ok());
  }
  ASSERT_TRUE(pool.Import("app.db", MakeDatabase("old", rows)).ok());
  for (const std::string& name : spares) {
    ASSERT_TRUE(pool.pool().order().Delete(*pool.Find(name)).ok());
  }
  connection.emplace("app.db", pool.vfs().name());
}

std::map<std::string, FaultDisk::Slot> JournalSealTest::BeforeFlushOf(std::string_view stored_name,
                                                                      const std::string& sql) {
  std::vector<std::map<std::string, FaultDisk::Slot>> moments;
  disk.log.clear();
  disk.before_change = [&] { moments.push_back(disk.slots()); };
  Run(sql);
  disk.before_change = nullptr;
  for (std::size_t i = 0; i < moments.size(); ++i) {
    for (const auto& [name, slot] : moments[i]) {
      if (disk.log[i] == "flush " + name && HeaderOf(slot.now).path == stored_name) {
        return moments[i];
      }
    }
  }
  ADD_FAILURE() << "no flush of " << stored_name;
  return {};
}

}  // namespace sahpool::testing
