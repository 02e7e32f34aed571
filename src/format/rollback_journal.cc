#include "format/rollback_journal.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <new>
#include <span>

#include "format/byte_order.h"
#include "format/journal_header.h"
#include "format/page_size.h"

namespace sahpool {
namespace {

// A first header that fills neither this nor its sector was cut off while it was
// written. SQLite asks for a sector of the VFS that reads, mostly this much.
constexpr std::uint32_t kFirstHeaderSize = 512;
constexpr std::uint32_t kMinSectorSize = 32;
constexpr std::uint32_t kMaxSectorSize = 65536;

constexpr std::size_t kPageNumberSize = 4;
constexpr std::size_t kPageChecksumSize = 4;
constexpr std::size_t kChecksumStride = 200;
constexpr std::int64_t kLockByteOffset = 0x40000000;
constexpr std::size_t kSizeAndChecksumSize = 8;

struct Header {
  std::uint32_t record_count;
  std::uint32_t nonce;
  std::uint32_t page_count;
  std::uint32_t sector_size;
  std::uint32_t page_size;
};

bool IsSectorSize(std::uint32_t value) {
  return value >= kMinSectorSize && value <= kMaxSectorSize && std::has_single_bit(value);
}

// The sum of every 200th byte, counted from the end.
std::uint32_t PageChecksum(std::uint32_t nonce, std::span<const std::byte> page) {
  std::uint32_t sum = nonce;
  for (std::size_t i = page.size(); i > kChecksumStride;) {
    i -= kChecksumStride;
    sum += std::to_integer<std::uint32_t>(page[i]);
  }
  return sum;
}

// Walks through a journal as SQLite's pager_playback() does.
class JournalReader {
 public:
  JournalReader(ByteSource& file, RollbackJournal& journal)
      : file_(file), size_(file.size()), journal_(journal) {}

  Status ReadAll(std::uint32_t page_size_if_unset);

 private:
  // Sets `valid` to whether a header lies at `offset`.
  Status ReadHeader(std::int64_t offset, Header& header, bool& valid);
  // Reads the records behind a header. Clears `more` when the journal is of no
  // use from here on.
  Status ReadRecords(const Header& header, bool& more);
  Status ReadRecord(std::uint32_t nonce, bool& more);

  ByteSource& file_;
  const std::int64_t size_;
  RollbackJournal& journal_;
  std::int64_t offset_ = 0;
  std::uint32_t sector_size_ = 0;
  std::unique_ptr<std::byte[]> record_;
};

Status JournalReader::ReadAll(std::uint32_t page_size_if_unset) {
  if (size_ < static_cast<std::int64_t>(kJournalHeaderFieldsSize)) return {};
  Header header;
  bool valid = false;
  if (Status status = ReadHeader(0, header, valid); !status.ok()) return status;
  journal_.is_doubtful = !valid;
  if (!valid) return {};
  const std::uint32_t page_size = header.page_size == 0 ? page_size_if_unset : header.page_size;
  if (!IsPageSize(page_size) || !IsSectorSize(header.sector_size) ||
      size_ < std::min(header.sector_size, kFirstHeaderSize)) {
    return {};
  }
  record_.reset(new (std::nothrow) std::byte[kPageNumberSize + page_size + kPageChecksumSize]);
  if (!record_) return Status::NoMemory();
  journal_.is_hot = true;
  journal_.page_size = page_size;
  journal_.original_page_count = header.page_count;
  // The later headers repeat these three; SQLite goes by the first.
  sector_size_ = header.sector_size;

  for (bool more = true; more;) {
    offset_ += sector_size_;
    if (Status status = ReadRecords(header, more); !status.ok()) return status;
    // A header begins at a sector boundary and fills its sector.
    offset_ = (offset_ + sector_size_ - 1) / sector_size_ * sector_size_;
    if (!more || offset_ + sector_size_ > size_) break;
    if (Status status = ReadHeader(offset_, header, more); !status.ok()) return status;
  }
  journal_.pages.Sort();
  return {};
}

Status JournalReader::ReadHeader(std::int64_t offset, Header& header, bool& valid) {
  std::array<std::byte, kJournalHeaderFieldsSize> bytes;
  if (Status status = file_.Read(bytes, offset); !status.ok()) return status;
  valid = HasJournalMagic(bytes);
  header = {.record_count = LoadBigEndian32(&bytes[kJournalRecordCountOffset]),
            .nonce = LoadBigEndian32(&bytes[kJournalNonceOffset]),
            .page_count = LoadBigEndian32(&bytes[kJournalPageCountOffset]),
            .sector_size = LoadBigEndian32(&bytes[kJournalSectorSizeOffset]),
            .page_size = LoadBigEndian32(&bytes[kJournalPageSizeOffset])};
  return {};
}

// A count of 0 stands in a header whose records SQLite has not synced yet. It
// changes no page of the database before it has synced, so there is nothing to
// restore from them.
Status JournalReader::ReadRecords(const Header& header, bool& more) {
  const auto record_size =
      static_cast<std::int64_t>(kPageNumberSize + journal_.page_size + kPageChecksumSize);
  const std::int64_t count = header.record_count == kCountFromFileSize
                                 ? (size_ - sector_size_) / record_size
                                 : header.record_count;
  for (std::int64_t i = 0; i < count && more; ++i) {
    if (Status status = ReadRecord(header.nonce, more); !status.ok()) return status;
    if (!more && (i == 0 || header.record_count != kCountFromFileSize)) journal_.is_doubtful = true;
  }
  return {};
}

Status JournalReader::ReadRecord(std::uint32_t nonce, bool& more) {
  const std::size_t page_size = journal_.page_size;
  const std::size_t record_size = kPageNumberSize + page_size + kPageChecksumSize;
  const std::size_t available = static_cast<std::size_t>(
      std::clamp<std::int64_t>(size_ - offset_, 0, static_cast<std::int64_t>(record_size)));
  more = available >= kPageNumberSize + page_size;
  if (!more) return {};
  const std::span<std::byte> record(record_.get(), available);
  if (Status status = file_.Read(record, offset_); !status.ok()) return status;

  const std::uint32_t page = LoadBigEndian32(record.data());
  const std::int64_t page_position = offset_ + static_cast<std::int64_t>(kPageNumberSize);
  offset_ += static_cast<std::int64_t>(record_size);
  // No database has a page 0, and none uses the page with the lock bytes.
  const std::uint32_t lock_byte_page =
      static_cast<std::uint32_t>(kLockByteOffset / journal_.page_size) + 1;
  more = page != 0 && page != lock_byte_page;
  if (!more || page > journal_.original_page_count) return {};

  more =
      available == record_size && PageChecksum(nonce, record.subspan(kPageNumberSize, page_size)) ==
                                      LoadBigEndian32(&record[kPageNumberSize + page_size]);
  return more ? journal_.pages.Add(page, page_position) : Status();
}

}  // namespace

// At the journal's end: the name, its length, its checksum and the magic bytes.
Result<SuperJournalName> SuperJournalName::Read(ByteSource& journal) {
  const std::int64_t magic_offset =
      journal.size() - static_cast<std::int64_t>(kJournalMagic.size());
  std::array<std::byte, kJournalMagic.size()> magic;
  if (magic_offset < 0) return SuperJournalName();
  if (Status status = journal.Read(magic, magic_offset); !status.ok()) return status;
  return HasJournalMagic(magic) ? ReadBefore(journal, magic_offset) : SuperJournalName();
}

Result<SuperJournalName> SuperJournalName::ReadBefore(ByteSource& journal,
                                                      std::int64_t magic_offset) {
  SuperJournalName name;
  std::array<std::byte, kSizeAndChecksumSize> fields;
  const std::int64_t fields_offset = magic_offset - static_cast<std::int64_t>(fields.size());
  if (fields_offset < 0) return name;
  if (Status status = journal.Read(fields, fields_offset); !status.ok()) return status;
  const std::uint32_t size = LoadBigEndian32(&fields[0]);
  if (size == 0 || size > kMaxSize || size > fields_offset) return name;
  const std::span<char> text = std::span(name.bytes_).first(size);
  if (Status status = journal.Read(std::as_writable_bytes(text), fields_offset - size);
      !status.ok()) {
    return status;
  }
  std::uint32_t checksum = LoadBigEndian32(&fields[4]);
  for (const char c : text) checksum -= static_cast<std::uint32_t>(static_cast<signed char>(c));
  if (checksum != 0) return name;
  name.size_ = static_cast<std::size_t>(std::find(text.begin(), text.end(), '\0') - text.begin());
  return name;
}

Status RollbackJournal::Read(ByteSource& journal, std::uint32_t page_size_if_unset,
                             RollbackJournal& into) {
  return JournalReader(journal, into).ReadAll(page_size_if_unset);
}

}  // namespace sahpool
