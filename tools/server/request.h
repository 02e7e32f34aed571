// The head of an HTTP request: found in what has been received, within limits, and understood.
//
// Contract: stricter than HTTP demands where two programs could disagree about where a request
// ends: lines end in CRLF, no line continues another, a request names its length once.
// Threads: none of its own. Ownership: values. Errors: a Refusal to be sent.
#ifndef SAHPOOL_TOOLS_SERVER_REQUEST_H_
#define SAHPOOL_TOOLS_SERVER_REQUEST_H_

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/status.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sahpool::serve {

namespace http = boost::beast::http;

// Why a request is not answered as asked.
struct Refusal {
  http::status status = http::status::bad_request;
  std::string_view text;
};

struct Request {
  http::request_header<> header;
  std::string authority;  // the host it is for; empty in HTTP/1.0 without Host
  std::string path;       // as sent, encoded and without query; starts with '/'
  std::string query;      // as sent, with its '?'; or empty
  bool has_body = false;
  bool keep_alive = false;
};

// Looks for the end of a head while it arrives.
class HeadScanner {
 public:
  // `received` is all that has arrived since the head's start. The head's size once it is there.
  std::variant<std::monostate, size_t, Refusal> Scan(std::string_view received);

 private:
  std::optional<Refusal> CheckLine(std::string_view line) const;

  size_t scanned_ = 0;
  size_t line_start_ = 0;
  size_t lines_ = 0;
};

// `head` is one that HeadScanner has found.
std::variant<Request, Refusal> ParseHead(std::string_view head);

// Decodes %XX. Nothing when a '%' isn't followed by two hexadecimal digits.
std::optional<std::string> PercentDecoded(std::string_view path);

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_REQUEST_H_
