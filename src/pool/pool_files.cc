#include "pool/pool_files.h"

#include <utility>

namespace sahpool {

void PoolFiles::Add(std::unique_ptr<File> file) {
  file->links.next = first_;
  first_ = file.release();
}

std::unique_ptr<File> PoolFiles::Remove(File& file) {
  File** link = &first_;
  while (*link != &file) link = &(*link)->links.next;
  file.slot().Unlist();
  return std::unique_ptr<File>(std::exchange(*link, file.links.next));
}

void PoolFiles::RemoveAll() {
  while (first_ != nullptr) {
    const std::unique_ptr<File> file(first_);
    first_ = file->links.next;
  }
}

bool PoolFiles::AnyPinned() const {
  for (const File* file = first_; file != nullptr; file = file->links.next) {
    if (file->use().is_pinned()) return true;
  }
  return false;
}

File* PoolFiles::FindCompanion(std::string_view database, std::string_view suffix) const {
  SlotNode* node = context_.lists.Named(database, suffix);
  while (node != nullptr && node->slot.state() != SlotState::kNamed) {
    node = SlotLists::Match(node->next, database, suffix);
  }
  return node != nullptr ? &node->file : nullptr;
}

File* PoolFiles::FindDatabaseOf(const FileName& journal) const {
  std::string_view name = journal.view();
  if (!name.ends_with(kJournalSuffix)) return nullptr;
  name.remove_suffix(kJournalSuffix.size());
  File* const file = Find(name);
  return file != nullptr && file->kind() == FileKind::kDatabase ? file : nullptr;
}

File* PoolFiles::At(SlotState state, std::int32_t index) const {
  auto& [file, place, last_state, changes] = last_at_;
  if (file == nullptr || index < place || last_state != state ||
      changes != context_.lists.changes) {
    last_at_ = {.file = first_, .state = state, .changes = context_.lists.changes};
  }
  for (; file != nullptr; file = file->links.next) {
    if (file->slot().state() != state) continue;
    if (place == index) return file;
    ++place;
  }
  return nullptr;
}

// Clean slots first, retired journals last; a slot that can't be cleaned is passed over, since
// another may do.
Result<File*> PoolFiles::TakeFree() {
  Status problem;
  for (SlotNode* node : context_.lists.free) {
    while (node != nullptr) {
      File* const file = &node->file;
      node = node->next;
      Status cleaned = file->MakeClean();
      if (cleaned.ok()) return file;
      problem = cleaned;
    }
  }
  if (!problem.ok()) return problem;
  Text text("the pool is full: all ");
  text.Append(capacity()).Append(" slots are in use; addCapacity() makes more");
  return Status(Code::kNoFreeSlot, text);
}

Status FileIsOpen(const FileName& name) {
  Text text(name.view());
  return {Code::kBusy, text.Append(" is open")};
}

}  // namespace sahpool
