#include "connection.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <utility>
#include <variant>
#include <vector>

namespace sahpool::serve {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

// A client that reuses a connection in the moment in which it ends loses its request, so it is told
// a shorter time than is kept.
constexpr steady_clock::duration kIdleTime = 65s;
constexpr std::string_view kAnnouncedIdleTime = "60";
constexpr steady_clock::duration kRequestTime = 20s;
// For each piece of an answer: a page that stands in a debugger takes nothing for a while.
constexpr steady_clock::duration kPieceTime = 5min;
constexpr steady_clock::duration kEndTime = 5s;
// How long a connection has been without progress that may be closed to free its descriptors; not
// this one.
constexpr steady_clock::duration kStandsStill = 10ms;
constexpr size_t kReceiveBytes = 4096;
constexpr size_t kPieceBytes = 65'536;
constexpr size_t kDiscardedBytes = 16'777'216;

std::string HeadOf(const Answer& answer, int version, bool keep_alive) {
  std::string head = version < 11 ? "HTTP/1.0 " : "HTTP/1.1 ";
  const auto reason = http::obsolete_reason(answer.status);
  head.append(std::to_string(static_cast<unsigned>(answer.status)))
      .append(" ")
      .append(reason.data(), reason.size())
      .append("\r\n")
      .append(answer.fields);
  if (keep_alive) {
    head.append("Connection: keep-alive\r\nKeep-Alive: timeout=")
        .append(kAnnouncedIdleTime)
        .append("\r\n\r\n");
  } else {
    head.append("Connection: close\r\n\r\n");
  }
  return head;
}

// The next bytes of a file. False when they aren't there: it has shrunk since its size was
// announced, and a short answer would look whole.
bool ReadPiece(const OpenFile& file, uint64_t offset, std::vector<char>& piece) {
  size_t done = 0;
  while (done < piece.size()) {
    const ssize_t count = ::pread(file.descriptor.number(), piece.data() + done,
                                  piece.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, const Site& site, Connections& connections)
    : Peer(std::move(socket)), site_(site), connections_(connections) {
  connections_.Add(*this);
  error_code ignored;
  ignored = socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() { connections_.Remove(*this); }

Task<void> Connection::Serve() {
  for (;;) {
    const std::optional<Exchange> exchange = co_await Receive();
    if (!exchange) co_return;
    const bool sent = co_await Send(*exchange);
    if (!sent) co_return;
    if (!exchange->keep_alive) break;
  }
  co_await EndSlowly();
}

Task<std::optional<Connection::Exchange>> Connection::Receive() {
  HeadScanner scanner;
  is_idle_ = received_.empty();
  SetDeadline(is_idle_ ? kIdleTime : kRequestTime);
  for (;;) {
    const auto found = scanner.Scan(received_);
    if (const auto* refusal = std::get_if<Refusal>(&found)) co_return Refuse(*refusal);
    if (const auto* size = std::get_if<size_t>(&found)) {
      Exchange exchange = Respond(std::string_view(received_).substr(0, *size));
      received_.erase(0, *size);
      is_idle_ = false;
      co_return exchange;
    }
    if (connections_.is_draining() && is_idle_) co_return std::nullopt;
    const bool more = co_await ReadMore();
    if (!more) co_return std::nullopt;
    // Only the first byte moves the deadline, or a byte now and then would hold it off for ever.
    if (std::exchange(is_idle_, false)) SetDeadline(kRequestTime);
  }
}

Task<bool> Connection::ReadMore() {
  if (received_.empty()) received_ = std::string();  // a large request's memory isn't kept
  const size_t had = received_.size();
  received_.resize(had + kReceiveBytes);
  error_code error;
  const size_t count = co_await socket_.async_read_some(
      asio::buffer(received_.data() + had, kReceiveBytes), Await(error));
  received_.resize(had + count);
  co_return !error;
}

Connection::Exchange Connection::Respond(std::string_view head) {
  connections_.Progressed(*this);
  std::variant<Request, Refusal> parsed = ParseHead(head);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return Refuse(*refusal);

  const Request& request = std::get<Request>(parsed);
  Exchange exchange;
  exchange.answer = site_.Respond(request);
  if (exchange.answer.lacks_descriptors) {
    connections_.CloseStalest(kStandsStill);
    exchange.answer = site_.Respond(request);
  }
  exchange.version = static_cast<int>(request.header.version());
  exchange.with_body = request.header.method() != http::verb::head;
  exchange.keep_alive = request.keep_alive && !request.has_body && !connections_.is_draining();
  return exchange;
}

Connection::Exchange Connection::Refuse(const Refusal& refusal) const {
  Exchange exchange;
  exchange.answer = site_.Refuse(refusal);
  return exchange;
}

Task<bool> Connection::Send(const Exchange& exchange) {
  const Answer& answer = exchange.answer;
  std::string start = HeadOf(answer, exchange.version, exchange.keep_alive);
  if (exchange.with_body) start += answer.text;
  const OpenFile* const file = answer.file ? &*answer.file : nullptr;
  uint64_t left = exchange.with_body && file != nullptr ? answer.length : 0;
  uint64_t offset = answer.offset;
  std::vector<char> piece;
  do {
    piece.resize(static_cast<size_t>(std::min<uint64_t>(left, kPieceBytes)));
    if (left > 0 && !ReadPiece(*file, offset, piece)) co_return false;
    SetDeadline(kPieceTime);
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(start), asio::buffer(piece)};
    error_code error;
    co_await asio::async_write(socket_, buffers, Await(error));
    if (error) co_return false;
    connections_.Progressed(*this);
    start.clear();
    left -= piece.size();
    offset += piece.size();
  } while (left > 0);
  co_return true;
}

Task<void> Connection::EndSlowly() {
  SetDeadline(kEndTime);
  error_code error;
  error = socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  std::vector<char> thrown_away(4 * kReceiveBytes);
  for (size_t total = 0; !error && total < kDiscardedBytes;) {
    total += co_await socket_.async_read_some(asio::buffer(thrown_away), Await(error));
  }
}

}  // namespace sahpool::serve
