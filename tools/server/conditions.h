// Conditional requests and byte ranges: whether a client has a file already, and which part of it
// it wants.
//
// Threads: safe. Ownership: values. Errors: none; what makes no sense is ignored, as HTTP says.
#ifndef SAHPOOL_TOOLS_SERVER_CONDITIONS_H_
#define SAHPOOL_TOOLS_SERVER_CONDITIONS_H_

#include <sys/stat.h>
#include <time.h>

#include <boost/beast/http/fields.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace sahpool::serve {

namespace http = boost::beast::http;

// By what a client recognizes the file that it has; empty where that can't be trusted.
struct Validators {
  std::string etag;
  std::string last_modified;
};

// A file that has just changed could change again without its times showing it, so it has none.
// `variant` is what else the answer depends on.
Validators MakeValidators(const struct stat& file, timespec now, std::string_view variant);

enum class Verdict { kSend, kNotModified, kPreconditionFailed };

Verdict JudgeConditions(const http::fields& asked, const Validators& current);

struct Part {
  enum class Kind { kWhole, kPart, kNone };  // kNone: no byte of what is asked for exists
  Kind kind = Kind::kWhole;
  uint64_t offset = 0;
  uint64_t length = 0;
};

// Several ranges in one request are answered with the whole file, as HTTP allows: no browser asks
// for them.
Part JudgeRange(const http::fields& asked, const Validators& current, uint64_t size);

// As in "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(time_t time);

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_CONDITIONS_H_
