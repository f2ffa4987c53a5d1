#include "dataplane/keeper/memory_plan.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <bit>
#include <cstdio>

#include "dataplane/conn/client_conn.h"
#include "dataplane/conn/origin_conn.h"
#include "dataplane/keeper/usable_cores.h"
#include "dataplane/stream/stream.h"

namespace sluice::dataplane {
namespace {

// Descriptors that are not connections: listeners (200 per worker at the very most, rarely ten), rings, logs,
// snapshots, the control channel.
constexpr uint64_t kDescriptorsBase = 256;
constexpr uint64_t kDescriptorsPerWorker = 32;
// Idle clients need no origin connection, and origins are pooled: two thirds to clients.
constexpr uint64_t kClientShare = 2;
constexpr uint64_t kAllShares = 3;
constexpr uint32_t kConnectionsMin = 64;
constexpr uint32_t kConnectionsMax = 1u << 20;
// Buffers may take half of the memory; the rest is for snapshots (two at a time), slots and the kernel's
// socket buffers.
constexpr uint64_t kBufferMemoryDivisor = 2;
constexpr uint32_t kLargeBuffersMin = 64;

std::string human(uint64_t bytes) {
  char text[32];
  if (bytes >= 10ULL << 20) {
    std::snprintf(text, sizeof(text), "%llu MiB", static_cast<unsigned long long>(bytes >> 20));
  } else {
    std::snprintf(text, sizeof(text), "%llu KiB", static_cast<unsigned long long>((bytes + 1023) >> 10));
  }
  return text;
}

}  // namespace

uint64_t MemoryPlan::bytes_max() const {
  uint64_t sum = 0;
  for (const MemoryTerm& term : terms) sum += term.bytes();
  return sum * worker_count;
}

MemoryPlan plan_memory(uint32_t worker_count, uint64_t descriptors, uint64_t memory_bytes) {
  MemoryPlan plan;
  plan.worker_count = worker_count;
  plan.descriptors = descriptors;
  const uint64_t reserved = kDescriptorsBase + kDescriptorsPerWorker * worker_count;
  const uint64_t connections = descriptors > reserved ? descriptors - reserved : 0;
  const auto bounded = [](uint64_t count) {
    return static_cast<uint32_t>(std::clamp<uint64_t>(count, kConnectionsMin, kConnectionsMax));
  };
  plan.client_connections = bounded(connections * kClientShare / kAllShares);
  plan.origin_connections = bounded(connections - connections * kClientShare / kAllShares);

  uint64_t buffer_bytes = 0;
  for (uint32_t i = 0; i < kSizeClassCount; ++i) {
    buffer_bytes += static_cast<uint64_t>(plan.buffers.count[i]) * kSizeClassBytes[i];
  }
  const uint64_t allowed = memory_bytes / kBufferMemoryDivisor / worker_count;
  while (buffer_bytes > allowed && plan.buffers.count[kSizeClassCount - 1] > kLargeBuffersMin) {
    for (uint32_t& count : plan.buffers.count) count /= 2;
    buffer_bytes /= 2;
  }
  // Lent buffers come out of the largest class and must leave some for connections that hold data.
  const uint32_t large = plan.buffers.count[kSizeClassCount - 1];
  plan.ring.lent_buffers_max = std::min(plan.ring.lent_buffers_max, std::bit_floor(large / 4));
  plan.ring.lent_buffers_min = std::min(plan.ring.lent_buffers_min, plan.ring.lent_buffers_max);

  for (uint32_t i = 0; i < kSizeClassCount; ++i) {
    plan.terms.push_back(
        {"buffers of " + human(kSizeClassBytes[i]), plan.buffers.count[i], kSizeClassBytes[i]});
  }
  plan.terms.push_back({"client connections", plan.client_connections, sizeof(ClientConn)});
  plan.terms.push_back({"origin connections", plan.origin_connections, sizeof(OriginConn)});
  plan.terms.push_back({"streams", plan.client_connections, sizeof(Stream)});
  plan.terms.push_back({"submissions", plan.ring.submission_entries, 64});
  plan.terms.push_back({"completions", plan.ring.completion_entries, 16});
  plan.terms.push_back({"access log ring", 1, plan.access_log_bytes});
  plan.terms.push_back({"stats block", 1, sizeof(WorkerStats)});
  return plan;
}

std::string describe(const MemoryPlan& plan) {
  std::string line = std::to_string(plan.worker_count) + " workers x (";
  for (const MemoryTerm& term : plan.terms) {
    if (&term != &plan.terms.front()) line += " + ";
    line += std::to_string(term.count) + " " + term.name + " " + human(term.bytes());
  }
  return line + ") = at most " + human(plan.bytes_max()) + ", touched when used; " +
         std::to_string(plan.descriptors) + " descriptors";
}

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  return limit.rlim_cur;
}

uint64_t usable_memory_bytes() {
  struct sysinfo info{};
  const uint64_t machine =
      sysinfo(&info) == 0 ? static_cast<uint64_t>(info.totalram) * info.mem_unit : 1ULL << 30;
  return std::min(machine, cgroup_memory_bytes("/proc/self/cgroup", "/sys/fs/cgroup"));
}

}  // namespace sluice::dataplane
