// Writes out what can be saved of one pool: file by file, so that what is wrong with one is in the
// way of no other.
//
// Threads: one. Errors: none but Interrupted; what was not saved is in the list.
#ifndef SAHPOOL_TOOLS_CLI_RECOVERY_H_
#define SAHPOOL_TOOLS_CLI_RECOVERY_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/output_folder.h"
#include "cli/pool_place.h"

namespace sahpool::cli {

struct Saved {
  std::filesystem::path file;  // empty when it was not saved
  std::string name;
  std::string slot;
  std::int64_t bytes = 0;
  std::string integrity;  // empty when it is no database
  std::string detail;

  // Everything that was in it, as far as anybody can tell.
  bool is_whole() const;
};

// `prefix`, a path, goes before the names.
std::vector<Saved> RecoverPool(const PoolPlace& place, OutputFolder& folder,
                               const std::string& prefix);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_RECOVERY_H_
