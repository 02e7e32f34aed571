// The header of a slot: any 524 bytes are read without harm and mean what docs/format.md says, what
// is written is read back, and no change of one byte goes unnoticed where there is a digest.

#include <algorithm>
#include <string>
#include <vector>

#include "format/slot_header.h"
#include "fuzz_input.h"

namespace sahpool::fuzz {
namespace {

constexpr std::size_t kFlagsEnd = 516;

// In memory of its own, so that a read beyond it is noticed.
struct Header {
  explicit Header(Bytes content) : bytes(std::move(content)) {
    bytes.resize(kSlotHeaderSize);
    bytes.shrink_to_fit();
  }
  DecodedHeader Decode() const {
    return DecodeHeader(std::span<const std::byte, kSlotHeaderSize>(bytes));
  }
  Bytes bytes;
};

bool IsPersistent(std::uint32_t flags) {
  return (flags & open_flag::kPersistentTypes) != 0 && (flags & open_flag::kDeleteOnClose) == 0;
}

void CheckMeaning(const Header& header) {
  const DecodedHeader decoded = header.Decode();
  EXPECT_EQ(decoded.flags & open_flag::kMemory, 0U);
  EXPECT_EQ(decoded.reason.empty(), decoded.kind != HeaderKind::kUnbelievable);
  EXPECT_LE(decoded.path.size(), 512U);
  EXPECT_EQ(decoded.path.find('\0'), std::string_view::npos);
  if (decoded.kind == HeaderKind::kUnbelievable) return;

  EXPECT_EQ(decoded.path.empty(), decoded.kind == HeaderKind::kFree);
  EXPECT_LT(decoded.path.size(), 512U);
  if (decoded.kind == HeaderKind::kFree) {
    EXPECT_FALSE(decoded.has_digest);
    EXPECT_EQ(decoded.flags, 0U);
    return;
  }
  EXPECT_EQ(decoded.kind == HeaderKind::kNamed, IsPersistent(decoded.flags));
  const bool is_padded =
      std::all_of(header.bytes.begin() + std::ssize(decoded.path), header.bytes.begin() + 512,
                  [](std::byte b) { return b == std::byte{0}; });
  if (decoded.has_digest && is_padded) {
    const SlotHeaderBytes again = EncodeNamedHeader(decoded.path, decoded.flags);
    EXPECT_TRUE(std::ranges::equal(again, header.bytes));
  }
}

// A header as version 1 leaves it: without a digest.
Header WithoutDigest(const Header& header) {
  Header changed = header;
  changed.bytes[kFlagsEnd - 1] &= ~std::byte{open_flag::kMemory};
  std::fill(changed.bytes.begin() + kFlagsEnd, changed.bytes.end(), std::byte{0});
  return changed;
}

void CheckEncoding(FuzzedDataProvider& input) {
  std::string path = TakeName(input);
  path.resize(std::min(path.size(), kMaxStoredPathSize));
  const std::uint32_t flags = TakeOpenFlags(input) | (input.ConsumeBool() ? 1 : 2);
  const SlotHeaderBytes encoded = EncodeNamedHeader(path, flags);
  const Header header(Bytes(encoded.begin(), encoded.end()));
  const DecodedHeader decoded = header.Decode();
  EXPECT_EQ(decoded.kind, IsPersistent(flags) ? HeaderKind::kNamed : HeaderKind::kTemporary);
  EXPECT_EQ(decoded.path, path);
  EXPECT_EQ(decoded.flags, flags & ~open_flag::kMemory);
  EXPECT_TRUE(decoded.has_digest);

  const Header undigested = WithoutDigest(header);
  const bool was_named = undigested.Decode().kind == HeaderKind::kNamed;
  for (int i = input.ConsumeIntegralInRange(0, 16); i > 0; --i) {
    const auto at = input.ConsumeIntegralInRange<std::size_t>(0, kSlotHeaderSize - 1);
    Header damaged = header;
    damaged.bytes[at] ^= std::byte{input.ConsumeIntegralInRange<std::uint8_t>(1, 255)};
    EXPECT_EQ(damaged.Decode().kind, HeaderKind::kUnbelievable);
    CheckMeaning(damaged);

    Header flipped = undigested;
    flipped.bytes[at] ^= static_cast<std::byte>(1U << input.ConsumeIntegralInRange(0, 7));
    const HeaderKind kind = flipped.Decode().kind;
    if (was_named) {
      EXPECT_TRUE(kind == HeaderKind::kNamed || kind == HeaderKind::kUnbelievable);
    }
    CheckMeaning(flipped);
  }
}

}  // namespace
}  // namespace sahpool::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(data);
  sahpool::fuzz::CheckMeaning(sahpool::fuzz::Header({bytes, bytes + size}));
  FuzzedDataProvider input(data, size);
  sahpool::fuzz::CheckEncoding(input);
  return 0;
}
