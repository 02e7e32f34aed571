#include "vfs/foreign_journals.h"

#include <string_view>

#include "format/journal_header.h"
#include "format/rollback_journal.h"

namespace sahpool {
namespace {

bool NamesForeignJournal(OpenFile& super_journal, std::span<const std::byte> bytes) {
  if (bytes.empty() || bytes.back() != std::byte{0}) return false;
  const char* const name = reinterpret_cast<const char*>(bytes.data());
  std::string_view database(name, bytes.size() - 1);
  if (!database.ends_with(kJournalSuffix)) return false;
  database.remove_suffix(kJournalSuffix.size());
  PoolVfs& self = *super_journal.vfs;
  {
    const MutexLock guard(self.mutex());
    const File* const file = self.pool().files().Find(database);
    if (file != nullptr && self.FindShared(*file) != nullptr) return false;
  }
  int exists = 0;
  for (sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr); vfs != nullptr; vfs = vfs->pNext) {
    if (vfs->zName == self.name()) continue;
    if (vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &exists) != SQLITE_OK) continue;
    if (exists != 0) return true;
  }
  return false;
}

Status RefuseIf(bool is_foreign) {
  if (!is_foreign) return {};
  return {Code::kIo, "a commit over two VFSes could be torn: use one pool, or WAL"};
}

}  // namespace

Status RefuseForeignJournal(OpenFile& super_journal, std::span<const std::byte> bytes) {
  return RefuseIf(NamesForeignJournal(super_journal, bytes));
}

Status RefuseForeignSuperJournal(OpenFile& journal, std::span<const std::byte> bytes,
                                 std::int64_t offset) {
  if (bytes.size() != kJournalMagic.size() || offset == 0 || !HasJournalMagic(bytes)) return {};
  const auto name = SuperJournalName::ReadBefore(journal.file().bytes(), offset);
  if (!name.ok()) return name.status();
  return RefuseIf(journal.vfs->pool().files().Find(name.value().view()) == nullptr);
}

}  // namespace sahpool
