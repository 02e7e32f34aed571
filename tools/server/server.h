// The development server: static files over HTTP, with the headers that cross-origin isolation
// needs (SharedArrayBuffer and precise timers are only there under COOP and COEP) or without them.
//
// Contract: answers GET and HEAD, with byte ranges, from its mounts; everything is sent with
// Cache-Control: no-store so that a reload shows what was just built. Files are streamed.
// Threads: Run() blocks its thread and serves on threads of its own; Stop() may be called from any
// other thread. Ownership: the server owns its options and mounts.
// Errors: Listen() throws std::runtime_error with a text for the user.
#ifndef SAHPOOL_TOOLS_SERVER_SERVER_H_
#define SAHPOOL_TOOLS_SERVER_SERVER_H_

#include <httplib.h>

#include <string>

#include "mounts.h"

namespace sahpool::serve {

struct Options {
  std::string host = "localhost";
  int port = 8000;            // 0: any free one
  bool cross_origin = false;  // pages of other origins may load these files
  bool isolation = true;      // COOP and COEP are sent
};

class Server {
 public:
  Server(Options options, Mounts mounts);

  // Takes the port and gives its number.
  int Listen();

  // Serves until Stop(). False when the listening socket failed.
  bool Run();

  // Ends Run() once the answers under way are sent. False, and no effect, while Run() isn't
  // serving.
  bool Stop();

 private:
  void Answer(const httplib::Request& request, httplib::Response& response) const;

  const Options options_;
  const Mounts mounts_;
  httplib::Server http_;
};

}  // namespace sahpool::serve

#endif  // SAHPOOL_TOOLS_SERVER_SERVER_H_
