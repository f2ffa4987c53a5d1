#include "admin/link/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::admin {

std::expected<std::shared_ptr<const SealedMemory>, std::string> SealedMemory::create(
    std::span<const std::byte> bytes) {
  const auto failure = [](const char* call) {
    return std::unexpected(std::string("cannot prepare the snapshot for the data plane: ") + call + ": " +
                           strerror(errno));
  };
  Descriptor memory(memfd_create("sluice-snapshot", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.is_open()) return failure("memfd_create");
  // write(2), not a mapping: F_SEAL_WRITE is refused while a writable mapping exists.
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t wrote = write(memory.get(), bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return failure("write");
    done += static_cast<std::size_t>(wrote);
  }
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (fcntl(memory.get(), F_ADD_SEALS, kSeals) != 0) return failure("F_ADD_SEALS");
  return std::shared_ptr<const SealedMemory>(new SealedMemory(std::move(memory), bytes.size()));
}

}  // namespace sluice::admin
