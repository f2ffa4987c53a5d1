// sluice-origin: a small HTTP/1.1 server to put behind the proxy, for the quickstart, the system tests and
// benchmarks. It answers well and badly on request (/help lists how). Not for real content.
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>

#include "tools/origin/server.h"

namespace {

volatile std::sig_atomic_t stop = 0;

void on_signal(int) {
  stop = 1;
}

constexpr char kUsage[] =
    "usage: sluice-origin [--host ADDRESS] [--port N] [--name TEXT] [--body-bytes N]\n"
    "  --host ADDRESS   IPv4 address to listen on (127.0.0.1)\n"
    "  --port N         0 takes a free port; the port is the first line printed (0)\n"
    "  --name TEXT      value of the X-Origin field (origin)\n"
    "  --body-bytes N   size of the answer to / (1024)\n";

struct Options {
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  sluice::origin::Settings settings;
};

template <typename Number>
bool parse_number(std::string_view text, Number& out) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

bool parse_options(int count, char** arguments, Options& options) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view name = arguments[i];
    const std::string_view value = arguments[i + 1];
    if (name == "--host") {
      options.host = value;
    } else if (name == "--name") {
      options.settings.name = value;
    } else if (name == "--port") {
      if (!parse_number(value, options.port)) return false;
    } else if (name == "--body-bytes") {
      if (!parse_number(value, options.settings.body_bytes)) return false;
    } else {
      return false;
    }
  }
  return count % 2 == 1;
}

}  // namespace

int main(int count, char** arguments) {
  Options options;
  if (!parse_options(count, arguments, options)) {
    fputs(kUsage, stderr);
    return 1;
  }
  struct sigaction action{};
  action.sa_handler = on_signal;  // No SA_RESTART: epoll_wait returns and the loop sees `stop`.
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto server = sluice::origin::Server::open(options.host, options.port, options.settings);
  if (!server) {
    fprintf(stderr, "sluice-origin: %s\n", server.error().c_str());
    return 2;
  }
  printf("%u\n", (*server)->port());
  fflush(stdout);
  (*server)->run(stop);
  return 0;
}
