#include "server.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

#include "connection.h"

namespace sahpool::serve {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kMostConnections = 10'000;
constexpr size_t kFewestConnections = 4;
// For the program's own files and those that it was started with.
constexpr size_t kOtherDescriptors = 24;

// How long a connection has been without progress that may be closed to make room.
constexpr auto kStandsStill = 20ms;
constexpr auto kPause = 10ms;
// How long the answers under way may take once the server is to end.
constexpr auto kPatience = 2s;

// How many connections the descriptors are enough for, each with a file, once as many as possible
// have been allowed.
size_t AffordableConnections() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewestConnections;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  const auto descriptors = static_cast<size_t>(limit.rlim_cur);
  const size_t affordable = (std::max(descriptors, kOtherDescriptors) - kOtherDescriptors) / 2;
  return std::clamp(affordable, kFewestConnections, kMostConnections);
}

// "localhost" may resolve to ::1 alone, which clients that try IPv4 only would never find.
std::string BindAddress(const std::string& host) {
  return host == "localhost" ? "127.0.0.1" : host;
}

error_code TryToListen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code error;
  error = acceptor.open(endpoint.protocol(), error);
  if (!error) error = acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) error = acceptor.bind(endpoint, error);
  if (!error) error = acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    error_code ignored;
    ignored = acceptor.close(ignored);
  }
  return error;
}

bool IsExhaustion(const error_code& error) {
  return error == boost::system::errc::too_many_files_open ||
         error == boost::system::errc::too_many_files_open_in_system ||
         error == boost::system::errc::no_buffer_space ||
         error == boost::system::errc::not_enough_memory;
}

}  // namespace

Server::Server(Site site) : site_(std::move(site)), max_connections_(AffordableConnections()) {}

int Server::Listen(const Address& address) {
  error_code error;
  tcp::resolver resolver(loop_);
  const auto endpoints =
      resolver.resolve(BindAddress(address.host), std::to_string(address.port), error);
  for (const auto& endpoint : endpoints) {
    error = TryToListen(acceptor_, endpoint);
    if (!error) break;
  }
  if (error) {
    throw std::runtime_error("cannot listen on " + address.host + ":" +
                             std::to_string(address.port) + ": " + error.message());
  }
  stop_signals_.add(SIGINT);
  stop_signals_.add(SIGTERM);
  return acceptor_.local_endpoint().port();
}

void Server::Run() {
  asio::co_spawn(loop_, Accept(), asio::detached);
  asio::co_spawn(loop_, CloseLate(), asio::detached);
  asio::co_spawn(loop_, WaitForStop(), asio::detached);
  loop_.run();
}

Task<void> Server::Accept() {
  while (acceptor_.is_open()) {
    error_code error;
    if (connections_.size() >= max_connections_ && !connections_.CloseStalest(kStandsStill)) {
      co_await Pause();
      continue;
    }
    tcp::socket socket = co_await acceptor_.async_accept(Await(error));
    if (error) {
      if (IsExhaustion(error)) connections_.CloseStalest(0s);
      // Without a pause the same error would come again and again.
      co_await Pause();
      continue;
    }
    auto connection = std::make_shared<Connection>(std::move(socket), site_, connections_);
    Connection& served = *connection;
    // Only missing memory throws; that connection has then ended.
    asio::co_spawn(loop_, served.Serve(),
                   [kept = std::move(connection)](const std::exception_ptr& /*failure*/) {});
  }
}

Task<void> Server::Pause() {
  error_code ignored;
  pause_timer_.expires_after(kPause);
  co_await pause_timer_.async_wait(Await(ignored));
}

Task<void> Server::CloseLate() {
  while (!connections_.is_draining()) {
    error_code ignored;
    late_timer_.expires_after(1s);
    co_await late_timer_.async_wait(Await(ignored));
    connections_.CloseLate();
  }
}

Task<void> Server::WaitForStop() {
  error_code ignored;
  co_await stop_signals_.async_wait(Await(ignored));
  ignored = acceptor_.close(ignored);
  connections_.Drain();
  late_timer_.cancel();
  stop_signals_.async_wait([this](const error_code&, int) { connections_.CloseAll(); });
  const auto patience_ends = std::chrono::steady_clock::now() + kPatience;
  while (connections_.size() > 0 && std::chrono::steady_clock::now() < patience_ends) {
    co_await Pause();
  }
  ignored = stop_signals_.cancel(ignored);
}

}  // namespace sahpool::serve
