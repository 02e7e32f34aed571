#include "cli/pool_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "cli/failure.h"
#include "cli/output.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

bool IsDirectory(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// Sorted, so that the same directory always gives the same answer. A folder that can't be listed
// is passed over: a profile may hold some of other users.
struct Listing {
  explicit Listing(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      const fs::file_status status = entry->symlink_status(ignored);
      (fs::is_regular_file(status) ? files
       : fs::is_directory(status)  ? folders
                                   : others)
          .push_back(entry->path());
    }
    for (auto* const paths : {&files, &folders, &others}) std::ranges::sort(*paths);
  }

  std::vector<fs::path> files;
  std::vector<fs::path> folders;
  std::vector<fs::path> others;  // links, pipes and the like
};

// Both browsers spread the files of an origin over folders with names of two characters.
fs::path GroupOf(const fs::path& file, const fs::path& root) {
  const fs::path folder = file.parent_path();
  return folder != root && folder.filename().native().size() == 2 ? folder.parent_path() : folder;
}

class Search {
 public:
  explicit Search(fs::path root) : root_(std::move(root)) {}

  std::vector<PoolPlace> Run() {
    // DIR may also be one of the folders inside of an origin's.
    const fs::path parent = root_.parent_path();
    if (IsChromiumFolder(parent)) {
      Add(ReadChromiumFolder(parent));
    } else if (IsFirefoxFolder(parent)) {
      Add(ReadFirefoxFolder(parent));
    }
    WalkAll();
    AddLooseSlots();
    std::ranges::sort(places_, {}, &PoolPlace::id);
    return std::move(places_);
  }

 private:
  // Not by recursion: how deep the folders go is not for the tool to say.
  void WalkAll() {
    struct Place {
      fs::path folder;
      int depth;
    };
    std::vector<Place> to_do = {{root_, 0}};
    bool is_cut = false;
    while (!to_do.empty()) {
      const auto [folder, depth] = std::move(to_do.back());
      to_do.pop_back();
      std::vector<fs::path> inner = Look(folder);
      if (depth == kMaxFolderDepth) {
        is_cut = is_cut || !inner.empty();
        continue;
      }
      for (fs::path& path : inner) to_do.push_back({std::move(path), depth + 1});
    }
    if (is_cut) {
      Warn(fmt::format("folders deeper than {} levels are not looked into", kMaxFolderDepth));
    }
  }

  // The folders in which to go on.
  std::vector<fs::path> Look(const fs::path& folder) {
    if (folder.filename() == kSlotFolder) {
      AddSlotFolder(folder);
      return {};
    }
    if (IsChromiumFolder(folder)) Add(ReadChromiumFolder(folder));
    if (IsFirefoxFolder(folder)) Add(ReadFirefoxFolder(folder));
    Listing listing(folder);
    for (fs::path& file : listing.files) loose_files_.push_back(std::move(file));
    return std::move(listing.folders);
  }

  void Add(std::vector<PoolPlace> places) {
    for (PoolPlace& place : places) {
      for (const SlotFile& slot : place.slots) known_.insert(slot.path);
      places_.push_back(std::move(place));
    }
  }

  void AddSlotFolder(const fs::path& folder) {
    PoolPlace place;
    place.folder = folder.parent_path();
    if (folder != root_) {
      const fs::path relative = place.folder.lexically_relative(root_);
      if (relative != ".") place.directory = relative.generic_string();
    }
    const Listing listing(folder);
    for (const fs::path& file : listing.files) {
      place.slots.push_back({.path = file, .name = file.filename().string()});
    }
    for (const fs::path& other : listing.others) {
      place.foreign.push_back({other.filename().string(), "not a regular file"});
    }
    for (const fs::path& inner : listing.folders) {
      place.foreign.push_back({inner.filename().string(), "a folder"});
    }
    places_.push_back(std::move(place));
  }

  // Files that no database of a browser knows and that lie in no `.opaque`.
  void AddLooseSlots() {
    struct Group {
      std::vector<SlotFile> slots;
      std::vector<ForeignFile> foreign;
      bool is_sure = false;
    };
    std::map<fs::path, Group> groups;
    for (const fs::path& file : loose_files_) {
      if (known_.contains(file)) continue;
      SlotFileFacts facts;
      try {
        facts = ReadSlotFile(file);
      } catch (const Failure&) {
        // What can't be read is not known to be a slot; where one must be, its pool says so.
        continue;
      }
      const bool is_foreign = IsForeignZeros(facts) && facts.file_size > 0;
      if (!is_foreign && !CanBeSlot(facts)) continue;
      Group& group = groups[GroupOf(file, root_)];
      if (is_foreign) {
        group.foreign.push_back({file.filename().string(), std::string(kForeignZeros)});
        continue;
      }
      group.slots.push_back({.path = file, .name = file.filename().string()});
      group.is_sure = group.is_sure || IsSurelySlot(facts);
    }
    for (auto& [folder, group] : groups) {
      if (!group.is_sure) continue;
      PoolPlace place;
      place.layout = Layout::kFolder;
      place.folder = folder;
      place.slots = std::move(group.slots);
      place.foreign = std::move(group.foreign);
      places_.push_back(std::move(place));
    }
  }

  fs::path root_;
  std::vector<PoolPlace> places_;
  std::vector<fs::path> loose_files_;
  std::set<fs::path> known_;
};

std::vector<std::string> IdsOf(const std::vector<PoolPlace>& places) {
  std::vector<std::string> ids;
  ids.reserve(places.size());
  for (const PoolPlace& place : places) ids.push_back(place.id());
  return ids;
}

}  // namespace

std::string PoolPlace::id() const {
  if (!is_in_browser()) return folder.string();
  return origin.empty() ? folder.string() + ":" + directory : origin + "/" + directory;
}

const char* LayoutName(Layout layout) {
  switch (layout) {
    case Layout::kDirectory:
      return "directory";
    case Layout::kFolder:
      return "folder of slots";
    case Layout::kChromium:
      return "Chromium";
    case Layout::kFirefox:
      return "Firefox";
  }
  return "";
}

std::vector<PoolPlace> FindPools(const fs::path& dir) {
  if (!IsDirectory(dir)) {
    throw Failure(ExitCode::kNotFound, dir.string() + ": there is no such directory");
  }
  fs::path root = fs::canonical(dir);
  return Search(std::move(root)).Run();
}

std::vector<PoolPlace> SelectPools(const fs::path& dir, const std::string& selector) {
  std::vector<PoolPlace> places = FindPools(dir);
  if (places.empty()) throw Failure(ExitCode::kNotFound, dir.string() + ": there is no pool here");
  if (selector.empty()) return places;
  std::vector<PoolPlace> chosen;
  for (const bool by_id : {true, false}) {
    for (const PoolPlace& place : places) {
      if ((by_id ? place.id() : place.directory) == selector) chosen.push_back(place);
    }
    if (!chosen.empty()) return chosen;
  }
  throw Failure(
      ExitCode::kNotFound,
      dir.string() + ": there is no pool " + selector + " here, but these:", IdsOf(places));
}

PoolPlace FindPool(const fs::path& dir, const std::string& selector) {
  std::vector<PoolPlace> places = SelectPools(dir, selector);
  if (places.size() > 1) {
    throw Failure(
        ExitCode::kUsage,
        dir.string() + ": there are several pools here; choose one with --pool:", IdsOf(places));
  }
  return std::move(places.front());
}

}  // namespace sahpool::cli
