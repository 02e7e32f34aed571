// A file that appears whole or not at all: written without a name, made durable, then linked to its
// place. "-" is the standard output.
//
// Zeros become holes: a slot that is said to have a terabyte takes no more room than it took.
// Threads: one. Ownership: what was not finished goes with the process, however that ends; where
// the file system has no nameless files, it has another name beside its place, and is removed,
// where interruptions are caught (cli/interruption.h) also when one comes. Errors: Failure; kExists
// when something is there and may not be replaced.
#ifndef SAHPOOL_TOOLS_CLI_OUTPUT_FILE_H_
#define SAHPOOL_TOOLS_CLI_OUTPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "cli/slot_file.h"
#include "sahpool/status.h"

namespace sahpool::cli {

class OutputFile {
 public:
  OutputFile(std::filesystem::path path, bool replaces);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Behind what was written before; what lies between reads as zeros.
  void Write(std::span<const std::byte> bytes, std::int64_t offset);
  // Gives the file its size and its name. A journal and a WAL of what it replaces go first: SQLite
  // would apply them to the new one.
  void Finish(std::int64_t size);

 private:
  bool is_standard_output() const { return path_ == "-"; }
  std::filesystem::path folder() const;
  void CheckPlace() const;
  void Create();
  void WriteAll(std::span<const std::byte> bytes, std::int64_t offset);
  void WriteToStandardOutput(std::span<const std::byte> bytes);
  void FillStandardOutput(std::int64_t end);
  int TakePlace();
  void RemoveJournals() const;
  int LinkTo(const std::string& path);
  void LinkBeside();

  std::filesystem::path path_;
  const bool replaces_;
  std::string temporary_;  // empty while it has no name, or its own
  int descriptor_ = -1;
  std::int64_t position_ = 0;  // of the standard output
};

// Hands all of the `size` bytes that `read` fills to `write`, with progress under the title `what`;
// not the holes of `source`, where that is a file with the same bytes. Throws Interrupted.
void CopyBytes(const std::string& what, std::int64_t size,
               const std::function<Status(std::span<std::byte>, std::int64_t)>& read,
               const std::function<void(std::span<const std::byte>, std::int64_t)>& write,
               const FileSource* source = nullptr);

// Makes the names in a folder durable.
void FlushFolder(const std::filesystem::path& folder);

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_OUTPUT_FILE_H_
