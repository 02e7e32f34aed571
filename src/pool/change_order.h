// The order in which the changes of a pool's files reach the host and become durable.
//
// Threads: none of its own; the pool's owner serialises calls. Errors: Status.
#ifndef SAHPOOL_POOL_CHANGE_ORDER_H_
#define SAHPOOL_POOL_CHANGE_ORDER_H_

#include <cstdint>

#include "pool/pool_files.h"
#include "sahpool/status.h"

namespace sahpool {

class ChangeOrder : protected PoolFiles {
 public:
  using PoolFiles::PoolFiles;

  // Before a change of the file: what was kept back of the files changed before is handed over
  // first, so that a killed process never leaves a later change without an earlier one. What can't
  // be handed over, for want of room, is an error only where this change must come after it: of
  // one database, unless `may_overtake`, and of whatever a super-journal binds. Other files go on.
  // What can be seen now, and is perhaps not what a crash would leave, is settled: it must not be
  // built upon.
  Status Begin(File& file, bool may_overtake = false);
  // The same before a write. Behind its beginning nothing of a WAL is written over that the
  // database may not have yet.
  Status BeginWrite(File& file, std::int64_t offset, FileKind opened_as) {
    return Begin(file, opened_as == FileKind::kWal && offset > 0);
  }
  // After a write or a truncation that has failed, after which SQLite undoes the transaction: what
  // the journal of a database keeps back need not be handed over any more, for the database has no
  // change that it would undo.
  void OnFailedWrite(const File& file);
  // The same when a journal could not be handed over before its flush.
  void OnFailedSync(File& file, FileKind opened_as);
  // Hands over what was kept back of other files, by the same rule.
  Status DrainBefore(const File& later, bool may_overtake = false);
  // After a write transaction: hands over what is left of it, and gives up what can't be, as a
  // crash would. A commit has handed over all; of any other transaction the journal undoes what was
  // handed over, and where that is nothing, nothing is to be undone. A checkpoint's pages stay: the
  // wal-index may tell that the database has them.
  Status EndTransaction(File& database);

  // Makes durable whatever is known not to be: what a start found, which a killed process may have
  // left unflushed, deletions and a given-up import that failed halfway. Costs nothing when there
  // is no such thing.
  Status Settle();
  // Makes the file durable, after Settle(): a journal that came back after a crash would undo what
  // was written since.
  Status MakeDurable(File& file);
  // The same at the last close of a database or a WAL, after what its last commit has left of its
  // journal, emptied: if that came back it would undo what the database then holds.
  Status MakeDurableAtClose(File& file);

  // Frees the slot of a file; kBusy while it is pinned. When the name is gone but that could not be
  // made durable, this is an error and MakeDurable() sees to it.
  Status Delete(File& file);
  // The same for a database with its journal and WAL, for users who mean the database.
  Status DeleteDatabase(File& file);
  // The same as SQLite asks for it: a rollback journal that another connection, in another journal
  // mode, still has open is emptied instead. To SQLite that is the same, and what that connection
  // writes into it later can be found again after a crash.
  Status DeleteOrEmpty(File& file);

  // Makes durably gone every journal that a crash could bring back.
  Status ForgetHiddenJournals();

 protected:
  // From now on there may be such journals.
  void OnNewJournal() { may_hide_journals_ = true; }
  // An import failed when both headers had the name, and neither could be changed durably: the new
  // file stays in quarantine until the old one is known to be whole on the disk.
  void OnBrokenTakeover(File& new_file, File& old_file) {
    broken_takeover_ = {&new_file, &old_file};
  }
  // The new file of such an import, null when there is none.
  const File* broken_takeover() const { return broken_takeover_.new_file; }

  // Before a file or all files go.
  void Drop(const File& file);
  void Reset();

 private:
  static bool MustFollow(const File& later, const File& earlier, bool may_overtake);
  Status DeleteJournal(File& journal);
  Status ForgetHiddenJournalsOf(const File& database);
  void GiveUp(File& journal);

  struct BrokenTakeover {
    File* new_file = nullptr;
    File* old_file = nullptr;
  };

  // The lasting files of which something may be kept back, that was changed last first. The others
  // are those that could not be handed over.
  File* changed_ = nullptr;
  BrokenTakeover broken_takeover_;
  bool may_hide_journals_ = false;
  bool has_given_up_ = false;  // something of a journal, which is still there
};

}  // namespace sahpool

#endif  // SAHPOOL_POOL_CHANGE_ORDER_H_
