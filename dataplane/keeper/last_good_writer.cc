#include "dataplane/keeper/last_good_writer.h"

#include <sys/eventfd.h>

#include <cstring>

#include "schemas/base/check.h"

namespace sluice::dataplane {

LastGoodWriter::LastGoodWriter(LastGood last_good)
    : bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), last_good_(std::move(last_good)) {
  CHECK(bell_.is_open());
  thread_ = std::thread([this] { run(); });
}

LastGoodWriter::~LastGoodWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  thread_.join();
}

void LastGoodWriter::store(const StoredGeneration& stored, Descriptor memfd) {
  {
    const std::lock_guard lock(mutex_);
    store_job_ = StoreJob{stored, std::move(memfd)};
  }
  work_.notify_one();
}

void LastGoodWriter::mark_stable(const Generation& generation) {
  {
    const std::lock_guard lock(mutex_);
    stable_job_ = generation;
  }
  work_.notify_one();
}

std::vector<LastGoodWriter::Result> LastGoodWriter::take_results() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t drained = ::read(bell_.get(), &count, sizeof(count));
  const std::lock_guard lock(mutex_);
  return std::move(results_);
}

void LastGoodWriter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || store_job_ || stable_job_; });
    // A store first: the promotion that waits beside it may be about that generation.
    if (store_job_) {
      StoreJob job = std::move(*store_job_);
      store_job_.reset();
      lock.unlock();
      run_store(std::move(job));
      lock.lock();
    } else if (stable_job_) {
      const Generation generation = *stable_job_;
      stable_job_.reset();
      lock.unlock();
      run_mark_stable(generation);
      lock.lock();
    } else {
      return;  // Stopping, and nothing waits.
    }
  }
}

void LastGoodWriter::run_store(StoreJob job) {
  Result result{Result::Kind::stored, job.stored, {}};
  std::expected<void, std::string> stored;
  if (job.memfd.is_open()) {
    const std::expected<MappedBytes, int> mapped = MappedBytes::map(job.memfd.get(), job.stored.bytes);
    stored = mapped
                 ? last_good_.store_applied(job.stored, mapped->bytes())
                 : std::unexpected(std::string("cannot map the snapshot: ") + std::strerror(mapped.error()));
  } else {
    stored = last_good_.point_applied_at(job.stored);
  }
  if (!stored) result.error = stored.error();
  report(std::move(result));
}

void LastGoodWriter::run_mark_stable(const Generation& generation) {
  if (last_good_.pointer().applied.generation != generation) return;
  Result result{Result::Kind::marked_stable, last_good_.pointer().applied, {}};
  if (auto marked = last_good_.mark_stable(generation); !marked) result.error = marked.error();
  report(std::move(result));
}

void LastGoodWriter::report(Result result) {
  {
    const std::lock_guard lock(mutex_);
    results_.push_back(std::move(result));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(bell_.get(), &one, sizeof(one));
}

}  // namespace sluice::dataplane
