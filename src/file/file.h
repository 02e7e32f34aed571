// A file: what the bytes in a slot mean, and what of them is kept back.
//
// There is one for each slot, free or not, for as long as the pool has the slot. Of what kind the
// file is decides the slot's header, in kind(). But what SQLite reads and writes means what it has
// opened the file as: a recovered header may say otherwise, and so may an app that takes a journal
// for a database. What a kind does otherwise than the others is in a class of its own, and File
// asks that class.
//   kPlain      super-journals, temporary files, what an import fills, and whatever else
//   kDatabase   commit records (file/commit_recording.h), a read cache while it is open
//   kJournal    seals (file/sealed_journal.h)
//   kWal        commits are handed over at once, the file grows ahead (file/wal_frames.h)
// While it is open writes are kept back (file/file_bytes.h).
// Threads: none of its own; the pool's owner serialises calls. Ownership: the context outlives it.
// Errors: Status with the host's text.
#ifndef SAHPOOL_FILE_FILE_H_
#define SAHPOOL_FILE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "file/commit_recording.h"
#include "file/file_bytes.h"
#include "file/file_context.h"
#include "file/file_use.h"
#include "file/read_cache.h"
#include "file/sealed_journal.h"
#include "file/wal_frames.h"
#include "sahpool/status.h"
#include "slot/slot.h"
#include "storage/storage.h"

namespace sahpool {

enum class FileKind : std::uint8_t { kPlain, kDatabase, kJournal, kWal };

// What SQLite's flags of an open, or those in a header, say.
[[gnu::noinline]] FileKind KindOf(std::uint32_t flags);

enum class Deletion : std::uint8_t {
  kDurable,
  kMayComeBack,  // after a crash
};

class File {
 public:
  // Takes over `handle`. `slot_name` is the host's file name. Null when memory has run out.
  static std::unique_ptr<File> Create(std::unique_ptr<StorageHandle> handle,
                                      std::string_view slot_name, FileContext& context);

  FileKind kind() const { return KindOf(slot().flags()); }
  Slot& slot() { return bytes_.slot(); }
  const Slot& slot() const { return bytes_.slot(); }
  // Past the cache: as they are, with what is kept back.
  FileBytes& bytes() { return bytes_; }
  FileUse& use() { return use_; }
  const FileUse& use() const { return use_; }
  SealedJournal& journal() { return journal_; }
  const SealedJournal& journal() const { return journal_; }
  CommitRecording& commits() { return commits_; }

  // From the first open on writes are kept back and reads are ahead, as far as there is memory: of
  // databases and WALs until the last close, of what is not meant to stay until it is freed. What
  // is kept back must be handed over before Close(), or is forgotten.
  void Open() { bytes_.kept().Start(); }
  void Close();

  std::int64_t size() const { return bytes_.size(); }
  // Fills all of `into`; the range lies within size().
  Status Read(std::span<std::byte> into, std::int64_t offset, FileKind opened_as);
  Status Read(std::span<std::byte> into, std::int64_t offset) { return Read(into, offset, kind()); }
  // Of a WAL, a commit has been handed over when the write that completes it returns, and after a
  // failure nothing is kept back: SQLite will write other frames in the place of these, which must
  // not be completed behind its back.
  Status Write(std::span<const std::byte> bytes, std::int64_t offset, FileKind opened_as);
  Status Write(std::span<const std::byte> bytes, std::int64_t offset) {
    return Write(bytes, offset, kind());
  }
  // Sets size(), cutting off or extending with zeros.
  Status Truncate(std::int64_t size);
  // Hands over what was kept back, in the order of the file.
  Status Drain();
  // Makes header and bytes durable.
  Status Sync();
  // Of a journal of which nothing was handed over this leaves none.
  void ForgetKept();

  // Frees the slot: Slot::SetFree(), or SealedJournal::Retire() of a journal that may come back. Of
  // a temporary file nobody waits for that to be durable, and of a journal of which nothing was
  // handed over there is nothing to free.
  Status SetFree(Deletion deletion = Deletion::kDurable);
  // Makes the slot free in memory, whatever its header says. The next flush writes an empty header,
  // under which a crash before MakeClean() leaves a database's bytes in quarantine.
  void Abandon();
  // Slot::MakeClean().
  Status MakeClean();

  // What the pool and its imports note on it.
  struct Links {
    File* next = nullptr;          // of all files
    File* next_changed = nullptr;  // of those of which something may be kept back
    const void* stager = nullptr;  // the import that has staged it, until it is freed
  } links;

 private:
  File(std::unique_ptr<StorageHandle>&& handle, std::unique_ptr<char[]>&& slot_name,
       FileContext& context);

  Status KeepOrWrite(std::span<const std::byte> bytes, std::int64_t offset);
  Status WriteJournal(std::span<const std::byte> bytes, std::int64_t offset);
  Status WriteWal(std::span<const std::byte> bytes, std::int64_t offset);
  void ForgetContent();

  FileUse use_;
  SealedJournal journal_{bytes_};
  CommitRecording commits_{bytes_};
  WalFrames wal_;
  ReadCache read_cache_;
  // Behind the rest, which then lies where instructions of WebAssembly are the shortest.
  FileBytes bytes_;
};

}  // namespace sahpool

#endif  // SAHPOOL_FILE_FILE_H_
