// What SQLite's integrity check says of a database.
// Threads: one. Errors: none; what keeps SQLite from checking is part of the answer.
#ifndef SAHPOOL_TOOLS_CLI_INTEGRITY_H_
#define SAHPOOL_TOOLS_CLI_INTEGRITY_H_

#include <functional>
#include <string>

#include "cli/sql.h"

namespace sahpool::cli {

// "ok", or the first lines of what is wrong. `title` is for the progress.
std::string CheckIntegrity(const std::string& title, const std::function<Connection()>& connect);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_INTEGRITY_H_
