// A database that has been written out: whether it is whole, and what can be done where it is not.
//
// Threads: one. Errors: Failure when the file can't be read or written.
#ifndef SAHPOOL_TOOLS_CLI_SAVED_FILE_H_
#define SAHPOOL_TOOLS_CLI_SAVED_FILE_H_

#include <cstdint>
#include <filesystem>
#include <string>

namespace sahpool::cli {

// "ok", or what SQLite says is wrong with it. Leaves the file, and what lies beside it, as it is.
std::string CheckSavedFile(const std::filesystem::path& path);

// Where only the header of the first page is damaged, one can be made that fits the rest. What
// CheckSavedFile() says then; empty when none fits: then the file is as it was.
std::string RebuildHeader(const std::filesystem::path& path, std::int64_t bytes);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_SAVED_FILE_H_
