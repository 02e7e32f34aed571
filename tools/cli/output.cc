#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cli/printable.h"

namespace sahpool::cli {
namespace {

constexpr std::string_view kEraseLine = "\r\x1b[K";

bool IsTerminal(int descriptor) {
  const char* const term = std::getenv("TERM");
  return isatty(descriptor) != 0 && (term == nullptr || std::string_view(term) != "dumb");
}

bool UsesColours() {
  const char* const no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && IsTerminal(STDOUT_FILENO);
}

// The characters that a text shows, which are not its bytes.
std::size_t WidthOf(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// Escapes the text, then colours it.
std::string Shown(const Styled& piece) {
  static const bool uses_colours = UsesColours();
  std::string text = Printable(piece.text);
  if (piece.colour == Colour::kNone || !uses_colours) return text;
  const int code = piece.colour == Colour::kRed      ? 31
                   : piece.colour == Colour::kYellow ? 33
                   : piece.colour == Colour::kGreen  ? 32
                                                     : 1;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace

void PrintLine(std::initializer_list<Styled> pieces) {
  std::string line;
  for (const Styled& piece : pieces) line += Shown(piece);
  fmt::print("{}\n", line);
}

std::string Counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string TextOf(const Json& json) {
  return PrintableJson(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void PrintJson(const Json& json) {
  if (!json.is_array() || json.empty()) {
    fmt::print("{}\n", TextOf(json));
    return;
  }
  std::string_view separator = "[\n";
  for (const Json& element : json) {
    fmt::print("{}{}", separator, TextOf(element));
    separator = ",\n";
  }
  fmt::print("\n]\n");
}

// Where nobody listens, that is no reason to break off.
void PrintError(std::string_view text) {
  const std::string line = "sahpool: " + Printable(text) + "\n";
  std::fputs(line.c_str(), stderr);
}

void Warn(std::string_view text) { PrintError("warning: " + std::string(text)); }

Table::Table(const std::vector<std::string>& heading) {
  Row row;
  for (const std::string& title : heading) row.emplace_back(Colour::kBold, title);
  rows_.push_back(std::move(row));
}

void Table::Add(Row cells) { rows_.push_back(std::move(cells)); }

void Table::Print() const {
  std::vector<std::size_t> widths(rows_.front().size());
  const auto width_of = [](const Styled& cell) { return WidthOf(Printable(cell.text)); };
  for (const Row& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const Row& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      const bool right = std::ranges::find(right_, i) != right_.end();
      line += (i == 0 ? "" : "  ") + (right ? padding + Shown(row[i]) : Shown(row[i]) + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  }
}

Progress::Progress(std::string_view what, std::int64_t total)
    : is_shown_(IsTerminal(STDERR_FILENO)), what_(Printable(what)), total_(total) {}

Progress::~Progress() {
  if (is_shown_ && next_draw_ != std::chrono::steady_clock::time_point()) {
    fmt::print(stderr, "{}", kEraseLine);
  }
}

void Progress::Advance(std::int64_t count) {
  done_ += count;
  if (is_shown_ && std::chrono::steady_clock::now() >= next_draw_) Draw();
}

void Progress::Draw() {
  constexpr auto kInterval = std::chrono::milliseconds(100);
  next_draw_ = std::chrono::steady_clock::now() + kInterval;
  const std::string amount =
      total_ > 0 ? fmt::format(" {} %", std::min<std::int64_t>(done_ * 100 / total_, 100)) : "";
  fmt::print(stderr, "{}{}{} ...", kEraseLine, what_, amount);
  std::fflush(stderr);
}

}  // namespace sahpool::cli
