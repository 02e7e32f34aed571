// Where the newest content of each database page lies in a journal or WAL. Those files are read
// front to back and later records replace earlier ones, so the highest position wins.
// Memory grows with the number of distinct pages, not with the number of records.
// Threads: one at a time. Errors: kNoMemory, which leaves the map as it was.
#ifndef SAHPOOL_FORMAT_PAGE_MAP_H_
#define SAHPOOL_FORMAT_PAGE_MAP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "sahpool/status.h"

namespace sahpool {

class PageMap {
 public:
  struct Entry {
    std::uint32_t page;     // counted from 1, as SQLite does
    std::int64_t position;  // of the page's first byte in the journal or WAL
  };

  PageMap() = default;
  PageMap(PageMap&& other) noexcept;
  PageMap& operator=(PageMap&& other) noexcept;

  Status Add(std::uint32_t page, std::int64_t position);

  // Adds everything that `other` holds.
  Status AddAll(const PageMap& other);

  // Sorts by page and drops all but the newest entry of each. The queries below
  // are valid only between this call and the next Add.
  void Sort();

  // Drops the entries of pages behind `last_page`. Sorted maps only.
  void DropBeyond(std::uint32_t last_page) { size_ = CountUpTo(last_page); }

  // Forgets the entries but keeps the memory.
  void Clear() { size_ = 0; }

  std::span<const Entry> entries() const { return {entries_.get(), size_}; }

  // The entry of the first page behind `page` that has one; nullptr if there is none. Sorted maps
  // only.
  const Entry* FirstBehind(std::uint32_t page) const;

 private:
  std::size_t CountUpTo(std::uint32_t page) const;
  Status MakeRoom();

  std::unique_ptr<Entry[]> entries_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_PAGE_MAP_H_
