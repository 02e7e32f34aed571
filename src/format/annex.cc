#include "format/annex.h"

#include <span>

#include "format/digest64.h"

namespace sahpool {
namespace {

constexpr std::uint64_t kSealMagic = 0x316c616573687073;    // "sphseal1"
constexpr std::uint64_t kRecordMagic = 0x3174696d63687073;  // "sphcmit1"

// Of what follows magic and check.
std::uint64_t CheckOf(const void* note, std::size_t size) {
  constexpr std::size_t kCheckedOffset = 16;
  return Digest64(std::span(static_cast<const std::byte*>(note), size).subspan(kCheckedOffset));
}

std::uint64_t CheckOf(const CommitRecord& record) {
  return CheckOf(&record, offsetof(CommitRecord, runs) +
                              static_cast<std::size_t>(record.run_count) * sizeof(record.runs[0]));
}

}  // namespace

JournalSeal JournalSeal::Of(std::uint64_t size, std::uint64_t digest) {
  JournalSeal seal{.magic = kSealMagic, .size = size, .digest = digest};
  seal.check = CheckOf(&seal, sizeof(seal));
  return seal;
}

SealKind JournalSeal::kind() const {
  // A slot that held a database has a commit record there, or one that was withdrawn.
  if (magic == 0 || magic == kRecordMagic) return SealKind::kNone;
  return magic == kSealMagic && check == CheckOf(this, sizeof(*this)) ? SealKind::kSealed
                                                                      : SealKind::kDamaged;
}

JournalMark JournalMark::Of(std::uint32_t nonce, std::uint32_t nonce_before) {
  return {nonce, nonce_before,
          (std::uint64_t{nonce_before} << 32 | std::uint64_t{nonce}) ^ kSealMagic};
}

bool JournalMark::names(std::uint32_t other) const {
  return is_valid() && (nonce == other || nonce_before == other);
}

bool JournalMark::is_valid() const { return check == Of(nonce, nonce_before).check; }

void CommitRecord::Close() {
  magic = kRecordMagic;
  check = CheckOf(*this);
}

bool CommitRecord::is_valid() const {
  return magic == kRecordMagic && run_count <= kMaxRuns && check == CheckOf(*this);
}

}  // namespace sahpool
