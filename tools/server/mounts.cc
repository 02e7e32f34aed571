#include "mounts.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "private_names.h"

namespace sahpool::serve {
namespace {

namespace fs = std::filesystem;
using Kind = Target::Kind;

// How often a file is looked for that is replaced in the meantime.
constexpr int kAttempts = 8;

bool HasParentStep(std::string_view url_path) {
  while (!url_path.empty()) {
    const size_t slash = std::min(url_path.find('/'), url_path.size());
    if (url_path.substr(0, slash) == "..") return true;
    url_path.remove_prefix(std::min(slash + 1, url_path.size()));
  }
  return false;
}

// `path` relative to `directory`, both canonical. Nothing when it lies elsewhere.
std::optional<std::string_view> Below(std::string_view directory, std::string_view path) {
  if (directory == "/") return path.substr(1);
  if (!path.starts_with(directory)) return std::nullopt;
  path.remove_prefix(directory.size());
  if (!path.empty() && path.front() != '/') return std::nullopt;
  return path.substr(path.empty() ? 0 : 1);
}

Target Failed(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return {.kind = Kind::kNoDescriptors};
    case EACCES:
    case EPERM:
      return {.kind = Kind::kUnreadable};
    default:
      return {.kind = Kind::kNotFound};
  }
}

// The name by which /proc knows a descriptor: a link to the file itself.
std::string ProcName(int descriptor) { return "/proc/self/fd/" + std::to_string(descriptor); }

// The canonical name of an open file, free of links; empty when it can't be told.
std::string NameOf(int descriptor) {
  std::array<char, PATH_MAX> name;
  const ssize_t length = ::readlink(ProcName(descriptor).c_str(), name.data(), name.size());
  if (length <= 0 || length == static_cast<ssize_t>(name.size())) return {};
  return {name.data(), static_cast<size_t>(length)};
}

// Looks at a file without opening it, of which the writer of a FIFO and a device would take notice.
// Nothing, and errno, where that fails.
std::optional<OpenFile> Look(const std::string& path) {
  OpenFile file;
  file.descriptor = Descriptor(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file.descriptor || ::fstat(file.descriptor.number(), &file.status) != 0) return std::nullopt;
  return file;
}

}  // namespace

void Mounts::Add(std::string_view prefix, const fs::path& directory) {
  std::string clean(prefix);
  while (clean.ends_with('/')) clean.pop_back();
  if (!clean.empty() && !clean.starts_with('/')) {
    throw std::runtime_error("mount prefix '" + clean + "' must start with '/'");
  }
  const bool taken = std::any_of(mounts_.begin(), mounts_.end(),
                                 [&](const Mount& mount) { return mount.prefix == clean; });
  if (taken) {
    throw std::runtime_error("two directories are mounted at '" + clean + "/'");
  }
  std::error_code error;
  const fs::path canonical = fs::canonical(directory, error);
  if (error) {
    throw std::runtime_error("cannot serve " + directory.string() + ": " + error.message());
  }
  if (!fs::is_directory(canonical, error)) {
    throw std::runtime_error("cannot serve " + directory.string() + ": not a directory");
  }
  mounts_.push_back({std::move(clean), canonical.string()});
}

void Mounts::AddFromArgument(std::string_view argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == argument.size()) {
    throw std::runtime_error("--mount takes /prefix=DIR, not '" + std::string(argument) + "'");
  }
  Add(argument.substr(0, equals), fs::path(argument.substr(equals + 1)));
}

Target Mounts::Resolve(std::string_view url_path) const {
  if (!url_path.starts_with('/') || url_path.find('\0') != std::string_view::npos) {
    return {.kind = Kind::kBadRequest};
  }
  if (HasParentStep(url_path)) return {.kind = Kind::kOutside};
  const Mount* mount = Find(url_path);
  if (mount == nullptr) return {.kind = Kind::kNotFound};

  std::string_view below = url_path.substr(mount->prefix.size());
  if (IsPrivateRequest(below)) return {.kind = Kind::kPrivate};
  const bool asks_for_directory = below.ends_with('/');
  while (below.starts_with('/')) below.remove_prefix(1);
  while (below.ends_with('/')) below.remove_suffix(1);

  std::string path = mount->directory;
  path.append("/").append(below);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (std::optional<Target> target = Open(path, asks_for_directory)) return std::move(*target);
  }
  return {.kind = Kind::kNotFound};
}

const Mounts::Mount* Mounts::Find(std::string_view url_path) const {
  const Mount* longest = nullptr;
  for (const Mount& mount : mounts_) {
    const bool matches =
        url_path.starts_with(mount.prefix) &&
        (url_path.size() == mount.prefix.size() || url_path[mount.prefix.size()] == '/');
    if (matches && (longest == nullptr || mount.prefix.size() > longest->prefix.size())) {
      longest = &mount;
    }
  }
  return longest;
}

Kind Mounts::Judge(std::string_view canonical) const {
  Kind kind = Kind::kOutside;
  for (const Mount& mount : mounts_) {
    const std::optional<std::string_view> below = Below(mount.directory, canonical);
    if (below && !IsPrivateFile(*below)) return Kind::kFile;
    if (below) kind = Kind::kPrivate;
  }
  return kind;
}

std::optional<Target> Mounts::Open(std::string path, bool asks_for_directory) const {
  std::optional<OpenFile> looked = Look(path);
  if (!looked) return Failed(errno);
  const bool is_index = S_ISDIR(looked->status.st_mode) && asks_for_directory;
  if (is_index) {
    looked = Look(path += "/index.html");
    if (!looked) return Failed(errno);
  } else if (asks_for_directory) {
    return Target{.kind = Kind::kNotFound};
  }
  const std::string name = NameOf(looked->descriptor.number());
  // Replaced in the meantime: it has no name any more by which it could be judged.
  if (looked->status.st_nlink == 0) return std::nullopt;
  if (const Kind kind = Judge(name); kind != Kind::kFile) return Target{.kind = kind};
  if (S_ISDIR(looked->status.st_mode) && !is_index) return Target{.kind = Kind::kNeedsSlash};
  if (!S_ISREG(looked->status.st_mode)) return Target{.kind = Kind::kOutside};

  // The very file that was judged, whatever its name leads to by now.
  Descriptor file(::open(ProcName(looked->descriptor.number()).c_str(),
                         O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return Failed(errno);
  return Target{Kind::kFile, {std::move(file), looked->status}, is_index};
}

}  // namespace sahpool::serve
