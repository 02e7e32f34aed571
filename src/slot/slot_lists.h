// What a pool finds its slots by without walking over all of them: by name, by what a free slot is
// good for, by number.
//
// Slots enter and leave by themselves: with every change of state or name, and as long as they
// exist.
// Threads: none of its own; the pool's owner serialises calls. Ownership: outlives its slots.
// Errors: where memory has run out, names are found more slowly.
#ifndef SAHPOOL_SLOT_SLOT_LISTS_H_
#define SAHPOOL_SLOT_SLOT_LISTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace sahpool {

class File;
class Slot;

enum class SlotState : std::uint8_t {
  kFree,         // holds no file
  kNamed,        // holds the file name()
  kTemporary,    // holds a nameless temporary file of an open connection
  kReserved,     // is being filled by an import
  kQuarantined,  // holds bytes whose header can't be believed; touched only on request
};

// What is left in a free slot of the file that it held; those first that cost least to take.
enum class Residue : std::uint8_t {
  kNone,     // the header is known to be empty, durably, with nothing behind it
  kUnknown,  // of every slot that is not free as well
  kRetired,  // a rollback journal that is void, under its name
};

// A slot's place in a list, which it can leave from wherever it stands.
struct SlotNode {
  SlotNode(Slot& its_slot, File& its_file) : slot(its_slot), file(its_file) {}
  ~SlotNode() { Leave(); }
  SlotNode(const SlotNode&) = delete;
  SlotNode& operator=(const SlotNode&) = delete;

  // Leaves the list where it is, and becomes the first of another.
  [[gnu::noinline]] void Enter(SlotNode*& head);
  [[gnu::noinline]] void Leave();

  Slot& slot;
  File& file;  // in it; this layer only passes it on
  SlotNode* next = nullptr;
  SlotNode** link = nullptr;  // what points here; null in no list
};

struct SlotLists {
  static constexpr std::size_t kStates = 5;
  static constexpr std::size_t kResidues = 3;

  SlotLists() = default;
  SlotLists(const SlotLists&) = delete;
  SlotLists& operator=(const SlotLists&) = delete;

  // The slots of that name in any state, in two pieces: a first one, and the next one from `node`
  // on in the same list. A slot with the residue of a journal has its name as well.
  [[gnu::noinline]] SlotNode* Named(std::string_view stem, std::string_view suffix = {}) const {
    return Match(BucketOf(stem, suffix), stem, suffix);
  }
  [[gnu::noinline]] static SlotNode* Match(SlotNode* node, std::string_view stem,
                                           std::string_view suffix);

  // Where slots of that name belong.
  [[gnu::noinline]] SlotNode*& BucketOf(std::string_view stem, std::string_view suffix) const;
  // Before another slot comes: keeps the lists of names short.
  void MakeRoom();

  std::array<SlotNode*, kResidues> free{};     // slots, by what is left in them
  std::array<std::int32_t, kStates> counts{};  // of slots in each state
  std::int32_t count = 0;
  std::int32_t unsettled_count = 0;  // of reasons for which slots need settling
  std::uint32_t changes = 0;         // of which slots there are, and in which state

 private:
  mutable SlotNode* only_bucket_ = nullptr;
  std::unique_ptr<SlotNode*[]> buckets_;  // null while there is only that one
  std::uint32_t mask_ = 0;                // their number, a power of two, less one
};

}  // namespace sahpool

#endif  // SAHPOOL_SLOT_SLOT_LISTS_H_
