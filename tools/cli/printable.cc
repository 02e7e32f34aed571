#include "cli/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace sahpool::cli {
namespace {

struct Character {
  char32_t code;
  std::size_t size;  // in bytes
  bool is_valid;     // otherwise `code` is a byte that belongs to no character
};

// The first of a text that is not empty.
Character FirstOf(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {lead, 1, false};
  char32_t code = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {lead, 1, false};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  const bool is_valid =
      code >= kSmallest[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return is_valid ? Character{code, size, true} : Character{lead, 1, false};
}

// Zero-width joiners are left: scripts and emoji need them.
bool IsHarmless(char32_t code) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr std::array kHarmful = {
      Range{0x00, 0x1f},     Range{0x7f, 0x9f},     Range{0xad, 0xad},      Range{0x61c, 0x61c},
      Range{0x200b, 0x200b}, Range{0x200e, 0x200f}, Range{0x2028, 0x202e},  Range{0x2060, 0x206f},
      Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb}, Range{0xe0000, 0xe007f}};
  return std::ranges::none_of(
      kHarmful, [code](const Range& range) { return code >= range.first && code <= range.last; });
}

std::string EscapeForPeople(const Character& character) {
  return character.is_valid && character.code >= 0x80
             ? fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(character.code))
             : fmt::format("\\x{:02x}", static_cast<std::uint32_t>(character.code));
}

std::string EscapeForJson(const Character& character) {
  const auto code = static_cast<std::uint32_t>(character.code);
  if (code < 0x10000) return fmt::format("\\u{:04x}", code);
  return fmt::format("\\u{:04x}\\u{:04x}", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

template <typename Escape>
std::string Escaped(std::string_view text, Escape escape) {
  std::string shown;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    if (character.is_valid && IsHarmless(character.code)) {
      shown += text.substr(0, character.size);
    } else {
      shown += escape(character);
    }
    text.remove_prefix(character.size);
  }
  return shown;
}

}  // namespace

std::string Printable(std::string_view text) { return Escaped(text, EscapeForPeople); }

std::string PrintableJson(std::string_view json) { return Escaped(json, EscapeForJson); }

}  // namespace sahpool::cli
