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
// rules hold. Layout: docs/format.md; both notes are stored as they lie in memory.
// Threads: pure functions. Errors: notes that can't be believed are values.
#ifndef SAHPOOL_FORMAT_ANNEX_H_
#define SAHPOOL_FORMAT_ANNEX_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sahpool {

static_assert(std::endian::native == std::endian::little, "notes are stored as they lie in memory");

// Not in the header's own sectors of 512 bytes, which no transaction rewrites.
inline constexpr std::int64_t kAnnexOffset = 1024;

enum class SealKind : std::uint8_t {
  kNone,     // the journal was not complete
  kSealed,   // it was complete with these bytes; what follows them obeys SQLite's rules
  kDamaged,  // no crash leaves this
};

// Takes less than one sector: a crash leaves the old one or the new one.
struct JournalSeal {
  std::uint64_t magic = 0;
  std::uint64_t check = 0;
  std::uint64_t size = 0;
  std::uint64_t digest = 0;  // Digest64() of the journal's first `size` bytes

  static JournalSeal Of(std::uint64_t size, std::uint64_t digest);
  SealKind kind() const;
};

// Whose bytes can stand in the slot of a journal with a seal when a crash has torn the write of it:
// its own and those of the one before, told apart by the number that SQLite draws for each journal.
// Another implementation that keeps the slot and writes another journal into it knows of no seal.
struct JournalMark {
  std::uint32_t nonce = 0;
  std::uint32_t nonce_before = 0;
  std::uint64_t check = 0;

  static JournalMark Of(std::uint32_t nonce, std::uint32_t nonce_before);
  bool is_valid() const;
  bool names(std::uint32_t other) const;
};

// The mark is in the sector of the header's flags and in that of the seal: a crash can leave
// either.
struct JournalNote {
  JournalMark mark;
  JournalSeal seal;
  JournalMark mark_again;
};
inline constexpr std::int64_t kJournalNoteOffset = kAnnexOffset - std::int64_t{sizeof(JournalMark)};

struct CommitRecord {
  static constexpr std::size_t kMaxRuns = 189;
  struct Run {
    std::int64_t offset = 0;
    std::int64_t size = 0;
  };

  std::uint64_t magic = 0;
  std::uint64_t check = 0;
  std::uint64_t journal_digest = 0;
  std::int64_t database_size = 0;
  std::uint64_t digest = 0;  // Digest64() of one run after the other
  std::uint64_t run_count = 0;
  std::array<Run, kMaxRuns> runs{};

  // When all else is set: makes the record one that is_valid().
  void Close();
  // False also of a part of a record.
  bool is_valid() const;
};
static_assert(sizeof(CommitRecord) == 4096 - kAnnexOffset);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_ANNEX_H_
