// Where pools lie: DIR, as users give it, becomes the slots of each pool in it.
//
// DIR may be a pool's directory (with `.opaque` in it), a folder of slots, or any folder of a
// browser profile. A browser spreads the files of OPFS under names of its own and keeps the real
// ones in a database: there the pools of an origin are told apart by it. Without it, what looks
// like a slot is taken for one, and the slots of one folder for one pool.
//
// Somebody else may have filled DIR: no link is followed, nothing but regular files is opened, and
// paths in a browser's database lead nowhere but to where that browser puts files.
//
// Threads: none of its own. Errors: Failure. Nothing is written, and nothing in DIR is created.
#ifndef SAHPOOL_TOOLS_CLI_POOL_PLACE_H_
#define SAHPOOL_TOOLS_CLI_POOL_PLACE_H_

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/slot_file.h"

namespace sahpool::cli {

// Deeper than any app's folders, and any profile's; a path can't be much longer either.
inline constexpr int kMaxFolderDepth = 128;

enum class Layout {
  kDirectory,  // a directory with `.opaque`
  kFolder,     // a folder in which there are slots
  kChromium,   // the files of an origin in a profile of Chromium
  kFirefox,    // the same of Firefox
};

struct ForeignFile {
  std::string name;
  std::string reason;  // such as "a link"
};

struct PoolPlace {
  Layout layout = Layout::kDirectory;
  // The folder below which the slots lie.
  std::filesystem::path folder;
  // As the app calls it in OPFS, such as "my-app/data"; empty when nothing tells.
  std::string directory;
  // Such as "https://example.org"; empty when nothing tells.
  std::string origin;
  std::vector<SlotFile> slots;
  // What lies among the slots and is none.
  std::vector<ForeignFile> foreign;
  // Why `slots` may lack some: what is wrong with the list that the browser keeps, which a warning
  // has said. Mostly empty.
  std::string problem;

  bool is_in_browser() const { return layout == Layout::kChromium || layout == Layout::kFirefox; }
  // What --pool takes: the origin and the directory, as far as they are known, or the folder.
  std::string id() const;
};

const char* LayoutName(Layout layout);

// Every pool in `dir`, in the order of their ids. kNotFound when there is no such directory.
std::vector<PoolPlace> FindPools(const std::filesystem::path& dir);

// The one pool that is meant: `selector` is an id or, where that is clear, a directory; empty when
// there must be but one. kNotFound when there is none, kUsage when there are several.
PoolPlace FindPool(const std::filesystem::path& dir, const std::string& selector);
// Those that are meant: all without a selector.
std::vector<PoolPlace> SelectPools(const std::filesystem::path& dir, const std::string& selector);

// The pools of one origin, by what its browser wrote down; in chromium_profile.cc and
// firefox_profile.cc. None when `folder` is not the folder of an origin's files, or its database
// can't be read.
bool IsChromiumFolder(const std::filesystem::path& folder);
std::vector<PoolPlace> ReadChromiumFolder(const std::filesystem::path& folder);
bool IsFirefoxFolder(const std::filesystem::path& folder);
std::vector<PoolPlace> ReadFirefoxFolder(const std::filesystem::path& folder);

// Of files for which IsForeignZeros() holds.
inline constexpr std::string_view kForeignZeros = "begins with zeros but is no free slot";

// The folder that holds the slots of a pool.
inline constexpr std::string_view kSlotFolder = ".opaque";

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_POOL_PLACE_H_
