// Which file a URL path stands for: directories mounted under path prefixes.
//
// Contract: nothing outside the mounted directories is ever opened, whether by "..", by an encoded
// separator or by a symbolic link, also while links change. A link is followed when it leads into
// a mounted directory. Only regular files are opened: a FIFO or a device is looked at without
// opening it. Names that usually hold secrets (private_names.h) are refused. Needs /proc.
// Threads: const members are safe from any thread once all mounts are added. Ownership: values.
// Errors: Add() throws std::runtime_error with a text for the user; Resolve() reports by its kind.
#ifndef SAHPOOL_TOOLS_SERVER_MOUNTS_H_
#define SAHPOOL_TOOLS_SERVER_MOUNTS_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "open_file.h"

namespace sahpool::serve {

struct Target {
  enum class Kind {
    kFile,           // `file` is a regular file inside a mounted directory
    kNeedsSlash,     // a directory, asked for without the closing slash that relative links need
    kNotFound,       // no such file, or a directory without index.html
    kOutside,        // leads out of the mounted directories, or isn't a regular file
    kPrivate,        // a dotfile or a key
    kUnreadable,     // this process may not read it
    kNoDescriptors,  // too many files are open; worth another try
    kBadRequest,     // not a path that a URL can mean
  };
  Kind kind = Kind::kNotFound;
  OpenFile file = {};
  bool is_index = false;  // `file` is the index.html of the directory that was asked for
};

class Mounts {
 public:
  // Serves `directory` under `prefix`: "" or "/" for the root, else "/name" or "/name/more".
  void Add(std::string_view prefix, const std::filesystem::path& directory);

  // As Add(), from the command line's form "/prefix=DIR".
  void AddFromArgument(std::string_view argument);

  // `url_path` is percent-decoded, without query. The mount with the longest prefix decides.
  Target Resolve(std::string_view url_path) const;

 private:
  struct Mount {
    std::string prefix;
    std::string directory;  // canonical
  };

  const Mount* Find(std::string_view url_path) const;
  Target::Kind Judge(std::string_view canonical) const;
  std::optional<Target> Open(std::string path, bool asks_for_directory) const;

  std::vector<Mount> mounts_;
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_MOUNTS_H_
