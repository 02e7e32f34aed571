// A database with ten rows on a disk, and all that a crash or a kill leaves of it, for tests of
// seals and commit records.
#ifndef SAHPOOL_TESTS_NATIVE_JOURNAL_SEAL_FIXTURE_H_
#define SAHPOOL_TESTS_NATIVE_JOURNAL_SEAL_FIXTURE_H_

#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "format/slot_header.h"
#include "pool_on_disk.h"
#include "sql_connection.h"

namespace sahpool::testing {

inline constexpr std::string_view kJournalName = "/app.db-journal";

DecodedHeader HeaderOf(const Bytes& slot);
bool HasSealedFlag(const Bytes& journal);

// The slot whose header has that path; empty when there is none.
std::string SlotNameOf(const SlotBytes& slots, std::string_view stored_name);
Bytes& SlotAt(SlotBytes& slots, std::string_view stored_name);

// All that the slots hold, as a killed process leaves it.
SlotBytes Written(const std::map<std::string, FaultDisk::Slot>& slots);

// Starts a pool over everything that a crash can have left before each change that `operation`
// makes on the disk, and after the last one, and calls `check`. At once: of a large file there are
// too many states to keep.
void CheckCrashesDuring(FaultDisk& disk, const std::function<void()>& operation,
                        const std::function<void(PoolOnDisk&)>& check);

// What "app.db" says in a pool that starts on these slots.
std::string DescribeAfterStart(const SlotBytes& slots);
// That each state in which a crash could leave the disk now is described so.
void ExpectAfterEachCrash(const FaultDisk& disk, const std::string& expected);

void ExpectOneOf(const std::string& found, std::initializer_list<std::string_view> allowed);

class JournalSealTest : public ::testing::Test {
 protected:
  void MakeSlots(int count);
  // Ten rows that say "old", unless there are to be more. Behind clean slots, which the next files
  // take before that of a deleted journal.
  void MakeOldDatabase(int rows = 10);
  void Run(const std::string& sql) { ASSERT_EQ(connection->Execute(sql), SQLITE_OK) << sql; }
  void MakeNew() { Run("UPDATE t SET tag='new'"); }
  // The disk while `sql` runs, right before the slot is flushed that has that name then: nothing of
  // what was written to the slot is durable.
  std::map<std::string, FaultDisk::Slot> BeforeFlushOf(std::string_view stored_name,
                                                       const std::string& sql);

  FaultDisk disk;
  PoolOnDisk pool{disk};
  std::optional<Connection> connection;
};

}  // namespace sahpool::testing

#endif  // SAHPOOL_TESTS_NATIVE_JOURNAL_SEAL_FIXTURE_H_
