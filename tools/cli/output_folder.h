// The folder that recovered files go to, under names that come out of slots and may be anything.
//
// Threads: one. Ownership: what was made is removed again when an interruption ends the work.
// Errors: Failure.
#ifndef SAHPOOL_TOOLS_CLI_OUTPUT_FOLDER_H_
#define SAHPOOL_TOOLS_CLI_OUTPUT_FOLDER_H_

#include <filesystem>
#include <string_view>
#include <vector>

namespace sahpool::cli {

class OutputFolder {
 public:
  // kExists unless `path` is new or empty.
  explicit OutputFolder(std::filesystem::path path);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  // A path that is not there yet, in a folder that is, for what is called `name`: it never leads
  // out of the folder, fits the file system, and is no name that SQLite would take for a journal
  // of what lies beside it. `suffix` makes one of such a name.
  std::filesystem::path NewPath(std::string_view name, std::string_view suffix);

 private:
  std::filesystem::path MakeFolder(const std::filesystem::path& above, const std::string& part);
  std::string PartFor(std::string_view part) const;

  std::filesystem::path path_;
  std::size_t max_part_size_;
  std::vector<std::filesystem::path> made_;
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_OUTPUT_FOLDER_H_
