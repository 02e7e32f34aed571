// Brings a database into a pool: fills a reserved slot, checks what arrived, then gives it the name
// in one header write. Until Finish() has succeeded an older database of that name is untouched,
// and a crash leaves nothing but a slot that the next start frees; after Stage(), a file under the
// temporary name.
//
// Threads: none of its own; as its Pool.
// Ownership: the pool outlives the import. Destroying an unfinished import aborts it.
// Errors: Status; an error of Write() ends the import.
#ifndef SAHPOOL_TRANSFER_IMPORT_H_
#define SAHPOOL_TRANSFER_IMPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "format/file_name.h"
#include "pool/pool.h"
#include "sahpool/status.h"

namespace sahpool {

class Import {
 public:
  // Reserves a slot. kNoFreeSlot when the pool is full, kNameTooLong when no database may have the
  // name.
  static Result<std::unique_ptr<Import>> Begin(Pool& pool, const FileName& name);
  ~Import();
  Import(const Import&) = delete;
  Import& operator=(const Import&) = delete;

  // Appends bytes of any number, which go to the handle unread (sahpool_import_write()). An error
  // aborts the import: what follows would leave a gap.
  Status Write(std::span<const std::byte> bytes);

  std::int64_t size() const { return size_; }

  // Makes the bytes a file under `temporary`, kExists when that name is taken, for somebody to open
  // and check who knows what they are, since they need not be a plain database: encrypted ones are
  // stored as they are. Finish() then gives that file the name, kBusy while it is open; Abort()
  // deletes it.
  Status Stage(const FileName& temporary);

  // Checks that the bytes are a database, switches it to rollback-journal mode as the official
  // importDb() documents, makes it durable and gives it the name. kNotADatabase when they are none,
  // kBusy when the older database is open.
  Status Finish();

  // Gives the slot back. A staged file that is open stays.
  void Abort();

 private:
  Import(Pool& pool, File& file, const FileName& name) : pool_(pool), file_(&file), name_(name) {
    file.use().Pin();
  }

  // What fails is often another file, which an import must not pass over, or the slot of no name.
  Status Describe(const Status& status) const;
  Status CheckSize() const;
  Status Check();
  // Whether the staged file is still there, and not another of its name.
  [[gnu::noinline]] bool IsStaged(const File* file) const;
  Status Complete();

  Pool& pool_;
  File* file_;  // null once the import has ended
  std::int64_t size_ = 0;
  FileName name_;
  FileName staged_;  // empty before Stage(); after it the file is the pool's, and may be gone
};

}  // namespace sahpool

#endif  // SAHPOOL_TRANSFER_IMPORT_H_
