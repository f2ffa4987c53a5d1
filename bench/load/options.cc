#include "bench/load/options.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <CLI/CLI.hpp>
#include <cstring>

namespace sluice::load {
namespace {

constexpr char kAbout[] =
    "HTTP/1.1 load over io_uring. Closed loop by default: every connection asks again when it was answered.\n"
    "With --rate an open loop: requests are due at fixed times and latency counts from there, so that a\n"
    "stall of the server counts in full.";

// "http://host[:port][/path]" into its parts and an address.
std::string resolve(Options& options) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = options.url;
  if (!rest.starts_with(kScheme)) return "the URL must begin with http:// (TLS is not supported yet)";
  rest.remove_prefix(kScheme.size());
  const size_t slash = rest.find('/');
  options.host = rest.substr(0, slash);
  options.target = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  std::string name = options.host;
  std::string port = "80";
  const size_t colon = name.rfind(':');
  if (colon != std::string::npos && name.find(']', colon) == std::string::npos) {
    port = name.substr(colon + 1);
    name.resize(colon);
  }
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name.empty()) return "the URL has no host";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(name.c_str(), port.c_str(), &hints, &found); error != 0) {
    return "no address for " + options.host + ": " + gai_strerror(error);
  }
  std::memcpy(&options.address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return {};
}

std::string check(const Options& options) {
  if (options.connections == 0 || options.threads == 0) return "connections and threads must not be 0";
  if (options.threads > options.connections) return "there are more threads than connections";
  if (options.method == "POST" && options.post_percent > 0) return "--post-percent is for other methods";
  if (options.post_percent < 0 || options.post_percent > 100) return "--post-percent is from 0 to 100";
  if (options.warm_up >= options.length) return "the warm-up is part of --seconds and must be shorter";
  for (const std::string& header : options.headers) {
    if (header.find(':') == std::string::npos || header.find_first_of("\r\n") != std::string::npos)
      return "a header is written \"Name: value\": " + header;
  }
  return {};
}

}  // namespace

std::expected<Options, int> parse_options(int argc, char** argv) {
  Options options;
  double seconds = 10;
  double warm_up_seconds = 0;
  double ramp_seconds = 0;
  double timeout_seconds = 10;
  bool no_retry = false;
  CLI::App app(kAbout, "sluice-load");
  app.add_option("url", options.url, "http://HOST[:PORT][/PATH]")->required();
  app.add_option("-c,--connections", options.connections, "at once (64)");
  app.add_option("-t,--threads", options.threads, "of the generator (1)");
  app.add_option("-R,--rate", options.rate, "open loop: requests a second in all (0: closed loop)");
  app.add_option("-d,--seconds", seconds, "the run's length, warm-up included (10)");
  app.add_option("--warm-up", warm_up_seconds, "seconds at the beginning that do not count (0)");
  app.add_option("--ramp", ramp_seconds, "seconds over which rate or connections rise (0)");
  app.add_option("--timeout", timeout_seconds, "seconds until a request counts as failed (10)");
  app.add_option("-X,--method", options.method, "of the requests (GET)");
  app.add_option("--post-percent", options.post_percent, "so many requests are POSTs with the body (0)");
  app.add_option("--body-bytes", options.body_bytes, "request body of POST, PUT, PATCH (0)");
  app.add_option("-H,--header", options.headers, "a field of every request, repeatable");
  app.add_flag("--new-connections", options.new_connections, "a connection for every request");
  app.add_flag("--no-stale-retry", no_retry,
               "a kept connection that was closed unanswered is a failure; by default a request other than "
               "POST is sent once more on a new one, as clients do, and counted");
  app.add_option("--answered-by", options.answered_by, "field that names who answered (X-Origin)");
  app.add_option("--ledger", options.ledger_path, "write one line for every request to this file");
  app.add_flag("--json", options.json, "the result as JSON on standard output");
  app.add_flag("--progress", options.progress, "a line a second on standard error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(app.exit(error) == 0 ? 0 : 2);
  }
  const auto duration = [](double given) { return Duration{static_cast<int64_t>(given * 1e9)}; };
  options.length = duration(seconds);
  options.warm_up = duration(warm_up_seconds);
  options.ramp = duration(ramp_seconds);
  options.timeout = duration(timeout_seconds);
  options.retry_stale = !no_retry;
  std::string problem = check(options);
  if (problem.empty()) problem = resolve(options);
  if (!problem.empty()) {
    std::fprintf(stderr, "sluice-load: %s\n", problem.c_str());
    return std::unexpected(2);
  }
  return options;
}

}  // namespace sluice::load
