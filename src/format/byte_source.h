// A read-only run of bytes with a known size: a file's content, wherever it lies.
// Lets code that interprets bytes (format/committed_image.h) work on slots, on
// plain files and on memory alike.
// Threads: as the implementation says. The reader does not own the source.
#ifndef SAHPOOL_FORMAT_BYTE_SOURCE_H_
#define SAHPOOL_FORMAT_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "sahpool/status.h"

namespace sahpool {

class ByteSource {
 public:
  virtual std::int64_t size() const = 0;

  // Fills all of `into` from `offset`; a range past the end is an error (kIo).
  virtual Status Read(std::span<std::byte> into, std::int64_t offset) = 0;

 protected:
  ~ByteSource() = default;  // nobody owns one as such
};

// What Read() says of that range of a source of `size` bytes.
inline Status CheckRange(std::span<const std::byte> range, std::int64_t offset, std::int64_t size) {
  if (offset >= 0 && offset <= size && range.size() <= static_cast<std::uint64_t>(size - offset)) {
    return {};
  }
  return {Code::kIo, "read past the end of a file"};
}

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_BYTE_SOURCE_H_
