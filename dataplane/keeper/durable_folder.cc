#include "dataplane/keeper/durable_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace sluice::dataplane {

std::unexpected<std::string> DurableFolder::failed(const char* call, const std::string& name) const {
  return std::unexpected(std::string(call) + " " + path_ + "/" + name + ": " + std::strerror(errno));
}

std::expected<DurableFolder, std::string> DurableFolder::open(const std::string& path, StepWatcher watcher) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return std::unexpected("cannot create " + path + ": " + std::strerror(errno));
  }
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return std::unexpected("cannot open " + path + ": " + std::strerror(errno));
  return DurableFolder(path, std::move(folder), watcher);
}

std::expected<void, std::string> DurableFolder::write_synced(const std::string& name, int flags,
                                                             std::span<const std::byte> bytes) {
  announce("create", name);
  const Descriptor file(openat(folder_.get(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600));
  if (!file.is_open()) return failed("cannot create", name);
  announce("write", name);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("cannot write", name);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  announce("sync", name);
  if (fsync(file.get()) != 0) return failed("cannot sync", name);
  return {};
}

std::expected<void, std::string> DurableFolder::sync_folder() {
  announce("sync folder", "");
  if (fsync(folder_.get()) != 0) return failed("cannot sync", "");
  return {};
}

std::expected<void, std::string> DurableFolder::replace(const std::string& name,
                                                        std::span<const std::byte> bytes) {
  const std::string temporary = name + ".tmp";
  if (auto written = write_synced(temporary, O_TRUNC, bytes); !written) {
    unlinkat(folder_.get(), temporary.c_str(), 0);  // A full disk gets its space back.
    return written;
  }
  announce("rename", name);
  if (renameat(folder_.get(), temporary.c_str(), folder_.get(), name.c_str()) != 0) {
    return failed("cannot rename to", name);
  }
  return sync_folder();
}

std::expected<void, std::string> DurableFolder::overwrite(const std::string& name,
                                                          std::span<const std::byte> bytes) {
  struct stat status{};
  const bool is_new = fstatat(folder_.get(), name.c_str(), &status, 0) != 0;
  if (auto written = write_synced(name, 0, bytes); !written) return written;
  return is_new ? sync_folder() : std::expected<void, std::string>();
}

std::expected<void, std::string> DurableFolder::remove(const std::string& name) {
  announce("remove", name);
  if (unlinkat(folder_.get(), name.c_str(), 0) != 0 && errno != ENOENT) return failed("cannot remove", name);
  return {};
}

std::vector<std::byte> DurableFolder::read(const std::string& name, std::size_t bytes_max) const {
  std::vector<std::byte> bytes;
  const Descriptor file(openat(folder_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return bytes;
  bytes.resize(bytes_max);
  std::size_t used = 0;
  while (used < bytes_max) {
    const ssize_t got = ::read(file.get(), bytes.data() + used, bytes_max - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

std::expected<MappedBytes, std::string> DurableFolder::map(const std::string& name) const {
  const Descriptor file(openat(folder_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!file.is_open() || fstat(file.get(), &status) != 0) return failed("cannot open", name);
  if (status.st_size == 0) return std::unexpected(path_ + "/" + name + " is empty");
  std::expected<MappedBytes, int> mapped =
      MappedBytes::map(file.get(), static_cast<std::size_t>(status.st_size));
  if (mapped) return std::move(*mapped);
  errno = mapped.error();
  return failed("cannot map", name);
}

std::vector<std::string> DurableFolder::names() const {
  std::vector<std::string> found;
  const int copy = openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* listing = copy < 0 ? nullptr : fdopendir(copy);
  if (listing == nullptr) {
    if (copy >= 0) ::close(copy);
    return found;
  }
  while (const dirent* entry = readdir(listing)) found.emplace_back(entry->d_name);
  closedir(listing);
  return found;
}

}  // namespace sluice::dataplane
