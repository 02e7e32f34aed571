// sahpool export and import: databases out of a pool and into one.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>

#include "cli/commands.h"
#include "cli/database_on_disk.h"
#include "cli/encryption.h"
#include "cli/interruption.h"
#include "cli/open_pool.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "format/database_header.h"
#include "transfer/import.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

// A file among the slots would be taken for one.
void RequireOutside(const fs::path& file, const PoolPlace& place) {
  if (file == "-") return;
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(fs::absolute(file, ignored), ignored).parent_path();
  for (const SlotFile& slot : place.slots) {
    if (slot.path.parent_path() != folder) continue;
    throw Failure(ExitCode::kUsage,
                  folder.string() + " is where the slots of the pool are; choose another folder");
  }
}

// The file that has the bytes of the snapshot, if there is one.
std::optional<FileSource> FileOf(const Snapshot& snapshot, const File& file,
                                 const PoolPlace& place) {
  if (snapshot.differs_from_file()) return std::nullopt;
  const auto found = std::ranges::find(place.slots, file.slot().slot_name(), &SlotFile::name);
  if (found == place.slots.end()) return std::nullopt;
  return FileSource(found->path, kSlotDataOffset);
}

// What keeps SQLite from reading what has been exported, as far as the first bytes tell. Whoever
// relies on the copy has to know; what is encrypted says nothing.
void RequireWhole(Snapshot& snapshot, const File& file, const PoolPlace& place) {
  std::array<std::byte, kDatabaseHeaderSize> header{};
  if (file.kind() != FileKind::kDatabase ||
      snapshot.size() < static_cast<std::int64_t>(header.size())) {
    return;
  }
  Require(snapshot.Read(header, 0));
  const Status whole = CheckDatabaseHeader(header, snapshot.size());
  if (whole.ok()) return;
  const auto found = std::ranges::find(place.slots, file.slot().slot_name(), &SlotFile::name);
  if (found != place.slots.end() && LooksEncrypted(found->path)) return;
  throw Failure(ExitCode::kDamaged, std::string(file.slot().name().view()) +
                                        " was written as it is: " + std::string(whole.text()));
}

void ImportFile(const fs::path& path, sahpool::Import& import) {
  // SQLite keeps the journal and the WAL beside the file, not beside a link to it.
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  DatabaseOnDisk database(error ? path : target, Links::kFollow);
  CommittedImage& image = database.image();
  CopyBytes(
      path.string(), image.size(),
      [&](std::span<std::byte> into, std::int64_t offset) { return image.Read(into, offset); },
      [&](std::span<const std::byte> bytes, std::int64_t) { Require(import.Write(bytes)); });
}

void ImportStandardInput(sahpool::Import& import) {
  std::array<std::byte, 65536> buffer;
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    ThrowIfInterrupted();
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) Require(ErrnoStatus("read", errno), "standard input");
    if (count == 0) return;
    Require(import.Write(std::span(buffer).first(static_cast<std::size_t>(count))));
  }
}

}  // namespace

ExitCode Export(const Arguments& arguments) {
  const PoolPlace place = FindPool(arguments.dir, arguments.pool);
  RequireOutside(arguments.file, place);
  WarnOfUser(place);
  OpenPool pool(place, Access::kRead);
  pool.RequireAllSlots();
  File& file = pool.Find(arguments.name);
  const auto snapshot = pool.OpenSnapshot(file);
  const std::optional<FileSource> source = FileOf(*snapshot, file, place);
  CatchInterruptions();
  OutputFile output(arguments.file, arguments.force);
  CopyBytes(
      "exporting " + std::string(file.slot().name().view()), snapshot->size(),
      [&](std::span<std::byte> into, std::int64_t offset) { return snapshot->Read(into, offset); },
      [&](std::span<const std::byte> bytes, std::int64_t offset) { output.Write(bytes, offset); },
      source ? &*source : nullptr);
  output.Finish(snapshot->size());
  RequireWhole(*snapshot, file, place);
  return ExitCode::kDone;
}

ExitCode Import(const Arguments& arguments) {
  const PoolPlace place = FindPool(arguments.dir, arguments.pool);
  std::error_code ignored;
  const bool is_standard_input = arguments.file == "-";
  if (!is_standard_input && !fs::is_regular_file(arguments.file, ignored)) {
    throw Failure(ExitCode::kNotFound, arguments.file.string() + ": there is no such file");
  }
  OpenPool pool(place, Access::kWrite);
  const File* const replaced = pool.FindIfThere(arguments.name);
  if (replaced != nullptr && !arguments.force) {
    throw Failure(ExitCode::kExists, std::string(replaced->slot().name().view()) +
                                         " exists in the pool; --force replaces it");
  }
  const FileName name =
      replaced != nullptr ? replaced->slot().name() : pool.Resolve(arguments.name);
  Require(pool.pool().names().CheckQuarantine(name));
  if (pool.pool().files().free_count() == 0) {
    throw Failure(ExitCode::kFailed,
                  "the pool is full: an import takes a free slot; " +
                      std::string(place.is_in_browser() ? "let the app add capacity"
                                                        : "`sahpool resize` makes more"));
  }
  CatchInterruptions();
  const auto import = Require(sahpool::Import::Begin(pool.pool(), name));
  if (is_standard_input) {
    ImportStandardInput(*import);
  } else {
    ImportFile(arguments.file, *import);
  }
  Require(import->Finish(), arguments.file.string());
  return ExitCode::kDone;
}

}  // namespace sahpool::cli
