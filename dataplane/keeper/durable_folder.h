// A folder whose files survive a crash at any instruction: written under a temporary name, fsynced, renamed,
// and the folder fsynced, in this order. Every step can be watched, so that tests end the process before each
// of them and look at what is left. Refuses names with '/'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/keeper/descriptor.h"
#include "dataplane/keeper/mapped_bytes.h"

namespace sluice::dataplane {

// Called before each step: "create", "write", "sync", "rename", "sync folder", "remove".
struct StepWatcher {
  void (*before)(void* context, std::string_view step, std::string_view name) = nullptr;
  void* context = nullptr;
};

class DurableFolder {
 public:
  // Created with mode 0700 when missing (its parent must exist).
  static std::expected<DurableFolder, std::string> open(const std::string& path, StepWatcher watcher = {});

  // All or nothing: afterwards `name` has these bytes, or what it had before. The error is a sentence.
  std::expected<void, std::string> replace(const std::string& name, std::span<const std::byte> bytes);
  // In place and at once; a crash may leave half of it: the reader needs a checksum and a second copy.
  std::expected<void, std::string> overwrite(const std::string& name, std::span<const std::byte> bytes);
  std::expected<void, std::string> remove(const std::string& name);

  // Empty: no such file, or it cannot be read. At most `bytes_max`.
  std::vector<std::byte> read(const std::string& name, std::size_t bytes_max) const;
  std::expected<MappedBytes, std::string> map(const std::string& name) const;
  std::vector<std::string> names() const;
  const std::string& path() const { return path_; }

 private:
  DurableFolder(std::string path, Descriptor folder, StepWatcher watcher)
      : path_(std::move(path)), folder_(std::move(folder)), watcher_(watcher) {}
  std::expected<void, std::string> write_synced(const std::string& name, int flags,
                                                std::span<const std::byte> bytes);
  std::expected<void, std::string> sync_folder();
  std::unexpected<std::string> failed(const char* call, const std::string& name) const;
  void announce(std::string_view step, std::string_view name) const {
    if (watcher_.before != nullptr) watcher_.before(watcher_.context, step, name);
  }

  std::string path_;
  Descriptor folder_;
  StepWatcher watcher_;
};

}  // namespace sluice::dataplane
