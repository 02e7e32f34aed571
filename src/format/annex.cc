#include "format/annex.h"

#include "format/byte_order.h"
#include "format/xxh64.h"

namespace sahpool {
namespace {

constexpr std::uint64_t kSealMagic = 0x316c616573687073;    // "sphseal1"
constexpr std::uint64_t kRecordMagic = 0x3174696d63687073;  // "sphcmit1"

// Of a seal.
constexpr std::size_t kSizeOffset = 8;
constexpr std::size_t kDigestOffset = 16;
constexpr std::size_t kSealCheckOffset = 24;

// Of a commit record.
constexpr std::size_t kRunCountOffset = 8;
constexpr std::size_t kJournalDigestOffset = 16;
constexpr std::size_t kDatabaseSizeOffset = 24;
constexpr std::size_t kContentDigestOffset = 32;
constexpr std::size_t kRecordCheckOffset = 40;
constexpr std::size_t kRunsOffset = 48;
constexpr std::size_t kRunSize = 12;
static_assert(kRunsOffset + CommitRecord::kMaxRuns * kRunSize <= kAnnexSize);

// Of all fields but the check itself.
std::uint64_t CheckOf(const Annex& annex, std::size_t run_count) {
  const auto all = std::span(annex);
  return Xxh64(all.subspan(kRunsOffset, run_count * kRunSize),
               Xxh64(all.first(kRecordCheckOffset)));
}

}  // namespace

void EncodeSeal(const JournalSeal& seal, Annex& into) {
  into = {};
  StoreLittleEndian64(kSealMagic, into.data());
  StoreLittleEndian64(seal.size, &into[kSizeOffset]);
  StoreLittleEndian64(seal.digest, &into[kDigestOffset]);
  StoreLittleEndian64(Xxh64(std::span(into).first(kSealCheckOffset)), &into[kSealCheckOffset]);
}

JournalSeal DecodeSeal(const Annex& annex) {
  const auto fields = std::span(annex).first(kSealCheckOffset);
  const std::uint64_t magic = LoadLittleEndian64(annex.data());
  // A slot that held a database has a commit record there, or one that was withdrawn.
  if (magic == 0 || magic == kRecordMagic) return {};
  if (magic != kSealMagic || LoadLittleEndian64(&annex[kSealCheckOffset]) != Xxh64(fields)) {
    return {.kind = SealKind::kDamaged};
  }
  return {.kind = SealKind::kSealed,
          .size = LoadLittleEndian64(&annex[kSizeOffset]),
          .digest = LoadLittleEndian64(&annex[kDigestOffset])};
}

void EncodeCommitRecord(const CommitRecord& record, Annex& into) {
  into = {};
  StoreLittleEndian64(kRecordMagic, into.data());
  StoreLittleEndian32(record.run_count, &into[kRunCountOffset]);
  StoreLittleEndian64(record.journal_digest, &into[kJournalDigestOffset]);
  StoreLittleEndian64(static_cast<std::uint64_t>(record.database_size), &into[kDatabaseSizeOffset]);
  StoreLittleEndian64(record.digest, &into[kContentDigestOffset]);
  for (std::size_t i = 0; i < record.run_count; ++i) {
    std::byte* const run = &into[kRunsOffset + i * kRunSize];
    StoreLittleEndian64(static_cast<std::uint64_t>(record.runs[i].offset), run);
    StoreLittleEndian32(record.runs[i].size, run + 8);
  }
  StoreLittleEndian64(CheckOf(into, record.run_count), &into[kRecordCheckOffset]);
}

bool DecodeCommitRecord(const Annex& annex, CommitRecord& into) {
  into.run_count = LoadLittleEndian32(&annex[kRunCountOffset]);
  if (LoadLittleEndian64(annex.data()) != kRecordMagic || into.run_count > CommitRecord::kMaxRuns ||
      LoadLittleEndian64(&annex[kRecordCheckOffset]) != CheckOf(annex, into.run_count)) {
    return false;
  }
  into.journal_digest = LoadLittleEndian64(&annex[kJournalDigestOffset]);
  into.database_size = static_cast<std::int64_t>(LoadLittleEndian64(&annex[kDatabaseSizeOffset]));
  into.digest = LoadLittleEndian64(&annex[kContentDigestOffset]);
  for (std::size_t i = 0; i < into.run_count; ++i) {
    const std::byte* const run = &annex[kRunsOffset + i * kRunSize];
    into.runs[i] = {.offset = static_cast<std::int64_t>(LoadLittleEndian64(run)),
                    .size = LoadLittleEndian32(run + 8)};
  }
  return true;
}

}  // namespace sahpool
