// A file of which parts can't be read any more: those come as zeros, and are counted.
//
// Threads: one. Ownership: the file is the caller's. Errors: none.
#ifndef SAHPOOL_TOOLS_CLI_TOLERANT_SOURCE_H_
#define SAHPOOL_TOOLS_CLI_TOLERANT_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>

#include "format/byte_source.h"

namespace sahpool::cli {

class TolerantSource final : public ByteSource {
 public:
  explicit TolerantSource(ByteSource& file) : file_(file) {}

  std::int64_t size() const override { return file_.size(); }
  Status Read(std::span<std::byte> into, std::int64_t offset) override;

  // How many bytes were asked for and could not be read, in whole blocks.
  std::int64_t lost_bytes() const { return std::ssize(lost_blocks_) * kBlock; }

 private:
  // What a disk loses at a time.
  static constexpr std::int64_t kBlock = 4096;

  ByteSource& file_;
  std::set<std::int64_t> lost_blocks_;
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_TOLERANT_SOURCE_H_
