#include "private_names.h"

#include <algorithm>
#include <array>
#include <string>

namespace sahpool::serve {
namespace {

constexpr std::array<std::string_view, 11> kKeyEndings = {
    ".crt", ".jks", ".kdbx", ".key", ".keystore", ".p12", ".p8", ".pem", ".pfx", ".pkcs12", ".ppk"};
constexpr std::array<std::string_view, 6> kKeyNames = {"id_dsa",     "id_ecdsa",      "id_ecdsa_sk",
                                                       "id_ed25519", "id_ed25519_sk", "id_rsa"};
// What editors, tools and people put behind the name of what they keep a copy of.
constexpr std::array<std::string_view, 11> kCopyEndings = {
    "~", "#", ".backup", ".bak", ".copy", ".old", ".orig", ".save", ".swo", ".swp", ".tmp"};
constexpr std::array<std::string_view, 7> kPrivateFolders = {".aws", ".bzr", ".git", ".gnupg",
                                                             ".hg",  ".ssh", ".svn"};

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsHidden(std::string_view name) {
  return name.starts_with('.') && name != "." && name != ".well-known";
}

// The name of which `name` is a copy's; `name` itself if it is none.
std::string_view OriginalOf(std::string_view name) {
  if (name.starts_with('#')) name.remove_prefix(1);
  const auto cut = [&](std::string_view ending) {
    if (!name.ends_with(ending)) return false;
    name.remove_suffix(ending.size());
    return true;
  };
  while (std::any_of(kCopyEndings.begin(), kCopyEndings.end(), cut)) {
  }
  return name;
}

bool IsKey(std::string_view name) {
  name = OriginalOf(name);
  return std::find(kKeyNames.begin(), kKeyNames.end(), name) != kKeyNames.end() ||
         std::any_of(kKeyEndings.begin(), kKeyEndings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

bool IsPrivateFolder(std::string_view name) {
  return std::find(kPrivateFolders.begin(), kPrivateFolders.end(), name) != kPrivateFolders.end();
}

template <typename Predicate>
bool AnyFolder(std::string_view path, Predicate is_private) {
  for (size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    if (is_private(path.substr(0, slash))) return true;
    path.remove_prefix(slash + 1);
  }
  return false;
}

std::string_view LastStep(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

bool IsPrivateRequest(std::string_view path) {
  const std::string lower = AsciiLower(path);
  return AnyFolder(lower, IsHidden) || IsHidden(LastStep(lower)) || IsKey(LastStep(lower));
}

bool IsPrivateFile(std::string_view path) {
  const std::string lower = AsciiLower(path);
  const std::string_view name = LastStep(lower);
  return AnyFolder(lower, IsPrivateFolder) || IsHidden(name) || IsKey(name);
}

}  // namespace sahpool::serve
