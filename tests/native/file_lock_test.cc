// FileLock: every pair of connections in every state, by the rules of SQLite's locking protocol.
#include "vfs/file_lock.h"

#include <gtest/gtest.h>

#include <array>

namespace sahpool {
namespace {

TEST(FileLock, AnyNumberOfReadersShareTheFile) {
  FileLock lock;
  std::array<FileLock::Holder, 5> readers;
  for (FileLock::Holder& reader : readers) {
    EXPECT_TRUE(lock.Raise(reader, LockLevel::kShared));
    EXPECT_EQ(reader.level, LockLevel::kShared);
  }
  EXPECT_FALSE(lock.IsReserved());
}

TEST(FileLock, ReadersComeAndGoBesideReserved) {
  FileLock lock;
  FileLock::Holder writer, old_reader, new_reader;
  ASSERT_TRUE(lock.Raise(old_reader, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(writer, LockLevel::kShared));
  EXPECT_TRUE(lock.Raise(writer, LockLevel::kReserved));
  EXPECT_TRUE(lock.IsReserved());
  EXPECT_TRUE(lock.Raise(new_reader, LockLevel::kShared));
  lock.Lower(old_reader, LockLevel::kNone);
  lock.Lower(new_reader, LockLevel::kNone);
  EXPECT_TRUE(lock.Raise(writer, LockLevel::kExclusive));
  EXPECT_EQ(writer.level, LockLevel::kExclusive);
}

TEST(FileLock, OnlyOneIsReserved) {
  FileLock lock;
  FileLock::Holder first, second;
  ASSERT_TRUE(lock.Raise(first, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(second, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(first, LockLevel::kReserved));
  EXPECT_FALSE(lock.Raise(second, LockLevel::kReserved));
  EXPECT_FALSE(lock.Raise(second, LockLevel::kExclusive));
  EXPECT_EQ(second.level, LockLevel::kShared);
  lock.Lower(first, LockLevel::kShared);
  EXPECT_FALSE(lock.IsReserved());
  EXPECT_TRUE(lock.Raise(second, LockLevel::kReserved));
}

TEST(FileLock, PendingLetsReadersLeaveButNotCome) {
  FileLock lock;
  FileLock::Holder writer, reader, late;
  ASSERT_TRUE(lock.Raise(reader, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(writer, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(writer, LockLevel::kReserved));
  EXPECT_FALSE(lock.Raise(writer, LockLevel::kExclusive));
  EXPECT_EQ(writer.level, LockLevel::kPending);
  EXPECT_FALSE(lock.Raise(late, LockLevel::kShared));
  EXPECT_EQ(late.level, LockLevel::kNone);
  EXPECT_FALSE(lock.Raise(writer, LockLevel::kExclusive));
  lock.Lower(reader, LockLevel::kNone);
  EXPECT_FALSE(lock.Raise(late, LockLevel::kShared));
  EXPECT_TRUE(lock.Raise(writer, LockLevel::kExclusive));
  EXPECT_FALSE(lock.Raise(late, LockLevel::kShared));
  lock.Lower(writer, LockLevel::kNone);
  EXPECT_TRUE(lock.Raise(late, LockLevel::kShared));
}

TEST(FileLock, AWriterThatGivesUpPendingLetsReadersIn) {
  FileLock lock;
  FileLock::Holder writer, reader, late;
  ASSERT_TRUE(lock.Raise(reader, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(writer, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(writer, LockLevel::kReserved));
  ASSERT_FALSE(lock.Raise(writer, LockLevel::kExclusive));
  lock.Lower(writer, LockLevel::kShared);
  EXPECT_TRUE(lock.Raise(late, LockLevel::kShared));
  EXPECT_EQ(writer.level, LockLevel::kShared);
}

// A connection that rolls back a hot journal goes from SHARED to EXCLUSIVE at once.
TEST(FileLock, SharedToExclusiveLeavesNoPendingBehind) {
  FileLock lock;
  FileLock::Holder first, second, late;
  ASSERT_TRUE(lock.Raise(first, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(second, LockLevel::kShared));
  EXPECT_FALSE(lock.Raise(first, LockLevel::kExclusive));
  EXPECT_EQ(first.level, LockLevel::kShared);
  EXPECT_FALSE(lock.IsReserved());
  EXPECT_TRUE(lock.Raise(late, LockLevel::kShared));
  lock.Lower(late, LockLevel::kNone);
  lock.Lower(second, LockLevel::kNone);
  EXPECT_TRUE(lock.Raise(first, LockLevel::kExclusive));
  EXPECT_TRUE(lock.IsReserved());
}

TEST(FileLock, RaisingToWhatIsHeldAndLoweringBelowItChangeNothing) {
  FileLock lock;
  FileLock::Holder writer, reader;
  ASSERT_TRUE(lock.Raise(writer, LockLevel::kShared));
  ASSERT_TRUE(lock.Raise(writer, LockLevel::kReserved));
  EXPECT_TRUE(lock.Raise(writer, LockLevel::kShared));
  EXPECT_EQ(writer.level, LockLevel::kReserved);
  EXPECT_TRUE(lock.Raise(writer, LockLevel::kReserved));
  lock.Lower(reader, LockLevel::kNone);
  lock.Lower(reader, LockLevel::kShared);
  EXPECT_EQ(reader.level, LockLevel::kNone);
  EXPECT_TRUE(lock.Raise(writer, LockLevel::kExclusive));
}

}  // namespace
}  // namespace sahpool
