// How much of everything a worker may have, decided once at start from the descriptor limit and the memory of
// the machine (or of our cgroup), and printed as a sum. Address space is reserved, memory is touched when
// used; what runs out has a defined answer (503, pausing), never an abort.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/worker/worker.h"

namespace sluice::dataplane {

struct MemoryTerm {
  std::string name;  // "buffers of 64 KiB"
  uint64_t count = 0;
  uint64_t bytes_each = 0;
  uint64_t bytes() const { return count * bytes_each; }
};

struct MemoryPlan {
  uint32_t worker_count = 1;
  uint64_t descriptors = 0;         // RLIMIT_NOFILE.
  uint32_t client_connections = 0;  // Of the whole process; any one worker may have them all.
  uint32_t origin_connections = 0;
  BufferPoolSizes buffers;  // Of each worker.
  RingOptions ring;
  uint32_t access_log_bytes = 1 << 20;  // Of each worker.
  std::vector<MemoryTerm> terms;        // Of each worker, reserved at most.
  uint64_t bytes_max() const;           // All workers.
};

// `memory_bytes`: what the process may use.
MemoryPlan plan_memory(uint32_t worker_count, uint64_t descriptors, uint64_t memory_bytes);

// The sum with its terms, as one line for the log.
std::string describe(const MemoryPlan& plan);

// Raises the soft limit of open files to the hard one and returns it.
uint64_t raise_descriptor_limit();
// The smaller of the machine's memory and the cgroup's limit.
uint64_t usable_memory_bytes();

}  // namespace sluice::dataplane
