// What stands in a slot between its header and the file: two notes with which a transaction in
// rollback-journal mode needs two flushes instead of five. Bytes in, values out; no I/O.
//
// A seal, in the slot of a rollback journal, says which bytes the journal had when it was complete.
// The journal's records, their count and the seal are flushed at once: a journal that a crash has
// torn doesn't match its seal, and then none of its transaction has reached the database.
// A commit record, in the slot of a database, says which bytes the transaction of a sealed journal
// left in the database. It is flushed together with them: where they match, the transaction is
// committed and its journal void, even if a crash has brought the journal back.
// A header flag, kSealedJournal, says that a journal has a seal; without the flag SQLite's own
// rules hold. Layout: docs/format.md.
// Threads: pure functions. Errors: notes that can't be believed are values.
#ifndef SAHPOOL_FORMAT_ANNEX_H_
#define SAHPOOL_FORMAT_ANNEX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sahpool {

// Not in the header's own sectors of 512 bytes, which no transaction rewrites.
inline constexpr std::int64_t kAnnexOffset = 1024;
inline constexpr std::size_t kAnnexSize = 3072;
using Annex = std::array<std::byte, kAnnexSize>;

enum class SealKind : std::uint8_t {
  kNone,     // the journal was not complete
  kSealed,   // it was complete with these bytes; what follows them obeys SQLite's rules
  kDamaged,  // no crash leaves this
};

struct JournalSeal {
  SealKind kind = SealKind::kNone;
  std::uint64_t size = 0;
  std::uint64_t digest = 0;  // Xxh64() of the first `size` bytes
};

// A seal takes one sector: a crash leaves the old one or the new one.
void EncodeSeal(const JournalSeal& seal, Annex& into);
JournalSeal DecodeSeal(const Annex& annex);

struct CommitRecord {
  static constexpr std::size_t kMaxRuns = 252;
  struct Run {
    std::int64_t offset = 0;
    std::uint32_t size = 0;
  };

  std::uint64_t journal_digest = 0;
  std::int64_t database_size = 0;
  std::uint64_t digest = 0;  // Xxh64() of one run after the other
  std::uint32_t run_count = 0;
  std::array<Run, kMaxRuns> runs{};
};

void EncodeCommitRecord(const CommitRecord& record, Annex& into);
// False when there is none, or only a part of one.
[[nodiscard]] bool DecodeCommitRecord(const Annex& annex, CommitRecord& into);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_ANNEX_H_
