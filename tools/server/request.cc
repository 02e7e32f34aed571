#include "request.h"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>
#include <cstdint>
#include <limits>
#include <utility>

#include "field_text.h"

namespace sahpool::serve {
namespace {

using http::field;
using http::status;

// A browser sends the cookies of all ports of localhost, which can be some kilobytes.
constexpr size_t kMaxRequestLine = 8192;
constexpr size_t kMaxField = 16'384;
constexpr size_t kMaxFields = 100;
constexpr size_t kMaxHead = 32'768;

constexpr Refusal kLineEnd = {status::bad_request, "Lines must end in CRLF"};
constexpr Refusal kControl = {status::bad_request, "Control character"};
constexpr Refusal kUriTooLong = {status::uri_too_long, "The URI is too long"};
constexpr Refusal kTooLarge = {status::request_header_fields_too_large, "Headers too large"};

bool IsControl(char c) {
  return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
}

// What is wrong with the header fields that say where the request ends; nothing when it is clear.
// The parser has refused a length beside an encoding, and lengths that are no numbers.
std::optional<Refusal> CheckFraming(const http::request_header<>& header) {
  if (header.count(field::content_length) > 1 ||
      header[field::content_length].find(',') != boost::beast::string_view::npos) {
    return Refusal{status::bad_request, "More than one Content-Length"};
  }
  const size_t encodings = header.count(field::transfer_encoding);
  if (encodings == 0) return std::nullopt;
  if (header.version() < 11 || encodings > 1) {
    return Refusal{status::bad_request, "Transfer-Encoding is out of place"};
  }
  if (!boost::algorithm::iequals(header[field::transfer_encoding], "chunked")) {
    return Refusal{status::not_implemented, "Unknown Transfer-Encoding"};
  }
  return std::nullopt;
}

bool HasBody(const http::request_header<>& header) {
  if (header.count(field::transfer_encoding) > 0) return true;
  const std::string_view length = View(header[field::content_length]);
  return length.find_first_not_of('0') != std::string_view::npos;
}

// Splits the target, which is "/path?query", or that behind "http://host".
std::optional<Refusal> SplitTarget(std::string_view target, Request& request) {
  constexpr std::string_view kScheme = "http://";
  if (boost::algorithm::istarts_with(target, kScheme)) {
    target.remove_prefix(kScheme.size());
    const size_t end = std::min(target.find_first_of("/?"), target.size());
    request.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (request.authority.empty()) return Refusal{status::bad_request, "Not a valid target"};
    if (!target.starts_with('/')) request.path = "/";
  } else if (!target.starts_with('/')) {
    return Refusal{status::bad_request, "Not a valid target"};
  }
  // Clients keep fragments to themselves; servers differ in what one would be.
  if (target.find('#') != std::string_view::npos) {
    return Refusal{status::bad_request, "Not a valid target"};
  }
  const size_t query = std::min(target.find('?'), target.size());
  request.path += target.substr(0, query);
  request.query = target.substr(query);
  return std::nullopt;
}

}  // namespace

std::variant<std::monostate, size_t, Refusal> HeadScanner::Scan(std::string_view received) {
  for (; scanned_ < received.size(); ++scanned_) {
    const char c = received[scanned_];
    const bool after_cr = scanned_ > 0 && received[scanned_ - 1] == '\r';
    if (after_cr != (c == '\n')) return kLineEnd;
    if (IsControl(c)) return kControl;
    if (c != '\n') continue;
    const std::string_view line = received.substr(line_start_, scanned_ - 1 - line_start_);
    if (const std::optional<Refusal> refusal = CheckLine(line)) return *refusal;
    if (line.empty()) return scanned_ + 1;
    line_start_ = scanned_ + 1;
    ++lines_;
  }
  const size_t unfinished = received.size() - line_start_;
  if (lines_ == 0 && unfinished > kMaxRequestLine) return kUriTooLong;
  if (unfinished > kMaxField || received.size() > kMaxHead) return kTooLarge;
  return {};
}

std::optional<Refusal> HeadScanner::CheckLine(std::string_view line) const {
  if (lines_ == 0) {
    if (line.empty()) return Refusal{status::bad_request, "Empty line before the request"};
    if (line.size() > kMaxRequestLine) return kUriTooLong;
    return std::nullopt;
  }
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return Refusal{status::bad_request, "A header is continued on another line"};
  }
  const bool is_field = !line.empty();
  if (line.size() > kMaxField || scanned_ + 1 > kMaxHead || (is_field && lines_ > kMaxFields)) {
    return kTooLarge;
  }
  return std::nullopt;
}

std::variant<Request, Refusal> ParseHead(std::string_view head) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kMaxHead);
  parser.body_limit(std::numeric_limits<uint64_t>::max());  // no body is read
  boost::system::error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error == http::error::bad_version) {
    return Refusal{status::http_version_not_supported, "Only HTTP/1.0 and HTTP/1.1"};
  }
  if (error || !parser.is_header_done()) return Refusal{status::bad_request, "Not a valid request"};

  Request request;
  request.header = std::move(parser.get().base());
  request.keep_alive = parser.keep_alive();
  const http::request_header<>& header = request.header;
  if (const std::optional<Refusal> refusal = CheckFraming(header)) return *refusal;
  request.has_body = HasBody(header);

  const size_t hosts = header.count(field::host);
  if (hosts > 1 || (hosts == 0 && header.version() >= 11)) {
    return Refusal{status::bad_request, "One Host is needed"};
  }
  request.authority = header[field::host].to_string();
  if (const std::optional<Refusal> refusal = SplitTarget(View(header.target()), request)) {
    return *refusal;
  }
  return request;
}

std::optional<std::string> PercentDecoded(std::string_view path) {
  std::string decoded;
  decoded.reserve(path.size());
  while (!path.empty()) {
    if (path.front() != '%') {
      decoded += path.front();
      path.remove_prefix(1);
      continue;
    }
    uint8_t byte = 0;
    if (path.size() < 3) return std::nullopt;
    const char* const end = path.data() + 3;
    if (std::from_chars(path.data() + 1, end, byte, 16).ptr != end) return std::nullopt;
    decoded += static_cast<char>(byte);
    path.remove_prefix(3);
  }
  return decoded;
}

}  // namespace sahpool::serve
