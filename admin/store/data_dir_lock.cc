#include "admin/store/data_dir_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sluice::admin {
namespace {

std::string holder_of(int fd) {
  char text[32] = {};
  const ssize_t size = pread(fd, text, sizeof(text) - 1, 0);
  std::string holder(text, size > 0 ? static_cast<size_t>(size) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return holder.empty() ? "unknown" : holder;
}

}  // namespace

std::expected<DataDirLock, std::string> DataDirLock::acquire(const std::string& directory) {
  std::error_code failure;
  if (!std::filesystem::exists(directory, failure)) {
    std::filesystem::create_directories(directory, failure);
    if (failure) {
      return std::unexpected("cannot create the data directory " + directory + ": " + failure.message() +
                             "; choose another one with --data-dir");
    }
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failure);
  }
  const std::string path = directory + "/lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return std::unexpected("cannot open " + path + ": " + strerror(errno) +
                           "; the user of this process must own the data directory");
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = holder_of(fd);
    close(fd);
    return std::unexpected("the data directory " + directory + " is in use by process " + holder +
                           "; stop it, or give this gateway its own directory with --data-dir");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    const std::string reason = strerror(errno);
    close(fd);
    return std::unexpected("cannot write " + path + ": " + reason + "; free some space on the device");
  }
  return DataDirLock(fd);
}

DataDirLock::~DataDirLock() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace sluice::admin
