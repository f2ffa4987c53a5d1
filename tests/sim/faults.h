// What can go wrong in a simulated run, and how often. Swarm testing: each seed switches about half of the
// faults off and gives the others wildly different rates, because a run in which everything fails a little
// never reaches the states that one frequent fault leads to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/base/rng.h"
#include "schemas/base/units.h"

namespace sluice::sim {

// X(name, sentence). A rate is a probability per opportunity in 1/65536.
// clang-format off
#define SLUICE_SIM_FAULTS(X)                                                                       \
  X(short_receive,       "a receive delivers less than what is there")                               \
  X(one_byte_receive,    "a receive delivers one byte")                                              \
  X(short_send,          "a send takes a part of what would fit")                                  \
  X(one_byte_send,       "a send takes one byte")                         \
  X(delayed_send,        "a send starts moving bytes late")                                          \
  X(delayed_completion,  "a completion is seen later than its effect")                               \
  X(no_buffers,          "a receive ends with ENOBUFS although buffers are lent")                    \
  X(multishot_ends,      "a multishot op ends without a reason")                                     \
  X(budget_overrun,      "a receive exceeds its budget by up to one buffer")                         \
  X(cancel_loses,        "the target of a cancel goes on for a while and may succeed")               \
  X(cancel_is_last,      "the cancel completes after its target instead of before")                  \
  X(accept_fails,        "an accept ends with EMFILE, ECONNABORTED or ENOMEM")                       \
  X(socket_fails,        "a new socket is refused with EMFILE")                                      \
  X(connect_refused,     "a connect ends with ECONNREFUSED")                                         \
  X(connect_never,       "a connect never ends by itself")                                           \
  X(connect_timeout,     "a connect ends with ETIMEDOUT or EHOSTUNREACH after seconds")              \
  X(reset_at_byte,       "the other end resets after its n-th byte")                                 \
  X(end_at_byte,         "the other end sends FIN after its n-th byte and nothing any more")         \
  X(reset_overtakes,     "a reset destroys bytes that were on their way")                            \
  X(small_window,        "a connection takes only a few bytes ahead of its reader")                  \
  X(path_delay,          "a connection has a long and uneven path")                                  \
  X(small_batch,         "a wait returns only a few of the completions that are due")                \
  X(spurious_wake,       "a wait returns early with nothing")                                        \
  X(clock_jump,          "the clock jumps forward by up to seconds")                                 \
  X(canary_corrupt,      "CANARY: a received byte is changed")                                       \
  X(canary_lost,         "CANARY: a completion is lost")                                             \
  X(canary_duplicate,    "CANARY: bytes are received twice")
// clang-format on

enum class Fault : uint8_t {
#define SLUICE_SIM_FAULT_NAME(name, sentence) name,
  SLUICE_SIM_FAULTS(SLUICE_SIM_FAULT_NAME)
#undef SLUICE_SIM_FAULT_NAME
};
inline constexpr uint32_t kFaultCount = static_cast<uint32_t>(Fault::canary_duplicate) + 1;
inline constexpr uint32_t kFirstCanary = static_cast<uint32_t>(Fault::canary_corrupt);

std::string_view name_of(Fault fault);

struct FaultConfig {
  uint32_t rate[kFaultCount] = {};
  Duration path_delay_max;        // Of ordinary connections; those with a path_delay get up to 50 times it.
  uint32_t window_bytes = 65536;  // Of ordinary connections; those with a small_window get 8..519.
  bool one_shot = false;          // The ring has no receive budget: every receive ends after one buffer.

  uint32_t& operator[](Fault fault) { return rate[static_cast<uint8_t>(fault)]; }
  uint32_t operator[](Fault fault) const { return rate[static_cast<uint8_t>(fault)]; }
};

// The swarm's draw. Canaries stay off. `only_harmless`: hostile in timing and portions only, nothing a
// correct proxy may show to a client.
FaultConfig draw_faults(Rng& rng, bool only_harmless);

// One line per fault that is on, for the report of a failing seed.
std::string describe(const FaultConfig& faults);

}  // namespace sluice::sim
