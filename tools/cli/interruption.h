// SIGINT, SIGTERM and SIGHUP while something is made that must not be left half done: the signal is
// taken note of, whatever works throws, and main() ends as the signal asked once all is tidied up.
// A second signal ends the process at once.
//
// Threads: one. Ownership: from the first CatchInterruptions() to the end of the process.
#ifndef SAHPOOL_TOOLS_CLI_INTERRUPTION_H_
#define SAHPOOL_TOOLS_CLI_INTERRUPTION_H_

#include <exception>

namespace sahpool::cli {

class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) : signal_(signal) {}

  const char* what() const noexcept override { return "interrupted"; }
  int signal() const { return signal_; }

 private:
  int signal_;
};

// Before the first thing that would have to be tidied up.
void CatchInterruptions();

bool IsInterrupted();
// Throws Interrupted. Wherever work goes on for long.
void ThrowIfInterrupted();

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_INTERRUPTION_H_
