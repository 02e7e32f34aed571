#include "slot/slot_lists.h"

#include <new>
#include <utility>

#include "slot/slot.h"

namespace sahpool {

void SlotNode::Enter(SlotNode*& head) {
  Leave();
  next = std::exchange(head, this);
  link = &head;
  if (next != nullptr) next->link = &next;
}

void SlotNode::Leave() {
  if (link == nullptr) return;
  *link = next;
  if (next != nullptr) next->link = link;
  link = nullptr;
}

SlotNode* SlotLists::Match(SlotNode* node, std::string_view stem, std::string_view suffix) {
  for (; node != nullptr; node = node->next) {
    const std::string_view name = node->slot.name().view();
    if (name.size() == stem.size() + suffix.size() && name.starts_with(stem) &&
        name.ends_with(suffix)) {
      break;
    }
  }
  return node;
}

// FNV-1a, which goes on over the suffix as if the two were one.
SlotNode*& SlotLists::BucketOf(std::string_view stem, std::string_view suffix) const {
  if (!buckets_) return only_bucket_;
  std::uint32_t hash = 2166136261U;
  for (const std::string_view piece : {stem, suffix}) {
    for (const char c : piece) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return buckets_[(hash ^ hash >> 16U) & mask_];
}

void SlotLists::MakeRoom() {
  if (static_cast<std::uint32_t>(count) <= mask_) return;
  const std::uint32_t old_mask = mask_;
  const std::uint32_t mask = mask_ * 4 + 3;
  std::unique_ptr<SlotNode*[]> old(new (std::nothrow) SlotNode*[std::size_t{mask} + 1]());
  if (!old) return;
  old.swap(buckets_);
  mask_ = mask;
  SlotNode** const heads = old ? old.get() : &only_bucket_;
  for (std::uint32_t i = 0; i <= old_mask; ++i) {
    while (heads[i] != nullptr) heads[i]->Enter(BucketOf(heads[i]->slot.name().view(), {}));
  }
}

}  // namespace sahpool
