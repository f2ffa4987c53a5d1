// Where access-log lines go: a file, stdout or stderr. Writing never waits: a sink that is full says so and
// the caller keeps (or drops) its lines. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "dataplane/keeper/descriptor.h"

namespace sluice::dataplane {

class AccessLogSink {
 public:
  // "stdout", "stderr", or a file that is created when missing and appended to. The error says what the
  // kernel said; nothing was created then.
  static std::expected<AccessLogSink, std::string> open(std::string_view path);
  // Whether open() would work, without creating the file (mode=check must leave no trace).
  static std::expected<void, std::string> check(std::string_view path);

  // Bytes taken (at most `count`), 0 when the sink is full right now, or a negated errno.
  ssize_t write_some(const char* bytes, std::size_t count);
  int descriptor() const { return descriptor_.get(); }  // For poll(POLLOUT).
  const std::string& path() const { return path_; }

 private:
  // How write_some keeps its promise.
  enum class Kind : uint8_t {
    never_waits,     // A regular file, or a descriptor of our own with O_NONBLOCK.
    socket,          // MSG_DONTWAIT.
    poll_then_page,  // A shared blocking descriptor: poll, then at most PIPE_BUF bytes (pipe(7): a pipe
                     // that polls writable takes that much without blocking).
  };
  AccessLogSink(std::string_view path, Descriptor descriptor, Kind kind)
      : path_(path), descriptor_(std::move(descriptor)), kind_(kind) {}
  static std::expected<AccessLogSink, std::string> share(std::string_view path, int number);

  std::string path_;
  Descriptor descriptor_;
  Kind kind_;
};

}  // namespace sluice::dataplane
