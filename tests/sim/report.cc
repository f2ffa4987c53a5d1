#include "tests/sim/report.h"

#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "dataplane/mem/poison.h"
#include "tests/sim/plan.h"

#ifdef SLUICE_ADDRESS_SANITIZER
extern "C" void __sanitizer_set_death_callback(void (*callback)());
// Undefined behaviour ends in abort(), like everything else that is reported here.
extern "C" const char* __ubsan_default_options() {
  return "print_stacktrace=1:abort_on_error=1";
}
#endif

namespace sluice::sim {
namespace {

const SwarmParameters* watched_parameters = nullptr;
SimKernel* watched_kernel = nullptr;
bool loud = false;
constexpr uint64_t kTraceLines = 120;

void print_report() {
  if (watched_parameters == nullptr) return;
  const SwarmParameters* parameters = std::exchange(watched_parameters, nullptr);  // Once.
  std::fprintf(stderr, "\n---- failing %s", describe(*parameters).c_str());
  std::fprintf(stderr, "---- the latest events\n");
  if (!loud) watched_kernel->trace().print(stderr, kTraceLines);
  std::fprintf(stderr, "---- replay with: sluice-sim --seed %llu\n",
               static_cast<unsigned long long>(parameters->seed));
  std::fflush(stderr);
}

// abort() raises it on the failing thread, after the product is done with whatever it was doing: printing
// from here is as safe as printing before the abort would have been.
void on_abort(int) {
  print_report();
}
#ifndef SLUICE_ADDRESS_SANITIZER
void on_bad_access(int signal) {
  std::signal(signal, SIG_DFL);
  print_report();
  std::raise(signal);
}
#endif

}  // namespace

void install_report() {
  std::signal(SIGABRT, on_abort);
#ifdef SLUICE_ADDRESS_SANITIZER
  __sanitizer_set_death_callback(print_report);
#else
  std::signal(SIGSEGV, on_bad_access);
#endif
}

void set_loud(bool wanted) {
  loud = wanted;
}
bool is_loud() {
  return loud;
}

ReportScope::ReportScope(const SwarmParameters& parameters, SimKernel& kernel) {
  watched_parameters = &parameters;
  watched_kernel = &kernel;
}
ReportScope::~ReportScope() {
  watched_parameters = nullptr;
  watched_kernel = nullptr;
}

void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::fprintf(stderr, "FAILED: ");
  std::vfprintf(stderr, format, arguments);
  std::fprintf(stderr, "\n");
  va_end(arguments);
  std::fflush(stderr);
  std::abort();
}

}  // namespace sluice::sim
