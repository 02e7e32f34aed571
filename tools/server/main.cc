// sahpool-serve: the command line of the development server.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "mounts.h"
#include "server.h"
#include "site.h"
#include "standard_descriptors.h"

namespace {

using sahpool::serve::Address;
using sahpool::serve::Mounts;
using sahpool::serve::Server;
using sahpool::serve::Site;
using sahpool::serve::SiteOptions;

struct Arguments {
  Address address;
  SiteOptions site;
  std::vector<std::string> mounts;
  std::string directory = ".";
};

void Declare(CLI::App& app, Arguments& arguments) {
  app.add_option("directory", arguments.directory, "Directory served at /")->capture_default_str();
  app.add_option("--port", arguments.address.port, "Port; 0 takes any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--host", arguments.address.host, "Address to listen on")->capture_default_str();
  // One value each, or a following DIR would be taken for a second mount.
  app.add_option("--mount", arguments.mounts, "Serve DIR under /prefix too; may be repeated")
      ->type_name("/prefix=DIR")
      ->allow_extra_args(false);
  app.add_option("--allow-host", arguments.site.allowed_hosts,
                 "Answer requests for this host too, .NAME for all below it; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_flag("--cross-origin", arguments.site.cross_origin,
               "Let pages of other origins load these files");
  app.add_flag("!--no-isolation", arguments.site.isolation,
               "Leave out COOP and COEP, as most hosts of static files do");
}

Mounts MakeMounts(const Arguments& arguments) {
  Mounts mounts;
  mounts.Add("/", arguments.directory);
  for (const std::string& mount : arguments.mounts) mounts.AddFromArgument(mount);
  return mounts;
}

std::string UrlHost(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

int Serve(Arguments arguments) {
  arguments.site.allowed_hosts.push_back(arguments.address.host);
  Server server(Site(arguments.site, MakeMounts(arguments)));
  const int port = server.Listen(arguments.address);
  std::cout << "Listening on http://" << UrlHost(arguments.address.host) << ":" << port << "/\n"
            << std::flush;
  server.Run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  sahpool::OccupyStandardDescriptors();
  // A reader of the output that has gone is no reason to end.
  ::signal(SIGPIPE, SIG_IGN);
  try {
    Arguments arguments;
    CLI::App app("Development server: static files with cross-origin isolation headers",
                 "sahpool-serve");
    Declare(app, arguments);
    CLI11_PARSE(app, argc, argv);
    return Serve(std::move(arguments));
  } catch (const std::exception& error) {
    std::cerr << "sahpool-serve: " << error.what() << "\n";
    return 1;
  }
}
