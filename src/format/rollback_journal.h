// SQLite's rollback journal: the original content of the pages that a transaction changes in
// place. Read by the rules with which SQLite rolls back a hot journal, so that both come to the
// same pages. Format: https://www.sqlite.org/fileformat2.html#the_rollback_journal
//
// Threads: as the file's ByteSource. Ownership: nothing here keeps the file.
// Errors: those of the file's reads, and kNoMemory. Content that SQLite would ignore is ignored,
// not an error: a journal may always end in bytes that a crash kept from being completed.
#ifndef SAHPOOL_FORMAT_ROLLBACK_JOURNAL_H_
#define SAHPOOL_FORMAT_ROLLBACK_JOURNAL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "format/byte_source.h"
#include "format/page_map.h"
#include "sahpool/status.h"

namespace sahpool {

// The journal names a super-journal when its transaction spans several databases.
class SuperJournalName {
 public:
  // SQLite takes no name that is longer than the VFS's mxPathname.
  static constexpr std::size_t kMaxSize = 518;

  // An empty name if the journal has none, or only a damaged one.
  static Result<SuperJournalName> Read(ByteSource& journal);
  // The same of the name before that place, at which the magic bytes stand or are to be written.
  static Result<SuperJournalName> ReadBefore(ByteSource& journal, std::int64_t magic_offset);

  std::string_view view() const { return {bytes_.data(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  std::size_t size_ = 0;
  std::array<char, kMaxSize> bytes_{};
};

struct RollbackJournal {
  // `page_size_if_unset` is the database's own: SQLite before 3.5.8 did not write it.
  // Says nothing about super-journals, which are for the caller to ask about first.
  static Status Read(ByteSource& journal, std::uint32_t page_size_if_unset, RollbackJournal& into);

  // Whether the journal begins with a valid header: if not, the database stays as it is.
  bool is_hot = false;
  // Whether it holds what is not as SQLite writes it: no header, or records that its header counts
  // and whose checksums don't hold. A crash can leave that, and a VFS that encrypts what it passes
  // on. A header that counts to the end of the file is followed by anything, but by one record.
  bool is_doubtful = false;
  std::uint32_t page_size = 0;
  // The size of the database before the transaction, in pages.
  std::uint32_t original_page_count = 0;
  // The pages to restore, none of them behind original_page_count. Sorted.
  PageMap pages;
};

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_ROLLBACK_JOURNAL_H_
