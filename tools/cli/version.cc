#include "tools/cli/version.h"

#include <flatbuffers/base.h>
#include <spawn.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <string>

#include "tools/cli/run.h"

namespace sluice::cli {

int print_version() {
  printf("sluice %s\n", SLUICE_VERSION);
  return 0;
}

int print_long_version() {
  print_version();
  utsname system{};
  uname(&system);
  printf("compiler: %s\nkernel: %s\n", __VERSION__, system.release);
  printf("libraries: FlatBuffers %d.%d.%d, xxHash %u, CLI11 %s\n", FLATBUFFERS_VERSION_MAJOR,
         FLATBUFFERS_VERSION_MINOR, FLATBUFFERS_VERSION_REVISION, XXH_versionNumber(), CLI11_VERSION);
  fflush(stdout);
  std::string program = binary_folder() + "/sluice-dataplane";
  char version_flag[] = "-V";
  char* arguments[] = {program.data(), version_flag, nullptr};
  pid_t child = -1;
  const int failure = posix_spawn(&child, arguments[0], nullptr, nullptr, arguments, environ);
  if (failure != 0) {
    fprintf(stderr, "sluice: cannot run %s: %s\n", arguments[0], strerror(failure));
    return 2;
  }
  int wait_status = 0;
  waitpid(child, &wait_status, 0);
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 2;
}

}  // namespace sluice::cli
