#include "cli/descriptor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <system_error>

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

Status NotRegular() { return {Code::kInvalid, "not a regular file"}; }

Status OpenStatus() {
  if (errno == EMFILE) {
    return {Code::kIo, "open: more files at once than this process may have; see ulimit -n"};
  }
  return ErrnoStatus("open", errno);
}

// Looks before it opens: to open a pipe would wake up who waits at its other end.
Result<Descriptor> OpenIn(int folder, const char* name, int flags, Links links) {
  const bool refuses_links = links == Links::kRefuse;
  struct stat info{};
  if (fstatat(folder, name, &info, refuses_links ? AT_SYMLINK_NOFOLLOW : 0) != 0) {
    return ErrnoStatus("open", errno);
  }
  if (!S_ISREG(info.st_mode)) return NotRegular();
  Descriptor file(
      openat(folder, name, flags | O_NONBLOCK | O_CLOEXEC | (refuses_links ? O_NOFOLLOW : 0)));
  if (!file) return OpenStatus();
  if (fstat(file.number(), &info) != 0) return ErrnoStatus("fstat", errno);
  if (!S_ISREG(info.st_mode)) return NotRegular();
  return file;
}

}  // namespace

Result<Descriptor> OpenFolderOf(const fs::path& path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  const fs::path parent = path.parent_path();
  // At one go, where the system can: there may be very many files.
  struct open_how how{};
  how.flags = kFlags;
  how.resolve = RESOLVE_NO_SYMLINKS;
  Descriptor at_once(static_cast<int>(
      syscall(SYS_openat2, AT_FDCWD, parent.empty() ? "." : parent.c_str(), &how, sizeof(how))));
  if (at_once) return at_once;
  Descriptor folder(open(path.is_absolute() ? "/" : ".", kFlags));
  for (const fs::path& part : parent.relative_path()) {
    if (!folder) break;
    folder = Descriptor(openat(folder.number(), part.c_str(), kFlags | O_NOFOLLOW));
  }
  if (!folder) return OpenStatus();
  return folder;
}

Result<Descriptor> OpenRegularFile(const fs::path& path, int flags, Links links) {
  if (links == Links::kFollow) return OpenIn(AT_FDCWD, path.c_str(), flags, links);
  const auto parent = OpenFolderOf(path);
  if (!parent.ok()) return parent.status();
  return OpenIn(parent.value().number(), path.filename().c_str(), flags, links);
}

bool IsRegularFile(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(fs::symlink_status(path, ignored));
}

}  // namespace sahpool::cli
