// A ring, the world around it, and ops whose completions are written down: what every conformance test
// starts from.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "dataplane/ring/ring.h"
#include "tests/conformance/world.h"

namespace sluice::conformance {

using dataplane::BufferId;
using dataplane::BufferPool;
using dataplane::BufferPoolSizes;
using dataplane::Completion;
using dataplane::kHeadroomBytes;
using dataplane::kNoBuffer;
using dataplane::Op;
using dataplane::OpKind;
using dataplane::OpToken;
using dataplane::Ring;
using dataplane::RingOptions;

// One op and everything its completions said.
struct Recorded {
  Op op;
  OpToken token;
  std::vector<int32_t> results;
  std::string data;         // Of receives.
  uint64_t bytes_max = 0;   // The largest single receive.
  bool kept_going = false;  // Some completion said more_to_come.
  bool has_ended() const { return !results.empty() && !op.is_busy(); }
  int32_t last() const { return results.empty() ? INT32_MIN : results.back(); }
};

class RingConformance : public testing::TestWithParam<std::string> {
 protected:
  // Before the first use of the ring, for tests with fewer buffers.
  void use_buffers(uint32_t lent_min, uint32_t lent_max, uint32_t total);

  Ring& ring();
  BufferPool& buffers() { return *buffers_; }
  World& world() { return *world_; }

  Recorded& record(OpKind kind);
  Recorded& accept();
  Recorded& receive(int descriptor, uint32_t budget = 256 * 1024, bool expect_empty = false);
  Recorded& send(int descriptor, std::string_view bytes);
  // A send that waits because nobody reads: repeats `bytes` until the socket takes no more.
  Recorded& stuck_send(int descriptor, std::string_view bytes);
  Recorded& cancel(int descriptor);
  // Ends every op on the descriptor, then closes it.
  void finish(int descriptor, std::initializer_list<Recorded*> ops);

  // Somebody else closed it.
  void forget(int descriptor) { std::erase(open_, descriptor); }
  // Keeps received buffers there instead of releasing them; null: release again.
  void keep_buffers_in(std::vector<BufferId>* hoard) { hoard_ = hoard; }
  // Destroys the ring with whatever is in flight.
  void abandon_ring();

  // Ticks until it holds; false after five seconds without.
  bool eventually(const std::function<bool()>& holds);
  void tick(Duration patience);

  // A descriptor of the ring and the peer at its other end.
  struct Connection {
    int descriptor = -1;
    std::unique_ptr<Peer> peer;
  };
  Connection accepted_connection();
  Connection origin_connection();
  void SetUp() override;
  void TearDown() override;

 private:
  void note(const Completion& completion);

  std::unique_ptr<World> world_;
  BufferPoolSizes sizes_{{64, 64, 64, 256}};
  RingOptions options_;
  std::unique_ptr<BufferPool> buffers_;
  std::unique_ptr<Ring> ring_;
  std::deque<Recorded> recorded_;
  std::vector<int> open_;
  std::vector<BufferId>* hoard_ = nullptr;
  Recorded* listener_ = nullptr;
  std::size_t taken_ = 0;  // Descriptors of `listener_` that belong to a connection.
};

std::string kernel_test_name(const testing::TestParamInfo<std::string>& info);

}  // namespace sluice::conformance
