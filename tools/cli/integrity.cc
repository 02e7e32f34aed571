#include "cli/integrity.h"

#include "cli/interruption.h"
#include "cli/output.h"

namespace sahpool::cli {
namespace {

// How many of SQLite's instructions run between two looks at the clock.
constexpr int kStepsBetweenProgress = 10000;

int ShowProgress(void* progress) {
  static_cast<Progress*>(progress)->Advance(0);
  return IsInterrupted() ? 1 : 0;
}

}  // namespace

std::string CheckIntegrity(const std::string& title, const std::function<Connection()>& connect) {
  Progress progress(title, 0);
  try {
    Connection connection = connect();
    sqlite3_progress_handler(connection.get(), kStepsBetweenProgress, ShowProgress, &progress);
    Statement statement(connection, "PRAGMA integrity_check(20)");
    std::string lines;
    while (statement.Step()) lines += (lines.empty() ? "" : "\n") + statement.Text(0);
    return lines;
  } catch (const Failure& failure) {
    ThrowIfInterrupted();
    return failure.what();
  }
}

}  // namespace sahpool::cli
