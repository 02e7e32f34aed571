#include "site.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "conditions.h"
#include "mime_types.h"

namespace sahpool::serve {
namespace {

using http::status;

void AddField(std::string& fields, std::string_view name, std::string_view value) {
  fields.append(name).append(": ").append(value).append("\r\n");
}

timespec Now() {
  timespec now = {};
  clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

// Leading slashes are merged: "//host/" in a Location would lead to another server.
std::string WithSlash(const Request& request) {
  const size_t start = std::min(request.path.find_first_not_of('/'), request.path.size());
  return "/" + request.path.substr(start) + "/" + request.query;
}

}  // namespace

Site::Site(const SiteOptions& options, Mounts mounts) : mounts_(std::move(mounts)) {
  for (const std::string& name : options.allowed_hosts) hosts_.Allow(name);
  AddField(common_fields_, "Cross-Origin-Resource-Policy",
           options.cross_origin ? "cross-origin" : "same-origin");
  AddField(common_fields_, "Cache-Control", "no-cache");
  AddField(common_fields_, "X-Content-Type-Options", "nosniff");
  if (options.isolation) {
    AddField(common_fields_, "Cross-Origin-Opener-Policy", "same-origin");
    AddField(common_fields_, "Cross-Origin-Embedder-Policy", "require-corp");
  }
  if (options.cross_origin) AddField(common_fields_, "Access-Control-Allow-Origin", "*");
  // A 304 leaves a browser with the headers that it has, so other headers make another file.
  if (options.cross_origin) variant_ += 'x';
  if (options.isolation) variant_ += 'i';
}

Answer Site::Respond(const Request& request) const {
  if (!request.authority.empty() && !hosts_.Allows(request.authority)) {
    return Text(status::forbidden, "This host is not served; --allow-host NAME adds one");
  }
  const http::verb method = request.header.method();
  if (method != http::verb::get && method != http::verb::head) {
    return Text(status::method_not_allowed, "Only GET and HEAD are served", "Allow: GET, HEAD\r\n");
  }
  // It means nothing, but to somebody who wants two servers to disagree.
  if (request.has_body) return Text(status::bad_request, "GET and HEAD have no body");

  const std::optional<std::string> path = PercentDecoded(request.path);
  if (!path) return Text(status::bad_request, "Not a valid path");
  Target target = mounts_.Resolve(*path);
  switch (target.kind) {
    case Target::Kind::kFile:
      return File(request, std::move(target), *path);
    case Target::Kind::kNeedsSlash: {
      std::string location;
      AddField(location, "Location", WithSlash(request));
      return Text(status::temporary_redirect, "It is a directory", location);
    }
    case Target::Kind::kNotFound:
      break;
    case Target::Kind::kOutside:
      return Text(status::forbidden, "Outside of what is served");
    case Target::Kind::kPrivate:
      return Text(status::forbidden, "Dotfiles and keys are not served");
    case Target::Kind::kUnreadable:
      return Text(status::forbidden, "Cannot be read");
    case Target::Kind::kNoDescriptors: {
      Answer answer =
          Text(status::service_unavailable, "Too many open files", "Retry-After: 1\r\n");
      answer.lacks_descriptors = true;
      return answer;
    }
    case Target::Kind::kBadRequest:
      return Text(status::bad_request, "Not a valid path");
  }
  return Text(status::not_found, "Not found");
}

Answer Site::Refuse(const Refusal& refusal) const { return Text(refusal.status, refusal.text); }

Answer Site::Text(http::status status, std::string_view text, std::string_view fields) const {
  Answer answer;
  answer.status = status;
  answer.text.append(text).append("\n");
  answer.fields = common_fields_;
  AddField(answer.fields, "Date", HttpDate(Now().tv_sec));
  AddField(answer.fields, "Content-Type", "text/plain; charset=utf-8");
  AddField(answer.fields, "Content-Length", std::to_string(answer.text.size()));
  answer.fields += fields;
  return answer;
}

Answer Site::File(const Request& request, Target target, std::string_view path) const {
  const http::fields& asked = request.header;
  const auto size = static_cast<uint64_t>(target.file.status.st_size);
  const timespec now = Now();
  const Validators validators = MakeValidators(target.file.status, now, variant_);
  std::string of_file;
  if (!validators.etag.empty()) AddField(of_file, "ETag", validators.etag);
  if (!validators.last_modified.empty()) {
    AddField(of_file, "Last-Modified", validators.last_modified);
  }

  const Verdict verdict = JudgeConditions(asked, validators);
  if (verdict == Verdict::kPreconditionFailed) {
    return Text(status::precondition_failed, "It has changed", of_file);
  }
  Answer answer;
  answer.fields = common_fields_;
  AddField(answer.fields, "Date", HttpDate(now.tv_sec));
  answer.fields += of_file;
  if (verdict == Verdict::kNotModified) {
    answer.status = status::not_modified;
    return answer;
  }
  const bool is_get = request.header.method() == http::verb::get;
  const Part part = is_get ? JudgeRange(asked, validators, size) : Part();
  answer.length = size;
  std::string content_range;
  if (part.kind == Part::Kind::kNone) {
    AddField(content_range, "Content-Range", "bytes */" + std::to_string(size));
    return Text(status::range_not_satisfiable, "No such bytes", content_range);
  }
  if (part.kind == Part::Kind::kPart) {
    answer.status = status::partial_content;
    answer.offset = part.offset;
    answer.length = part.length;
    AddField(answer.fields, "Content-Range",
             "bytes " + std::to_string(part.offset) + "-" +
                 std::to_string(part.offset + part.length - 1) + "/" + std::to_string(size));
  }
  AddField(answer.fields, "Accept-Ranges", "bytes");
  AddField(answer.fields, "Content-Type",
           target.is_index ? MimeType("index.html") : MimeType(path));
  AddField(answer.fields, "Content-Length", std::to_string(answer.length));
  answer.file = std::move(target.file);
  return answer;
}

}  // namespace sahpool::serve
