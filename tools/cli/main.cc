// sahpool: the command line of the tool.

#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <functional>
#include <span>
#include <sstream>
#include <string>

#include "cli/commands.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/printable.h"
#include "standard_descriptors.h"

namespace {

using sahpool::cli::Arguments;
using sahpool::cli::ExitCode;
using Command = std::function<ExitCode(const Arguments&)>;

constexpr std::int32_t kMaxCapacity = 100000;
constexpr const char* kOutputIsFull = "the standard output takes no more";

constexpr const char* kFooter = R"(
DIR is the directory of a pool (with a folder .opaque in it), a folder of slots,
or a folder of a Chromium or Firefox profile. If there are several pools in it,
--pool tells which one; `sahpool find DIR` lists them.

NAME is a file's name as the app gives it ("app.db") or as `sahpool ls` shows it
("/app.db").

Only import, rm, create and resize change anything, and never while a browser or
another process has the pool open.

Exit status: 0 done; 1 failed; 2 wrong usage; 3 no such pool or file; 4 in use;
5 damage found; 6 something exists that would be overwritten.

Examples:
  sahpool find ~/.config/chromium
  sahpool ls ~/.mozilla/firefox/abc.default --pool my-app-data
  sahpool export my-pool app.db /tmp/app.db)";

// "" is the current folder to some system calls: what an unset variable leaves of a command line.
const CLI::Validator kGiven([](const std::string& text) { return text.empty() ? "is empty" : ""; },
                            "");

class CommandLine {
 public:
  explicit CommandLine(CLI::App& app) : app_(app) {
    app.require_subcommand(1);
    app.footer(kFooter);
    app.set_version_flag("--version", SAHPOOL_VERSION);
    DeclareReading();
    DeclareCopying();
    DeclareChanging();
  }

  ExitCode Run() const { return chosen_(arguments_); }

 private:
  CLI::App* Add(const std::string& name, const std::string& description, Command command) {
    CLI::App* const added = app_.add_subcommand(name, description);
    added->callback([this, command = std::move(command)] { chosen_ = command; });
    return added;
  }
  CLI::App* AddOnPool(const std::string& name, const std::string& description, Command command) {
    CLI::App* const added = Add(name, description, std::move(command));
    added->add_option("DIR", arguments_.dir, "Where the pool is")->required()->check(kGiven);
    added->add_option("--pool", arguments_.pool, "Which pool, if there are several in DIR")
        ->type_name("POOL");
    return added;
  }
  void AddName(CLI::App* command, const char* description = "The file in the pool") {
    command->add_option("NAME", arguments_.name, description)->required();
  }
  void AddJson(CLI::App* command) {
    command->add_flag("--json", arguments_.json, "Print JSON instead of text");
  }

  void DeclareReading() {
    CLI::App* const find = Add("find", "List the pools in a browser profile or any other folder",
                               sahpool::cli::FindInProfile);
    find->add_option("PROFILE", arguments_.dir, "The folder to look through")
        ->required()
        ->check(kGiven);
    AddJson(find);

    CLI::App* const ls =
        AddOnPool("ls", "List the files in a pool, and what is in quarantine", sahpool::cli::List);
    ls->add_flag("--all", arguments_.all, "List free slots too");
    AddJson(ls);

    CLI::App* const info =
        AddOnPool("info", "Tell about a pool, or about one file in it", sahpool::cli::Info);
    info->add_option("NAME", arguments_.name, "The file; without it: the pool");
    AddJson(info);

    CLI::App* const check =
        AddOnPool("check", "Check the headers, the journals and the integrity of every database",
                  sahpool::cli::Check);
    AddJson(check);

    CLI::App* const query =
        AddOnPool("query", "Run SQL on a database and print the rows; changes are refused",
                  sahpool::cli::Query);
    AddName(query, "The database");
    query->add_option("SQL", arguments_.sql, "One or more statements")->required();
    query->add_flag("--header", arguments_.header, "Print the names of the columns first");
    AddJson(query);
  }

  void DeclareCopying() {
    CLI::App* const exporting = AddOnPool(
        "export", "Write the committed state of a database to a file, journal and WAL applied",
        sahpool::cli::Export);
    AddName(exporting);
    exporting->add_option("OUT", arguments_.file, "The file to write; - is the standard output")
        ->required()
        ->check(kGiven);
    exporting->add_flag("--force", arguments_.force, "Replace OUT if it exists");

    CLI::App* const recover = AddOnPool(
        "recover", "Save every database that can be found, by its content where the header fails",
        sahpool::cli::Recover);
    recover->add_option("--to", arguments_.file, "A new or empty folder to write to")
        ->type_name("OUT")
        ->required()
        ->check(kGiven);
    AddJson(recover);

    CLI::App* const importing = AddOnPool(
        "import", "Bring a database into a pool, journal and WAL applied", sahpool::cli::Import);
    importing->add_option("IN", arguments_.file, "The database; - is the standard input")
        ->required()
        ->check(kGiven);
    AddName(importing, "Its name in the pool");
    importing->add_flag("--force", arguments_.force, "Replace NAME if it exists");
  }

  void DeclareChanging() {
    AddName(AddOnPool("rm", "Delete a file, and with a database its journal and WAL",
                      sahpool::cli::Remove));

    CLI::App* const create = Add("create", "Make a new, empty pool", sahpool::cli::Create);
    create->add_option("DIR", arguments_.dir, "The directory; new or empty")
        ->required()
        ->check(kGiven);
    create->add_option("--capacity", arguments_.capacity, "How many files it can hold")
        ->type_name("N")
        ->check(CLI::Range(1, kMaxCapacity))
        ->required();

    CLI::App* const resize =
        AddOnPool("resize", "Change how many files a pool can hold", sahpool::cli::Resize);
    resize->add_option("N", arguments_.capacity, "The new number of slots")
        ->check(CLI::Range(1, kMaxCapacity))
        ->required();
  }

  CLI::App& app_;
  Arguments arguments_;
  Command chosen_;
};

int Fail(ExitCode code, const char* text, std::span<const std::string> choices = {}) noexcept {
  try {
    sahpool::cli::PrintError(text);
    for (const std::string& choice : choices) {
      std::fputs(("  " + sahpool::cli::Printable(choice) + "\n").c_str(), stderr);
    }
  } catch (const std::exception&) {
    // The exit status has to do.
    return static_cast<int>(code);
  }
  return static_cast<int>(code);
}

// The words of the command line come back in what is wrong with it.
int EndOfParsing(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream output;
  std::ostringstream errors;
  const bool is_done = app.exit(error, output, errors) == 0;
  const bool is_written = std::fputs(output.str().c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  if (!is_written) return Fail(ExitCode::kFailed, kOutputIsFull);
  std::istringstream lines(errors.str());
  for (std::string line; std::getline(lines, line);) {
    std::fputs((sahpool::cli::Printable(line) + "\n").c_str(), stderr);
  }
  return static_cast<int>(is_done ? ExitCode::kDone : ExitCode::kUsage);
}

// A pool has each of its slots open.
void RaiseFileLimit() {
  struct rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Run(int argc, char** argv) {
  CLI::App app(
      "Looks into pools of SQLite databases that a browser app keeps with sahpool or"
      " opfs-sahpool",
      "sahpool");
  CommandLine command_line(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return EndOfParsing(app, error);
  }
  const ExitCode code = command_line.Run();
  if (std::fflush(stdout) != 0) {
    return Fail(ExitCode::kFailed, kOutputIsFull);
  }
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  sahpool::OccupyStandardDescriptors();
  RaiseFileLimit();
  try {
    return Run(argc, argv);
  } catch (const sahpool::cli::Interrupted& interrupted) {
    // Its default has been set by now: whoever started the tool is to see it.
    raise(interrupted.signal());
    return static_cast<int>(ExitCode::kFailed);
  } catch (const sahpool::cli::Failure& failure) {
    return Fail(failure.code(), failure.what(), failure.choices());
  } catch (const std::exception& error) {
    return Fail(ExitCode::kFailed, error.what());
  }
}
