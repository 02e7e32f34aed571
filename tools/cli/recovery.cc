#include "cli/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "cli/encryption.h"
#include "cli/failure.h"
#include "cli/interruption.h"
#include "cli/output_file.h"
#include "cli/salvage.h"
#include "cli/saved_file.h"
#include "cli/tolerant_source.h"
#include "format/committed_image.h"
#include "format/database_header.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBytesSuffix = ".bytes";

// By the names that the slots have.
class SuperJournalsOfSalvage final : public SuperJournalLookup {
 public:
  explicit SuperJournalsOfSalvage(const Salvage& salvage) : salvage_(salvage) {}

  Result<bool> Exists(std::string_view name) override {
    return std::ranges::any_of(salvage_.pieces, [name](const Piece& piece) {
      return piece.name == name && piece.bytes > 0;
    });
  }

 private:
  const Salvage& salvage_;
};

// `file` has the same bytes, if it is there.
void Write(const fs::path& path, ByteSource& source, const FileSource* file) {
  OutputFile output(path, /*replaces=*/false);
  CopyBytes(
      "writing " + path.string(), source.size(),
      [&](std::span<std::byte> into, std::int64_t offset) { return source.Read(into, offset); },
      [&](std::span<const std::byte> bytes, std::int64_t offset) { output.Write(bytes, offset); },
      file);
  output.Finish(source.size());
}

void Add(Saved& saved, const std::string& text) {
  saved.detail += (saved.detail.empty() ? "" : "; ") + text;
}

// What a look at the first bytes says; nothing when they are in order.
std::string DescribeStart(ByteSource& source) {
  std::array<std::byte, kDatabaseHeaderSize> header{};
  if (source.size() < static_cast<std::int64_t>(header.size())) return {};
  Require(source.Read(header, 0));
  return std::string(CheckDatabaseHeader(header, source.size()).text());
}

class Recovery {
 public:
  Recovery(const PoolPlace& place, OutputFolder& folder, std::string prefix)
      : salvage_(PlanSalvage(place)), folder_(folder), prefix_(std::move(prefix)) {}

  std::vector<Saved> Run() {
    for (const UnreadableSlot& slot : salvage_.unreadable) {
      saved_.push_back(
          {.file = {}, .name = {}, .slot = slot.name, .integrity = {}, .detail = slot.reason});
    }
    for (const SalvagedDatabase& database : salvage_.databases) {
      Try(salvage_.pieces[database.database], [&](Saved& saved) { SaveDatabase(database, saved); });
    }
    for (const std::size_t index : salvage_.rest) SavePiece(index);
    return std::move(saved_);
  }

 private:
  // One that fails is in the list too, with the reason.
  template <typename Save>
  void Try(const Piece& piece, Save save) {
    ThrowIfInterrupted();
    Saved saved{.file = {},
                .name = piece.name,
                .slot = piece.file.name,
                .integrity = {},
                .detail = piece.detail};
    try {
      save(saved);
    } catch (const Failure& failure) {
      saved.file.clear();
      Add(saved, failure.what());
    }
    saved_.push_back(std::move(saved));
  }

  void SavePiece(std::size_t index) {
    const Piece& piece = salvage_.pieces[index];
    Try(piece, [&](Saved& saved) { SaveBytes(piece, saved); });
  }

  // For the file or, without a name, for the slot.
  fs::path NewPath(const Piece& piece, const std::string& suffix) {
    const std::string name =
        piece.name.empty() ? "slot-" + piece.file.path.filename().string() + suffix : piece.name;
    return folder_.NewPath(prefix_ + "/" + name, suffix);
  }

  std::unique_ptr<FileSource> Open(const std::optional<std::size_t>& index) const {
    if (!index) return nullptr;
    const Piece& piece = salvage_.pieces[*index];
    return std::make_unique<FileSource>(piece.file.path, piece.begin);
  }

  void SaveDatabase(const SalvagedDatabase& salvaged, Saved& saved) {
    const Piece& piece = salvage_.pieces[salvaged.database];
    FileSource file(piece.file.path, piece.begin);
    TolerantSource database(file);
    const bool is_void = salvaged.journal_fate == JournalFate::kVoid;
    const auto journal = is_void ? nullptr : Open(salvaged.journal);
    const auto wal = Open(salvaged.wal);
    SuperJournalsOfSalvage super_journals(salvage_);
    auto image = CommittedImage::Open(database, journal.get(), wal.get(), super_journals);
    if (is_void) Add(saved, "its journal is void and was not applied");
    if (salvaged.journal_fate == JournalFate::kDoubtful) {
      Add(saved,
          "the seal of its journal is damaged: a transaction may have been undone that was "
          "committed");
    }
    const bool is_applied = image.ok() && !image.value().is_database_itself();
    if (is_applied) Add(saved, "its journal or WAL was applied");
    ByteSource& source = image.ok() ? static_cast<ByteSource&>(image.value()) : database;
    saved.bytes = source.size();
    if (saved.bytes == 0 && piece.bytes > 0) Add(saved, "nothing was committed in it");
    const bool is_encrypted = LooksEncrypted(source);
    if (const std::string problem = DescribeStart(source); !is_encrypted && !problem.empty()) {
      Add(saved, problem);
    }
    saved.file = NewPath(piece, ".db");
    Write(saved.file, source, is_applied ? nullptr : &file);
    Judge(saved, piece, is_encrypted);
    if (database.lost_bytes() > 0) {
      Add(saved, fmt::format("{} bytes could not be read and are zeros", database.lost_bytes()));
      if (saved.integrity == "ok") saved.integrity = "parts could not be read";
    }
    if (!image.ok()) {
      Add(saved, fmt::format("without its journal or WAL, which is saved beside it: {}",
                             image.status().text()));
      saved.integrity = "what is committed is not known";
      for (const auto& companion : {salvaged.journal, salvaged.wal}) {
        if (companion) SavePiece(*companion);
      }
    }
  }

  static void Judge(Saved& saved, const Piece& piece, bool is_encrypted) {
    saved.integrity = CheckSavedFile(saved.file);
    if (saved.integrity == "ok") return;
    if (is_encrypted) {
      saved.integrity = kNeedsKey;
    } else if (piece.is_database_unproven) {
      if (std::string rebuilt = RebuildHeader(saved.file, saved.bytes); !rebuilt.empty()) {
        saved.integrity = std::move(rebuilt);
        Add(saved, "the first 100 bytes were damaged and have been made anew");
      } else {
        Add(saved,
            "its first page is lost, and with it what the tables are called and where they begin");
      }
    }
  }

  void SaveBytes(const Piece& piece, Saved& saved) {
    FileSource file(piece.file.path, piece.begin);
    TolerantSource source(file);
    saved.bytes = source.size();
    Add(saved, piece.kind == ContentKind::kUnknown
                   ? "unknown bytes, as they are"
                   : fmt::format("a {} without its database, as it is", ContentName(piece.kind)));
    saved.file = NewPath(piece, piece.name.empty() && piece.kind != ContentKind::kUnknown
                                    ? fmt::format(".{}{}", ContentName(piece.kind), kBytesSuffix)
                                    : kBytesSuffix);
    Write(saved.file, source, &file);
    if (source.lost_bytes() > 0) {
      Add(saved, fmt::format("{} bytes could not be read and are zeros", source.lost_bytes()));
    }
  }

  const Salvage salvage_;
  OutputFolder& folder_;
  const std::string prefix_;
  std::vector<Saved> saved_;
};

}  // namespace

bool Saved::is_whole() const {
  return !file.empty() && (integrity == "ok" || integrity == kNeedsKey);
}

std::vector<Saved> RecoverPool(const PoolPlace& place, OutputFolder& folder,
                               const std::string& prefix) {
  return Recovery(place, folder, prefix).Run();
}

}  // namespace sahpool::cli
