// What an operator reads when io_uring cannot be opened: with real seccomp filters in a child process, and
// for what cannot be arranged here, from the circumstances.
#include "dataplane/ring/uring_setup.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string>

namespace sluice::dataplane {
namespace {

// From here on `system_call` fails with `error` in this process.
bool deny(uint32_t system_call, uint32_t error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, system_call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// What Ring::open() says in a child process that `arrange` prepared. "opened" when nothing is wrong.
template <typename Arrange>
std::string message_in_child(Arrange&& arrange) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    std::string message = "could not arrange it";
    if (arrange()) {
      BufferPool buffers(BufferPoolSizes{.count = {0, 0, 0, 4}});
      const auto ring = Ring::open({.lent_buffers_min = 1, .lent_buffers_max = 2}, buffers);
      message = ring ? "opened" : ring.error();
    }
    const ssize_t written = write(ends[1], message.data(), message.size());
    _exit(written == static_cast<ssize_t>(message.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string message;
  char piece[512];
  for (ssize_t count; (count = read(ends[0], piece, sizeof piece)) > 0;)
    message.append(piece, static_cast<std::size_t>(count));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  return message;
}

TEST(UringSetup, OpensWhereNothingForbidsIt) {
  EXPECT_EQ(message_in_child([] { return true; }), "opened");
}

TEST(UringSetup, NamesTheSeccompFilterThatAnswersNotPermitted) {
  const std::string message = message_in_child([] { return deny(__NR_io_uring_setup, EPERM); });
  EXPECT_EQ(message.find("cannot open an io_uring (Operation not permitted): "), 0u) << message;
  EXPECT_NE(message.find("seccomp filter"), std::string::npos) << message;
  EXPECT_NE(message.find("--security-opt seccomp="), std::string::npos) << message;
}

TEST(UringSetup, NamesTheSeccompFilterThatPretendsTheCallDoesNotExist) {
  const std::string message = message_in_child([] { return deny(__NR_io_uring_setup, ENOSYS); });
  EXPECT_EQ(message.find("cannot open an io_uring (Function not implemented): "), 0u) << message;
  EXPECT_NE(message.find("seccomp filter"), std::string::npos) << message;
}

TEST(UringSetup, NoticesAFilterOnTheOtherTwoCallsAtStart) {
  for (const uint32_t system_call : {__NR_io_uring_enter, __NR_io_uring_register}) {
    const std::string message = message_in_child([&] { return deny(system_call, EPERM); });
    EXPECT_NE(message.find("seccomp filter"), std::string::npos) << message;
  }
}

TEST(UringSetup, SaysThatDescriptorsRanOut) {
  const std::string message = message_in_child([] {
    const rlimit none{.rlim_cur = 3, .rlim_max = 3};
    return setrlimit(RLIMIT_NOFILE, &none) == 0;
  });
  EXPECT_EQ(message.find("cannot open an io_uring (Too many open files): "), 0u) << message;
  EXPECT_NE(message.find("ulimit -n"), std::string::npos) << message;
}

TEST(UringSetup, TheSysctlIsNamedBeforeAFilter) {
  EXPECT_EQ(explain_setup_error(EPERM, {.disabled_sysctl = 2, .seccomp_mode = 2}),
            "cannot open an io_uring (Operation not permitted): kernel.io_uring_disabled is 2, nobody may; "
            "sysctl -w kernel.io_uring_disabled=0");
  EXPECT_NE(explain_setup_error(EPERM, {.disabled_sysctl = 1}).find("kernel.io_uring_group"),
            std::string::npos);
}

TEST(UringSetup, OldAndBareKernelsAreNamed) {
  EXPECT_EQ(
      explain_setup_error(EINVAL, {.kernel_release = "5.15.0-91"}),
      "cannot open an io_uring (Invalid argument): the kernel 5.15.0-91 is too old; Linux 6.1 or newer is "
      "needed");
  EXPECT_NE(explain_setup_error(ENOSYS, {.kernel_release = "6.6.1"}).find("6.6.1 was built without io_uring"),
            std::string::npos);
  EXPECT_NE(explain_setup_error(EPERM, {}).find("security module"), std::string::npos);
  EXPECT_NE(explain_setup_error(ENOMEM, {}).find("LimitMEMLOCK"), std::string::npos);
  EXPECT_NE(explain_setup_error(EIO, {.kernel_release = "6.9"}).find("the kernel 6.9 refused"),
            std::string::npos);
}

TEST(UringSetup, ReadsTheCircumstancesOfThisProcess) {
  const SetupCircumstances circumstances = read_setup_circumstances();
  EXPECT_GE(circumstances.disabled_sysctl, 0);
  EXPECT_LE(circumstances.disabled_sysctl, 2);
  EXPECT_FALSE(circumstances.kernel_release.empty());
}

TEST(UringSetup, TheMaskHidesWhatTheKernelCanDo) {
  io_uring uring;
  const auto all = open_uring({}, uring);
  ASSERT_TRUE(all.has_value()) << all.error();
  io_uring_queue_exit(&uring);
  for (const char* release : {"6.1", "6.6", "6.10", "6.12", "6.18"}) {
    const RingCaps mask = *parse_caps_mask(release);
    const auto masked = open_uring({.caps_mask = mask}, uring);
    ASSERT_TRUE(masked.has_value()) << masked.error();
    EXPECT_EQ(masked->caps.bits, all->caps.bits & mask.bits) << release;
    io_uring_queue_exit(&uring);
  }
}

}  // namespace
}  // namespace sluice::dataplane
