// What the fuzz targets share: how a fuzzer's bytes become names, contents, damage and faults.
//
// A target checks with the macros of GoogleTest; outside of a test a failed one throws, which ends
// the process, and libFuzzer keeps the input that led to it.
// Threads: none. The same bytes always give the same values.
#ifndef SAHPOOL_TESTS_FUZZ_FUZZ_INPUT_H_
#define SAHPOOL_TESTS_FUZZ_FUZZ_INPUT_H_

#include <fuzzer/FuzzedDataProvider.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "fault_storage.h"
#include "memory_source.h"

namespace sahpool::fuzz {

using testing::Bytes;

Bytes BytesOf(const std::string& text);

// At most `max_size` bytes.
Bytes TakeBytes(FuzzedDataProvider& input, std::size_t max_size);

// A name without a NUL: mostly one of a few that belong together, sometimes any.
std::string TakeName(FuzzedDataProvider& input);

// The SQLITE_OPEN_xyz bits of a file: mostly those that SQLite passes, sometimes any.
std::uint32_t TakeOpenFlags(FuzzedDataProvider& input);

// Changes single bits and bytes of `bytes`, cuts it off and lengthens it; often not at all.
void TakeDamage(FuzzedDataProvider& input, Bytes& bytes);

// A slot as it may lie on a disk: free or not, with a header of either version or none, holding
// what a database's connection left or anything else, damaged or not.
Bytes TakeSlot(FuzzedDataProvider& input);

// A fault within the next calls.
testing::Fault TakeFault(FuzzedDataProvider& input);

// While it lives: remembers one thing that a crash before the `nth` change to the disk can leave.
class CrashAt {
 public:
  CrashAt(testing::FaultDisk& disk, FuzzedDataProvider& input);
  ~CrashAt() { disk_.before_change = nullptr; }
  CrashAt(const CrashAt&) = delete;
  CrashAt& operator=(const CrashAt&) = delete;

  // Empty when there were fewer changes.
  const testing::SlotBytes& left() const { return left_; }

 private:
  testing::FaultDisk& disk_;
  int changes_until_crash_;
  std::size_t choice_;
  testing::SlotBytes left_;
};

}  // namespace sahpool::fuzz

#endif  // SAHPOOL_TESTS_FUZZ_FUZZ_INPUT_H_
