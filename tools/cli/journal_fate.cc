#include "cli/journal_fate.h"

#include <string>
#include <string_view>

#include "cli/failure.h"
#include "cli/overlay_handle.h"
#include "cli/tool_host.h"
#include "pool/pool.h"

namespace sahpool::cli {
namespace {

constexpr std::string_view kDatabase = "/database";
constexpr std::string_view kJournal = "/database-journal";

void Attach(Pool& pool, const std::filesystem::path& slot, std::string_view name,
            std::uint32_t flags) {
  auto handle = Require(OverlayHandle::Open(slot.c_str()), slot.string());
  Require(handle->Write(EncodeNamedHeader(name, flags), 0), slot.string());
  Require(pool.Attach(std::move(handle), name), slot.string());
}

}  // namespace

JournalFate FateOfSealed(const std::filesystem::path& journal,
                         const std::filesystem::path* database) {
  ToolHost host(Access::kRead);
  Pool pool(host);
  Attach(pool, journal, kJournal, open_flag::kMainJournal | open_flag::kSealedJournal);
  if (database != nullptr) Attach(pool, *database, kDatabase, open_flag::kMainDb);
  Require(pool.Start(), journal.string());
  if (pool.files().Find(FileName::FromStored(kJournal).value()) != nullptr) {
    return JournalFate::kStays;
  }
  return pool.files().quarantined_count() > 0 ? JournalFate::kDoubtful : JournalFate::kVoid;
}

}  // namespace sahpool::cli
