#include "format/slot_header.h"

#include <algorithm>

#include "format/byte_order.h"

namespace sahpool {
namespace {

constexpr std::size_t kPathFieldSize = kSlotFlagsOffset;
constexpr std::size_t kDigestOffset = kSlotFlagsOffset + 4;

struct Digest {
  std::uint32_t first;
  std::uint32_t second;
  friend bool operator==(const Digest&, const Digest&) = default;
};

// Version 2 of SQLite's opfs-sahpool digest; version 1 was always {0, 0}.
Digest ComputeDigest(std::span<const std::byte, kSlotHeaderSize> header) {
  Digest digest{0xDEADBEEF, 0x41C6CE57};
  for (const std::byte byte : header.first<kDigestOffset>()) {
    const auto value = std::to_integer<std::uint32_t>(byte);
    digest.first = (digest.first ^ value) * 2654435761U;
    digest.second = (digest.second ^ value) * 104729U;
  }
  return digest;
}

std::string_view PathIn(std::span<const std::byte, kSlotHeaderSize> header) {
  const auto field = header.first<kPathFieldSize>();
  const auto end = std::find(field.begin(), field.end(), std::byte{0});
  return {reinterpret_cast<const char*>(field.data()),
          static_cast<std::size_t>(end - field.begin())};
}

// Without a digest, flags must at least agree with each other before a file is given up for them:
// SQLite opens every temporary file with a temporary type and DELETEONCLOSE. One flipped bit makes
// no such flags out of those of a file that is meant to stay.
bool AreTemporaryFlags(std::uint32_t flags) {
  return (flags & open_flag::kPersistentTypes) == 0 && (flags & open_flag::kTemporaryTypes) != 0 &&
         (flags & open_flag::kDeleteOnClose) != 0;
}

DecodedHeader& Unbelievable(DecodedHeader& header, std::string_view reason) {
  header.kind = HeaderKind::kUnbelievable;
  header.reason = reason;
  return header;
}

}  // namespace

SlotHeaderBytes EncodeNamedHeader(std::string_view path, std::uint32_t flags) {
  SlotHeaderBytes header{};
  std::transform(path.begin(), path.end(), header.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  return WithFlags(header, flags);
}

SlotHeaderBytes WithFlags(SlotHeaderBytes header, std::uint32_t flags) {
  StoreBigEndian32(flags | open_flag::kMemory, &header[kSlotFlagsOffset]);
  const Digest digest = ComputeDigest(header);
  StoreLittleEndian32(digest.first, &header[kDigestOffset]);
  StoreLittleEndian32(digest.second, &header[kDigestOffset + 4]);
  return header;
}

// A free header carries no flags and therefore digest version 1: all zeros.
SlotHeaderBytes EncodeFreeHeader() { return SlotHeaderBytes{}; }

DecodedHeader DecodeHeader(std::span<const std::byte, kSlotHeaderSize> bytes) {
  DecodedHeader header;
  const std::uint32_t stored_flags = LoadBigEndian32(&bytes[kSlotFlagsOffset]);
  const Digest stored_digest{LoadLittleEndian32(&bytes[kDigestOffset]),
                             LoadLittleEndian32(&bytes[kDigestOffset + 4])};
  header.has_digest = (stored_flags & open_flag::kMemory) != 0;
  header.flags = stored_flags & ~open_flag::kMemory;
  header.path = PathIn(bytes);

  const Digest expected = header.has_digest ? ComputeDigest(bytes) : Digest{0, 0};
  if (stored_digest != expected) {
    return Unbelievable(header, "the header's digest does not match its content");
  }
  if (header.path.size() == kPathFieldSize) {
    return Unbelievable(header, "the header's path has no end");
  }
  if (header.path.empty()) {
    if (stored_flags != 0) return Unbelievable(header, "the header has flags but no path");
    header.kind = HeaderKind::kFree;
    return header;
  }
  const bool persistent = (header.flags & open_flag::kPersistentTypes) != 0 &&
                          (header.flags & open_flag::kDeleteOnClose) == 0;
  if (!persistent && !header.has_digest && !AreTemporaryFlags(header.flags)) {
    return Unbelievable(header, "the header's flags contradict each other");
  }
  header.kind = persistent ? HeaderKind::kNamed : HeaderKind::kTemporary;
  return header;
}

}  // namespace sahpool
