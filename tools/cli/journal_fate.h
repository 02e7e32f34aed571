// What becomes of a rollback journal with a seal (docs/format.md, "Seals") when its pool starts.
// That is decided by a start, of a pool in memory that has nothing but the journal and its
// database, so that it does not matter what else is wrong with theirs.
//
// Threads: one. Errors: Failure when a slot can't be read. No byte of the slots is changed.
#ifndef SAHPOOL_TOOLS_CLI_JOURNAL_FATE_H_
#define SAHPOOL_TOOLS_CLI_JOURNAL_FATE_H_

#include <cstdint>
#include <filesystem>

namespace sahpool::cli {

enum class JournalFate : std::uint8_t {
  kStays,     // it is for SQLite, which rolls back by it
  kVoid,      // its transaction never reached the database, or is committed
  kDoubtful,  // its seal is damaged, so that nothing tells
};

// Of the journal in the slot `journal`, whose header is taken to say that it has a seal, for the
// database in the slot `database`; null for one of which no slot is left that has its notes. What
// else the headers say is not asked.
JournalFate FateOfSealed(const std::filesystem::path& journal,
                         const std::filesystem::path* database);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_JOURNAL_FATE_H_
