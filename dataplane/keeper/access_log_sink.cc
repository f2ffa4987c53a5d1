#include "dataplane/keeper/access_log_sink.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::dataplane {
namespace {

std::string cannot_open(std::string_view path, int error) {
  return "cannot open the access log " + std::string(path) + ": " + std::strerror(error);
}

}  // namespace

std::expected<AccessLogSink, std::string> AccessLogSink::open(std::string_view path) {
  if (path == "stdout") return share(path, STDOUT_FILENO);
  if (path == "stderr") return share(path, STDERR_FILENO);
  const std::string name(path);
  // O_NONBLOCK is for a FIFO somebody put there; regular files ignore it.
  Descriptor descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0640));
  if (!descriptor.is_open()) return std::unexpected(cannot_open(path, errno));
  return AccessLogSink(path, std::move(descriptor), Kind::never_waits);
}

// stdout and stderr are shared with the process that started us, so O_NONBLOCK must not be set on them:
// their pipe or terminal is opened a second time instead. A regular file is not (a second open has its own
// offset and would overwrite), and a socket cannot be.
std::expected<AccessLogSink, std::string> AccessLogSink::share(std::string_view path, int number) {
  struct stat status{};
  if (fstat(number, &status) != 0) return std::unexpected(cannot_open(path, errno));
  if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
    const std::string name = "/proc/self/fd/" + std::to_string(number);
    Descriptor own(::open(name.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (own.is_open()) return AccessLogSink(path, std::move(own), Kind::never_waits);
  }
  Descriptor copy(fcntl(number, F_DUPFD_CLOEXEC, 3));
  if (!copy.is_open()) return std::unexpected(cannot_open(path, errno));
  const Kind kind = S_ISREG(status.st_mode)    ? Kind::never_waits
                    : S_ISSOCK(status.st_mode) ? Kind::socket
                                               : Kind::poll_then_page;
  return AccessLogSink(path, std::move(copy), kind);
}

std::expected<void, std::string> AccessLogSink::check(std::string_view path) {
  if (path == "stdout" || path == "stderr") return {};
  const std::string name(path);
  struct stat status{};
  if (stat(name.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return std::unexpected(cannot_open(path, EISDIR));
    if (faccessat(AT_FDCWD, name.c_str(), W_OK, AT_EACCESS) != 0)
      return std::unexpected(cannot_open(path, errno));
    return {};
  }
  if (errno != ENOENT) return std::unexpected(cannot_open(path, errno));
  const std::size_t slash = name.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : name.substr(0, slash);
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return std::unexpected(cannot_open(path, errno));
  }
  return {};
}

ssize_t AccessLogSink::write_some(const char* bytes, std::size_t count) {
  ssize_t written = 0;
  if (kind_ == Kind::socket) {
    written = send(descriptor_.get(), bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    if (kind_ == Kind::poll_then_page) {
      pollfd ready{.fd = descriptor_.get(), .events = POLLOUT, .revents = 0};
      if (poll(&ready, 1, 0) <= 0) return 0;
      count = std::min<std::size_t>(count, PIPE_BUF);
    }
    written = ::write(descriptor_.get(), bytes, count);
  }
  if (written >= 0) return written;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

}  // namespace sluice::dataplane
