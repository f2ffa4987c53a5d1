#include "dataplane/ring/uring_setup.h"

#include <sys/socket.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace sluice::dataplane {
namespace {

constexpr uint32_t kSetupFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;

constexpr std::string_view kSeccompAdvice =
    "io_uring is blocked by a seccomp filter; allow io_uring_setup, io_uring_enter and io_uring_register "
    "(Docker and containerd block them by default: --security-opt seccomp=unconfined, or a profile with "
    "these three)";

// The number behind `key` in a small text file; 0 when there is none.
int read_number(const char* path, const char* key) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return 0;
  char line[256];
  int value = 0;
  const std::size_t key_bytes = std::strlen(key);
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, key, key_bytes) == 0 && std::sscanf(line + key_bytes, "%d", &value) == 1) break;
  }
  std::fclose(file);
  return value;
}

// Two ops on no descriptor: what the kernel does not know it refuses with EINVAL while preparing the op,
// what it knows fails later with EBADF.
std::expected<uint32_t, int> probe_ops(io_uring& uring) {
  iovec range{&range, 1};
  io_uring_sqe* receive = io_uring_get_sqe(&uring);
  io_uring_prep_rw(IORING_OP_RECV, receive, -1, nullptr, 0, 0);
  receive->ioprio = IORING_RECV_MULTISHOT;
  receive->flags = IOSQE_BUFFER_SELECT;
  set_receive_budget(*receive, 1);
  receive->user_data = RingCaps::kReceiveBudget;

  io_uring_sqe* send = io_uring_get_sqe(&uring);
  io_uring_prep_rw(IORING_OP_SEND, send, -1, &range, 1, 0);
  send->ioprio = IORING_SEND_VECTORIZED;
  send->msg_flags = MSG_NOSIGNAL;
  send->user_data = RingCaps::kVectorizedSend;

  const int submitted = io_uring_submit_and_wait(&uring, 2);
  if (submitted < 0) return std::unexpected(-submitted);
  uint32_t found = 0;
  for (int i = 0; i < 2; ++i) {
    io_uring_cqe* completion = nullptr;
    if (const int error = io_uring_wait_cqe(&uring, &completion); error < 0) return std::unexpected(-error);
    if (completion->res == -EBADF) found |= static_cast<uint32_t>(completion->user_data);
    io_uring_cqe_seen(&uring, completion);
  }
  return found;
}

int init(const RingOptions& options, uint32_t extra_flags, io_uring& uring, io_uring_params& parameters) {
  parameters = io_uring_params{};
  parameters.flags = kSetupFlags | extra_flags;
  parameters.cq_entries = options.completion_entries;
  return io_uring_queue_init_params(options.submission_entries, &uring, &parameters);
}

}  // namespace

SetupCircumstances read_setup_circumstances() {
  SetupCircumstances circumstances;
  circumstances.disabled_sysctl = read_number("/proc/sys/kernel/io_uring_disabled", "");
  circumstances.seccomp_mode = read_number("/proc/self/status", "Seccomp:");
  utsname names{};
  if (uname(&names) == 0) circumstances.kernel_release = names.release;
  return circumstances;
}

std::string explain_setup_error(int error, const SetupCircumstances& circumstances) {
  const std::string what = "cannot open an io_uring (" + std::string(strerrordesc_np(error)) + "): ";
  switch (error) {
    case EPERM:
    case EACCES:
      if (circumstances.disabled_sysctl == 2) {
        return what + "kernel.io_uring_disabled is 2, nobody may; sysctl -w kernel.io_uring_disabled=0";
      }
      if (circumstances.disabled_sysctl == 1) {
        return what +
               "kernel.io_uring_disabled is 1; sysctl -w kernel.io_uring_disabled=0, or run as a member of "
               "the group in kernel.io_uring_group";
      }
      if (circumstances.seccomp_mode != 0) return what + std::string(kSeccompAdvice);
      return what +
             "a security module (SELinux, AppArmor, Landlock) forbids it; allow io_uring for this program";
    case ENOSYS:
      if (circumstances.seccomp_mode != 0) return what + std::string(kSeccompAdvice);
      return what + "the kernel " + circumstances.kernel_release +
             " was built without io_uring (CONFIG_IO_URING); use a kernel that has it";
    case EINVAL:
      return what + "the kernel " + circumstances.kernel_release +
             " is too old; Linux 6.1 or newer is needed";
    case ENOMEM:
      return what +
             "no memory for it; raise the memory limit of the service or container, or ulimit -l "
             "(LimitMEMLOCK=)";
    case EMFILE:
    case ENFILE:
      return what + "no descriptor left; raise ulimit -n (LimitNOFILE=)";
    default:
      return what + "the kernel " + circumstances.kernel_release + " refused";
  }
}

std::expected<OpenedUring, std::string> open_uring(const RingOptions& options, io_uring& uring) {
  const auto explain = [](int error) {
    return std::unexpected(explain_setup_error(error, read_setup_circumstances()));
  };
  io_uring_params parameters;
  uint32_t found = 0;
  int result = -EINVAL;
  if (kBindingKnowsNoSqArray && options.caps_mask.has(RingCaps::kNoSqArray)) {
    result = init(options, IORING_SETUP_NO_SQARRAY, uring, parameters);
    if (result == 0) found |= RingCaps::kNoSqArray;
  }
  if (result == -EINVAL) result = init(options, 0, uring, parameters);
  if (result < 0) return explain(-result);

  const auto probed = probe_ops(uring);
  if (!probed) {
    io_uring_queue_exit(&uring);
    return explain(probed.error());
  }
  found |= *probed;
  if ((parameters.features & IORING_FEAT_RECVSEND_BUNDLE) != 0) found |= RingCaps::kBundles;
  if ((parameters.features & IORING_FEAT_MIN_TIMEOUT) != 0) found |= RingCaps::kMinimumWait;
  if ((parameters.features & IORING_FEAT_NO_IOWAIT) != 0) found |= RingCaps::kNoIowait;
  // Spares every enter the look-up of the descriptor: 123 against 168 ns for an empty one. Nothing but
  // time is lost when it is refused.
  const bool is_registered = io_uring_register_ring_fd(&uring) == 1;
  return OpenedUring{{found & options.caps_mask.bits}, is_registered};
}

}  // namespace sluice::dataplane
