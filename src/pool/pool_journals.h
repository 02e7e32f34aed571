// Rollback journals with seals: how they come and are committed between two flushes of a
// transaction, and which of those that a start finds are void.
//
// Threads: none of its own; the pool's owner serialises calls. Errors: Status.
#ifndef SAHPOOL_POOL_POOL_JOURNALS_H_
#define SAHPOOL_POOL_POOL_JOURNALS_H_

#include <cstdint>

#include "pool/change_order.h"
#include "pool/pool_files.h"
#include "sahpool/status.h"

namespace sahpool {

class PoolJournals : protected ChangeOrder {
 public:
  using ChangeOrder::ChangeOrder;

  // Before the database is flushed with all pages of a transaction written, which is SQLite's word:
  // where its journal has a seal, what is kept back of the database becomes a commit that its slot
  // vouches for, and the journal need not be deleted durably. What is written after all makes that
  // void, and is flushed before the journal goes.
  void PrepareCommit(File& database);

 protected:
  // A new journal, not durable before its first flush.
  Result<File*> CreateJournal(const FileName& name, std::uint32_t flags);
  // Of a start: deletes or empties a journal by which nothing is to be rolled back.
  Status SettleJournal(File& journal);
  Status SettleJournals();

 private:
  Status SettleSealed(File& journal);
  Status SettleUnsealed(File& journal);
};

}  // namespace sahpool

#endif  // SAHPOOL_POOL_POOL_JOURNALS_H_
