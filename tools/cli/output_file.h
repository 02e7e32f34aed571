// A file that appears whole or not at all: written under another name beside its place, made
// durable, then renamed. "-" is the standard output.
//
// Threads: one. Ownership: what was not finished is removed, where interruptions are caught
// (cli/interruption.h) also when one comes. Errors: Failure; kExists when
// something is there and may not be replaced.
#ifndef SAHPOOL_TOOLS_CLI_OUTPUT_FILE_H_
#define SAHPOOL_TOOLS_CLI_OUTPUT_FILE_H_

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "format/byte_source.h"
#include "sahpool/status.h"

namespace sahpool::cli {

class OutputFile {
 public:
  OutputFile(std::filesystem::path path, bool replaces);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void Write(std::span<const std::byte> bytes);
  // Gives the file its name. A journal and a WAL of what it replaces go first: SQLite would apply
  // them to the new one.
  void Finish();

 private:
  bool is_standard_output() const { return path_ == "-"; }
  void CheckPlace() const;

  std::filesystem::path path_;
  const bool replaces_;
  std::string temporary_;  // empty once it is gone
  int descriptor_ = -1;
};

// Hands all of the `size` bytes that `read` fills to `write`, with progress under the title `what`.
// Throws Interrupted.
void CopyBytes(const std::string& what, std::int64_t size,
               const std::function<Status(std::span<std::byte>, std::int64_t)>& read,
               const std::function<void(std::span<const std::byte>)>& write);

// Makes the names in a folder durable.
void FlushFolder(const std::filesystem::path& folder);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_OUTPUT_FILE_H_
