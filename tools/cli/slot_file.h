// What a file of the file system holds when it is looked at as a slot: its header, and what kind of
// file the bytes behind it are, whatever the header says.
//
// Threads: values. Errors: Failure when the file can't be read.
#ifndef SAHPOOL_TOOLS_CLI_SLOT_FILE_H_
#define SAHPOOL_TOOLS_CLI_SLOT_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/descriptor.h"
#include "format/byte_source.h"
#include "format/slot_header.h"

namespace sahpool::cli {

enum class ContentKind : std::uint8_t { kNothing, kDatabase, kJournal, kWal, kUnknown };

struct SlotFile {
  std::filesystem::path path;
  // What tells the slot from the others of its pool: the file's name.
  std::string name;
};

struct SlotFileFacts {
  // The header's bytes, zeros where the file is too short to have them.
  SlotHeaderBytes header{};
  std::int64_t file_size = 0;
  ContentKind content = ContentKind::kNothing;
  // It is known to be a slot (format/slot_proof.h): what is not is never written to.
  bool is_proven = false;
  // It is shorter than a slot and all zeros: a new slot, if it lies where only slots do.
  bool is_unfilled = false;
  // More than one: it is also a file somewhere else.
  std::uint64_t link_count = 1;
  // Behind the header stands a seal, as only sahpool writes them with a journal (format/annex.h).
  bool has_seal = false;
  // The file begins like a database itself: it has no header, or never was a slot.
  bool starts_as_database = false;

  std::int64_t bytes() const {
    return file_size > kSlotDataOffset ? file_size - kSlotDataOffset : 0;
  }
  DecodedHeader Decode() const { return DecodeHeader(header); }
  // What the commit of its transaction left of a journal, until the next one or the next start.
  bool is_deleted_journal() const {
    return has_seal && content == ContentKind::kJournal && Decode().kind == HeaderKind::kFree;
  }
  bool has_empty_header() const { return header == EncodeFreeHeader(); }
};

SlotFileFacts ReadSlotFile(const std::filesystem::path& path);

// Whether the file can only be a slot that is or was in use, by what is in it.
bool IsSurelySlot(const SlotFileFacts& facts);
// Whether the file can be a slot, be it a damaged one, for a folder in which there surely are some.
bool CanBeSlot(const SlotFileFacts& facts);
// Whether it begins as a free slot does, without being one: so do disk images, files that were made
// to be filled later, and free slots that have a second name.
bool IsForeignZeros(const SlotFileFacts& facts);

// "database", "journal", "wal", "super-journal" or "temporary", by the flags of a header.
const char* TypeName(std::uint32_t flags);
// The same of content; "nothing" and "unknown bytes" too.
const char* ContentName(ContentKind kind);

// A part of a file, read only: from `begin` to its end.
class FileSource final : public ByteSource {
 public:
  FileSource(const std::filesystem::path& path, std::int64_t begin, Links links = Links::kRefuse);

  std::int64_t size() const override { return size_; }
  std::uint64_t link_count() const { return link_count_; }
  Status Read(std::span<std::byte> into, std::int64_t offset) override;
  // Where from `offset` on there is more than a hole, which reads as zeros; size() if nowhere.
  std::int64_t NextData(std::int64_t offset) const;

 private:
  Descriptor file_;
  std::int64_t begin_;
  std::int64_t size_ = 0;
  std::uint64_t link_count_ = 1;
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_SLOT_FILE_H_
