#include "cli/salvage.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "cli/failure.h"
#include "pool/pool.h"

namespace sahpool::cli {
namespace {

// Two damaged names count as one when they differ in no more than this.
constexpr std::ptrdiff_t kMaxWrongBytes = 8;

ContentKind KindByFlags(std::uint32_t flags) {
  switch (KindOf(flags)) {
    case FileKind::kDatabase:
      return ContentKind::kDatabase;
    case FileKind::kJournal:
      return ContentKind::kJournal;
    case FileKind::kWal:
      return ContentKind::kWal;
    case FileKind::kPlain:
      break;
  }
  return ContentKind::kUnknown;
}

void AddDetail(Piece& piece, const std::string& text) {
  piece.detail += (piece.detail.empty() ? "" : "; ") + text;
}

bool LooksLikeName(std::string_view path) {
  return path.starts_with('/') && path.size() <= kMaxStoredPathSize &&
         std::ranges::all_of(path, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string StemOf(std::string_view name) {
  for (const std::string_view suffix : kCompanionSuffixes) {
    if (name.ends_with(suffix)) return std::string(name.substr(0, name.size() - suffix.size()));
  }
  return {};
}

bool IsCompanion(const Piece& piece) {
  return piece.kind == ContentKind::kJournal || piece.kind == ContentKind::kWal;
}

// What was made to be filled later, and has not been.
bool BeginsWithZeros(const SlotFile& file) {
  constexpr std::int64_t kLook = 1 << 20;
  FileSource source(file.path, 0);
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(source.size(), kLook)));
  Require(source.Read(bytes, 0), file.name);
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

// Nothing for a slot that is free, or that holds what a deletion or an import left.
std::optional<Piece> ReadPiece(const SlotFile& file) {
  SlotFileFacts facts = ReadSlotFile(file.path);
  Piece piece;
  piece.file = file;
  piece.bytes = facts.bytes();
  if (facts.starts_as_database) {
    piece.kind = ContentKind::kDatabase;
    piece.begin = 0;
    piece.bytes = facts.file_size;
    piece.detail = "the header is missing";
    return piece;
  }
  DecodedHeader header = facts.Decode();
  SlotHeaderBytes repaired{};
  if (header.kind == HeaderKind::kUnbelievable) {
    piece.detail = header.reason;
    if (const auto found = RepairHeader(facts.header)) {
      repaired = *found;
      header = DecodeHeader(repaired);
      AddDetail(piece, "one wrong byte, which was put right");
    }
  }
  if (header.kind == HeaderKind::kTemporary && header.has_digest) return std::nullopt;
  const bool is_free = header.kind == HeaderKind::kFree;
  if (is_free && (facts.content == ContentKind::kNothing || facts.is_unfilled)) return std::nullopt;
  if (IsForeignZeros(facts) && BeginsWithZeros(file)) return std::nullopt;
  if (facts.is_deleted_journal()) return std::nullopt;
  if (header.kind == HeaderKind::kNamed || LooksLikeName(header.path)) piece.name = header.path;
  if (header.kind == HeaderKind::kNamed) piece.flags = header.flags;
  if (is_free) AddDetail(piece, "the header is empty");
  piece.kind = facts.content;
  if (piece.kind == ContentKind::kUnknown && header.kind == HeaderKind::kNamed) {
    piece.kind = KindByFlags(header.flags);
    piece.is_database_unproven = piece.kind == ContentKind::kDatabase;
  }
  return piece;
}

// As the pool's start would decide. Where nothing but the seal tells that there is one, it counts
// when it is whole: one of an earlier journal does not match what is there.
JournalFate FateOf(const Piece& journal, const Piece& database) {
  try {
    const bool is_sealed = journal.flags
                               ? (*journal.flags & open_flag::kSealedJournal) != 0
                               : FateOfSealed(journal.file.path, nullptr) == JournalFate::kStays;
    if (!is_sealed) return JournalFate::kStays;
    const bool has_notes = database.begin == kSlotDataOffset;
    return FateOfSealed(journal.file.path, has_notes ? &database.file.path : nullptr);
  } catch (const Failure&) {
    // Not all of them can be read.
    return JournalFate::kDoubtful;
  }
}

class Planner {
 public:
  explicit Planner(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Salvage Plan() {
    ExchangeNames();
    NameByNearMiss();
    NameByElimination();
    Salvage salvage;
    std::vector<bool> is_used(pieces_.size());
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].kind != ContentKind::kDatabase) continue;
      is_used[i] = true;
      SalvagedDatabase database{.database = i, .journal = {}, .wal = {}};
      if (!pieces_[i].name.empty()) {
        database.journal =
            FindNamed(pieces_[i].name + std::string(kJournalSuffix), ContentKind::kJournal);
        database.wal = FindNamed(pieces_[i].name + std::string(kWalSuffix), ContentKind::kWal);
      }
      for (const auto& companion : {database.journal, database.wal}) {
        if (companion) is_used[*companion] = true;
      }
      if (database.journal) {
        database.journal_fate = FateOf(pieces_[*database.journal], pieces_[i]);
      }
      salvage.databases.push_back(database);
    }
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (!is_used[i] && pieces_[i].bytes > 0) salvage.rest.push_back(i);
    }
    salvage.pieces = std::move(pieces_);
    return salvage;
  }

 private:
  std::optional<std::size_t> FindNamed(std::string_view name, ContentKind kind) const {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (pieces_[i].name == name && pieces_[i].kind == kind) return i;
    }
    return std::nullopt;
  }

  // A database under a journal's name and a journal under a database's: their headers were
  // exchanged.
  void ExchangeNames() {
    for (Piece& database : pieces_) {
      const std::string stem = StemOf(database.name);
      if (database.kind != ContentKind::kDatabase || stem.empty()) continue;
      for (Piece& other : pieces_) {
        if (other.name != stem || !IsCompanion(other)) continue;
        std::swap(database.name, other.name);
        for (Piece* const piece : {&database, &other}) {
          piece->flags.reset();
          AddDetail(*piece,
                    "the headers of " + database.name + " and " + other.name + " were exchanged");
        }
        break;
      }
    }
  }

  // The names of databases that must have been: of journals without one.
  std::vector<std::string> MissingNames() const {
    std::vector<std::string> names;
    for (const Piece& piece : pieces_) {
      const std::string stem = IsCompanion(piece) ? StemOf(piece.name) : "";
      if (stem.empty() || FindNamed(stem, ContentKind::kDatabase)) continue;
      if (std::ranges::find(names, stem) == names.end()) names.push_back(stem);
    }
    return names;
  }

  void NameByNearMiss() {
    for (const std::string& missing : MissingNames()) {
      for (Piece& piece : pieces_) {
        if (piece.kind != ContentKind::kDatabase || piece.detail.empty() ||
            piece.name.size() != missing.size()) {
          continue;
        }
        std::ptrdiff_t wrong = 0;
        for (std::size_t i = 0; i < missing.size(); ++i) wrong += piece.name[i] != missing[i];
        if (wrong > kMaxWrongBytes) continue;
        AddDetail(piece, "named after the journal that is left");
        piece.name = missing;
        break;
      }
    }
  }

  // One database without a name, and one name without a database.
  void NameByElimination() {
    Piece* nameless = nullptr;
    for (Piece& piece : pieces_) {
      if (piece.kind != ContentKind::kDatabase || !piece.name.empty()) continue;
      if (nameless != nullptr) return;
      nameless = &piece;
    }
    if (nameless == nullptr) return;
    std::vector<std::string> names = MissingNames();
    for (const Piece& piece : pieces_) {
      const bool is_empty =
          piece.kind == ContentKind::kNothing && !piece.name.empty() && StemOf(piece.name).empty();
      if (is_empty && std::ranges::find(names, piece.name) == names.end()) {
        names.push_back(piece.name);
      }
    }
    if (names.size() != 1) return;
    nameless->name = names.front();
    AddDetail(*nameless, "probably this file: no other is without its content");
  }

  std::vector<Piece> pieces_;
};

}  // namespace

std::optional<SlotHeaderBytes> RepairHeader(const SlotHeaderBytes& header) {
  SlotHeaderBytes tried = header;
  for (std::byte& place : tried) {
    const std::byte found = place;
    for (unsigned value = 0; value < 256; ++value) {
      place = std::byte{static_cast<unsigned char>(value)};
      const DecodedHeader decoded = DecodeHeader(tried);
      if (decoded.has_digest && decoded.kind == HeaderKind::kNamed) return tried;
    }
    place = found;
  }
  return std::nullopt;
}

Salvage PlanSalvage(const PoolPlace& place) {
  std::vector<Piece> pieces;
  std::vector<UnreadableSlot> unreadable;
  for (const SlotFile& slot : place.slots) {
    try {
      if (auto piece = ReadPiece(slot)) pieces.push_back(std::move(*piece));
    } catch (const Failure& failure) {
      unreadable.push_back({slot.name, failure.what()});
    }
  }
  Salvage salvage = Planner(std::move(pieces)).Plan();
  salvage.unreadable = std::move(unreadable);
  return salvage;
}

}  // namespace sahpool::cli
