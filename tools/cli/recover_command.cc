// sahpool recover: whatever can be saved of pools that may be damaged, written to another folder.

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "cli/commands.h"
#include "cli/encryption.h"
#include "cli/interruption.h"
#include "cli/open_pool.h"
#include "cli/output.h"
#include "cli/recovery.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

void RequireOutside(const fs::path& out, const fs::path& dir) {
  std::error_code ignored;
  const fs::path relative = fs::weakly_canonical(fs::absolute(out, ignored), ignored)
                                .lexically_relative(fs::canonical(dir, ignored));
  if (!relative.empty() && *relative.begin() != "..") {
    throw Failure(ExitCode::kUsage, out.string() + " is inside of " + dir.string() +
                                        ", where nothing is to be changed; choose another folder");
  }
}

Styled StateOf(const Saved& saved) {
  if (saved.file.empty()) return {Colour::kRed, "not saved"};
  if (saved.integrity.empty()) return {Colour::kYellow, "bytes"};
  if (saved.integrity == kNeedsKey) return {Colour::kYellow, "encrypted"};
  return saved.integrity == "ok" ? Styled(Colour::kGreen, "ok") : Styled(Colour::kRed, "damaged");
}

void PrintText(const std::vector<Saved>& all) {
  for (const Saved& saved : all) {
    const std::string title = !saved.file.empty()   ? saved.file.string()
                              : !saved.name.empty() ? saved.name
                                                    : "unknown";
    PrintLine({title + ": ", StateOf(saved),
               fmt::format(", {}, from slot {}", Counted(saved.bytes, "byte"), saved.slot)});
    if (!saved.detail.empty()) PrintLine({"  " + saved.detail});
    if (!saved.integrity.empty() && saved.integrity != "ok") PrintLine({"  " + saved.integrity});
  }
}

Json JsonOf(const std::vector<Saved>& all) {
  Json json = Json::array();
  for (const Saved& saved : all) {
    json.push_back({{"file", saved.file.empty() ? Json() : Json(saved.file.string())},
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
  RequireOutside(arguments.file, arguments.dir);
  CatchInterruptions();
  OutputFolder folder(arguments.file);
  std::vector<Saved> all;
  bool is_whole = true;
  int number = 0;
  for (const PoolPlace& place : places) {
    WarnOfUser(place);
    is_whole = is_whole && place.problem.empty();
    // Several pools have files of the same names.
    const std::string title = place.directory.empty() ? "pool" : place.directory;
    const std::string prefix = places.size() == 1 ? "" : fmt::format("{}-{}", ++number, title);
    for (Saved& saved : RecoverPool(place, folder, prefix)) all.push_back(std::move(saved));
  }
  if (arguments.json) {
    PrintJson(JsonOf(all));
  } else {
    PrintText(all);
  }
  is_whole = is_whole && std::ranges::all_of(all, &Saved::is_whole);
  return is_whole ? ExitCode::kDone : ExitCode::kDamaged;
}

}  // namespace sahpool::cli
