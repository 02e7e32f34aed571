// What is in a LevelDB of a browser's profile, read without changing it and without trusting it.
//
// LevelDB is not made for files of an enemy: it reads them in a process of its own, of which no
// more is used than the pairs that it writes to a pipe, and which has little time. To open a
// LevelDB is to write to it, so that it gets a copy in memory.
//
// Threads: none may run, since the process is forked. Errors: in the answer.
#ifndef SAHPOOL_TOOLS_CLI_LEVEL_DB_H_
#define SAHPOOL_TOOLS_CLI_LEVEL_DB_H_

#include <filesystem>
#include <map>
#include <string>

namespace sahpool::cli {

struct LevelDbContent {
  std::map<std::string, std::string> pairs;
  // Why pairs may be missing; empty when all checksums match.
  std::string problem;
};

LevelDbContent ReadLevelDb(const std::filesystem::path& folder);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_LEVEL_DB_H_
