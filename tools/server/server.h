// The development server: an event loop that accepts connections and serves a site to them.
//
// It stands on Boost.Asio and Beast's parser: of the libraries in Debian 12 the one with which a
// request's framing, limits and times are the server's own, and which also has TLS and a client.
// Contract: one thread, which never waits for a client. When there are more connections than
// descriptors, those that have stood still longest make room for new ones.
// Threads: Run() blocks its thread; nothing may be called meanwhile. Ownership: owns all it serves.
// Errors: Listen() throws std::runtime_error with a text for the user.
#ifndef SAHPOOL_TOOLS_SERVER_SERVER_H_
#define SAHPOOL_TOOLS_SERVER_SERVER_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

#include "connections.h"
#include "coroutine.h"
#include "site.h"

namespace sahpool::serve {

struct Address {
  std::string host = "localhost";
  int port = 8000;  // 0: any free one
};

class Server {
 public:
  explicit Server(Site site);

  // Takes the port and gives its number. From here on SIGINT and SIGTERM are kept for Run().
  int Listen(const Address& address);

  // Serves until SIGINT or SIGTERM: then ends once the answers under way are sent, or after two
  // seconds, or at the next signal.
  void Run();

 private:
  Task<void> Accept();
  Task<void> CloseLate();
  Task<void> WaitForStop();
  Task<void> Pause();

  const Site site_;
  const size_t max_connections_;
  Connections connections_;  // outlives the loop, whose coroutines are in it
  boost::asio::io_context loop_{1};
  boost::asio::ip::tcp::acceptor acceptor_{loop_};
  boost::asio::signal_set stop_signals_{loop_};
  boost::asio::steady_timer late_timer_{loop_};
  boost::asio::steady_timer pause_timer_{loop_};
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_SERVER_H_
