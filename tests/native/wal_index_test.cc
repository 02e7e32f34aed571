// WalIndex: regions that stay where they are, and the locks of SQLite's shared memory.
#include "vfs/wal_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace sahpool {
namespace {

constexpr int kRegionSize = 32768;

std::byte* MapRegion(WalIndex& index, WalIndex::Holder& holder, int region, bool create = true) {
  const auto mapped = index.Map(holder, region, kRegionSize, create);
  EXPECT_TRUE(mapped.ok());
  return static_cast<std::byte*>(mapped.value());
}

TEST(WalIndex, ARegionIsThereOnlyWhenItWasCreated) {
  WalIndex index;
  WalIndex::Holder holder;
  EXPECT_EQ(MapRegion(index, holder, 0, false), nullptr);
  std::byte* const region = MapRegion(index, holder, 0);
  ASSERT_NE(region, nullptr);
  EXPECT_EQ(MapRegion(index, holder, 0, false), region);
  EXPECT_EQ(MapRegion(index, holder, 1, false), nullptr);
}

TEST(WalIndex, NewRegionsAreZeroedAndAligned) {
  WalIndex index;
  WalIndex::Holder holder;
  for (const int number : {3, 0, 5}) {
    std::byte* const region = MapRegion(index, holder, number);
    ASSERT_NE(region, nullptr);
    const std::span bytes(region, kRegionSize);
    EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(region) % 8, 0U);
    std::ranges::fill(bytes, std::byte{0xFF});
  }
}

TEST(WalIndex, AllConnectionsSeeOneMemoryThatStaysInPlace) {
  WalIndex index;
  WalIndex::Holder first, second;
  std::vector<std::byte*> regions;
  for (int i = 0; i < 20; ++i) regions.push_back(MapRegion(index, first, i));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(MapRegion(index, second, i), regions[static_cast<std::size_t>(i)]);
  }
}

TEST(WalIndex, LivesUntilTheLastConnectionLeaves) {
  WalIndex index;
  WalIndex::Holder first, second;
  std::byte* const region = MapRegion(index, first, 0);
  region[100] = std::byte{7};
  ASSERT_EQ(MapRegion(index, second, 0), region);
  index.Leave(first);
  EXPECT_EQ(region[100], std::byte{7});
  index.Leave(first);
  EXPECT_EQ(MapRegion(index, second, 0, false), region) << "leaving twice counts once";
  index.Leave(second);
  EXPECT_EQ(MapRegion(index, first, 0, false), nullptr);
  EXPECT_EQ(MapRegion(index, first, 0)[100], std::byte{0});
}

class WalIndexLocks : public ::testing::Test {
 protected:
  void SetUp() override {
    for (WalIndex::Holder& holder : holders_) MapRegion(index_, holder, 0);
  }

  WalIndex index_;
  std::array<WalIndex::Holder, 3> holders_;
  WalIndex::Holder& a_ = holders_[0];
  WalIndex::Holder& b_ = holders_[1];
  WalIndex::Holder& c_ = holders_[2];
};

TEST_F(WalIndexLocks, SharedLocksAreCounted) {
  ASSERT_TRUE(index_.LockShared(a_, 3));
  ASSERT_TRUE(index_.LockShared(b_, 3));
  EXPECT_FALSE(index_.LockExclusive(c_, 3, 1));
  index_.Unlock(a_, 3, 1);
  EXPECT_FALSE(index_.LockExclusive(c_, 3, 1));
  index_.Unlock(b_, 3, 1);
  EXPECT_TRUE(index_.LockExclusive(c_, 3, 1));
}

TEST_F(WalIndexLocks, LockingSharedTwiceCountsOnce) {
  ASSERT_TRUE(index_.LockShared(a_, 4));
  ASSERT_TRUE(index_.LockShared(a_, 4));
  index_.Unlock(a_, 4, 1);
  EXPECT_TRUE(index_.LockExclusive(b_, 4, 1));
}

TEST_F(WalIndexLocks, AnExclusiveLockKeepsOthersOut) {
  ASSERT_TRUE(index_.LockExclusive(a_, 0, 1));
  EXPECT_FALSE(index_.LockShared(b_, 0));
  EXPECT_FALSE(index_.LockExclusive(b_, 0, 1));
  EXPECT_TRUE(index_.LockExclusive(b_, 1, 1));
  index_.Unlock(a_, 0, 1);
  EXPECT_TRUE(index_.LockShared(b_, 0));
}

TEST_F(WalIndexLocks, ARangeIsLockedAsAWholeOrNotAtAll) {
  ASSERT_TRUE(index_.LockShared(a_, 5));
  EXPECT_FALSE(index_.LockExclusive(b_, 3, 5));
  for (const int other : {3, 4, 6, 7}) EXPECT_TRUE(index_.LockShared(c_, other)) << other;
  index_.Leave(c_);
  index_.Unlock(a_, 5, 1);
  EXPECT_TRUE(index_.LockExclusive(b_, 3, 5));
  EXPECT_FALSE(index_.LockShared(a_, 7));
  EXPECT_TRUE(index_.LockShared(a_, 2));
}

TEST_F(WalIndexLocks, AllEightCanBeLockedAtOnce) {
  ASSERT_TRUE(index_.LockExclusive(a_, 0, WalIndex::kLockCount));
  for (int i = 0; i < WalIndex::kLockCount; ++i) EXPECT_FALSE(index_.LockShared(b_, i)) << i;
  index_.Unlock(a_, 0, WalIndex::kLockCount);
  EXPECT_TRUE(index_.LockExclusive(b_, 0, WalIndex::kLockCount));
}

TEST_F(WalIndexLocks, UnlockingTouchesOnlyWhatTheHolderHas) {
  ASSERT_TRUE(index_.LockExclusive(a_, 0, 1));
  ASSERT_TRUE(index_.LockShared(a_, 3));
  index_.Unlock(b_, 0, WalIndex::kLockCount);
  EXPECT_FALSE(index_.LockShared(b_, 0));
  EXPECT_FALSE(index_.LockExclusive(b_, 3, 1));
  index_.Unlock(a_, 0, 1);
  EXPECT_TRUE(index_.LockShared(b_, 0));
  EXPECT_FALSE(index_.LockExclusive(b_, 3, 1));
}

TEST_F(WalIndexLocks, LeavingGivesUpEveryLock) {
  ASSERT_TRUE(index_.LockExclusive(a_, 0, 2));
  ASSERT_TRUE(index_.LockShared(a_, 4));
  index_.Leave(a_);
  EXPECT_TRUE(index_.LockExclusive(b_, 0, WalIndex::kLockCount));
}

}  // namespace
}  // namespace sahpool
