#include "mounts.h"

#include <algorithm>
#include <stdexcept>
#include <system_error>

namespace sahpool::serve {
namespace {

namespace fs = std::filesystem;

bool HasParentStep(std::string_view url_path) {
  while (!url_path.empty()) {
    const size_t slash = std::min(url_path.find('/'), url_path.size());
    if (url_path.substr(0, slash) == "..") return true;
    url_path.remove_prefix(std::min(slash + 1, url_path.size()));
  }
  return false;
}

bool IsInside(const fs::path& path, const fs::path& directory) {
  const auto differs = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
  return differs.first == directory.end();
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
  mounts_.push_back({std::move(clean), canonical});
}

void Mounts::AddFromArgument(std::string_view argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == argument.size()) {
    throw std::runtime_error("--mount takes /prefix=DIR, not '" + std::string(argument) + "'");
  }
  Add(argument.substr(0, equals), fs::path(argument.substr(equals + 1)));
}

Target Mounts::Resolve(std::string_view url_path) const {
  using Kind = Target::Kind;
  if (!url_path.starts_with('/') || url_path.find('\0') != std::string_view::npos) {
    return {Kind::kBadRequest, {}};
  }
  if (HasParentStep(url_path)) return {Kind::kForbidden, {}};
  const Mount* mount = Find(url_path);
  if (mount == nullptr) return {Kind::kNotFound, {}};

  std::string_view below = url_path.substr(mount->prefix.size());
  const bool asks_for_directory = below.ends_with('/');
  while (below.starts_with('/')) below.remove_prefix(1);
  while (below.ends_with('/')) below.remove_suffix(1);

  std::error_code error;
  fs::path path = fs::canonical(mount->directory / fs::path(below), error);
  if (error) return {Kind::kNotFound, {}};
  if (!Contains(path)) return {Kind::kForbidden, {}};
  if (fs::is_directory(path, error)) {
    if (!asks_for_directory) return {Kind::kNeedsSlash, {}};
    path = fs::canonical(path / "index.html", error);
    if (error) return {Kind::kNotFound, {}};
    if (!Contains(path)) return {Kind::kForbidden, {}};
  } else if (asks_for_directory) {
    return {Kind::kNotFound, {}};
  }
  if (!fs::is_regular_file(path, error)) return {Kind::kForbidden, {}};
  return {Kind::kFile, std::move(path)};
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

bool Mounts::Contains(const fs::path& canonical) const {
  return std::any_of(mounts_.begin(), mounts_.end(),
                     [&](const Mount& mount) { return IsInside(canonical, mount.directory); });
}

}  // namespace sahpool::serve
