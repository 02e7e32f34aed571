// A slot: one storage handle with its header, its state and the name of the file that it holds.
//
// The pool owns its slots and their handles exclusively, so name, flags and state are answered from
// memory. What the bytes behind the header mean is the file's (file/file.h).
// Threads: none of its own; the pool's owner serialises calls.
// Errors: Status with the host's text. A failed header write leaves the slot's name in memory as it
// was and the header is written again by the next Flush().
#ifndef SAHPOOL_SLOT_SLOT_H_
#define SAHPOOL_SLOT_SLOT_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "format/file_name.h"
#include "format/slot_header.h"
#include "sahpool/status.h"
#include "slot/slot_lists.h"
#include "slot/slot_medium.h"

namespace sahpool {

class Slot {
 public:
  // `slot_name` is the host's file name, NUL-terminated. `lists`, in which the slot is with `file`
  // until Unlist() or its end, outlives it.
  Slot(std::unique_ptr<StorageHandle>&& handle, std::unique_ptr<char[]>&& slot_name,
       StorageMeter& meter, SlotLists& lists, File& file);
  ~Slot() { Unlist(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  // Before somebody else takes it over, who changes nothing by it.
  [[gnu::noinline]] void Unlist();

  // Asks the handle for its size and, where there is one, reads the header: sets state, name and
  // flags, or the reason for a quarantine. Writes nothing.
  Status Load();

  std::string_view slot_name() const { return slot_name_.get(); }
  SlotState state() const { return state_; }
  // A free slot may still have the name of a journal that it held; residue() tells whether it
  // counts.
  const FileName& name() const { return name_; }
  std::uint32_t flags() const { return flags_; }
  Residue residue() const { return residue_; }
  std::string_view quarantine_reason() const { return quarantine_reason_; }
  // Whether a quarantined slot may hold the bytes of that file: the name still stands there, or
  // what does is damaged and the digest is that of the name. Not when one of the two is that of a
  // slot without a name: then a crash has torn the header write that took the name away or was
  // about to give it.
  bool MayHold(const FileName& name) const;
  SlotMedium& medium() { return medium_; }
  const SlotMedium& medium() const { return medium_; }

  // Header changes. Each is one write; durable after the next Flush().
  Status SetNamed(const FileName& name, std::uint32_t flags);
  // What a crash leaves of it is freed by the next start.
  Status SetTemporary(SlotState state);
  // SetNamed() without the write, of a free slot that is clean or has the residue of a journal: the
  // header goes out with the file's bytes.
  void Claim(const FileName& name, std::uint32_t flags);

  // Empties the slot, and succeeds when its name is gone durably, or when the slot needs_settling()
  // until it is. Deleting a database makes its header a temporary file's first, and flushes that,
  // so that a crash never leaves a database's bytes under an empty header, which is how a damaged
  // header looks. A slot that could not be emptied becomes free, with a residue that is not known.
  Status SetFree();
  // Makes the slot free in memory, whatever its header says. With the residue of a journal it keeps
  // the name.
  [[gnu::noinline]] void BecomeFree(Residue residue);
  // Only a slot without a residue may be given to a file: otherwise, after a crash, an old header
  // could stand over new bytes. Makes a free slot one.
  Status MakeClean();
  // Takes the slot out of use, in memory only, for `reason`, a literal.
  void Quarantine(std::string_view reason);

  // Makes header and bytes durable, as far as they were handed over. Costs nothing when nothing was
  // written since the last flush.
  Status Flush();
  // Whether a crash could bring back what SQLite takes for gone: a file that the slot does not hold
  // now, or what was there before a killed process or a call that failed. Until a Flush() no other
  // file may take such a name, and nothing that relies on what can be seen now may be made durable.
  bool needs_settling() const { return medium_.is_doubtful() || is_misnamed_; }

 private:
  // All changes of state, name and residue.
  [[gnu::noinline]] void Become(SlotState state, const FileName* name, std::uint32_t flags,
                                Residue residue = Residue::kUnknown);
  [[gnu::noinline]] void SetResidue(Residue residue);
  [[gnu::noinline]] void SetMayBeNamed(bool may_be_named);

  void Classify(const DecodedHeader& header, bool holds_database);
  void QuarantineUnread(const DecodedHeader& header, std::string_view reason);
  Result<bool> StartsLikeDatabase();
  Status MarkForDeletion();
  Status WriteHeader(const SlotHeaderBytes& header);

  SlotLists& lists_;
  SlotNode by_name_;
  SlotNode free_;
  bool is_listed_ = true;
  std::unique_ptr<char[]> slot_name_;
  SlotState state_ = SlotState::kFree;
  Residue residue_ = Residue::kUnknown;
  // On the disk, at any time since the last flush. Not kept before the first one, nor in
  // quarantine, when the medium is in doubt until a flush.
  bool may_be_named_ = false;
  bool is_misnamed_ = false;  // the same, and it holds no file in memory
  std::uint32_t flags_ = 0;
  std::string_view quarantine_reason_;  // a literal
  // Behind the rest, which then lies where instructions of WebAssembly are the shortest.
  SlotMedium medium_;
  FileName name_;
};

}  // namespace sahpool

#endif  // SAHPOOL_SLOT_SLOT_H_
