// What of the machine is ours. `workers: auto` means the cores this process may run on, and no more than its
// cgroup's quota pays for (a container with 2 of 64 cores must not start 64 workers).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::dataplane {

// The core numbers of our affinity mask, ascending. Never empty.
std::vector<int> allowed_cores();

// Cores that cgroup v2 quotas allow, rounded up; UINT32_MAX when there is no limit. The smallest quota from
// our group up to the root counts. The arguments are "/proc/self/cgroup" and "/sys/fs/cgroup" outside tests.
uint32_t quota_cores(const std::string& membership_file, const std::string& hierarchy);

// The smallest memory.max in the same groups; UINT64_MAX when there is no limit.
uint64_t cgroup_memory_bytes(const std::string& membership_file, const std::string& hierarchy);

uint32_t usable_core_count();  // At least 1.

}  // namespace sluice::dataplane
