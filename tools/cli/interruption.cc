#include "cli/interruption.h"

#include <signal.h>

#include <initializer_list>

namespace sahpool::cli {
namespace {

volatile sig_atomic_t caught = 0;

void Note(int signal) { caught = signal; }

}  // namespace

void CatchInterruptions() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    // nohup ignores SIGHUP, and it stays so.
    if (sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_handler = Note;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(signal, &action, nullptr);
  }
}

bool IsInterrupted() { return caught != 0; }

void ThrowIfInterrupted() {
  if (IsInterrupted()) throw Interrupted(caught);
}

}  // namespace sahpool::cli
