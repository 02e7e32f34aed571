// The files of a pool with their slots: by name, by state, by number. The lowest layer of a pool.
//
// Threads: none of its own; the pool's owner serialises calls. Ownership: owns the files. A File*
// stays valid until its slot is removed, which nobody does to a pinned one. The host outlives it.
// Errors: Status.
#ifndef SAHPOOL_POOL_POOL_FILES_H_
#define SAHPOOL_POOL_POOL_FILES_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "file/file.h"
#include "file/file_context.h"
#include "format/file_name.h"
#include "sahpool/status.h"

namespace sahpool {

class PoolFiles {
 public:
  explicit PoolFiles(Host& host) : context_(host) {}
  ~PoolFiles() { RemoveAll(); }
  PoolFiles(const PoolFiles&) = delete;
  PoolFiles& operator=(const PoolFiles&) = delete;

  FileContext& context() { return context_; }

  std::int32_t capacity() const { return context_.lists.count; }
  std::int32_t file_count() const { return CountIn(SlotState::kNamed); }
  std::int32_t free_count() const { return CountIn(SlotState::kFree); }
  std::int32_t quarantined_count() const { return CountIn(SlotState::kQuarantined); }

  // The file of that resolved name, null when there is none.
  File* Find(std::string_view name) const { return FindCompanion(name, {}); }
  File* Find(const FileName& name) const { return Find(name.view()); }
  // The same of a database's journal or WAL.
  File* FindCompanion(const FileName& database, std::string_view suffix) const {
    return FindCompanion(database.view(), suffix);
  }
  [[gnu::noinline]] File* FindCompanion(std::string_view database, std::string_view suffix) const;
  // The database to which a journal of that name belongs.
  File* FindDatabaseOf(const FileName& journal) const;
  // The one in that state with that place in the order of slots, null past the end. A walk over all
  // of them, place by place, costs no more than one over the slots, while none changes.
  File* At(SlotState state, std::int32_t index) const;

 protected:
  void Add(std::unique_ptr<File> file);
  std::unique_ptr<File> Remove(File& file);
  void RemoveAll();
  // All of them, by File::links.
  File* first() const { return first_; }
  bool AnyPinned() const;
  // A free slot, clean; kNoFreeSlot when the pool is full.
  Result<File*> TakeFree();

 private:
  std::int32_t CountIn(SlotState state) const {
    return context_.lists.counts[static_cast<std::size_t>(state)];
  }

  FileContext context_;
  File* first_ = nullptr;
  // Where the last At() has come to.
  mutable struct {
    File* file = nullptr;
    std::int32_t index = 0;
    SlotState state = SlotState::kFree;
    std::uint32_t changes = 0;
  } last_at_;
};

// The error of what can't be done to a file that is open.
[[gnu::noinline]] Status FileIsOpen(const FileName& name);

}  // namespace sahpool

#endif  // SAHPOOL_POOL_POOL_FILES_H_
