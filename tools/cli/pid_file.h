// DIR/sluice.pid: which supervisor runs on a data directory. The file's lock, not its content, says whether
// that supervisor is alive, so that a file left behind by a crash is never mistaken for a running process.
#pragma once

#include <sys/types.h>

#include <expected>
#include <string>

namespace sluice::cli {

class PidFile {
 public:
  // Creates the directory (0700) when needed. The error is one line.
  static std::expected<PidFile, std::string> acquire(const std::string& data_dir);
  ~PidFile();
  PidFile(PidFile&& other) noexcept;
  PidFile& operator=(PidFile&&) = delete;

 private:
  PidFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  int descriptor_;
  std::string path_;
};

// The supervisor that runs on `data_dir`; the error says that none does.
std::expected<pid_t, std::string> running_supervisor(const std::string& data_dir);

}  // namespace sluice::cli
