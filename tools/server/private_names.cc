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
// What editors, tools and people put around the name of what they keep a copy of: "#server.key#",
// "server.key.~1~", "server.key.bak2", "id_rsa (copy)", "Copy of id_rsa".
constexpr std::array<std::string_view, 3> kCopyBeginnings = {"#", "~", "copy of "};
constexpr std::array<std::string_view, 14> kCopyEndings = {"backup", "bak",  "copy", "dpkg", "new",
                                                           "old",    "orig", "rej",  "save", "swn",
                                                           "swo",    "swp",  "tmp",  "un"};
constexpr std::string_view kCopyMarks = "~#. ()-_0123456789";
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

// Without one thing more that a copy's name has; unchanged if it has none.
std::string_view WithoutCopyEnding(std::string_view name) {
  const auto* const ending =
      std::find_if(kCopyEndings.begin(), kCopyEndings.end(),
                   [&](std::string_view candidate) { return name.ends_with(candidate); });
  if (ending != kCopyEndings.end()) {
    name.remove_suffix(ending->size());
  } else if (!name.empty() && kCopyMarks.find(name.back()) != std::string_view::npos) {
    name.remove_suffix(1);
  }
  return name;
}

std::string_view WithoutCopyBeginning(std::string_view name) {
  for (const std::string_view beginning : kCopyBeginnings) {
    if (name.starts_with(beginning)) return name.substr(beginning.size());
  }
  return name;
}

bool IsKey(std::string_view name) {
  return std::find(kKeyNames.begin(), kKeyNames.end(), name) != kKeyNames.end() ||
         std::any_of(kKeyEndings.begin(), kKeyEndings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

// Whether `name` is that of a dotfile or a key, or of a copy of one.
bool IsPrivateName(std::string_view name) {
  if (IsHidden(name)) return true;
  name = WithoutCopyBeginning(name);
  if (IsHidden(name)) return true;
  // Names of keys end in digits too: each step may have reached one.
  while (!IsKey(name)) {
    const std::string_view shorter = WithoutCopyEnding(name);
    if (shorter.size() == name.size()) return false;
    name = shorter;
  }
  return true;
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
  return AnyFolder(lower, IsHidden) || IsPrivateName(LastStep(lower));
}

bool IsPrivateFile(std::string_view path) {
  const std::string lower = AsciiLower(path);
  return AnyFolder(lower, IsPrivateFolder) || IsPrivateName(LastStep(lower));
}

}  // namespace sahpool::serve
