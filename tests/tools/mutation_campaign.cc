// Every command of the tool on pools and profiles with something wrong in them (mutated_places.h).
// Nothing may crash, nothing may take more than five seconds of a processor or wait for ever, and
// nothing may change but slots, and these by commands only that change a pool.
//
//   sahpool_tool_mutations --pools N --profiles N [--seed S] --fixtures DIR
// DIR has folders of slots. Prints a line for each violation, and the figures; 1 if there were any.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/slot_file.h"
#include "mutated_places.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kSeconds = 5;
// Whoever waits uses no processor; a full machine may take its time.
constexpr unsigned kPatience = 60;

struct Step {
  const char* name;
  ExitCode (*command)(const Arguments&);
  Arguments arguments;
};

using Adjust = std::function<void(Arguments&)>;

Step MakeStep(const MutatedPlace& place, const char* name, ExitCode (*command)(const Arguments&),
              const Adjust& adjust = nullptr) {
  Step step{.name = name, .command = command, .arguments = Arguments()};
  step.arguments.dir = place.dir();
  if (adjust) adjust(step.arguments);
  return step;
}

std::vector<Step> ReadingSteps(const MutatedPlace& place, bool json) {
  std::vector<Step> steps = {
      MakeStep(place, "find", FindInProfile),
      MakeStep(place, "ls", List, [](Arguments& to) { to.all = true; }),
      MakeStep(place, "info", Info),
      MakeStep(place, "info NAME", Info, [](Arguments& to) { to.name = "app.db"; }),
      MakeStep(place, "check", Check),
      MakeStep(place, "query", Query,
               [](Arguments& to) {
                 to.name = "app.db";
                 to.sql = "SELECT count(*), sum(qty) FROM item";
               }),
      MakeStep(place, "export", Export,
               [&](Arguments& to) {
                 to.name = "app.db";
                 to.file = place.out(1);
               }),
      MakeStep(place, "recover", Recover, [&](Arguments& to) { to.file = place.out(2); })};
  for (Step& step : steps) step.arguments.json = json;
  return steps;
}

std::vector<Step> ChangingSteps(const MutatedPlace& place) {
  const auto named = [](const char* name) { return [name](Arguments& to) { to.name = name; }; };
  const auto from_source = [&](const char* name, bool force) {
    return [&place, name, force](Arguments& to) {
      to.name = name;
      to.file = place.source();
      to.force = force;
    };
  };
  const auto to_capacity = [](std::int32_t capacity) {
    return [capacity](Arguments& to) { to.capacity = capacity; };
  };
  return {MakeStep(place, "rm missing", Remove, named("missing.db")),
          MakeStep(place, "import", Import, from_source("new.db", false)),
          MakeStep(place, "import --force", Import, from_source("app.db", true)),
          MakeStep(place, "rm", Remove, named("app.db")),
          MakeStep(place, "resize", Resize, to_capacity(9)),
          MakeStep(place, "resize smaller", Resize, to_capacity(4)),
          MakeStep(place, "check", Check)};
}

void LimitTime() {
  itimerval time{};
  time.it_value.tv_sec = kSeconds;
  setitimer(ITIMER_PROF, &time, nullptr);
  alarm(kPatience);
}

// Which step a process is at, for when it does not come back.
volatile int* SharedStep() {
  void* const page =
      mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return static_cast<volatile int*>(page);
}

class Campaign {
 public:
  explicit Campaign(std::vector<fs::path> fixtures) : fixtures_(std::move(fixtures)) {}

  void Run(PlaceKind kind, std::uint32_t seed) {
    const MutatedPlace place(kind, fixtures_[seed % fixtures_.size()], seed);
    title_ = "seed " + std::to_string(seed) + " (" + place.what() + ")";
    const Content dir = ContentOf(place.dir());
    const Content outside = ContentOf(place.outside());
    RunSteps(ReadingSteps(place, seed % 2 == 0));
    Compare(dir, ContentOf(place.dir()), [](const std::string&) { return false; }, "reading");
    Compare(
        outside, ContentOf(place.outside()), [](const std::string&) { return false; },
        "reading, outside");
    std::vector<std::string> slots;
    for (const auto& [path, what] : dir) {
      if (IsOwned(path, kind)) slots.push_back(path);
    }
    RunSteps(ChangingSteps(place));
    Compare(
        dir, ContentOf(place.dir()),
        [&](const std::string& path) { return std::ranges::binary_search(slots, path); },
        "changing");
    Compare(
        outside, ContentOf(place.outside()), [](const std::string&) { return false; },
        "changing, outside");
  }

  std::int64_t commands() const { return commands_; }
  std::int64_t violations() const { return violations_; }
  std::chrono::milliseconds longest() const { return longest_; }

 private:
  using Content = std::map<std::string, std::string>;

  void Violation(const std::string& text) {
    ++violations_;
    std::printf("VIOLATION %s: %s\n", title_.c_str(), text.c_str());
  }

  static bool IsOwned(const fs::path& path, PlaceKind kind) {
    if (!fs::is_regular_file(fs::symlink_status(path)) || fs::hard_link_count(path) > 1)
      return false;
    const SlotFileFacts facts = ReadSlotFile(path);
    return facts.is_proven || (facts.is_unfilled && kind != PlaceKind::kFolder);
  }

  // A process for all of them: as they come, so that a crash tells the step.
  void RunSteps(const std::vector<Step>& steps) {
    const Clock::time_point begin = Clock::now();
    const pid_t process = fork();
    if (process == 0) RunInChild(steps);
    int status = 0;
    waitpid(process, &status, 0);
    commands_ += static_cast<std::int64_t>(steps.size());
    longest_ = std::max(
        longest_, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    const Step& step = steps[static_cast<std::size_t>(*step_)];
    Violation(WIFSIGNALED(status)
                  ? std::string(step.name) + " ended by signal " + std::to_string(WTERMSIG(status))
                  : std::string(step.name) + " crashed");
  }

  [[noreturn]] void RunInChild(const std::vector<Step>& steps) {
    const int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDOUT_FILENO);
    if (std::getenv("SAHPOOL_SHOW") == nullptr) dup2(nothing, STDERR_FILENO);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      *step_ = static_cast<int>(i);
      LimitTime();
      try {
        steps[i].command(steps[i].arguments);
      } catch (const std::exception&) {
        // However it refuses.
      }
    }
    std::fflush(nullptr);
    _exit(0);
  }

  template <typename MayChange>
  void Compare(const Content& before, const Content& after, MayChange may_change,
               const char* when) {
    for (const auto& [path, what] : before) {
      const auto now = after.find(path);
      if ((now == after.end() || now->second != what) && !may_change(path)) {
        Violation(std::string(when) + " changed " + path);
      }
    }
    for (const auto& [path, what] : after) {
      if (before.contains(path)) continue;
      const bool is_new_slot = std::string_view(when) == "changing" &&
                               fs::path(path).parent_path().filename() == ".opaque" &&
                               what.starts_with("file ");
      if (!is_new_slot) Violation(std::string(when) + " made " + path);
    }
  }

  const std::vector<fs::path> fixtures_;
  volatile int* const step_ = SharedStep();
  std::string title_;
  std::int64_t commands_ = 0;
  std::int64_t violations_ = 0;
  std::chrono::milliseconds longest_{};
};

}  // namespace
}  // namespace sahpool::cli

int main(int argc, char** argv) {
  using sahpool::cli::PlaceKind;
  std::uint32_t pools = 0;
  std::uint32_t profiles = 0;
  std::uint32_t seed = 1;
  std::filesystem::path fixtures;
  CLI::App app("Runs the tool on mutated pools and profiles");
  app.add_option("--pools", pools);
  app.add_option("--profiles", profiles);
  app.add_option("--seed", seed);
  app.add_option("--fixtures", fixtures)->required();
  CLI11_PARSE(app, argc, argv);

  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(fixtures)) {
    folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  sahpool::cli::Campaign campaign(folders);
  for (std::uint32_t i = 0; i < pools; ++i) {
    campaign.Run(i % 2 == 0 ? PlaceKind::kOpaque : PlaceKind::kFolder, seed + i);
  }
  for (std::uint32_t i = 0; i < profiles; ++i) {
    campaign.Run(i % 2 == 0 ? PlaceKind::kChromium : PlaceKind::kFirefox, seed + i);
  }
  std::printf(
      "%u pools, %u profiles, %lld commands, %lld violations; the longest place took %lld ms\n",
      pools, profiles, static_cast<long long>(campaign.commands()),
      static_cast<long long>(campaign.violations()),
      static_cast<long long>(campaign.longest().count()));
  return campaign.violations() == 0 ? 0 : 1;
}
