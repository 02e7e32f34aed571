// Who has a name in a pool: how names are spelled, which a start finds claimed twice or out of
// reach, what a quarantined slot may hold, and how an import takes one over.
//
// Threads: none of its own; the pool's owner serialises calls. Ownership: the host outlives it.
// Errors: Status; after an error the pool is as it was unless said otherwise.
#ifndef SAHPOOL_POOL_POOL_NAMES_H_
#define SAHPOOL_POOL_POOL_NAMES_H_

#include <cstdint>
#include <string_view>

#include "format/committed_image.h"
#include "format/file_name.h"
#include "pool/pool_journals.h"
#include "sahpool/status.h"
#include "storage/storage.h"

namespace sahpool {

class PoolNames : protected PoolJournals {
 public:
  explicit PoolNames(Host& host) : PoolJournals(host), host_(host) {}

  // How the host's URL parser spells names; before the first Attach(). At first as the standard.
  void set_url_dialect(const UrlDialect& dialect) { url_dialect_ = dialect; }
  // The stored name for a name that an app or SQLite passes: ResolveFileName() in that dialect.
  [[gnu::noinline]] Result<FileName> Resolve(std::string_view name) const {
    return ResolveFileName(name, url_dialect_);
  }

  // Whether the database may be opened: kCorrupt, with a text that says what to do, while a
  // quarantined slot claims to be its journal or its WAL, without which its bytes may not be what
  // was committed, or to be the database itself, beside which an empty one must not appear.
  Status CheckQuarantine(const FileName& database) const;
  // The same error where there is no such file but a slot that claims to be it.
  Status CheckAbsence(const FileName& name) const;

  // Makes `image`, which holds nothing yet, what is committed of a database, its journal and WAL
  // taken into account. Valid until any of the three changes. kNotADatabase when they can't be
  // read.
  Status OpenCommitted(File& database, CommittedImage& image) const;

  // Gives the file, which is complete, reserved or named, the name `name`, replacing the database
  // that has it and that database's journal and WAL, none of which may be pinned (kBusy).
  Status Publish(File& reserved, const FileName& name, std::uint32_t flags);

  // Leaves no journal and no WAL under the name: beside another database they would be applied to
  // that. `database`, to which they belong, gets what they say was committed last; null when there
  // is none. kBusy while one is open, kNotADatabase where one can't be read, kCorrupt while a
  // quarantined slot claims to be one.
  Status SettleCompanions(const FileName& name, File* database);

 protected:
  // Of a start: settles names that more than one slot claims or that no open could reach.
  Status SettleNames();

  Host& host_;

 private:
  // CheckAbsence() of the journal and of the WAL.
  Status CheckCompanions(const FileName& database) const;
  Status SettleName(File& file);
  bool IsTaken(const FileName& name) const;
  bool CanRenameDatabase(const File& file, const FileName& name) const;
  Status RenameDatabase(File& file, const FileName& name);
  Status MoveAside(File& file);
  Status Rename(File& file, const FileName& name);
  void TakeBackName(File& reserved, File* replaced);

  UrlDialect url_dialect_;
};

}  // namespace sahpool

#endif  // SAHPOOL_POOL_POOL_NAMES_H_
