// How a command of the tool ends: the exit codes, and the exception that carries one.
//
// Threads: values. Errors: this is how the tool's own code reports them; main() turns a Failure
// into a line on the standard error output and an exit code.
#ifndef SAHPOOL_TOOLS_CLI_FAILURE_H_
#define SAHPOOL_TOOLS_CLI_FAILURE_H_

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sahpool/status.h"

namespace sahpool::cli {

// docs/tool.md promises these values to scripts.
enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,    // the system, the storage or SQLite refused
  kUsage = 2,     // the command line can't be carried out as it stands
  kNotFound = 3,  // there is no such pool or no such file
  kInUse = 4,     // a browser or another process has the pool
  kDamaged = 5,   // it was found, or is feared, that data is damaged
  kExists = 6,    // something is there that would be overwritten
};

class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& text, std::vector<std::string> choices = {})
      : std::runtime_error(text), code_(code), choices_(std::move(choices)) {}

  ExitCode code() const { return code_; }
  // What could have been meant; shown below the text, one a line.
  const std::vector<std::string>& choices() const { return choices_; }

 private:
  ExitCode code_;
  std::vector<std::string> choices_;
};

inline ExitCode ExitCodeFor(Code code) {
  switch (code) {
    case Code::kOk:
      return ExitCode::kDone;
    case Code::kNotFound:
      return ExitCode::kNotFound;
    case Code::kExists:
      return ExitCode::kExists;
    case Code::kBusy:
      return ExitCode::kInUse;
    case Code::kInvalid:
    case Code::kNameTooLong:
      return ExitCode::kUsage;
    case Code::kNotADatabase:
    case Code::kCorrupt:
      return ExitCode::kDamaged;
    default:
      return ExitCode::kFailed;
  }
}

// Throws unless `status` is kOk. `subject` says what it is about.
inline void Require(const Status& status, const std::string& subject = {}) {
  if (status.ok()) return;
  const std::string text(status.text());
  throw Failure(ExitCodeFor(status.code()), subject.empty() ? text : subject + ": " + text);
}

template <typename T>
T Require(Result<T> result, const std::string& subject = {}) {
  Require(result.status(), subject);
  return std::move(result.value());
}

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_FAILURE_H_
