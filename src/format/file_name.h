// The names of files: from the name that an app or SQLite passes to the one stored in a slot.
//
// A stored name is the pathname that the WHATWG URL parser gives for a name against
// "file://localhost/": absolute, '.' and '..' (also as "%2e") resolved, '\' turned into '/', and
// every byte that a URL path can't hold percent-encoded; percent escapes that are already there
// stay. But a name is taken as a path and nothing else. Where the parser would see more than a
// path, and give distinct names one pathname, the stored names stay distinct:
//   '#' and '?'                    stay as they are: a#b -> /a#b, while a%23b -> /a%23b
//   scheme and drive               belong to the first segment: a:b -> /a:b, C:/x -> /C:/x
//   host                           is an empty first segment: //h/p -> //h/p
//   tab, LF, CR anywhere; leading
//   and trailing controls, spaces  are encoded instead of dropped: " a" -> /%20a
// A byte that is not part of valid UTF-8 is percent-encoded like any other.
//
// URL parsers differ in three points, and a browser's pool was written with the parser of that
// browser. So the caller says which dialect of URLs is spoken (UrlDialect):
//   '^' -> %5E     the standard since 2025, Chromium and Firefox; Node 20 and older keep '^'
//   '|' -> %7C     Chromium; the standard, Firefox and Node keep '|'
//   drive letters  the standard, Firefox, Node, and Chromium on Windows: a first segment "C|"
//                  becomes "C:", and '..' does not remove it. Chromium elsewhere knows none.
// Chromium on Windows also turns a drive letter to upper case, which no dialect here does.
//
// Resolving is idempotent in every dialect: a stored name resolves to itself. So does a stored name
// with a suffix such as SQLite's "-journal". A name that is stored but does not resolve to itself
// (another parser wrote it, or none) can be reached by no open; ResolveFileName() of it is the name
// to give it.
//
// Threads: values and pure functions. Nothing allocates.
// Errors: kInvalid, kNameTooLong.
#ifndef SAHPOOL_FORMAT_FILE_NAME_H_
#define SAHPOOL_FORMAT_FILE_NAME_H_

#include <array>
#include <cstddef>
#include <string_view>

#include "format/slot_header.h"
#include "sahpool/status.h"

namespace sahpool {

// A stored name, held inline. Usually a resolved one, but any that a slot header can hold.
class FileName {
 public:
  static constexpr std::size_t kMaxSize = kMaxStoredPathSize;
  // That of a database's: SQLite makes names of it, the longest of which is that of a
  // super-journal, with "-mjXXXXXX9XX".
  static constexpr std::size_t kMaxDatabaseSize = kMaxSize - 12;

  // No name: an empty view.
  FileName() = default;

  // Takes a name as it stands in a slot header. kInvalid when it is empty or has a NUL in it,
  // kNameTooLong when it has more than kMaxSize bytes.
  static Result<FileName> FromStored(std::string_view stored);

  std::string_view view() const { return {bytes_.data(), size_}; }
  const char* c_str() const { return bytes_.data(); }
  bool empty() const { return size_ == 0; }

  // Before a database gets the name: kNameTooLong when it has more than kMaxDatabaseSize bytes. One
  // that another implementation gave it stays, and is read as any other.
  Status CheckForDatabase() const;

  friend bool operator==(const FileName& a, const FileName& b) { return a.view() == b.view(); }

 private:
  std::size_t size_ = 0;
  std::array<char, 512> bytes_{};  // zeros behind size_, so that c_str() always ends
  static_assert(kMaxSize < sizeof(bytes_));
};

// The suffixes under which SQLite keeps a database's rollback journal and write-ahead log.
inline constexpr std::array<std::string_view, 2> kCompanionSuffixes = {"-journal", "-wal"};
inline constexpr const std::string_view& kJournalSuffix = kCompanionSuffixes[0];
inline constexpr const std::string_view& kWalSuffix = kCompanionSuffixes[1];

// In what URL parsers differ. At first the current WHATWG standard.
struct UrlDialect {
  bool encodes_caret = true;
  bool encodes_bar = false;
  bool knows_drive_letters = true;
};

// The stored name for `name`. kInvalid when `name` is empty, kNameTooLong when the stored name
// would have more than FileName::kMaxSize bytes; `name` itself may be longer.
Result<FileName> ResolveFileName(std::string_view name, const UrlDialect& dialect);

// Whether it is clear at a glance that `name` resolves to itself in every dialect. A name of which
// that is not clear may do so as well.
bool IsPlainName(std::string_view name);

// Whether `stored` is a stored name that some name resolves to, which is then also itself.
bool IsResolved(std::string_view stored, const UrlDialect& dialect);

}  // namespace sahpool

#endif  // SAHPOOL_FORMAT_FILE_NAME_H_
