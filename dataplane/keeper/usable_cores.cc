#include "dataplane/keeper/usable_cores.h"

#include <sched.h>

#include <algorithm>
#include <cstdio>

namespace sluice::dataplane {
namespace {

// The first line of `path` that starts with `prefix`, without it. False: no such file or line.
bool read_line(const std::string& path, const std::string& prefix, std::string& rest) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return false;
  char line[4096];
  bool found = false;
  while (!found && std::fgets(line, sizeof(line), file) != nullptr) {
    rest = line;
    if (!rest.empty() && rest.back() == '\n') rest.pop_back();
    found = rest.starts_with(prefix);
  }
  std::fclose(file);
  if (found) rest.erase(0, prefix.size());
  return found;
}

// The first line of `file` in our cgroup (v2) and in every group above it, where there is one.
std::vector<std::string> limits_of_groups(const std::string& membership_file, const std::string& hierarchy,
                                          const std::string& file) {
  std::vector<std::string> limits;
  std::string group;
  if (!read_line(membership_file, "0::", group)) return limits;
  while (true) {
    std::string limit;
    if (read_line(hierarchy + (group == "/" ? "" : group) + "/" + file, "", limit)) limits.push_back(limit);
    const std::size_t slash = group.rfind('/');
    if (group.size() <= 1 || slash == std::string::npos) return limits;
    group.resize(std::max<std::size_t>(slash, 1));
  }
}

}  // namespace

std::vector<int> allowed_cores() {
  std::vector<int> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
  }
  if (cores.empty()) cores.push_back(0);
  return cores;
}

uint32_t quota_cores(const std::string& membership_file, const std::string& hierarchy) {
  uint32_t cores = UINT32_MAX;
  for (const std::string& limit : limits_of_groups(membership_file, hierarchy, "cpu.max")) {
    unsigned long long quota = 0;
    unsigned long long period = 0;
    // "max 100000" has no quota and does not scan.
    if (std::sscanf(limit.c_str(), "%llu %llu", &quota, &period) != 2 || period == 0) continue;
    cores = std::min(cores, static_cast<uint32_t>(std::min<uint64_t>((quota + period - 1) / period, 4096)));
  }
  return std::max(cores, 1u);
}

uint64_t cgroup_memory_bytes(const std::string& membership_file, const std::string& hierarchy) {
  uint64_t bytes = UINT64_MAX;
  for (const std::string& limit : limits_of_groups(membership_file, hierarchy, "memory.max")) {
    unsigned long long value = 0;
    if (std::sscanf(limit.c_str(), "%llu", &value) == 1) bytes = std::min<uint64_t>(bytes, value);
  }
  return bytes;
}

uint32_t usable_core_count() {
  const auto allowed = static_cast<uint32_t>(allowed_cores().size());
  return std::min(allowed, quota_cores("/proc/self/cgroup", "/sys/fs/cgroup"));
}

}  // namespace sluice::dataplane
