#include "tests/conformance/fixture.h"

#include <algorithm>

namespace sluice::conformance {

void RingConformance::SetUp() {
  world_ = make_world();
}

void RingConformance::TearDown() {
  if (ring_ != nullptr) {
    for (const int descriptor : open_) {
      cancel(descriptor);
    }
    cancel(world_->ring_listener());
    EXPECT_TRUE(eventually([&] {
      return std::ranges::none_of(recorded_, [](const Recorded& recorded) {
        return recorded.op.is_busy() && recorded.token.kind != OpKind::wake;
      });
    })) << "an op never ended";
    for (const int descriptor : open_) ring_->close(descriptor);
    if (listener_ != nullptr) {
      for (std::size_t i = taken_; i < listener_->results.size(); ++i) {
        if (listener_->results[i] >= 0) ring_->close(listener_->results[i]);
      }
    }
    abandon_ring();
  }
  if (buffers_ != nullptr) {
    buffers_->check_invariants();
    EXPECT_EQ(buffers_->lent_count(), 0u);
    EXPECT_EQ(buffers_->held_bytes(), 0u);
  }
}

void RingConformance::abandon_ring() {
  ring_.reset();
  for (Recorded& recorded : recorded_) {
    if (recorded.op.is_busy()) recorded.op.finish();
  }
}

void RingConformance::use_buffers(uint32_t lent_min, uint32_t lent_max, uint32_t total) {
  options_.lent_buffers_min = lent_min;
  options_.lent_buffers_max = lent_max;
  sizes_.count[3] = total;
}

Ring& RingConformance::ring() {
  if (ring_ == nullptr) {
    buffers_ = std::make_unique<BufferPool>(sizes_);
    options_.caps_mask = caps_of_kernel(GetParam());
    auto opened = Ring::open(options_, *buffers_);
    EXPECT_TRUE(opened.has_value()) << opened.error();
    ring_ = std::move(*opened);
  }
  return *ring_;
}

Recorded& RingConformance::record(OpKind kind) {
  ring();
  Recorded& recorded = recorded_.emplace_back();
  recorded.token = {.slot = static_cast<uint32_t>(recorded_.size() - 1), .generation = 7, .kind = kind};
  return recorded;
}

void RingConformance::note(const Completion& completion) {
  Recorded& recorded = recorded_.at(completion.token.slot);
  ASSERT_EQ(completion.token.generation, 7);
  ASSERT_EQ(completion.token.kind, recorded.token.kind);
  ASSERT_TRUE(recorded.op.is_busy()) << "a completion after the last one";
  recorded.results.push_back(completion.result);
  recorded.kept_going |= completion.more_to_come;
  if (completion.buffer != kNoBuffer) {
    ASSERT_GT(completion.result, 0);
    const auto* bytes = reinterpret_cast<const char*>(buffers_->bytes(completion.buffer).data());
    recorded.data.append(bytes + kHeadroomBytes, static_cast<std::size_t>(completion.result));
    recorded.bytes_max = std::max(recorded.bytes_max, static_cast<uint64_t>(completion.result));
    if (hoard_ != nullptr) {
      hoard_->push_back(completion.buffer);
    } else {
      buffers_->release(completion.buffer);
    }
  }
  if (!completion.more_to_come) recorded.op.finish();
}

void RingConformance::tick(Duration patience) {
  for (const Completion& completion : ring().submit_and_wait(ring().now() + patience)) note(completion);
}

bool RingConformance::eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000 && !holds(); ++i) tick(5_ms);
  return holds();
}

Recorded& RingConformance::accept() {
  Recorded& accepting = record(OpKind::accept);
  ring().accept(accepting.token, accepting.op, world_->ring_listener());
  return accepting;
}

Recorded& RingConformance::receive(int descriptor, uint32_t budget, bool expect_empty) {
  Recorded& receiving = record(OpKind::receive);
  ring().receive(receiving.token, receiving.op, descriptor, budget, expect_empty);
  return receiving;
}

Recorded& RingConformance::send(int descriptor, std::string_view bytes) {
  Recorded& sending = record(OpKind::send);
  ring().send(sending.token, sending.op, descriptor, std::as_bytes(std::span(bytes)), false);
  return sending;
}

Recorded& RingConformance::stuck_send(int descriptor, std::string_view bytes) {
  Recorded* sending = &send(descriptor, bytes);
  int idle_ticks = 0;
  EXPECT_TRUE(eventually([&] {
    if (sending->has_ended()) {
      EXPECT_GT(sending->last(), 0);
      sending = &send(descriptor, bytes);
      idle_ticks = 0;
    }
    return ++idle_ticks > 20;  // 100 ms without progress.
  }));
  return *sending;
}

Recorded& RingConformance::cancel(int descriptor) {
  Recorded& cancelling = record(OpKind::cancel);
  ring().cancel(cancelling.token, cancelling.op, descriptor);
  return cancelling;
}

void RingConformance::finish(int descriptor, std::initializer_list<Recorded*> ops) {
  Recorded& cancelling = cancel(descriptor);
  ASSERT_TRUE(eventually([&] {
    return cancelling.has_ended() &&
           std::ranges::all_of(ops, [](const Recorded* recorded) { return recorded->has_ended(); });
  }));
  std::erase(open_, descriptor);
  ring().close(descriptor);
}

RingConformance::Connection RingConformance::accepted_connection() {
  ring();
  if (listener_ == nullptr || listener_->has_ended()) {
    listener_ = &accept();
    taken_ = 0;
  }
  Connection connection{.peer = world_->connect_peer()};
  EXPECT_TRUE(eventually([&] { return listener_->results.size() > taken_; }));
  connection.descriptor = listener_->results.at(taken_++);
  EXPECT_GE(connection.descriptor, 0);
  open_.push_back(connection.descriptor);
  return connection;
}

RingConformance::Connection RingConformance::origin_connection() {
  Connection connection{.descriptor = ring().open_socket(AF_INET)};
  EXPECT_GE(connection.descriptor, 0);
  Recorded& connecting = record(OpKind::connect);
  ring().connect(connecting.token, connecting.op, connection.descriptor, world_->listening_address());
  open_.push_back(connection.descriptor);
  EXPECT_TRUE(eventually([&] {
    if (connection.peer == nullptr) connection.peer = world_->accepted_peer();
    return connecting.has_ended() && connection.peer != nullptr;
  }));
  EXPECT_EQ(connecting.last(), 0);
  return connection;
}

std::string kernel_test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = "k" + info.param;
  std::ranges::replace(name, '.', '_');
  return name;
}

}  // namespace sluice::conformance
