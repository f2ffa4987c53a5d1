#include "tools/cli/http_client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tools/cli/address.h"

namespace sluice::cli {
namespace {

// Everything until the other end closes. False: an error, in errno.
bool exchange(int descriptor, const std::string& question, std::string& answer) {
  if (send(descriptor, question.data(), question.size(), MSG_NOSIGNAL) < 0) return false;
  char bytes[16 * 1024];
  while (true) {
    const ssize_t count = recv(descriptor, bytes, sizeof bytes, 0);
    if (count < 0) return false;
    if (count == 0) return true;
    answer.append(bytes, static_cast<size_t>(count));
  }
}

}  // namespace

std::expected<HttpAnswer, std::string> http_get(const std::string& address, const std::string& path) {
  const auto parsed = parse_address(address);
  if (!parsed) return std::unexpected("'" + address + "' is not an address with a port, like 127.0.0.1:9180");
  const int descriptor = socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string text;
  // HTTP/1.0, so that the answer is not chunked and ends with the connection.
  const std::string question = "GET " + path + " HTTP/1.0\r\nHost: " + address + "\r\n\r\n";
  const bool done =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&parsed->storage), parsed->bytes) == 0 &&
      exchange(descriptor, question, text);
  const std::string reason = done ? "" : strerror(errno);
  close(descriptor);
  if (!done) return std::unexpected("no answer from the admin process at " + address + ": " + reason);
  const size_t body = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.") || body == std::string::npos) {
    return std::unexpected("what listens at " + address + " does not speak HTTP");
  }
  return HttpAnswer{.status = atoi(text.c_str() + std::strlen("HTTP/1.1 ")), .body = text.substr(body + 4)};
}

}  // namespace sluice::cli
