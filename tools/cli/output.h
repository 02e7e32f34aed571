// What the tool shows: text for people, JSON for programs, progress for who waits.
//
// Colours and progress are for terminals only; NO_COLOR (https://no-color.org) turns colours off.
// Threads: one.
#ifndef SAHPOOL_TOOLS_CLI_OUTPUT_H_
#define SAHPOOL_TOOLS_CLI_OUTPUT_H_

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sahpool::cli {

using Json = nlohmann::ordered_json;

enum class Colour { kRed, kYellow, kGreen, kBold };

// `text` in that colour when the standard output is a terminal.
std::string Coloured(Colour colour, std::string_view text);

// Names and texts that come out of a pool may hold anything; a terminal must not obey it.
std::string Printable(std::string_view text);

// "3 slots", "1 slot".
std::string Counted(std::int64_t count, std::string_view noun);

// On the standard output, as one line or, from the first element on, one line each.
void PrintJson(const Json& json);

// "sahpool: warning: ..." on the standard error output.
void Warn(const std::string& text);

// Columns as wide as what is in them; the first row is the heading.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) { Add(std::move(heading)); }

  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  // Numbers are set to the right in the columns of this heading.
  void AlignRight(std::size_t column) { right_.push_back(column); }
  void Print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
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
