// A pool: slots, the names of the files they hold, and every change of which slot holds what.
//
// It is made in layers, each a class of its own that knows those below it: the files with their
// slots, the order of changes, journals, names. Who uses a pool asks the layer.
//
// A file changes hands through one header write, whose count is checked and which is flushed before
// the call returns. Nothing but a deletion, Wipe() and Discard() destroys a file's bytes; a slot
// whose header can't be believed is quarantined.
//
// Threads: none of its own; the owner (vfs/pool_vfs.h) serialises all calls.
// Ownership: the pool owns its files and through them the handles. The host must outlive it.
// Errors: Status with a text for people; after an error the pool is as it was unless said
// otherwise.
#ifndef SAHPOOL_POOL_POOL_H_
#define SAHPOOL_POOL_POOL_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "format/file_name.h"
#include "pool/change_order.h"
#include "pool/pool_files.h"
#include "pool/pool_journals.h"
#include "pool/pool_names.h"
#include "sahpool/status.h"
#include "storage/storage.h"

namespace sahpool {

class Pool : private PoolNames {
 public:
  using PoolNames::PoolNames;

  Host& host() { return host_; }
  PoolFiles& files() { return *this; }
  const PoolFiles& files() const { return *this; }
  ChangeOrder& order() { return *this; }
  PoolJournals& journals() { return *this; }
  PoolNames& names() { return *this; }
  const PoolNames& names() const { return *this; }

  // Takes over a handle and reads its header; changes nothing in storage until Start(), and after
  // that prepares a free slot for use at once.
  Status Attach(std::unique_ptr<StorageHandle> handle, std::string_view slot_name);
  // After the last Attach() of a start: settles journals and names, and frees what is left of
  // temporary files. A slot that can't be tidied now stays out of use and is tried again when it is
  // needed.
  Status Start();
  // Forgets all slots, which closes nothing and changes nothing in storage. kBusy while one is
  // pinned.
  Status DetachAll();

  // Takes a free slot that holds nothing out of the pool. Null when there is none.
  std::unique_ptr<File> RemoveFreeSlot();
  // Asks the host for slots whenever fewer than `count` are free.
  void KeepFree(std::int32_t count);
  // Makes every slot free, quarantined ones too. kBusy, and no effect, while one is pinned.
  Status Wipe();

  // Creates an empty file. Durable on return, but for a rollback journal, which is not before its
  // first flush. kNoFreeSlot when the pool is full, kExists when the name is taken.
  Result<File*> Create(const FileName& name, std::uint32_t flags);
  // A nameless temporary file. A temporary database is marked as such durably: a crash must not
  // leave its bytes under an empty header, which is how a damaged header looks.
  Result<File*> CreateTemporary(std::uint32_t flags);
  // A file that an import fills before PoolNames::Publish(); durably marked as such.
  Result<File*> Reserve();
  // At the last close, when nobody has it pinned: makes durable what is to stay, and deletes what
  // is not. `open_flags` are SQLite's of the last open.
  Status Close(File& file, std::uint32_t open_flags);

  // Gives a quarantined slot a header under `name`; kExists when the name is taken. When only
  // making that durable fails, the file has the name all the same.
  Status Recover(std::string_view slot_name, const FileName& name);
  // Empties a quarantined slot.
  Status Discard(std::string_view slot_name);

 private:
  Status CheckNothingIsPinned() const;
  void NoteFreeSlots();
  File* FindQuarantined(std::string_view slot_name) const;

  std::int32_t keep_free_ = 0;
  bool is_started_ = false;
};

}  // namespace sahpool

#endif  // SAHPOOL_POOL_POOL_H_
