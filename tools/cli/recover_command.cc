// sahpool recover: whatever can be saved of pools that may be damaged, written to another folder.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <system_error>

#include "cli/commands.h"
#include "cli/integrity.h"
#include "cli/open_pool.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "cli/salvage.h"
#include "format/byte_order.h"
#include "format/database_header.h"
#include "pool/committed_image.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

struct Saved {
  fs::path file;
  std::string name;
  std::string slot;
  std::int64_t bytes;
  std::string integrity;  // empty when it is no database
  std::string detail;
};

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

// A name as a path below a folder, of parts that can do no harm.
fs::path PathFor(std::string_view name) {
  fs::path path;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('/'), name.size());
    std::string part(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
    if (part.empty()) continue;
    std::ranges::replace_if(
        part, [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }, '_');
    path /= part == "." || part == ".." ? "_" : part;
  }
  return path;
}

std::string CheckFile(const fs::path& path) {
  return CheckIntegrity("checking " + path.string(),
                        [&] { return Connection(fs::absolute(path).string(), nullptr); });
}

void WriteAt(const fs::path& path, std::span<const std::byte> bytes) {
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const bool written = descriptor >= 0 && pwrite(descriptor, bytes.data(), bytes.size(), 0) ==
                                              static_cast<ssize_t>(bytes.size());
  const bool flushed = written && fsync(descriptor) == 0;
  if (descriptor >= 0) close(descriptor);
  if (!flushed) throw Failure(ExitCode::kFailed, path.string() + ": can't be written");
}

// The first 100 bytes of a database of pages of that size, in UTF-8 and with an empty freelist.
std::array<std::byte, kDatabaseHeaderSize> PlainHeader(std::uint32_t page_size,
                                                       std::int64_t page_count) {
  constexpr std::string_view kMagic("SQLite format 3\0", kDatabaseMagicSize);
  std::array<std::byte, kDatabaseHeaderSize> header{};
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  const std::uint32_t stored_size = page_size == 65536 ? 1 : page_size;
  // The page size, then format versions of a rollback journal and no reserved space.
  StoreBigEndian32(stored_size << 16 | 0x0101U, &header[16]);
  StoreBigEndian32(0x00402020U, &header[20]);  // payload fractions, which are fixed
  StoreBigEndian32(1, &header[24]);            // change counter
  StoreBigEndian32(static_cast<std::uint32_t>(page_count), &header[28]);
  StoreBigEndian32(1, &header[40]);  // schema cookie
  StoreBigEndian32(4, &header[44]);  // schema format
  StoreBigEndian32(1, &header[56]);  // UTF-8
  StoreBigEndian32(1, &header[92]);  // the change counter for which the page count holds
  StoreBigEndian32(SQLITE_VERSION_NUMBER, &header[96]);
  return header;
}

// Pages that nothing refers to are what an unknown freelist looks like.
bool IsWholeButForFreePages(std::string_view integrity) {
  while (!integrity.empty()) {
    const std::size_t end = std::min(integrity.find('\n'), integrity.size());
    const std::string_view line = integrity.substr(0, end);
    integrity.remove_prefix(std::min(end + 1, integrity.size()));
    if (line != "ok" && !line.ends_with("never used")) return false;
  }
  return true;
}

// Where only the header of the first page is damaged, one can be made that fits the rest. Empty
// when none does: then the file is as it was.
std::string RebuildHeader(const fs::path& path, std::int64_t bytes) {
  std::array<std::byte, kDatabaseHeaderSize> original{};
  if (bytes < static_cast<std::int64_t>(original.size())) return {};
  Require(FileSource(path, 0).Read(original, 0));
  for (std::uint32_t page_size = 512; page_size <= 65536; page_size *= 2) {
    if (bytes % page_size != 0) continue;
    WriteAt(path, PlainHeader(page_size, bytes / page_size));
    std::string integrity = CheckFile(path);
    if (IsWholeButForFreePages(integrity)) return integrity;
  }
  WriteAt(path, original);
  return {};
}

class Recovery {
 public:
  Recovery(const PoolPlace& place, fs::path folder)
      : salvage_(PlanSalvage(place)), folder_(std::move(folder)) {}

  std::vector<Saved> Run() {
    for (const SalvagedDatabase& database : salvage_.databases) SaveDatabase(database);
    for (const std::size_t index : salvage_.rest) SaveBytes(salvage_.pieces[index]);
    return std::move(saved_);
  }

 private:
  // A path that is not there yet, for the file or, without a name, for the slot.
  fs::path NewPath(const Piece& piece, std::string_view suffix) const {
    fs::path path =
        folder_ / (piece.name.empty() ? PathFor("slot-" + piece.file.path.filename().string() +
                                                std::string(suffix))
                                      : PathFor(piece.name));
    std::error_code ignored;
    for (int number = 2; fs::exists(path, ignored); ++number) {
      const fs::path other = path.string() + "." + std::to_string(number);
      if (!fs::exists(other, ignored)) path = other;
    }
    fs::create_directories(path.parent_path());
    return path;
  }

  static void Write(const fs::path& path, ByteSource& source) {
    OutputFile output(path, /*replaces=*/false);
    CopyBytes(
        "writing " + path.string(), source.size(),
        [&](std::span<std::byte> into, std::int64_t offset) { return source.Read(into, offset); },
        [&](std::span<const std::byte> bytes) { output.Write(bytes); });
    output.Finish();
  }

  void SaveDatabase(const SalvagedDatabase& salvaged) {
    const Piece& piece = salvage_.pieces[salvaged.database];
    FileSource database(piece.file.path, piece.begin);
    const bool is_void = salvaged.journal_fate == JournalFate::kVoid;
    const auto journal = is_void ? nullptr : Open(salvaged.journal);
    const auto wal = Open(salvaged.wal);
    SuperJournalsOfSalvage super_journals(salvage_);
    auto image = CommittedImage::Open(database, journal.get(), wal.get(), super_journals);
    Saved saved{.file = NewPath(piece, ".db"),
                .name = piece.name,
                .slot = piece.file.name,
                .bytes = 0,
                .integrity = {},
                .detail = piece.detail};
    const auto add = [&](const std::string& text) {
      saved.detail += (saved.detail.empty() ? "" : "; ") + text;
    };
    if (is_void) add("its journal is void and was not applied");
    if (salvaged.journal_fate == JournalFate::kDoubtful) {
      add("the seal of its journal is damaged: a transaction may have been undone that was "
          "committed");
    }
    if (!image.ok()) add("without its journal or WAL: " + std::string(image.status().text()));
    if (image.ok() && !image.value().is_database_itself()) add("its journal or WAL was applied");
    ByteSource& source = image.ok() ? static_cast<ByteSource&>(image.value()) : database;
    saved.bytes = source.size();
    if (saved.bytes == 0) {
      if (piece.bytes > 0) add("nothing was committed in it");
    }
    if (const std::string problem = DescribeStart(source); !problem.empty()) add(problem);
    Write(saved.file, source);
    saved.integrity = CheckFile(saved.file);
    if (saved.integrity != "ok" && piece.is_database_unproven) {
      if (std::string rebuilt = RebuildHeader(saved.file, saved.bytes); !rebuilt.empty()) {
        saved.integrity = std::move(rebuilt);
        add("the first 100 bytes were damaged and have been made anew");
      } else {
        add("its first page is lost, and with it what the tables are called and where they begin");
      }
    }
    saved_.push_back(std::move(saved));
  }

  // What a look at the first bytes says; nothing when they are in order.
  static std::string DescribeStart(ByteSource& source) {
    std::array<std::byte, kDatabaseHeaderSize> header{};
    if (source.size() < static_cast<std::int64_t>(header.size())) return {};
    Require(source.Read(header, 0));
    return std::string(CheckDatabaseHeader(header, source.size()).text());
  }

  std::unique_ptr<FileSource> Open(const std::optional<std::size_t>& index) const {
    if (!index) return nullptr;
    const Piece& piece = salvage_.pieces[*index];
    return std::make_unique<FileSource>(piece.file.path, piece.begin);
  }

  void SaveBytes(const Piece& piece) {
    FileSource source(piece.file.path, piece.begin);
    Saved saved{.file = NewPath(piece, std::string(".") + (piece.kind == ContentKind::kUnknown
                                                               ? "bytes"
                                                               : ContentName(piece.kind))),
                .name = piece.name,
                .slot = piece.file.name,
                .bytes = source.size(),
                .integrity = {},
                .detail = piece.detail};
    saved.detail += saved.detail.empty() ? "" : "; ";
    saved.detail +=
        piece.kind == ContentKind::kUnknown
            ? "unknown bytes, as they are"
            : fmt::format("a {} without its database, as it is", ContentName(piece.kind));
    Write(saved.file, source);
    saved_.push_back(std::move(saved));
  }

  const Salvage salvage_;
  const fs::path folder_;
  std::vector<Saved> saved_;
};

void PrepareFolder(const fs::path& out, const fs::path& dir) {
  std::error_code error;
  const fs::path relative =
      fs::weakly_canonical(fs::absolute(out)).lexically_relative(fs::canonical(dir));
  if (!relative.empty() && *relative.begin() != "..") {
    throw Failure(ExitCode::kUsage, out.string() + " is inside of " + dir.string() +
                                        ", where nothing is to be changed; choose another folder");
  }
  if (fs::exists(out, error) && (!fs::is_directory(out, error) || !fs::is_empty(out, error))) {
    throw Failure(ExitCode::kExists, out.string() + " exists and is not an empty folder");
  }
  fs::create_directories(out, error);
  if (error) throw Failure(ExitCode::kFailed, out.string() + ": " + error.message());
}

void PrintText(const std::vector<Saved>& all) {
  for (const Saved& saved : all) {
    const bool is_whole = saved.integrity == "ok";
    const std::string state = saved.integrity.empty() ? Coloured(Colour::kYellow, "bytes")
                              : is_whole              ? Coloured(Colour::kGreen, "ok")
                                                      : Coloured(Colour::kRed, "damaged");
    fmt::print("{}: {}, {}, from slot {}\n", Printable(saved.file.string()), state,
               Counted(saved.bytes, "byte"), saved.slot);
    if (!saved.detail.empty()) fmt::print("  {}\n", Printable(saved.detail));
    if (!saved.integrity.empty() && !is_whole) fmt::print("  {}\n", Printable(saved.integrity));
  }
}

Json JsonOf(const std::vector<Saved>& all) {
  Json json = Json::array();
  for (const Saved& saved : all) {
    json.push_back({{"file", saved.file.string()},
                    {"name", saved.name},
                    {"slot", saved.slot},
                    {"bytes", saved.bytes},
                    {"integrity", saved.integrity.empty() ? Json() : Json(saved.integrity)},
                    {"detail", saved.detail}});
  }
  return json;
}

}  // namespace

ExitCode Recover(const Arguments& arguments) {
  const std::vector<PoolPlace> places = SelectPools(arguments.dir, arguments.pool);
  PrepareFolder(arguments.file, arguments.dir);
  std::vector<Saved> all;
  int number = 0;
  for (const PoolPlace& place : places) {
    WarnOfUser(place);
    // Several pools have files of the same names.
    const std::string title = place.directory.empty() ? "pool" : place.directory;
    const fs::path folder = places.size() == 1
                                ? arguments.file
                                : arguments.file / PathFor(fmt::format("{}-{}", ++number, title));
    for (Saved& saved : Recovery(place, folder).Run()) all.push_back(std::move(saved));
  }
  if (arguments.json) {
    PrintJson(JsonOf(all));
  } else {
    PrintText(all);
  }
  const bool is_whole =
      std::ranges::all_of(all, [](const Saved& saved) { return saved.integrity == "ok"; });
  return is_whole ? ExitCode::kDone : ExitCode::kDamaged;
}

}  // namespace sahpool::cli
