// What is answered to a request: files of the mounts, with the headers that cross-origin isolation
// needs (SharedArrayBuffer and precise timers are only there under COOP and COEP) or without them.
//
// Contract: answers GET and HEAD. Everything is sent with Cache-Control: no-cache and an ETag: a
// reload asks for everything, shows what was just built, and fetches only what has changed.
// Threads: const members are safe from any thread. Ownership: owns its options and mounts; an
// answer owns its file. Errors: are answers.
#ifndef SAHPOOL_TOOLS_SERVER_SITE_H_
#define SAHPOOL_TOOLS_SERVER_SITE_H_

#include <boost/beast/http/status.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts.h"
#include "mounts.h"
#include "open_file.h"
#include "request.h"

namespace sahpool::serve {

struct SiteOptions {
  bool cross_origin = false;  // pages of other origins may load these files
  bool isolation = true;      // COOP and COEP are sent
  std::vector<std::string> allowed_hosts;
};

struct Answer {
  http::status status = http::status::ok;
  std::string fields;  // header lines, all but those about the connection
  std::string text;    // the body, if it isn't a part of `file`
  std::optional<OpenFile> file;
  uint64_t offset = 0;
  uint64_t length = 0;
  bool lacks_descriptors = false;  // it would be another one if fewer files were open
};

class Site {
 public:
  Site(const SiteOptions& options, Mounts mounts);

  Answer Respond(const Request& request) const;

  Answer Refuse(const Refusal& refusal) const;

 private:
  Answer Text(http::status status, std::string_view text, std::string_view fields = {}) const;
  Answer File(const Request& request, Target target, std::string_view path) const;

  const Mounts mounts_;
  Hosts hosts_;
  std::string common_fields_;
  std::string variant_;
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_SITE_H_
