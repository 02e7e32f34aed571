// A transaction over databases of several VFSes, which a crash could tear.
//
// SQLite looks for the super-journal that a journal names by the VFS of that journal's database,
// and for the journals that a super-journal names by the VFS of the first database alone. Where
// that is another pool or another VFS it finds none, and after a crash takes a hot journal for a
// void one. So the commit fails, before anything of it is in a database: with the name of a journal
// in the super-journal, or with the magic bytes behind the super-journal's name, without which the
// name does not count and the rollback goes on. Bytes that a shim has changed are not judged.
//
// Threads: as said at each function. Errors: kIo for a commit that is refused, and those of reading
// what the journal names.
#ifndef SAHPOOL_VFS_FOREIGN_JOURNALS_H_
#define SAHPOOL_VFS_FOREIGN_JOURNALS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "vfs/pool_vfs.h"

namespace sahpool {

// Refuses bytes of a super-journal that name a journal of another VFS. A database of which nothing
// is changed has no journal, nor has one in the modes WAL, MEMORY and OFF. The others are asked
// without the mutex, which the caller does not hold: they may stand on this one.
Status RefuseForeignJournal(OpenFile& super_journal, std::span<const std::byte> bytes);

// Refuses bytes that make the super-journal count whose name is before them in the journal, and
// that is elsewhere. The caller holds the mutex.
Status RefuseForeignSuperJournal(OpenFile& journal, std::span<const std::byte> bytes,
                                 std::int64_t offset);

}  // namespace sahpool

#endif  // SAHPOOL_VFS_FOREIGN_JOURNALS_H_
