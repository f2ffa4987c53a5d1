#include "admin/compile/access_steps.h"

#include <algorithm>
#include <tuple>

namespace sluice::admin {
namespace {

// IPv4 in the lowest 32 bits.
using Number = unsigned __int128;

struct Range {
  Number first;
  Number last;
  bool allowed;
};
struct Step {
  Number first;
  bool allowed;
};

Number number_of(const IpAddress& ip) {
  Number number = 0;
  for (uint32_t i = 0; i < (ip.family == 4 ? 4 : 16); ++i) number = number << 8 | ip.bytes[i];
  return number;
}

void append_ranges(const std::vector<Network>& networks, uint8_t family, bool allowed,
                   std::vector<Range>& ranges) {
  const uint32_t bits = family == 4 ? 32 : 128;
  for (const Network& network : networks) {
    if (network.ip.family != family) continue;
    const uint32_t free_bits = bits - network.prefix_length;
    const Number size_minus_one = free_bits == 128 ? ~Number{0} : (Number{1} << free_bits) - 1;
    const Number first = number_of(network.ip);
    ranges.push_back({first, first + size_minus_one, allowed});
  }
}

// Networks are nested or apart, so the open ones form a stack whose top is the narrowest.
std::vector<Step> flatten(std::vector<Range> ranges, Number last_address, bool otherwise) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& left, const Range& right) {
    return std::tuple(left.first, right.last) < std::tuple(right.first, left.last);
  });
  std::vector<Step> steps = {{0, otherwise}};
  const auto begin_step = [&](Number first, bool allowed) {
    if (steps.back().first == first) {
      steps.back().allowed = allowed;
    } else {
      steps.push_back({first, allowed});
    }
  };
  std::vector<Range> open;
  const auto close_until = [&](Number limit) {  // Those that end before `limit`.
    while (!open.empty() && open.back().last < limit) {
      const Number last = open.back().last;
      open.pop_back();
      begin_step(last + 1, open.empty() ? otherwise : open.back().allowed);
    }
  };
  for (const Range& range : ranges) {
    close_until(range.first);
    begin_step(range.first, range.allowed);
    open.push_back(range);
  }
  close_until(last_address);
  std::vector<Step> merged;
  for (const Step& step : steps) {
    if (merged.empty() || merged.back().allowed != step.allowed) merged.push_back(step);
  }
  return merged;
}

std::vector<Step> steps_of(const Access& access, uint8_t family) {
  std::vector<Range> ranges;
  append_ranges(access.allow, family, true, ranges);
  append_ranges(access.deny, family, false, ranges);
  const Number last_address = family == 4 ? Number{UINT32_MAX} : ~Number{0};
  return flatten(std::move(ranges), last_address, access.allow.empty());
}

}  // namespace

AccessSteps access_steps(const Access& access) {
  AccessSteps steps;
  for (const Step& step : steps_of(access, 4)) {
    steps.v4.emplace_back(static_cast<uint32_t>(step.first), step.allowed);
  }
  for (const Step& step : steps_of(access, 6)) {
    uint32_t words[4];
    for (uint32_t i = 0; i < 4; ++i) words[i] = static_cast<uint32_t>(step.first >> (96 - 32 * i));
    steps.v6.emplace_back(flatbuffers::span<const uint32_t, 4>(words), step.allowed);
  }
  return steps;
}

}  // namespace sluice::admin
