// The side module's host, natively: defines the functions that src/abi/abi.h imports, over the
// slots of a FaultDisk, as npm/src/core/host-imports.ts does over SyncAccessHandles.
//
// Threads: one. There is one AbiHost at a time; the imports go to it.
#ifndef SAHPOOL_TESTS_FUZZ_ABI_HOST_H_
#define SAHPOOL_TESTS_FUZZ_ABI_HOST_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "abi/abi.h"
#include "fault_storage.h"

namespace sahpool::fuzz {

class AbiHost {
 public:
  AbiHost();
  ~AbiHost();
  AbiHost(const AbiHost&) = delete;
  AbiHost& operator=(const AbiHost&) = delete;

  // The one that lives.
  static AbiHost& Get();

  testing::FaultDisk& disk() { return disk_; }
  // Makes a slot and opens it; returns the number of its handle.
  int Open(const std::string& slot_name, testing::Bytes bytes);
  void Close(int handle) { handles_.erase(handle); }
  // Null when no such handle is open.
  StorageHandle* Find(int handle) const;

  // What a count of bytes becomes before it is returned; none when empty.
  std::function<int(int count)> distort;

  // The number of a failure, whose text is kept.
  int Fail(const Status& status);
  int Return(const Result<std::size_t>& count);
  const std::string& error_text() const { return error_text_; }

 private:
  testing::FaultDisk disk_;
  std::map<int, std::unique_ptr<StorageHandle>> handles_;
  int next_handle_ = 0;
  std::string error_text_;
};

}  // namespace sahpool::fuzz

#endif  // SAHPOOL_TESTS_FUZZ_ABI_HOST_H_
