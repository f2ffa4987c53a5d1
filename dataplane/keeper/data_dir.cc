#include "dataplane/keeper/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace sluice::dataplane {

std::expected<Descriptor, std::string> lock_data_dir(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return std::unexpected("cannot create the data directory " + path + ": " + std::strerror(errno));
  }
  const std::string name = path + "/dataplane.lock";
  Descriptor lock(open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.is_open()) return std::unexpected("cannot open " + name + ": " + std::strerror(errno));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    char holder[32] = {};
    const bool is_known = pread(lock.get(), holder, sizeof(holder) - 1, 0) > 0;
    holder[std::strcspn(holder, "\n")] = '\0';
    return std::unexpected("the data directory " + path + " is in use by another data plane" +
                           (is_known ? ", pid " + std::string(holder) : ""));
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(lock.get(), 0) != 0 || pwrite(lock.get(), pid.data(), pid.size(), 0) < 0) {
    return std::unexpected("cannot write " + name + ": " + std::strerror(errno));
  }
  return lock;
}

}  // namespace sluice::dataplane
