// Memfds for tests, sealed or not.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <span>

#include "dataplane/keeper/descriptor.h"

namespace sluice::testing {

inline constexpr int kAllSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

inline dataplane::Descriptor memfd_with(std::span<const std::byte> bytes, int seals = kAllSeals) {
  dataplane::Descriptor memfd(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memfd.is_open()) return memfd;
  while (!bytes.empty()) {
    const ssize_t written = write(memfd.get(), bytes.data(), bytes.size());
    if (written <= 0) return {};
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (seals != 0 && fcntl(memfd.get(), F_ADD_SEALS, seals) != 0) return {};
  return memfd;
}

}  // namespace sluice::testing
