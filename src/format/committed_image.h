// The last committed state of a database, read from its file and from the rollback journal and
// the WAL that lie beside it: byte for byte what SQLite's own recovery would leave if the process
// died at this instant with every write kept. Nothing is written, so it may be read in the middle
// of a live connection's transaction.
//
// A transaction with journal_mode OFF or MEMORY leaves nothing to undo it by, here as in SQLite.
//
// Threads: as the sources. Ownership: the sources are the caller's; they must outlive the image
// and must not change while it is used, except as described under "Settling".
// Memory: an entry for each page that the journal or the WAL holds, and while opening one page.
// Errors: those of the sources, kNoMemory, kCorrupt where journal, WAL and database can't belong
// together, and kNotADatabase where neither the database nor its journal or WAL is as SQLite writes
// it. So it is where a VFS between SQLite and the file encrypts: SQLite then goes by what it gets
// from that VFS, and what is committed can't be told without it. Where the image itself begins
// as SQLite writes it, SQLite's own rules hold, by which a torn journal ends where it is torn; in
// the middle of a transaction nothing is torn, and a caller who knows that asks is_doubtful().
#ifndef SAHPOOL_FORMAT_COMMITTED_IMAGE_H_
#define SAHPOOL_FORMAT_COMMITTED_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "format/byte_source.h"
#include "format/page_map.h"
#include "format/rollback_journal.h"
#include "format/wal.h"
#include "sahpool/status.h"

namespace sahpool {

// A transaction over several databases is committed at the moment in which its
// super-journal disappears: the journals that name it are void from then on.
class SuperJournalLookup {
 public:
  // `name` is what the connection that wrote the journal called the file.
  virtual Result<bool> Exists(std::string_view name) = 0;

 protected:
  ~SuperJournalLookup() = default;  // nobody owns one as such
};

class CommittedImage final : public ByteSource {
 public:
  // A run of bytes in which the image may differ from the database file.
  struct Overlay {
    std::int64_t offset;
    std::int64_t size;
  };

  CommittedImage() = default;

  // `journal` and `wal` are nullptr where the database has no such file.
  static Result<CommittedImage> Open(ByteSource& database, ByteSource* journal, ByteSource* wal,
                                     SuperJournalLookup& super_journals);

  // The same in place, for an image that holds nothing yet; after an error it still holds nothing
  // that may be read.
  Status Load(ByteSource& database, ByteSource* journal, ByteSource* wal,
              SuperJournalLookup& super_journals);

  std::int64_t size() const override { return wal_layer_.size; }
  Status Read(std::span<std::byte> into, std::int64_t offset) override;

  // Settling: making the database file itself hold the image, without which the
  // journal and the WAL can't be removed. In this order:
  // 1. truncate the file to kept_size(), then to size(), which adds zeros;
  // 2. write every overlay with the image's bytes: the image stays readable meanwhile;
  // 3. make the file durable, then remove the journal, and only then the WAL.
  // If this breaks off before the journal is removed, a new image has the same content.
  std::int64_t kept_size() const { return kept_size_; }
  // The overlays lie within size(); some may repeat others.
  std::size_t overlay_count() const {
    return rollback_layer_.pages.entries().size() + wal_layer_.pages.entries().size();
  }
  Overlay overlay(std::size_t index) const;

  // The error of a database whose journal or WAL can't be read.
  static Status Unreadable();

  // Whether the journal holds what is not as SQLite writes it, and is left out of the image.
  bool is_doubtful() const { return is_doubtful_; }
  // Of the WAL, up to the last commit.
  std::uint32_t wal_frame_count() const { return wal_frame_count_; }

  bool reads_journal() const { return rollback_layer_.file != nullptr; }
  // Behind what it reads of the WAL, 0 when that is nothing.
  std::int64_t wal_end() const { return wal_end_; }

  // Whether the image is the database file as it lies there.
  bool is_database_itself() const {
    return overlay_count() == 0 && kept_size_ == size() && database_->size() == size();
  }

 private:
  // Pages of a journal or a WAL over the bytes of what lies below, and zeros
  // where neither has any.
  struct Layer {
    std::int64_t PageOffset(const PageMap::Entry& entry) const {
      return (static_cast<std::int64_t>(entry.page) - 1) * page_size;
    }

    ByteSource* file = nullptr;
    PageMap pages;
    std::uint32_t page_size = 0;
    std::int64_t size = 0;
    std::int64_t size_below = 0;
  };

  Status OpenJournal(ByteSource* file, SuperJournalLookup& super_journals);
  void RollBack(ByteSource& file, RollbackJournal& journal);
  Status OpenWal(ByteSource* file, bool& is_doubtful);
  Status ApplyWal(ByteSource& file, WriteAheadLog& wal);
  Status CheckMagic();
  bool IsFarTooLarge() const;
  Status ReadLayer(const Layer& layer, std::span<std::byte> into, std::int64_t offset);

  ByteSource* database_ = nullptr;
  Layer rollback_layer_;
  Layer wal_layer_;
  std::int64_t kept_size_ = 0;
  std::int64_t wal_end_ = 0;
  std::uint32_t wal_frame_count_ = 0;
  bool is_doubtful_ = false;
};

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_COMMITTED_IMAGE_H_
