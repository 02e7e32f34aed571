#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

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

}  // namespace

std::string Coloured(Colour colour, std::string_view text) {
  static const bool uses_colours = UsesColours();
  if (!uses_colours) return std::string(text);
  const int code = colour == Colour::kRed      ? 31
                   : colour == Colour::kYellow ? 33
                   : colour == Colour::kGreen  ? 32
                                               : 1;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string Printable(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown;
}

std::string Counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

void PrintJson(const Json& json) {
  const auto dump = [](const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  if (!json.is_array() || json.empty()) {
    fmt::print("{}\n", dump(json));
    return;
  }
  std::string_view separator = "[\n";
  for (const Json& element : json) {
    fmt::print("{}{}", separator, dump(element));
    separator = ",\n";
  }
  fmt::print("\n]\n");
}

void Warn(const std::string& text) {
  fmt::print(stderr, "sahpool: warning: {}\n", Printable(text));
}

void Table::Print() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], WidthOf(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - WidthOf(row[i]), ' ');
      const bool right = std::ranges::find(right_, i) != right_.end();
      line += (i == 0 ? "" : "  ") + (right ? padding + row[i] : row[i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", &row == &rows_.front() ? Coloured(Colour::kBold, line) : line);
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
