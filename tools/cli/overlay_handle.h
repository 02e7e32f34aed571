// A slot that can't be changed on the disk: the bytes of a file, read only, and over them, in
// memory, whatever is written. So SQLite rolls back a hot journal, and a pool tidies itself, as
// they do when they may write, and the file keeps every byte.
//
// Threads: none of its own. Ownership: owns its descriptor, on which it holds a shared flock(), so
// that no other `sahpool` changes the file meanwhile. Memory: 4 KiB for each 4 KiB that is written.
// Errors: kBusy when another process has the pool open for writing, otherwise kIo.
#ifndef SAHPOOL_TOOLS_CLI_OVERLAY_HANDLE_H_
#define SAHPOOL_TOOLS_CLI_OVERLAY_HANDLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "cli/descriptor.h"
#include "storage/storage.h"

namespace sahpool::cli {

class OverlayHandle final : public StorageHandle {
 public:
  static Result<std::unique_ptr<StorageHandle>> Open(const char* path);
  // An empty slot with no file behind it.
  OverlayHandle() = default;
  ~OverlayHandle() override = default;
  OverlayHandle(const OverlayHandle&) = delete;
  OverlayHandle& operator=(const OverlayHandle&) = delete;

  Result<std::size_t> Read(std::span<std::byte> into, std::int64_t offset) override;
  Result<std::size_t> Write(std::span<const std::byte> bytes, std::int64_t offset) override;
  Status Truncate(std::int64_t size) override;
  Result<std::int64_t> Size() override { return size_; }
  Status Flush() override { return {}; }

 private:
  static constexpr std::int64_t kPageSize = 4096;
  using Page = std::array<std::byte, kPageSize>;

  // Fills `into`, which lies in one page, from what is below the overlay.
  Status ReadBelow(std::span<std::byte> into, std::int64_t offset);
  // The page of the overlay, copied from below when it is new.
  Result<Page*> PageForWriting(std::int64_t index);

  Descriptor file_;
  std::int64_t size_ = 0;
  std::int64_t size_below_ = 0;  // how much of the file is still to be seen
  std::map<std::int64_t, Page> pages_;
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_OVERLAY_HANDLE_H_
