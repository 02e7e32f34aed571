// Which slots of a damaged pool belong together, and what they were called: decided from headers,
// repaired where that can be done with certainty, and from what the content looks like.
//
// Threads: one. Errors: none; a slot that can't be read is in the list of those.
#ifndef SAHPOOL_TOOLS_CLI_SALVAGE_H_
#define SAHPOOL_TOOLS_CLI_SALVAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/journal_fate.h"
#include "cli/pool_place.h"
#include "cli/slot_file.h"

namespace sahpool::cli {

// A slot with something in it.
struct Piece {
  SlotFile file;
  ContentKind kind = ContentKind::kUnknown;  // by its content or, if that tells nothing, its header
  bool is_database_unproven = false;         // only the header says that it is a database
  std::int64_t begin = kSlotDataOffset;      // where the content begins in the file
  std::int64_t bytes = 0;
  // Of a header that can be believed, if need be after a repair.
  std::optional<std::uint32_t> flags;
  std::string name;    // empty when nothing tells
  std::string detail;  // what was found out, for people; empty when all was well
};

// A database with what belongs to it, by place in the list of pieces.
struct SalvagedDatabase {
  std::size_t database = 0;
  std::optional<std::size_t> journal;
  std::optional<std::size_t> wal;
  JournalFate journal_fate = JournalFate::kStays;
};

struct UnreadableSlot {
  std::string name;
  std::string reason;
};

struct Salvage {
  std::vector<UnreadableSlot> unreadable;
  std::vector<Piece> pieces;
  std::vector<SalvagedDatabase> databases;
  // Pieces that belong to no database.
  std::vector<std::size_t> rest;
};

Salvage PlanSalvage(const PoolPlace& place);

// The header with the one byte put right that makes its digest match; nothing when no single byte
// does. Headers of version 1 have no digest to go by.
std::optional<SlotHeaderBytes> RepairHeader(const SlotHeaderBytes& header);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_SALVAGE_H_
