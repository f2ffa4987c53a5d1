#include "tools/cli/pid_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace sluice::cli {
namespace {

std::string read_text(int descriptor) {
  char text[32] = {};
  const ssize_t count = pread(descriptor, text, sizeof text - 1, 0);
  std::string content(text, count > 0 ? static_cast<size_t>(count) : 0);
  while (!content.empty() && content.back() == '\n') content.pop_back();
  return content;
}

// A file that was removed between open and lock is not the one the next reader finds.
bool is_still_at(int descriptor, const std::string& path) {
  struct stat ours{};
  struct stat named{};
  return fstat(descriptor, &ours) == 0 && stat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

std::string reason() {
  return strerror(errno);
}

}  // namespace

std::expected<PidFile, std::string> PidFile::acquire(const std::string& data_dir) {
  std::error_code failure;
  if (!std::filesystem::exists(data_dir, failure)) {
    std::filesystem::create_directories(data_dir, failure);
    if (!failure) std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, failure);
  }
  if (failure) {
    return std::unexpected("cannot create the data directory " + data_dir + ": " + failure.message() +
                           "; set data_dir in the configuration, or pass --data-dir");
  }
  const std::string path = data_dir + "/sluice.pid";
  while (true) {
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor < 0) {
      return std::unexpected("cannot write " + path + ": " + reason() +
                             "; set data_dir in the configuration, or pass --data-dir");
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = read_text(descriptor);
      close(descriptor);
      return std::unexpected("another sluice (pid " + holder + ") runs on " + data_dir +
                             "; stop it (sluice -s quit), or give this one its own data_dir");
    }
    if (is_still_at(descriptor, path)) {
      const std::string text = std::to_string(getpid()) + "\n";
      if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text.data(), text.size(), 0) < 0) {
        const std::string message = "cannot write " + path + ": " + reason();
        close(descriptor);
        return std::unexpected(message);
      }
      return PidFile(descriptor, path);
    }
    close(descriptor);
  }
}

PidFile::PidFile(PidFile&& other) noexcept : descriptor_(other.descriptor_), path_(std::move(other.path_)) {
  other.descriptor_ = -1;
}

PidFile::~PidFile() {
  if (descriptor_ < 0) return;
  unlink(path_.c_str());
  close(descriptor_);
}

std::expected<pid_t, std::string> running_supervisor(const std::string& data_dir) {
  const std::string path = data_dir + "/sluice.pid";
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return std::unexpected("no sluice runs on " + data_dir + " (" + path + ": " + reason() + ")");
  }
  const bool alive = flock(descriptor, LOCK_SH | LOCK_NB) != 0;
  const int pid = atoi(read_text(descriptor).c_str());
  close(descriptor);
  if (!alive || pid <= 0) {
    return std::unexpected("no sluice runs on " + data_dir + " (" + path + " was left behind)");
  }
  return pid;
}

}  // namespace sluice::cli
