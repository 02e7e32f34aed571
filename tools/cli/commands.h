// The commands of the tool, one function each. What they print goes to the standard output; they
// return how the tool ends, or throw a Failure.
//
// Only Import, Remove, Create and Resize change anything where the pool lies.
// Threads: one.
#ifndef SAHPOOL_TOOLS_CLI_COMMANDS_H_
#define SAHPOOL_TOOLS_CLI_COMMANDS_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "cli/failure.h"

namespace sahpool::cli {

// What the command line says; each command looks at what it declares (main.cc).
struct Arguments {
  std::filesystem::path dir;
  std::string pool;  // --pool
  std::string name;
  std::filesystem::path file;
  std::string sql;
  std::int32_t capacity = 0;
  bool json = false;
  bool all = false;
  bool force = false;
  bool header = false;
};

ExitCode List(const Arguments& arguments);
ExitCode Info(const Arguments& arguments);
ExitCode FindInProfile(const Arguments& arguments);
ExitCode Check(const Arguments& arguments);
ExitCode Export(const Arguments& arguments);
ExitCode Import(const Arguments& arguments);
ExitCode Remove(const Arguments& arguments);
ExitCode Create(const Arguments& arguments);
ExitCode Resize(const Arguments& arguments);
ExitCode Recover(const Arguments& arguments);
ExitCode Query(const Arguments& arguments);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_COMMANDS_H_
