#include "format/committed_image.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

#include "format/byte_order.h"
#include "format/database_header.h"
#include "format/page_size.h"

namespace sahpool {
namespace {

constexpr std::int64_t kPageSizeOffset = 16;  // in the database header, two bytes
// What SQLite assumes of a database whose header tells no page size.
constexpr std::uint32_t kDefaultPageSize = 4096;

// What a rollback makes of the file's size. SQLite leaves a file alone that is
// short of its original size by less than a page.
std::int64_t SizeAfterRollback(const RollbackJournal& journal, std::int64_t size_now) {
  const std::int64_t page_size = journal.page_size;
  const std::int64_t original_size = page_size * journal.original_page_count;
  std::int64_t size = size_now;
  if (size_now > original_size || size_now + page_size <= original_size) size = original_size;
  const auto restored = journal.pages.entries();
  return restored.empty() ? size : std::max(size, restored.back().page * page_size);
}

// What the header says, valid or not; 0 if there is no header.
Result<std::uint32_t> PageSizeInHeader(ByteSource& database) {
  std::array<std::byte, 2> bytes{};
  const std::int64_t end = kPageSizeOffset + static_cast<std::int64_t>(bytes.size());
  if (database.size() < end) return std::uint32_t{0};
  if (Status status = database.Read(bytes, kPageSizeOffset); !status.ok()) return status;
  // A size of 65536 is written as 1, which SQLite reads as the bytes swapped.
  return std::to_integer<std::uint32_t>(bytes[0]) << 8 | std::to_integer<std::uint32_t>(bytes[1])
                                                             << 16;
}

// The last page of which any byte lies below `size`.
std::uint32_t LastPageWithin(std::int64_t size, std::int64_t page_size) {
  const std::int64_t page = (size + page_size - 1) / page_size;
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(page, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

Result<CommittedImage> CommittedImage::Open(ByteSource& database, ByteSource* journal,
                                            ByteSource* wal, SuperJournalLookup& super_journals) {
  CommittedImage image;
  if (Status s = image.Load(database, journal, wal, super_journals); !s.ok()) return s;
  return image;
}

Status CommittedImage::Load(ByteSource& database, ByteSource* journal, ByteSource* wal,
                            SuperJournalLookup& super_journals) {
  database_ = &database;
  rollback_layer_.size = rollback_layer_.size_below = database.size();
  if (Status status = OpenJournal(journal, super_journals); !status.ok()) return status;
  wal_layer_.size = wal_layer_.size_below = rollback_layer_.size;
  bool is_doubtful_wal = false;
  if (Status status = OpenWal(wal, is_doubtful_wal); !status.ok()) return status;
  if (is_doubtful_ || is_doubtful_wal) {
    if (Status status = CheckMagic(); !status.ok()) return status;
  }
  if (IsFarTooLarge()) {
    return {Code::kCorrupt, "the journal or the WAL is of a far larger database"};
  }
  kept_size_ = std::min(rollback_layer_.size_below, size());
  return {};
}

// SQLite's hasHotJournal() and the first half of pager_playback().
Status CommittedImage::OpenJournal(ByteSource* file, SuperJournalLookup& super_journals) {
  // A journal beside an empty database is left over from another one, or rolls
  // back to the emptiness that is there already.
  if (file == nullptr || file->size() == 0 || database_->size() == 0) return {};
  std::array<std::byte, 1> first;
  if (Status status = file->Read(first, 0); !status.ok()) return status;
  if (first[0] == std::byte{0}) return {};

  const Result<SuperJournalName> name = SuperJournalName::Read(*file);
  if (!name.ok()) return name.status();
  if (!name.value().empty()) {
    const Result<bool> exists = super_journals.Exists(name.value().view());
    if (!exists.ok()) return exists.status();
    if (!exists.value()) return {};
  }

  const Result<std::uint32_t> stored_size = PageSizeInHeader(*database_);
  if (!stored_size.ok()) return stored_size.status();
  const std::uint32_t page_size =
      IsPageSize(stored_size.value()) ? stored_size.value() : kDefaultPageSize;
  RollbackJournal journal;
  if (Status s = RollbackJournal::Read(*file, page_size, journal); !s.ok()) return s;
  is_doubtful_ = journal.is_doubtful;
  if (journal.is_hot) RollBack(*file, journal);
  return {};
}

// Of the image, not of the database below it: both an image and what has been settled of it are
// judged alike.
Status CommittedImage::CheckMagic() {
  std::array<std::byte, kDatabaseMagicSize> start{};
  if (size() < static_cast<std::int64_t>(start.size())) return {};
  if (Status s = Read(start, 0); !s.ok()) return s;
  return HasDatabaseMagic(start) ? Status() : Unreadable();
}

Status CommittedImage::Unreadable() {
  return {Code::kNotADatabase,
          "its journal or WAL can't be read: open and checkpoint it by the VFS that encrypts it"};
}

void CommittedImage::RollBack(ByteSource& file, RollbackJournal& journal) {
  const std::int64_t size = SizeAfterRollback(journal, database_->size());
  rollback_layer_.file = &file;
  rollback_layer_.pages = std::move(journal.pages);
  rollback_layer_.page_size = journal.page_size;
  rollback_layer_.size = size;
  rollback_layer_.size_below = std::min(size, database_->size());
}

Status CommittedImage::OpenWal(ByteSource* file, bool& is_doubtful) {
  // A WAL beside an empty database is left over from another one.
  if (file == nullptr || rollback_layer_.size == 0) return {};
  WriteAheadLog wal;
  if (Status s = WriteAheadLog::Read(*file, wal); !s.ok()) return s;
  wal_frame_count_ = wal.frame_count;
  wal_end_ = wal.end;
  is_doubtful = wal.is_doubtful;
  return wal.has_commit() ? ApplyWal(*file, wal) : Status();
}

Status CommittedImage::ApplyWal(ByteSource& file, WriteAheadLog& wal) {
  const std::int64_t size = static_cast<std::int64_t>(wal.page_size) * wal.page_count;
  if (rollback_layer_.file != nullptr) {
    rollback_layer_.pages.DropBeyond(LastPageWithin(size, rollback_layer_.page_size));
  }
  wal_layer_.file = &file;
  wal_layer_.pages = std::move(wal.pages);
  wal_layer_.page_size = wal.page_size;
  wal_layer_.size = size;
  wal_layer_.size_below = std::min(size, rollback_layer_.size);
  // Page 1 may itself come from the WAL.
  const Result<std::uint32_t> page_size = PageSizeInHeader(*this);
  if (!page_size.ok()) return page_size.status();
  if (page_size.value() != wal.page_size) {
    return {Code::kCorrupt, "the WAL's page size is not the database's"};
  }
  return {};
}

// Bytes that nobody has written can't be there: SQLite's own check before it lets
// a checkpoint grow a database. It allows for the page with the lock bytes, which
// is in no journal and in no WAL.
bool CommittedImage::IsFarTooLarge() const {
  const auto stored = [](const Layer& layer) {
    return static_cast<std::int64_t>(layer.pages.entries().size()) * layer.page_size;
  };
  return size() - kMaxPageSize - database_->size() > stored(rollback_layer_) + stored(wal_layer_);
}

CommittedImage::Overlay CommittedImage::overlay(std::size_t index) const {
  const std::size_t restored_count = rollback_layer_.pages.entries().size();
  const bool is_restored = index < restored_count;
  const Layer& layer = is_restored ? rollback_layer_ : wal_layer_;
  const PageMap::Entry& entry = layer.pages.entries()[is_restored ? index : index - restored_count];
  const std::int64_t offset = layer.PageOffset(entry);
  return {.offset = offset, .size = std::min<std::int64_t>(layer.page_size, size() - offset)};
}

Status CommittedImage::Read(std::span<std::byte> into, std::int64_t offset) {
  if (Status s = CheckRange(into, offset, size()); !s.ok()) return s;
  return ReadLayer(wal_layer_, into, offset);
}

Status CommittedImage::ReadLayer(const Layer& layer, std::span<std::byte> into,
                                 std::int64_t offset) {
  while (!into.empty()) {
    const PageMap::Entry* const next =
        layer.pages.entries().empty()
            ? nullptr
            : layer.pages.FirstBehind(static_cast<std::uint32_t>(offset / layer.page_size));
    const std::int64_t next_offset = next == nullptr ? layer.size : layer.PageOffset(*next);
    const bool in_page = next != nullptr && next_offset <= offset;
    const bool is_below = offset < layer.size_below;
    const std::int64_t end = in_page    ? next_offset + layer.page_size
                             : is_below ? std::min(next_offset, layer.size_below)
                                        : next_offset;
    const std::span<std::byte> part = into.first(static_cast<std::size_t>(
        std::min<std::int64_t>(static_cast<std::int64_t>(into.size()), end - offset)));
    Status status;
    if (in_page) {
      status = layer.file->Read(part, next->position + (offset - next_offset));
    } else if (is_below) {
      status = &layer == &wal_layer_ ? ReadLayer(rollback_layer_, part, offset)
                                     : database_->Read(part, offset);
    } else {
      std::fill(part.begin(), part.end(), std::byte{0});
    }
    if (!status.ok()) return status;
    into = into.subspan(part.size());
    offset += static_cast<std::int64_t>(part.size());
  }
  return {};
}

}  // namespace sahpool
