#include "file/annex_reader.h"

#include <algorithm>
#include <memory>
#include <new>

#include "format/annex.h"
#include "format/digest64.h"

namespace sahpool {

Status ReadAnnex(FileBytes& bytes, std::span<std::byte> into) {
  SlotMedium& medium = bytes.slot().medium();
  std::fill(into.begin(), into.end(), std::byte{0});
  const auto present = std::clamp<std::int64_t>(medium.size() - kAnnexOffset, 0,
                                                static_cast<std::int64_t>(into.size()));
  return medium.Read(into.first(static_cast<std::size_t>(present)), kAnnexOffset);
}

Status AddToDigest(FileBytes& bytes, std::int64_t offset, std::int64_t size, std::uint64_t& digest,
                   bool& exists) {
  exists = offset >= 0 && size >= 0 && size <= static_cast<std::int64_t>(WriteBuffer::kCapacity) &&
           offset <= bytes.size() - size;
  if (!exists) return {};
  const auto count = static_cast<std::size_t>(size);
  const std::unique_ptr<std::byte[]> piece(new (std::nothrow) std::byte[count]);
  if (!piece) return Status::NoMemory();
  if (Status s = bytes.Read({piece.get(), count}, offset); !s.ok()) return s;
  digest = Digest64({piece.get(), count}, digest);
  return {};
}

}  // namespace sahpool
