#include "format/page_map.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

namespace sahpool {
namespace {

constexpr std::size_t kFirstCapacity = 64;
constexpr std::size_t kMaxCapacity =
    std::numeric_limits<std::size_t>::max() / sizeof(PageMap::Entry) / 4;

bool PageIsLess(const PageMap::Entry& entry, std::uint32_t page) { return entry.page < page; }

}  // namespace

PageMap::PageMap(PageMap&& other) noexcept
    : entries_(std::move(other.entries_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

PageMap& PageMap::operator=(PageMap&& other) noexcept {
  entries_ = std::move(other.entries_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

Status PageMap::Add(std::uint32_t page, std::int64_t position) {
  if (size_ == capacity_) {
    if (Status status = MakeRoom(); !status.ok()) return status;
  }
  entries_[size_++] = {page, position};
  return {};
}

Status PageMap::AddAll(const PageMap& other) {
  for (const Entry& entry : other.entries()) {
    if (Status status = Add(entry.page, entry.position); !status.ok()) return status;
  }
  return {};
}

void PageMap::Seal() {
  Entry* const begin = entries_.get();
  Entry* const end = begin + size_;
  const auto is_less = [](const Entry& a, const Entry& b) {
    return a.page != b.page ? a.page < b.page : a.position > b.position;
  };
  // Heap sort: std::sort() alone would be a tenth of the side module.
  std::make_heap(begin, end, is_less);
  std::sort_heap(begin, end, is_less);
  Entry* const kept = std::unique(begin, end, [](const Entry& newest, const Entry& other) {
    return newest.page == other.page;
  });
  size_ = static_cast<std::size_t>(kept - begin);
}

void PageMap::DropBeyond(std::uint32_t last_page) {
  const Entry* const end = entries_.get() + size_;
  const Entry* const kept =
      std::upper_bound(static_cast<const Entry*>(entries_.get()), end, last_page,
                       [](std::uint32_t page, const Entry& entry) { return page < entry.page; });
  size_ -= static_cast<std::size_t>(end - kept);
}

const PageMap::Entry* PageMap::FirstFrom(std::uint32_t page) const {
  const Entry* const end = entries_.get() + size_;
  const Entry* const found =
      std::lower_bound(static_cast<const Entry*>(entries_.get()), end, page, PageIsLess);
  return found == end ? nullptr : found;
}

// Replaced entries are dropped first: only a map that stays more than half full
// takes more memory, so sorting costs little per entry.
Status PageMap::MakeRoom() {
  Seal();
  if (size_ < capacity_ / 2) return {};
  const std::size_t wanted = std::max(kFirstCapacity, capacity_ * 2);
  std::unique_ptr<Entry[]> larger(wanted > kMaxCapacity ? nullptr
                                                        : new (std::nothrow) Entry[wanted]);
  if (!larger) {
    if (size_ < capacity_) return {};
    return {Code::kNoMemory, "no memory for the map of pages in a journal"};
  }
  std::copy_n(entries_.get(), size_, larger.get());
  entries_ = std::move(larger);
  capacity_ = wanted;
  return {};
}

}  // namespace sahpool
