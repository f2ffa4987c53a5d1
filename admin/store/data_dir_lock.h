// The data directory is the identity of a gateway: one admin process at a time (S0-05). Held by flock on
// DIR/lock, which the kernel drops when the process dies, however it dies.
#pragma once

#include <expected>
#include <string>

namespace sluice::admin {

class DataDirLock {
 public:
  // Creates the directory (0700) when it is missing. The error names the process that holds it.
  static std::expected<DataDirLock, std::string> acquire(const std::string& directory);
  DataDirLock(DataDirLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  DataDirLock& operator=(DataDirLock&&) = delete;
  ~DataDirLock();

 private:
  explicit DataDirLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace sluice::admin
