#include "cli/usage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

// A file's identity, under whatever path a process has opened it.
using FileId = std::pair<dev_t, ino_t>;

std::optional<FileId> IdOf(const fs::path& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return FileId(info.st_dev, info.st_ino);
}

bool IsBelow(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

// Calls `visit(path in /proc)` for everything that the process has open until it returns true.
// False, too, when the process is gone; nothing when it may not be looked at.
template <typename Visit>
std::optional<bool> AnyOpenFile(const fs::path& process, Visit visit) {
  std::error_code error;
  fs::directory_iterator entry(process / "fd", error);
  if (error) {
    if (error == std::errc::no_such_file_or_directory) return false;
    return std::nullopt;
  }
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (visit(entry->path())) return true;
  }
  return false;
}

std::optional<pid_t> NumberAfter(const std::string& text, std::size_t begin) {
  pid_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + begin, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// Both browsers leave a symbolic link in a profile whose target names their process. A copy of the
// profile has the link too: what counts is whether the process has anything open in here.
bool IsRunningIn(const fs::path& profile, pid_t process_id) {
  if (kill(process_id, 0) != 0 && errno == ESRCH) return false;
  const auto is_open =
      AnyOpenFile(fs::path("/proc") / std::to_string(process_id), [&](const fs::path& descriptor) {
        std::error_code ignored;
        return IsBelow(fs::read_symlink(descriptor, ignored), profile);
      });
  return is_open.value_or(true);
}

// Whether somebody holds a POSIX lock on the file, as a running browser does.
bool IsLocked(const fs::path& path) {
  const auto file = OpenRegularFile(path, O_RDONLY, Links::kRefuse);
  if (!file.ok()) return false;
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(file.value().number(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// Chromium's link is "SingletonLock" -> "HOST-PROCESS".
std::string ChromiumIn(const fs::path& profile) {
  std::error_code error;
  const std::string target = fs::read_symlink(profile / "SingletonLock", error).string();
  const std::size_t dash = target.rfind('-');
  if (error || dash == std::string::npos) return {};
  const auto process_id = NumberAfter(target, dash + 1);
  std::string host(256, '\0');
  gethostname(host.data(), host.size() - 1);
  host.resize(host.find('\0'));
  if (target.substr(0, dash) != host) {
    return fmt::format("Chromium may be running on {}: {} says so; remove that link if it is not",
                       target.substr(0, dash), (profile / "SingletonLock").string());
  }
  if (!process_id || !IsRunningIn(profile, *process_id)) return {};
  return fmt::format("Chromium is running in {} (process {})", profile.string(), *process_id);
}

// Firefox's is "lock" -> "ADDRESS:+PROCESS", and it locks ".parentlock".
std::string FirefoxIn(const fs::path& profile) {
  std::error_code error;
  const std::string target = fs::read_symlink(profile / "lock", error).string();
  const std::size_t colon = target.rfind(":+");
  if (!error && colon != std::string::npos) {
    const auto process_id = NumberAfter(target, colon + 2);
    if (process_id && IsRunningIn(profile, *process_id)) {
      return fmt::format("Firefox is running in {} (process {})", profile.string(), *process_id);
    }
  }
  return IsLocked(profile / ".parentlock")
             ? fmt::format("Firefox is running in {}", profile.string())
             : "";
}

std::string ProcessWithSlotOpen(const PoolPlace& place) {
  std::set<FileId> slots;
  for (const SlotFile& slot : place.slots) {
    if (const auto id = IdOf(slot.path)) slots.insert(*id);
  }
  std::error_code ignored;
  const std::string own = std::to_string(getpid());
  for (const auto& process : fs::directory_iterator("/proc", ignored)) {
    const std::string number = process.path().filename().string();
    if (number.find_first_not_of("0123456789") != std::string::npos || number == own) continue;
    const auto has_slot = AnyOpenFile(process.path(), [&](const fs::path& descriptor) {
      const auto id = IdOf(descriptor);
      return id && slots.contains(*id);
    });
    if (has_slot.value_or(false)) {
      return fmt::format("process {} has a slot of the pool open", number);
    }
  }
  return {};
}

}  // namespace

std::string UserOf(const PoolPlace& place) {
  // LevelDB's own lock, which also tells of a browser whose process can't be seen from here.
  if (place.layout == Layout::kChromium && IsLocked(place.folder / "Paths/LOCK")) {
    return "Chromium is using " + place.folder.string();
  }
  for (fs::path folder = place.folder; folder != folder.parent_path();
       folder = folder.parent_path()) {
    if (std::string user = ChromiumIn(folder); !user.empty()) return user;
    if (std::string user = FirefoxIn(folder); !user.empty()) return user;
  }
  return ProcessWithSlotOpen(place);
}

}  // namespace sahpool::cli
