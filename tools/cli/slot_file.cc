#include "cli/slot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "cli/failure.h"
#include "format/annex.h"
#include "format/byte_order.h"
#include "format/database_header.h"
#include "format/journal_header.h"
#include "format/slot_proof.h"
#include "native/posix_storage.h"

namespace sahpool::cli {
namespace {

ContentKind KindOf(std::span<const std::byte> start) {
  constexpr std::uint32_t kWalMagic = 0x377f0682;  // or with the lowest bit set
  if (start.empty()) return ContentKind::kNothing;
  if (HasDatabaseMagic(start)) return ContentKind::kDatabase;
  if (start.size() < kJournalMagic.size()) return ContentKind::kUnknown;
  if (HasJournalMagic(start)) return ContentKind::kJournal;
  return (LoadBigEndian32(start.data()) & ~1U) == kWalMagic ? ContentKind::kWal
                                                            : ContentKind::kUnknown;
}

// Without a digest, a path that an app could have given must do.
bool IsNamedWithReason(const DecodedHeader& header) {
  return header.kind == HeaderKind::kNamed && header.path.starts_with('/') &&
         (header.has_digest || std::ranges::none_of(header.path, [](char c) {
            return static_cast<unsigned char>(c) <= ' ';
          }));
}

}  // namespace

FileSource::FileSource(const std::filesystem::path& path, std::int64_t begin, Links links)
    : file_(Require(OpenRegularFile(path, O_RDONLY, links), path.string())), begin_(begin) {
  struct stat info{};
  if (fstat(file_.number(), &info) != 0) Require(ErrnoStatus("fstat", errno), path.string());
  size_ = std::max<std::int64_t>(info.st_size - begin, 0);
  link_count_ = info.st_nlink;
}

Status FileSource::Read(std::span<std::byte> into, std::int64_t offset) {
  while (!into.empty()) {
    const ssize_t count = pread(file_.number(), into.data(), into.size(), begin_ + offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("pread", errno);
    if (count == 0) return {Code::kIo, "read past the end of a file"};
    into = into.subspan(static_cast<std::size_t>(count));
    offset += count;
  }
  return {};
}

std::int64_t FileSource::NextData(std::int64_t offset) const {
  const off_t found = lseek(file_.number(), begin_ + offset, SEEK_DATA);
  if (found < 0) return errno == ENXIO ? size_ : offset;
  return std::min<std::int64_t>(found - begin_, size_);
}

SlotFileFacts ReadSlotFile(const std::filesystem::path& path) {
  FileSource file(path, 0);
  SlotFileFacts facts;
  facts.file_size = file.size();
  facts.link_count = file.link_count();
  std::array<std::byte, kSlotProofSize> buffer{};
  const auto start = std::span(buffer).first(
      static_cast<std::size_t>(std::min<std::int64_t>(file.size(), kSlotProofSize)));
  Require(file.Read(start, 0), path.string());
  std::ranges::copy(start.first(std::min(start.size(), kSlotHeaderSize)), facts.header.begin());
  facts.is_proven = IsProvablySlot(start, facts.file_size, facts.link_count);
  facts.is_unfilled = IsUnfilledSlot(start, facts.file_size, facts.link_count);
  facts.starts_as_database = HasDatabaseMagic(facts.header);
  facts.content =
      KindOf(start.subspan(std::min(start.size(), static_cast<std::size_t>(kSlotDataOffset))));
  if (facts.content == ContentKind::kJournal) {
    JournalSeal seal;
    Require(file.Read(std::as_writable_bytes(std::span(&seal, 1)), kAnnexOffset), path.string());
    facts.has_seal = seal.kind() == SealKind::kSealed;
  }
  return facts;
}

bool IsSurelySlot(const SlotFileFacts& facts) {
  if (facts.starts_as_database || facts.file_size < static_cast<std::int64_t>(kSlotHeaderSize)) {
    return false;
  }
  return facts.content == ContentKind::kDatabase || IsNamedWithReason(facts.Decode());
}

bool IsForeignZeros(const SlotFileFacts& facts) {
  return facts.has_empty_header() && !facts.is_proven && !facts.is_unfilled &&
         (facts.content == ContentKind::kNothing || facts.content == ContentKind::kUnknown ||
          facts.link_count > 1);
}

bool CanBeSlot(const SlotFileFacts& facts) {
  if (IsSurelySlot(facts)) return true;
  if (facts.starts_as_database || facts.file_size < kSlotDataOffset || IsForeignZeros(facts)) {
    return false;
  }
  return facts.Decode().kind != HeaderKind::kUnbelievable ||
         facts.content == ContentKind::kJournal || facts.content == ContentKind::kWal;
}

const char* TypeName(std::uint32_t flags) {
  if ((flags & open_flag::kMainDb) != 0) return "database";
  if ((flags & open_flag::kMainJournal) != 0) return "journal";
  if ((flags & open_flag::kWal) != 0) return "wal";
  if ((flags & open_flag::kSuperJournal) != 0) return "super-journal";
  return "temporary";
}

const char* ContentName(ContentKind kind) {
  switch (kind) {
    case ContentKind::kNothing:
      return "nothing";
    case ContentKind::kDatabase:
      return "database";
    case ContentKind::kJournal:
      return "journal";
    case ContentKind::kWal:
      return "wal";
    case ContentKind::kUnknown:
      break;
  }
  return "unknown bytes";
}

}  // namespace sahpool::cli
