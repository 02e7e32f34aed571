#include "cli/output_folder.h"

#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

#include "cli/failure.h"
#include "cli/interruption.h"
#include "cli/printable.h"

namespace sahpool::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kUsualNameSize = 255;
// For a suffix and a number.
constexpr std::size_t kRoom = 24;

bool IsThere(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

// What percent escapes stand for; where that is no text, as it was.
std::string Decoded(const std::string& text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  const bool is_text = Printable(decoded) == decoded && decoded.find('/') == std::string::npos;
  return is_text ? decoded : text;
}

// Cut between two characters.
std::string Shortened(std::string text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80) --size;
  text.resize(size);
  return text;
}

// On a file system that does not tell capital letters, "-WAL" is a WAL too.
bool IsNameOfCompanion(const std::string& name) {
  constexpr std::array<std::string_view, 3> kSuffixes = {"-journal", "-wal", "-shm"};
  return std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    return name.size() >= suffix.size() &&
           strcasecmp(name.c_str() + name.size() - suffix.size(), suffix.data()) == 0;
  });
}

}  // namespace

OutputFolder::OutputFolder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  const bool is_there = fs::exists(path_, error);
  if (is_there && (!fs::is_directory(path_, error) || !fs::is_empty(path_, error))) {
    throw Failure(ExitCode::kExists, path_.string() + " exists and is not an empty folder");
  }
  fs::create_directories(path_, error);
  if (error) throw Failure(ExitCode::kFailed, path_.string() + ": " + error.message());
  if (!is_there) made_.push_back(path_);
  const std::int64_t limit = pathconf(path_.c_str(), _PC_NAME_MAX);
  max_part_size_ = static_cast<std::size_t>(limit > 0 ? limit : kUsualNameSize) - kRoom;
}

OutputFolder::~OutputFolder() {
  if (!IsInterrupted()) return;
  std::error_code ignored;
  std::for_each(made_.rbegin(), made_.rend(),
                [&](const fs::path& path) { fs::remove(path, ignored); });
}

// A part of a name as the name of a file that can do no harm.
std::string OutputFolder::PartFor(std::string_view part) const {
  if (part == "." || part == "..") return "_";
  std::string name(part);
  std::ranges::replace_if(
      name, [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }, '_');
  name = Printable(name);
  if (name.size() > max_part_size_) name = Decoded(name);
  return Shortened(std::move(name), max_part_size_);
}

fs::path OutputFolder::MakeFolder(const fs::path& above, const std::string& part) {
  fs::path folder = above / part;
  std::error_code error;
  for (int number = 2; IsThere(folder) && !fs::is_directory(folder, error); ++number) {
    folder = above / (part + "." + std::to_string(number));
  }
  if (fs::create_directory(folder, error)) made_.push_back(folder);
  if (error) throw Failure(ExitCode::kFailed, folder.string() + ": " + error.message());
  return folder;
}

fs::path OutputFolder::NewPath(std::string_view name, std::string_view suffix) {
  fs::path folder = path_;
  std::string file;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string part = PartFor(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
    if (part.empty()) continue;
    if (!file.empty()) folder = MakeFolder(folder, file);
    file = part;
  }
  if (file.empty()) file = "_";
  if (IsNameOfCompanion(file)) file += suffix;
  fs::path path = folder / file;
  for (int number = 2; IsThere(path); ++number) {
    path = folder / (file + "." + std::to_string(number));
  }
  made_.push_back(path);
  return path;
}

}  // namespace sahpool::cli
