#include "tests/sim/faults.h"

namespace sluice::sim {
namespace {

struct FaultInfo {
  std::string_view name;
  std::string_view sentence;
};
constexpr FaultInfo kFaults[] = {
#define SLUICE_SIM_FAULT_INFO(name, sentence) {#name, sentence},
    SLUICE_SIM_FAULTS(SLUICE_SIM_FAULT_INFO)
#undef SLUICE_SIM_FAULT_INFO
};

// Faults that change only when and in what portions things happen. A proxy must hide all of them.
constexpr bool is_harmless(Fault fault) {
  switch (fault) {
    case Fault::short_receive:
    case Fault::one_byte_receive:
    case Fault::short_send:
    case Fault::one_byte_send:
    case Fault::delayed_send:
    case Fault::delayed_completion:
    case Fault::no_buffers:
    case Fault::multishot_ends:
    case Fault::budget_overrun:
    case Fault::cancel_loses:
    case Fault::cancel_is_last:
    case Fault::accept_fails:
    case Fault::small_window:
    case Fault::path_delay:
    case Fault::small_batch:
    case Fault::spurious_wake:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view name_of(Fault fault) {
  return kFaults[static_cast<uint8_t>(fault)].name;
}

FaultConfig draw_faults(Rng& rng, bool only_harmless) {
  FaultConfig faults;
  for (uint32_t i = 0; i < kFirstCanary; ++i) {
    const bool is_on = rng.chance(1, 2);
    const uint32_t rate = 65536u >> (1 + rng.below(11));
    if (!is_on || (only_harmless && !is_harmless(static_cast<Fault>(i)))) continue;
    faults.rate[i] = rate;
  }
  constexpr Duration kDelays[] = {0_us, 50_us, 500_us, 5_ms};
  constexpr uint32_t kWindows[] = {2048, 16384, 65536, 262144};
  faults.path_delay_max = kDelays[rng.below(4)];
  faults.window_bytes = kWindows[rng.below(4)];
  faults.one_shot = rng.chance(1, 3);
  return faults;
}

std::string describe(const FaultConfig& faults) {
  std::string text = "  path delay max " + std::to_string(faults.path_delay_max.in_microseconds()) +
                     " us, window " + std::to_string(faults.window_bytes) + " bytes, receives " +
                     (faults.one_shot ? "one-shot" : "multishot with budget") + "\n";
  for (uint32_t i = 0; i < kFaultCount; ++i) {
    if (faults.rate[i] == 0) continue;
    text += "  " + std::string(kFaults[i].name) + " " + std::to_string(faults.rate[i]) +
            "/65536: " + std::string(kFaults[i].sentence) + "\n";
  }
  return text;
}

}  // namespace sluice::sim
