// Whether a pool is in use: by the browser in whose profile it lies, or by any other process.
//
// Threads: none of its own. Errors: none; what can't be found out counts as in use where a process
// is there that is known to belong to the profile.
#ifndef SAHPOOL_TOOLS_CLI_USAGE_H_
#define SAHPOOL_TOOLS_CLI_USAGE_H_

#include <filesystem>
#include <string>

#include "cli/pool_place.h"

namespace sahpool::cli {

// Says who uses the pool; empty when nobody does.
std::string UserOf(const PoolPlace& place);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_USAGE_H_
