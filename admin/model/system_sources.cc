#include "admin/model/system_sources.h"

#include <fcntl.h>
#include <glob.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace sluice::admin {
namespace {

constexpr uint64_t kBytesMax = kConfigBytesMax;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ > STDIN_FILENO) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<ConfigErrors> refuse(const std::string& path, std::string message, std::string fix) {
  return std::unexpected(ConfigErrors{{path, 0, 0, "", std::move(message), std::move(fix)}});
}

std::expected<std::string, std::string> read_all(int descriptor, uint64_t bytes_max) {
  std::string text;
  char block[65536];
  for (;;) {
    const ssize_t count = read(descriptor, block, sizeof(block));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(strerror(errno));
    if (count == 0) return text;
    text.append(block, static_cast<size_t>(count));
    if (text.size() > bytes_max)
      return std::unexpected("it is larger than " + std::to_string(bytes_max >> 20) + " MiB");
  }
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// A directory that is not there holds nothing; one that cannot be read may hold half of the routes.
int stop_unless_missing(const char*, int error) {
  return error == ENOENT || error == ENOTDIR ? 0 : 1;
}

std::expected<std::vector<IncludedFile>, std::string> include_glob(const std::string& pattern,
                                                                   const std::string& including_file) {
  const std::string absolute = pattern.starts_with('/') ? pattern : directory_of(including_file) + pattern;
  const bool has_wildcard = pattern.find_first_of("*?[") != std::string::npos;
  glob_t found{};
  // Sorted by name, so that the order of routes does not depend on the directory.
  const int result = glob(absolute.c_str(), 0, stop_unless_missing, &found);
  const std::unique_ptr<glob_t, void (*)(glob_t*)> release(&found, globfree);
  if (result == GLOB_NOMATCH) {
    // A pattern may match nothing (an empty conf.d); a name must exist.
    if (has_wildcard) return std::vector<IncludedFile>();
    return std::unexpected("there is no such file");
  }
  if (result != 0) return std::unexpected("the directory cannot be read");
  std::vector<IncludedFile> files;
  for (size_t i = 0; i < found.gl_pathc; ++i) {
    auto text = read_config_file(found.gl_pathv[i], kBytesMax);
    if (!text) return std::unexpected(to_text(text.error().front()));
    files.push_back({found.gl_pathv[i], *std::move(text)});
  }
  return files;
}

std::expected<std::string, std::string> read_named_file(const std::string& path, uint64_t bytes_max,
                                                        const std::string& naming_file) {
  const std::string absolute = path.starts_with('/') ? path : directory_of(naming_file) + path;
  const File file(open(absolute.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return std::unexpected(strerror(errno));
  struct stat status{};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::unexpected("it is not a file");
  if (static_cast<uint64_t>(status.st_size) > bytes_max) {
    return std::unexpected("it has " + std::to_string(status.st_size) + " bytes, " +
                           std::to_string(bytes_max) + " at most");
  }
  return read_all(file.get(), bytes_max);
}

std::optional<std::string> from_environment(const std::string& name) {
  const char* value = getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::expected<IpAddress, std::string> resolve_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int result = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (result != 0) return std::unexpected(gai_strerror(result));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> release(list, freeaddrinfo);
  std::optional<IpAddress> best;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    IpAddress ip;
    if (entry->ai_family == AF_INET) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ai_addr);
      memcpy(ip.bytes.data(), &address->sin_addr, 4);
    } else if (entry->ai_family == AF_INET6) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(entry->ai_addr);
      memcpy(ip.bytes.data(), &address->sin6_addr, 16);
      ip.family = 6;
    } else {
      continue;
    }
    const bool better = !best || std::pair(ip.family, ip.bytes) < std::pair(best->family, best->bytes);
    if (better) best = ip;
  }
  if (!best) return std::unexpected("it has no IPv4 or IPv6 address");
  return *best;
}

}  // namespace

std::expected<std::string, ConfigErrors> read_config_file(const std::string& path, uint64_t bytes_max) {
  const File file(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    const int error = errno;
    return refuse(path, std::string("cannot open the configuration: ") + strerror(error),
                  error == ENOENT ? "check the path given with -c" : "check its permissions");
  }
  struct stat status{};
  if (fstat(file.get(), &status) == 0) {
    if (S_ISDIR(status.st_mode))
      return refuse(path, "this is a directory", "name a file; `include: [DIR/*.yaml]` reads several");
    if (S_ISREG(status.st_mode) && static_cast<uint64_t>(status.st_size) > bytes_max) {
      return refuse(path, "the file has " + std::to_string(status.st_size >> 20) + " MiB",
                    std::to_string(bytes_max >> 20) + " MiB at most; is it the right file?");
    }
  }
  auto text = read_all(file.get(), bytes_max);
  if (!text) return refuse(path, "cannot read the configuration: " + text.error(), "is it the right file?");
  return *std::move(text);
}

LoadOptions system_load_options(const std::string& path) {
  LoadOptions options;
  options.file_name = path;
  options.environment = from_environment;
  options.include = include_glob;
  options.read_file = read_named_file;
  return options;
}

std::expected<Config, ConfigErrors> load_config_file(const std::string& path) {
  const LoadOptions options = system_load_options(path);
  auto text = read_config_file(path, options.bytes_max);
  if (!text) return std::unexpected(std::move(text.error()));
  const Format format = path.ends_with(".json")                             ? Format::json
                        : path.ends_with(".yaml") || path.ends_with(".yml") ? Format::yaml
                                                                            : Format::detect;
  return load_config(*text, format, options);
}

Resolver system_resolver() {
  return resolve_host;
}

}  // namespace sluice::admin
