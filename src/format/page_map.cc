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

// By page, the newest entry of a page first.
bool IsLess(const PageMap::Entry& a, const PageMap::Entry& b) {
  return a.page != b.page ? a.page < b.page : a.position > b.position;
}

// Lets the entry `at` of a heap sink to its place.
void SiftDown(std::span<PageMap::Entry> heap, std::size_t at) {
  for (std::size_t child = 2 * at + 1; child < heap.size(); child = 2 * at + 1) {
    if (child + 1 < heap.size() && IsLess(heap[child], heap[child + 1])) ++child;
    if (!IsLess(heap[at], heap[child])) return;
    std::swap(heap[at], heap[child]);
    at = child;
  }
}

// std::sort() and the heap functions of libc++ are many times as large.
void HeapSort(std::span<PageMap::Entry> entries) {
  for (std::size_t at = entries.size() / 2; at-- > 0;) SiftDown(entries, at);
  for (std::size_t end = entries.size(); end-- > 1;) {
    std::swap(entries[0], entries[end]);
    SiftDown(entries.first(end), 0);
  }
}

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

void PageMap::Sort() {
  Entry* const begin = entries_.get();
  Entry* const end = begin + size_;
  HeapSort({begin, end});
  Entry* const kept = std::unique(begin, end, [](const Entry& newest, const Entry& other) {
    return newest.page == other.page;
  });
  size_ = static_cast<std::size_t>(kept - begin);
}

std::size_t PageMap::CountUpTo(std::uint32_t page) const {
  const auto known = entries();
  const auto it = std::partition_point(known.begin(), known.end(),
                                       [&](const Entry& entry) { return entry.page <= page; });
  return static_cast<std::size_t>(it - known.begin());
}

const PageMap::Entry* PageMap::FirstBehind(std::uint32_t page) const {
  const std::size_t index = CountUpTo(page);
  return index == size_ ? nullptr : &entries_[index];
}

// Replaced entries are dropped first: only a map that stays more than half full
// takes more memory, so sorting costs little per entry.
Status PageMap::MakeRoom() {
  Sort();
  if (size_ < capacity_ / 2) return {};
  const std::size_t wanted = std::max(kFirstCapacity, capacity_ * 2);
  std::unique_ptr<Entry[]> larger(wanted > kMaxCapacity ? nullptr
                                                        : new (std::nothrow) Entry[wanted]);
  if (!larger) {
    if (size_ < capacity_) return {};
    return Status::NoMemory();
  }
  std::copy_n(entries_.get(), size_, larger.get());
  entries_ = std::move(larger);
  capacity_ = wanted;
  return {};
}

}  // namespace sahpool
