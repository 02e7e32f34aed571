// What the tool shows: text for people, JSON for programs, progress for who waits. All of it goes
// through here, where whatever a terminal would obey is escaped (cli/printable.h).
//
// Colours and progress are for terminals only; NO_COLOR (https://no-color.org) turns colours off.
// Threads: one.
#ifndef SAHPOOL_TOOLS_CLI_OUTPUT_H_
#define SAHPOOL_TOOLS_CLI_OUTPUT_H_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sahpool::cli {

using Json = nlohmann::ordered_json;

enum class Colour { kNone, kRed, kYellow, kGreen, kBold };

// A text with the colour that it has when the standard output is a terminal.
struct Styled {
  Styled(std::string_view shown) : text(shown) {}    // NOLINT(google-explicit-constructor)
  Styled(const std::string& shown) : text(shown) {}  // NOLINT(google-explicit-constructor)
  Styled(const char* shown) : text(shown) {}         // NOLINT(google-explicit-constructor)
  Styled(Colour shown_in, std::string_view shown) : colour(shown_in), text(shown) {}

  Colour colour = Colour::kNone;
  std::string text;
};

// One line of the standard output.
void PrintLine(std::initializer_list<Styled> pieces);

// "3 slots", "1 slot".
std::string Counted(std::int64_t count, std::string_view noun);

// As one line.
std::string TextOf(const Json& json);
// On the standard output, as one line or, from the first element on, one line each.
void PrintJson(const Json& json);

// "sahpool: ..." and "sahpool: warning: ..." on the standard error output.
void PrintError(std::string_view text);
void Warn(std::string_view text);

// Columns as wide as what is in them; the first row is the heading.
class Table {
 public:
  using Row = std::vector<Styled>;

  explicit Table(const std::vector<std::string>& heading);

  void Add(Row cells);
  // Numbers are set to the right in the columns of this heading.
  void AlignRight(std::size_t column) { right_.push_back(column); }
  void Print() const;

 private:
  std::vector<Row> rows_;
  std::vector<std::size_t> right_;
};

// A line on the standard error output, if that is a terminal, that goes away with the object.
class Progress {
 public:
  // `total` of 0: not known.
  Progress(std::string_view what, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance(std::int64_t count);

 private:
  void Draw();

  const bool is_shown_;
  std::string what_;
  std::int64_t total_;
  std::int64_t done_ = 0;
  std::chrono::steady_clock::time_point next_draw_{};
};

}  // namespace sahpool::cli

#endif  // SAHPOOL_TOOLS_CLI_OUTPUT_H_
