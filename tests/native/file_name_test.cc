#include "format/file_name.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <ostream>
#include <random>
#include <string>
#include <string_view>

namespace sahpool {
namespace {

using std::string_view_literals::operator""sv;

constexpr int kRandomNames = 20000;

constexpr UrlDialect kStandard;
constexpr UrlDialect kChromium{.encodes_bar = true, .knows_drive_letters = false};
constexpr UrlDialect kChromiumOnWindows{.encodes_bar = true};
constexpr UrlDialect kNode20{.encodes_caret = false};

// All eight, though no parser speaks some of them.
constexpr std::array<UrlDialect, 8> AllDialects() {
  std::array<UrlDialect, 8> dialects;
  for (unsigned i = 0; i < dialects.size(); ++i) {
    dialects[i] = {.encodes_caret = (i & 1) != 0,
                   .encodes_bar = (i & 2) != 0,
                   .knows_drive_letters = (i & 4) != 0};
  }
  return dialects;
}

std::string Resolve(std::string_view name, const UrlDialect& dialect = kStandard) {
  const Result<FileName> resolved = ResolveFileName(name, dialect);
  EXPECT_TRUE(resolved.ok()) << name << ": " << resolved.status().text();
  return std::string(resolved.value().view());
}

Code Refusal(std::string_view name) { return ResolveFileName(name, kStandard).status().code(); }

struct Example {
  std::string_view name;
  std::string_view stored;
};

void PrintTo(const Example& example, std::ostream* out) { *out << '"' << example.name << '"'; }

class FileNameExamples : public ::testing::TestWithParam<Example> {};

TEST_P(FileNameExamples, ResolveToTheStoredName) {
  EXPECT_EQ(Resolve(GetParam().name), GetParam().stored);
}

TEST_P(FileNameExamples, StoredNameResolvesToItself) {
  EXPECT_TRUE(IsResolved(GetParam().stored, kStandard));
}

// SQLite appends these to the name that it got from xFullPathname.
TEST_P(FileNameExamples, NamesThatSqliteDerivesResolveToThemselves) {
  for (const char* suffix : {"-journal", "-wal", "-mj0A1B2C9D3"}) {
    EXPECT_TRUE(IsResolved(std::string(GetParam().stored) + suffix, kStandard)) << suffix;
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, FileNameExamples,
                         ::testing::Values(Example{"app.db", "/app.db"},      //
                                           Example{"/app.db", "/app.db"},     //
                                           Example{"a/b/c.db", "/a/b/c.db"},  //
                                           Example{"a//b", "/a//b"},          //
                                           Example{"a/", "/a/"},              //
                                           Example{"/", "/"},                 //
                                           Example{"\\a\\b", "/a/b"},         //
                                           Example{"a\\/b", "/a//b"}));

INSTANTIATE_TEST_SUITE_P(DotSegments, FileNameExamples,
                         ::testing::Values(Example{".", "/"},                           //
                                           Example{"..", "/"},                          //
                                           Example{"./a", "/a"},                        //
                                           Example{"../../a", "/a"},                    //
                                           Example{"a/./b", "/a/b"},                    //
                                           Example{"a/../b", "/b"},                     //
                                           Example{"a\\..\\b", "/b"},                   //
                                           Example{"a/.", "/a/"},                       //
                                           Example{"a/b/..", "/a/"},                    //
                                           Example{"a/..", "/"},                        //
                                           Example{"a//../b", "/a/b"},                  //
                                           Example{"a/%2e/b", "/a/b"},                  //
                                           Example{"a/%2E%2e/b", "/b"},                 //
                                           Example{"a/.%2e/%2E./b", "/b"},              //
                                           Example{"a/.b/..", "/a/"},                   //
                                           Example{"...", "/..."},                      //
                                           Example{"%2e%2e%2e", "/%2e%2e%2e"},          //
                                           Example{".a/b./%2ec/%2", "/.a/b./%2ec/%2"},  //
                                           Example{"/.//h", "//h"},                     //
                                           Example{"a/..//h", "//h"}));

INSTANTIATE_TEST_SUITE_P(
    PercentEncoding, FileNameExamples,
    ::testing::Values(Example{"dir/with space/\xC3\xBCn\xC3\xAF"
                              "code-\xC3\x9F.db",
                              "/dir/with%20space/%C3%BCn%C3%AFcode-%C3%9F.db"},
                      Example{"\xF0\x9F\x98\x80", "/%F0%9F%98%80"},
                      Example{"\xFF\xC3(\x80", "/%FF%C3(%80"},
                      Example{"\xED\xA0\x80", "/%ED%A0%80"},
                      Example{"\"<>^`{|}\x7F\x1F", "/%22%3C%3E%5E%60%7B|%7D%7F%1F"},
                      Example{"!$%&'()*+,-.019:;=@AZ[]_az~", "/!$%&'()*+,-.019:;=@AZ[]_az~"},
                      Example{"a%20b%2fc%5C%zz%", "/a%20b%2fc%5C%zz%"}));

INSTANTIATE_TEST_SUITE_P(NothingButAPath, FileNameExamples,
                         ::testing::Values(Example{"a#b", "/a#b"},                //
                                           Example{"a%23b", "/a%23b"},            //
                                           Example{"#", "/#"},                    //
                                           Example{"a?mode=ro", "/a?mode=ro"},    //
                                           Example{"a?/../b", "/b"},              //
                                           Example{"a#/..", "/"},                 //
                                           Example{"..?", "/..?"},                //
                                           Example{"a:b", "/a:b"},                //
                                           Example{"file:a", "/file:a"},          //
                                           Example{"http://h/p", "/http://h/p"},  //
                                           Example{"//h/p", "//h/p"},             //
                                           Example{"\\\\h\\p", "//h/p"},          //
                                           Example{"///p", "///p"},               //
                                           Example{"//..", "/"},                  //
                                           Example{" a ", "/%20a%20"},            //
                                           Example{"\x01"
                                                   "a\x1F",
                                                   "/%01a%1F"},                    //
                                           Example{"a\tb\nc\r", "/a%09b%0Ac%0D"},  //
                                           Example{".\t./a", "/.%09./a"},          //
                                           Example{".. ", "/..%20"},               //
                                           Example{"a\0b"sv, "/a%00b"}));

INSTANTIATE_TEST_SUITE_P(DriveLetters, FileNameExamples,
                         ::testing::Values(Example{"C:", "/C:"},              //
                                           Example{"C|", "/C:"},              //
                                           Example{"C:/x", "/C:/x"},          //
                                           Example{"c|\\x", "/c:/x"},         //
                                           Example{"./C|/x", "/C:/x"},        //
                                           Example{"a/../C|", "/C:"},         //
                                           Example{"/C:/..", "/C:/"},         //
                                           Example{"C|/../../x", "/C:/x"},    //
                                           Example{"C:/x/../../y", "/C:/y"},  //
                                           Example{"C:/C|/../..", "/C:/"},    //
                                           Example{"x/C|", "/x/C|"},          //
                                           Example{"//C|", "//C|"},           //
                                           Example{"//C:/..", "//"},          //
                                           Example{"/C:x/../y", "/y"},        //
                                           Example{"/C|x/..", "/"},           //
                                           Example{"1:/..", "/"},             //
                                           Example{"C%7C/..", "/"},           //
                                           Example{"C|?/x", "/C|?/x"},        //
                                           Example{"/a|b/..", "/"}));

struct DialectExample {
  UrlDialect dialect;
  std::string_view name;
  std::string_view stored;
};

TEST(ResolveFileName, SpellsNamesAsTheDialectDoes) {
  for (const auto& [dialect, name, stored] : {
           DialectExample{kStandard, "a^b|c", "/a%5Eb|c"},
           DialectExample{kStandard, "C|/../x", "/C:/x"},
           DialectExample{kNode20, "a^b|c", "/a^b|c"},
           DialectExample{kNode20, "C|/../x", "/C:/x"},
           DialectExample{kChromium, "a^b|c", "/a%5Eb%7Cc"},
           DialectExample{kChromium, "C|/../x", "/x"},
           DialectExample{kChromium, "C|/x", "/C%7C/x"},
           DialectExample{kChromium, "/C:/x", "/C:/x"},
           DialectExample{kChromium, "/C:/..", "/"},
           DialectExample{kChromiumOnWindows, "C|/../x|", "/C:/x%7C"},
           DialectExample{{.knows_drive_letters = false}, "C|/x", "/C|/x"},
           DialectExample{{.knows_drive_letters = false}, "/C|/..", "/"},
       }) {
    EXPECT_EQ(Resolve(name, dialect), stored) << name;
    EXPECT_TRUE(IsResolved(stored, dialect)) << name;
  }
}

TEST(ResolveFileName, RefusesTheEmptyName) { EXPECT_EQ(Refusal(""), Code::kInvalid); }

TEST(ResolveFileName, TakesStoredNamesOfUpTo510Bytes) {
  EXPECT_EQ(Resolve(std::string(509, 'a')).size(), 510U);
  EXPECT_EQ(Refusal(std::string(510, 'a')), Code::kNameTooLong);
  EXPECT_EQ(Resolve("/" + std::string(509, 'a')).size(), 510U);
  EXPECT_EQ(Resolve(std::string(508, 'a') + "/").size(), 510U);
  EXPECT_EQ(Refusal(std::string(509, 'a') + "/"), Code::kNameTooLong);
}

TEST(ResolveFileName, CountsTheBytesThatAreStored) {
  EXPECT_EQ(Resolve(std::string(506, 'a') + " ").size(), 510U);
  EXPECT_EQ(Refusal(std::string(507, 'a') + " "), Code::kNameTooLong);
  EXPECT_EQ(Resolve(std::string(169, ' ') + "aa").size(), 510U);
  EXPECT_EQ(Refusal(std::string(170, ' ')), Code::kNameTooLong);
}

TEST(ResolveFileName, LongNamesMayShrinkToFit) {
  const std::string too_long(600, 'a');
  EXPECT_EQ(Resolve(too_long + "/../x"), "/x");
  EXPECT_EQ(Resolve("k/" + too_long + "/b/c/../../../x"), "/k/x");
  EXPECT_EQ(Resolve("k/" + too_long + "/C:/../../.."), "/");
  EXPECT_EQ(Resolve("C|/" + too_long + "/../.."), "/C:/");
  EXPECT_EQ(Refusal("k/" + too_long + "/b/.."), Code::kNameTooLong);

  std::string deep;
  for (int i = 0; i < 400; ++i) deep += "ab/";
  EXPECT_EQ(Refusal(deep), Code::kNameTooLong);
  for (int i = 0; i < 399; ++i) deep += "../";
  EXPECT_EQ(Resolve(deep + "x"), "/ab/x");
}

// Names that other parsers stored, and what each is to be called.
TEST(ResolveFileName, GivesUnreachableStoredNamesTheNameToUse) {
  for (const auto& [old_name, stored] :
       {Example{"/a^b", "/a%5Eb"}, Example{"/C|", "/C:"}, Example{"b", "/b"},
        Example{"/a b", "/a%20b"}, Example{"/a/../b", "/b"}}) {
    EXPECT_FALSE(IsResolved(old_name, kStandard)) << old_name;
    EXPECT_EQ(Resolve(old_name), stored);
  }
}

TEST(IsResolved, IsFalseForWhatNoNameResolvesTo) {
  EXPECT_FALSE(IsResolved("", kStandard));
  EXPECT_FALSE(IsResolved("a", kStandard));
  EXPECT_FALSE(IsResolved("\\a", kStandard));
  EXPECT_FALSE(IsResolved("/C|", kStandard));
  EXPECT_FALSE(IsResolved("/\xC3\xA9", kStandard));
  EXPECT_FALSE(IsResolved("/" + std::string(510, 'a'), kStandard));
}

TEST(IsResolved, DependsOnTheDialect) {
  EXPECT_TRUE(IsResolved("/a|b", kStandard));
  EXPECT_FALSE(IsResolved("/a|b", kChromium));
  EXPECT_TRUE(IsResolved("/a%7Cb", kStandard));
  EXPECT_TRUE(IsResolved("/a^b", kNode20));
  EXPECT_FALSE(IsResolved("/a^b", kStandard));
  EXPECT_TRUE(IsResolved("/C|", {.knows_drive_letters = false}));
}

TEST(FileName, IsEmptyAtFirst) {
  const FileName name;
  EXPECT_TRUE(name.empty());
  EXPECT_EQ(name.view(), "");
  EXPECT_STREQ(name.c_str(), "");
}

TEST(FileName, HoldsStoredNamesThatDoNotResolveToThemselves) {
  const Result<FileName> name = FileName::FromStored("a/../^ b");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name.value().view(), "a/../^ b");
  EXPECT_STREQ(name.value().c_str(), "a/../^ b");
  EXPECT_FALSE(name.value().empty());
}

TEST(FileName, RefusesWhatNoSlotHeaderHolds) {
  EXPECT_EQ(FileName::FromStored(std::string(510, 'a')).value().view().size(), 510U);
  EXPECT_EQ(FileName::FromStored(std::string(511, 'a')).status().code(), Code::kNameTooLong);
  EXPECT_EQ(FileName::FromStored("").status().code(), Code::kInvalid);
  EXPECT_EQ(FileName::FromStored("/a\0b"sv).status().code(), Code::kInvalid);
}

TEST(FileName, EqualsByItsBytes) {
  const FileName a = FileName::FromStored("/a").value();
  EXPECT_EQ(a, ResolveFileName("x/../a", kStandard).value());
  EXPECT_NE(a, FileName::FromStored("/A").value());
  EXPECT_NE(a, FileName::FromStored("/a/").value());
}

// Random names of up to `max_pieces` of the given pieces, the same in every run.
template <std::size_t kPieces>
class RandomNames {
 public:
  RandomNames(const std::array<std::string_view, kPieces>& pieces, std::size_t max_pieces)
      : pieces_(pieces), max_pieces_(max_pieces) {}

  std::string Next() {
    std::string name;
    for (std::size_t left = 1 + random_() % max_pieces_; left > 0; --left) {
      name += pieces_[random_() % kPieces];
    }
    return name;
  }

 private:
  const std::array<std::string_view, kPieces>& pieces_;
  const std::size_t max_pieces_;
  std::mt19937 random_{20240607};
};

constexpr std::array kNastyPieces = {
    "/"sv, "/"sv,  "\\"sv, "."sv,    ".."sv,       "%2e"sv,  "%2E"sv,  "%"sv,  "C"sv,
    "|"sv, ":"sv,  "#"sv,  "?"sv,    "a"sv,        " "sv,    "\t"sv,   "^"sv,  "~"sv,
    "<"sv, "\0"sv, "\n"sv, "\x7F"sv, "\xC3\xA9"sv, "\x80"sv, "\xFF"sv, "%41"sv};

TEST(ResolveFileName, IsIdempotent) {
  RandomNames names(kNastyPieces, 24);
  for (int i = 0; i < kRandomNames; ++i) {
    const std::string name = names.Next();
    for (const UrlDialect& dialect : AllDialects()) {
      const std::string stored = Resolve(name, dialect);
      EXPECT_TRUE(IsResolved(stored, dialect)) << ::testing::PrintToString(name);
      EXPECT_TRUE(IsResolved(stored + "-journal", dialect)) << ::testing::PrintToString(name);
    }
  }
}

TEST(ResolveFileName, IsIdempotentForAllBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < kRandomNames; ++i) {
    std::string name(1 + random() % 40, '\0');
    for (char& c : name) c = static_cast<char>(random() % 256);
    for (const UrlDialect& dialect : AllDialects()) {
      EXPECT_TRUE(IsResolved(Resolve(name, dialect), dialect)) << ::testing::PrintToString(name);
    }
  }
}

TEST(IsPlainName, IsTrueOfWhatSqliteAsksFor) {
  for (const std::string_view name : {"/app.db"sv, "/app.db-journal"sv, "/dir/app.db-wal"sv, "/"sv,
                                      "/a.b/c%2ed"sv, "/C:/a"sv, "//"sv}) {
    EXPECT_TRUE(IsPlainName(name)) << name;
  }
  EXPECT_TRUE(IsPlainName("/" + std::string(509, 'a')));
  EXPECT_FALSE(IsPlainName("/" + std::string(510, 'a')));
}

TEST(IsPlainName, IsFalseOfAllThatDoesNotResolveToItself) {
  RandomNames names(kNastyPieces, 6);
  int plain_count = 0;
  for (int i = 0; i < kRandomNames; ++i) {
    const std::string name = "/" + names.Next();
    if (!IsPlainName(name)) continue;
    ++plain_count;
    for (const UrlDialect& dialect : AllDialects()) {
      EXPECT_TRUE(IsResolved(name, dialect)) << ::testing::PrintToString(name);
    }
  }
  EXPECT_GT(plain_count, kRandomNames / 100);
  for (const std::string_view name :
       {""sv, "a"sv, "\\a"sv, "/a\\b"sv, "/."sv, "/a/.."sv, "/%2e"sv}) {
    EXPECT_FALSE(IsPlainName(name)) << name;
  }
}

// Without dot segments, percent escapes, backslashes and drive letters, nothing is left that may be
// merged except the leading '/'.
TEST(ResolveFileName, KeepsDistinctNamesDistinct) {
  static constexpr std::array kPieces = {"/"sv,     "#"sv,     "?"sv,   "a"sv,  ":"sv,    "C:"sv,
                                         "http:"sv, "file:"sv, "//h"sv, "\t"sv, "\n"sv,   "\r"sv,
                                         "\x01"sv,  "\x1F"sv,  " "sv,   "\0"sv, "\x7F"sv, "\xFF"sv};
  RandomNames names(kPieces, 7);
  std::map<std::string, std::string> name_of_stored;
  for (int i = 0; i < kRandomNames; ++i) {
    std::string absolute_name = names.Next();
    if (!absolute_name.starts_with('/')) absolute_name.insert(0, "/");
    const auto [entry, is_new] = name_of_stored.emplace(Resolve(absolute_name), absolute_name);
    EXPECT_EQ(entry->second, absolute_name) << "both are stored as " << entry->first;
  }
  EXPECT_GT(name_of_stored.size(), std::size_t{kRandomNames / 2});
}

}  // namespace
}  // namespace sahpool
