#include "format/file_name.h"

#include <algorithm>
#include <cstdint>

namespace sahpool {
namespace {

constexpr bool IsSeparator(char c) { return c == '/' || c == '\\'; }

constexpr bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Which bytes a stored name holds as they are in every dialect. '#' and '?' are among them because
// no pathname of a URL can hold one: kept, they collide with nothing.
constexpr std::array<bool, 256> MakeKeptBytes() {
  std::array<bool, 256> kept{};
  for (std::size_t c = 0x21; c <= 0x7E; ++c) kept[c] = true;
  for (const char c : std::string_view("\"<>^`{|}")) kept[static_cast<unsigned char>(c)] = false;
  return kept;
}
constexpr std::array<bool, 256> kKeptBytes = MakeKeptBytes();

enum class SegmentKind : std::uint8_t { kOrdinary, kCurrentDirectory, kParentDirectory };

// Takes one '.' or "%2e" off the front of `segment`; false when neither is there.
bool TakeDot(std::string_view& segment) {
  if (segment.starts_with('.')) {
    segment.remove_prefix(1);
    return true;
  }
  if (segment.starts_with("%2e") || segment.starts_with("%2E")) {
    segment.remove_prefix(3);
    return true;
  }
  return false;
}

SegmentKind ClassifySegment(std::string_view segment) {
  if (!TakeDot(segment)) return SegmentKind::kOrdinary;
  if (segment.empty()) return SegmentKind::kCurrentDirectory;
  if (TakeDot(segment) && segment.empty()) return SegmentKind::kParentDirectory;
  return SegmentKind::kOrdinary;
}

bool IsDriveLetter(std::string_view segment) {
  return segment.size() == 2 && IsAsciiLetter(segment[0]) &&
         (segment[1] == ':' || segment[1] == '|');
}

bool IsKept(char c, const UrlDialect& dialect) {
  if (c == '^') return !dialect.encodes_caret;
  if (c == '|') return !dialect.encodes_bar;
  return kKeptBytes[static_cast<unsigned char>(c)];
}

Status TooLong(std::size_t limit) {
  Text text("the file name takes more than ");
  text.Append(static_cast<std::int64_t>(limit)).Append(" bytes when stored");
  return {Code::kNameTooLong, text};
}

// An absolute path of encoded segments. One that outgrows a stored name can still shrink into it by
// '..', so segments past the capacity are counted, though not kept.
class StoredPath {
 public:
  explicit StoredPath(const UrlDialect& dialect) : dialect_(dialect) {}

  void Push(std::string_view segment) {
    if (uncopied_segments_ > 0 || !TryAppend(segment)) ++uncopied_segments_;
  }

  void Pop() {
    if (uncopied_segments_ > 0) {
      --uncopied_segments_;
    } else if (size_ > 0 && !IsOnlyDriveLetter()) {
      size_ = view().rfind('/');
    }
  }

  bool fits() const { return uncopied_segments_ == 0; }
  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  bool IsOnlyDriveLetter() const {
    return dialect_.knows_drive_letters && IsDriveLetter(view().substr(1));
  }

  // Appends all of '/' and the segment, or nothing.
  bool TryAppend(std::string_view segment) {
    const std::size_t old_size = size_;
    const bool is_drive = dialect_.knows_drive_letters && size_ == 0 && IsDriveLetter(segment);
    const bool appended = AppendByte('/') && (is_drive ? AppendByte(segment[0]) && AppendByte(':')
                                                       : AppendEncoded(segment));
    if (!appended) size_ = old_size;
    return appended;
  }

  bool AppendEncoded(std::string_view segment) {
    constexpr std::string_view kHexDigits = "0123456789ABCDEF";
    return std::all_of(segment.begin(), segment.end(), [&](char c) {
      if (IsKept(c, dialect_)) return AppendByte(c);
      const auto byte = static_cast<unsigned char>(c);
      return AppendByte('%') && AppendByte(kHexDigits[byte >> 4]) &&
             AppendByte(kHexDigits[byte & 0xF]);
    });
  }

  bool AppendByte(char c) {
    if (size_ == bytes_.size()) return false;
    bytes_[size_++] = c;
    return true;
  }

  const UrlDialect& dialect_;
  std::array<char, FileName::kMaxSize> bytes_;  // uninitialised behind size_
  std::size_t size_ = 0;
  std::size_t uncopied_segments_ = 0;
};

// A dot segment at the end leaves a trailing slash: it names a directory.
void AddSegment(StoredPath& path, std::string_view segment, bool is_last) {
  const SegmentKind kind = ClassifySegment(segment);
  if (kind == SegmentKind::kOrdinary) {
    path.Push(segment);
    return;
  }
  if (kind == SegmentKind::kParentDirectory) path.Pop();
  if (is_last) path.Push("");
}

}  // namespace

Result<FileName> FileName::FromStored(std::string_view stored) {
  if (stored.empty()) return Status(Code::kInvalid, "a file name must not be empty");
  if (stored.size() > kMaxSize) return TooLong(kMaxSize);
  FileName name;
  for (const char c : stored) {
    if (c == '\0') return Status(Code::kInvalid, "a stored file name can't hold a NUL");
    name.bytes_[name.size_++] = c;
  }
  return name;
}

Status FileName::CheckForDatabase() const {
  return size_ > kMaxDatabaseSize ? TooLong(kMaxDatabaseSize) : Status();
}

Result<FileName> ResolveFileName(std::string_view name, const UrlDialect& dialect) {
  if (name.empty()) return Status(Code::kInvalid, "a file name must not be empty");
  StoredPath path(dialect);
  std::string_view rest = IsSeparator(name.front()) ? name.substr(1) : name;
  for (bool is_last = false; !is_last;) {
    const auto end = std::find_if(rest.begin(), rest.end(), IsSeparator);
    const auto size = static_cast<std::size_t>(end - rest.begin());
    is_last = size == rest.size();
    AddSegment(path, rest.substr(0, size), is_last);
    if (!is_last) rest.remove_prefix(size + 1);
  }
  if (!path.fits()) return TooLong(FileName::kMaxSize);
  return FileName::FromStored(path.view());
}

bool IsPlainName(std::string_view name) {
  if (!name.starts_with('/') || name.size() > FileName::kMaxSize) return false;
  char before = '\0';
  return std::all_of(name.begin(), name.end(), [&](char c) {
    // A segment of dots is not ordinary, and one may be spelled "%2e".
    const bool may_be_dot = before == '/' && (c == '.' || c == '%');
    before = c;
    return kKeptBytes[static_cast<unsigned char>(c)] && c != '\\' && !may_be_dot;
  });
}

bool IsResolved(std::string_view stored, const UrlDialect& dialect) {
  const Result<FileName> resolved = ResolveFileName(stored, dialect);
  return resolved.ok() && resolved.value().view() == stored;
}

}  // namespace sahpool
