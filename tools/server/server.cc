#include "server.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "mime_types.h"

namespace sahpool::serve {
namespace {

// A browser keeps six connections open per tab and each takes a thread while it is kept alive.
constexpr size_t kThreads = 48;
// Stop() waits for idle kept-alive connections, so this is also how long an exit can take.
constexpr time_t kKeepAliveSeconds = 1;
constexpr size_t kRequestsPerConnection = 1000;
constexpr size_t kChunkBytes = 64 * 1024;

// The library's default is SO_REUSEPORT, under which two servers would share one port silently.
void OnlyReuseAddress(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

// "localhost" may resolve to ::1 alone, which clients that try IPv4 only would never find.
std::string BindAddress(const std::string& host) {
  return host == "localhost" ? "127.0.0.1" : host;
}

void SetText(httplib::Response& response, int status, const std::string& text) {
  response.status = status;
  response.set_content(text + "\n", "text/plain; charset=utf-8");
}

// Sends a part of a file. The size was announced before, so a file that has shrunk since then ends
// the connection instead of giving a short answer that looks whole.
bool SendPart(std::ifstream& file, size_t offset, size_t length, httplib::DataSink& sink) {
  std::array<char, kChunkBytes> buffer;
  const size_t wanted = std::min(length, buffer.size());
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(buffer.data(), static_cast<std::streamsize>(wanted));
  if (static_cast<size_t>(file.gcount()) != wanted) return false;
  return sink.write(buffer.data(), wanted);
}

// Takes the byte ranges that the library parsed out of the request, which it would otherwise apply
// to any answer, and past the end of a file too. It passes its own, mutable request object as const
// and has no hook that may change it.
httplib::Ranges& RangesOf(const httplib::Request& request) {
  return const_cast<httplib::Ranges&>(request.ranges);
}

// The part of `size` bytes that `range` means, in the library's form: -1 for a missing end. Nothing
// when no byte of it exists.
std::optional<httplib::Range> Clamp(const httplib::Range& range, ssize_t size) {
  const auto [first, last] = range;
  if (first == -1) {
    const ssize_t count = std::min(last, size);
    if (count <= 0) return std::nullopt;
    return httplib::Range(size - count, size - 1);
  }
  if (first >= size) return std::nullopt;
  return httplib::Range(first, last == -1 ? size - 1 : std::min(last, size - 1));
}

// False when the answer is to be 416. Several ranges in one request are answered with the whole
// file, as HTTP allows: no browser asks for them.
bool ApplyRange(const httplib::Request& request, const httplib::Ranges& ranges, ssize_t size) {
  if (ranges.size() != 1) return true;
  const std::optional<httplib::Range> part = Clamp(ranges.front(), size);
  if (part) RangesOf(request).push_back(*part);
  return part.has_value();
}

void SetFile(const httplib::Request& request, const httplib::Ranges& ranges,
             const std::filesystem::path& path, httplib::Response& response) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  auto file = std::make_shared<std::ifstream>(path, std::ios::binary);
  if (error || !*file) {
    SetText(response, 403, "Cannot be read");
    return;
  }
  response.set_header("Accept-Ranges", "bytes");
  if (!ApplyRange(request, ranges, static_cast<ssize_t>(size))) {
    response.set_header("Content-Range", "bytes */" + std::to_string(size));
    SetText(response, 416, "No such bytes");
    return;
  }
  const std::string type(MimeType(path.string()));
  if (size == 0) {
    response.set_content("", type);
    return;
  }
  response.set_content_provider(size, type,
                                [file](size_t offset, size_t length, httplib::DataSink& sink) {
                                  return SendPart(*file, offset, length, sink);
                                });
}

// `target` is as the client sent it, so its encoding is kept. Leading slashes are merged: "//host/"
// in a Location would lead to another server.
std::string WithSlash(const std::string& target) {
  const size_t query = std::min(target.find('?'), target.size());
  const size_t start = std::min(target.find_first_not_of('/'), query);
  std::string location = "/";
  location.append(target, start, query - start);
  location += '/';
  location.append(target, query);
  return location;
}

}  // namespace

Server::Server(Options options, Mounts mounts)
    : options_(std::move(options)), mounts_(std::move(mounts)) {
  http_.set_socket_options(OnlyReuseAddress);
  http_.set_keep_alive_timeout(kKeepAliveSeconds);
  http_.set_keep_alive_max_count(kRequestsPerConnection);
  http_.set_tcp_nodelay(true);
  http_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  httplib::Headers headers = {
      {"Cross-Origin-Resource-Policy", options_.cross_origin ? "cross-origin" : "same-origin"},
      {"Cache-Control", "no-store"},
      {"X-Content-Type-Options", "nosniff"},
  };
  if (options_.isolation) {
    headers.emplace("Cross-Origin-Opener-Policy", "same-origin");
    headers.emplace("Cross-Origin-Embedder-Policy", "require-corp");
  }
  if (options_.cross_origin) headers.emplace("Access-Control-Allow-Origin", "*");
  http_.set_default_headers(std::move(headers));
  http_.set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        Answer(request, response);
        return httplib::Server::HandlerResponse::Handled;
      });
}

int Server::Listen() {
  const std::string address = BindAddress(options_.host);
  errno = 0;
  int port = options_.port;
  const bool bound =
      port == 0 ? (port = http_.bind_to_any_port(address)) > 0 : http_.bind_to_port(address, port);
  if (!bound) {
    const std::string reason = errno != 0 ? std::strerror(errno) : "not an address of this machine";
    throw std::runtime_error("cannot listen on " + options_.host + ":" +
                             std::to_string(options_.port) + ": " + reason);
  }
  return port;
}

bool Server::Run() { return http_.listen_after_bind(); }

bool Server::Stop() {
  // The library ignores a stop that comes before it accepts.
  if (!http_.is_running()) return false;
  http_.stop();
  return true;
}

void Server::Answer(const httplib::Request& request, httplib::Response& response) const {
  const httplib::Ranges ranges = std::exchange(RangesOf(request), {});
  if (request.method != "GET" && request.method != "HEAD") {
    response.set_header("Allow", "GET, HEAD");
    SetText(response, 405, "Only GET and HEAD are served");
    return;
  }
  const Target target = mounts_.Resolve(request.path);
  switch (target.kind) {
    case Target::Kind::kFile:
      SetFile(request, ranges, target.file, response);
      return;
    case Target::Kind::kNeedsSlash:
      response.set_redirect(WithSlash(request.target), 307);
      return;
    case Target::Kind::kNotFound:
      SetText(response, 404, "Not found");
      return;
    case Target::Kind::kForbidden:
      SetText(response, 403, "Outside of what is served");
      return;
    case Target::Kind::kBadRequest:
      SetText(response, 400, "Not a valid path");
      return;
  }
}

}  // namespace sahpool::serve
