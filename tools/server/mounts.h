// Which file a URL path stands for: directories mounted under path prefixes.
//
// Contract: nothing outside the mounted directories is ever named, whether by "..", by an encoded
// separator or by a symbolic link. A link is followed when it leads into a mounted directory.
// Threads: const members are safe from any thread once all mounts are added. Ownership: values.
// Errors: Add() throws std::runtime_error with a text for the user; Resolve() reports by its kind.
#ifndef SAHPOOL_TOOLS_SERVER_MOUNTS_H_
#define SAHPOOL_TOOLS_SERVER_MOUNTS_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sahpool::serve {

struct Target {
  enum class Kind {
    kFile,        // `file` is a regular file inside a mounted directory
    kNeedsSlash,  // a directory, asked for without the closing slash that relative links need
    kNotFound,    // no such file, or a directory without index.html
    kForbidden,   // leads out of the mounted directories, or isn't a regular file
    kBadRequest,  // not a path that a URL can mean
  };
  Kind kind = Kind::kNotFound;
  std::filesystem::path file;
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
    std::filesystem::path directory;
  };

  const Mount* Find(std::string_view url_path) const;
  bool Contains(const std::filesystem::path& canonical) const;

  std::vector<Mount> mounts_;
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_MOUNTS_H_
