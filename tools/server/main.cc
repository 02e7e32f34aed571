// sahpool-serve: the command line of the development server.
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "mounts.h"
#include "server.h"

namespace {

using namespace std::chrono_literals;
using sahpool::serve::Mounts;
using sahpool::serve::Options;
using sahpool::serve::Server;

struct Arguments {
  Options options;
  std::vector<std::string> mounts;
  std::string directory = ".";
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("directory", arguments.directory, "Directory served at /")->capture_default_str();
  app.add_option("--port", arguments.options.port, "Port; 0 takes any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--host", arguments.options.host, "Address to listen on")->capture_default_str();
  // One value each, or a following DIR would be taken for a second mount.
  app.add_option("--mount", arguments.mounts, "Serve DIR under /prefix too; may be repeated")
      ->type_name("/prefix=DIR")
      ->allow_extra_args(false);
  app.add_flag("--cross-origin", arguments.options.cross_origin,
               "Let pages of other origins load these files");
  app.add_flag("!--no-isolation", arguments.options.isolation,
               "Leave out COOP and COEP, as most hosts of static files do");
}

Mounts MakeMounts(const Arguments& arguments) {
  Mounts mounts;
  mounts.Add("/", arguments.directory);
  for (const std::string& mount : arguments.mounts) mounts.AddFromArgument(mount);
  return mounts;
}

// Signals are taken by one thread with sigwait(), where stopping the server is allowed; a signal
// handler could call next to nothing. Must come before any thread starts: they inherit the mask.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int Serve(const Arguments& arguments) {
  const sigset_t signals = BlockStopSignals();
  Server server(arguments.options, MakeMounts(arguments));
  const int port = server.Listen();

  std::atomic<bool> ended = false;
  std::thread stopper([&server, &signals, &ended] {
    int signal = 0;
    sigwait(&signals, &signal);
    // A signal can come before Run() has begun to serve.
    while (!ended && !server.Stop()) std::this_thread::sleep_for(5ms);
  });
  std::cout << "Listening on http://" << arguments.options.host << ":" << port << "/" << std::endl;
  const bool served = server.Run();
  ended = true;
  // Wakes the stopper when Run() ended by itself; after a signal it has nothing left to do.
  pthread_kill(stopper.native_handle(), SIGTERM);
  stopper.join();
  if (!served) std::cerr << "sahpool-serve: the listening socket failed\n";
  return served ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Development server: static files with cross-origin isolation headers",
               "sahpool-serve");
  Declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    return Serve(arguments);
  } catch (const std::exception& error) {
    std::cerr << "sahpool-serve: " << error.what() << "\n";
    return 1;
  }
}
