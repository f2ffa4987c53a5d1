#include "tests/sim/sim_tunnel.h"

#include <charconv>
#include <cstdio>

#include "schemas/base/check.h"
#include "tests/sim/preamble.h"

namespace sluice::sim {

// ---- client

TunnelClient::TunnelClient(SimKernel& kernel, TunnelPlan& plan, const sockaddr_storage& proxy)
    : kernel_(kernel), plan_(plan), proxy_(proxy), writer_(kernel), progress_at_(kernel.now()) {}

void TunnelClient::start(Instant when) {
  progress_at_ = when;
  kernel_.call_at(when, [this] {
    if (!is_done_) socket_ = &kernel_.connect(proxy_, *this);
  });
}

void TunnelClient::on_connected(Socket& socket, int error) {
  if (error != 0) return finish();
  is_connected_ = true;
  char name[16];
  std::snprintf(name, sizeof(name), "T%08x", plan_.id);
  writer_.begin(socket, plan_.client_pace);
  writer_.after_pause = [this] { look(); };
  writer_.add(plan_.preamble + name + plan_.client_pattern().make(0, plan_.client_bytes));
  if (plan_.reading_pause.nanoseconds > 0) {
    is_stalled_ = true;
    kernel_.call_at(kernel_.now() + plan_.reading_pause, [this] {
      is_stalled_ = false;
      if (!is_done_) on_input(*socket_);
    });
  }
  look();
}

void TunnelClient::on_writable(Socket&) {
  if (is_done_) return;
  writer_.flush();
  look();
}

void TunnelClient::on_input(Socket& socket) {
  if (is_done_) return;
  if (is_stalled_ && !socket.is_dead) return;
  const std::string bytes = kernel_.read_all(socket);
  const uint64_t right = plan_.origin_pattern().matching(received_, bytes);
  if (right != bytes.size() || received_ + right > plan_.origin_bytes) {
    fail("D1: tunnel %u: byte %llu at the client is not what the origin sent", plan_.id,
         static_cast<unsigned long long>(received_ + right));
  }
  received_ += right;
  look();
}

void TunnelClient::look() {
  if (is_done_) return;
  progress_at_ = kernel_.now();
  if (received_ >= plan_.client_resets_at || socket_->written >= plan_.client_resets_at) {
    kernel_.reset(*socket_);
    return finish();
  }
  if (is_connected_ && writer_.is_done()) kernel_.shutdown_write(*socket_);
  const bool is_over = kernel_.is_at_end(*socket_);
  if (!is_over || !(writer_.is_done() || writer_.has_failed() || socket_->is_dead)) return;
  plan_.client_saw_reset = socket_->is_dead;
  plan_.client_got_all = !socket_->is_dead && received_ == plan_.origin_bytes;
  if (!socket_->is_dead && plan_.is_wholesome() && !plan_.may_be_cut && plan_.reached_origin &&
      received_ < plan_.origin_written && writer_.is_done()) {
    fail("D1: tunnel %u ends cleanly after %llu of the %llu bytes the origin wrote", plan_.id,
         static_cast<unsigned long long>(received_), static_cast<unsigned long long>(plan_.origin_written));
  }
  finish();
}

void TunnelClient::finish() {
  if (is_done_) return;
  is_done_ = true;
  writer_.forget();
  if (socket_ != nullptr) kernel_.close(*socket_);
}

// ---- origin

class TunnelOrigin::Connection final : public SimActor {
 public:
  Connection(TunnelOrigin& origin, Socket& socket)
      : origin_(origin),
        kernel_(origin.kernel_),
        socket_(socket),
        writer_(origin.kernel_),
        preamble_(origin.expects_preamble_) {
    writer_.begin(socket, {});
    writer_.after_pause = [this] { look(); };
  }
  void on_input(Socket&) override {
    if (is_closed_) return;
    std::string bytes = preamble_.feed(kernel_.read_all(socket_));
    if (plan_ == nullptr) {
      name_ += bytes;
      if (name_.size() < kTunnelNameBytes) return look();
      bytes = name_.substr(kTunnelNameBytes);
      begin();
    }
    const uint64_t right = plan_->client_pattern().matching(received_, bytes);
    if (right != bytes.size() || received_ + right > plan_->client_bytes) {
      fail("D1: tunnel %u: byte %llu at the origin is not what the client sent", plan_->id,
           static_cast<unsigned long long>(received_ + right));
    }
    received_ += right;
    look();
  }
  void on_writable(Socket&) override {
    if (is_closed_) return;
    writer_.flush();
    look();
  }
  void close() {
    if (is_closed_) return;
    is_closed_ = true;
    writer_.forget();
    kernel_.close(socket_);
  }

 private:
  void begin() {
    uint32_t id = 0;
    std::from_chars(name_.data() + 1, name_.data() + kTunnelNameBytes, id, 16);
    if (name_[0] != 'T' || id == 0 || id > origin_.plans_.size()) fail("D1: a tunnel nobody planned");
    plan_ = &origin_.plans_[id - 1];
    if (plan_->reached_origin) fail("D2: tunnel %u reached origins twice", id);
    plan_->reached_origin = true;
    writer_.begin(socket_, plan_->origin_pace);
    if (!plan_->origin_waits) send();
  }
  void send() {
    has_sent_ = true;
    writer_.add(plan_->origin_pattern().make(0, plan_->origin_bytes));
  }
  void look() {
    if (is_closed_) return;
    const bool is_over = kernel_.is_at_end(socket_);
    if (plan_ == nullptr) return is_over ? close() : void();
    if (is_over && !has_sent_ && !socket_.is_dead) send();
    plan_->origin_written = socket_.was_cut ? 0 : socket_.written;
    if (received_ >= plan_->origin_resets_at || socket_.written >= plan_->origin_resets_at) {
      is_closed_ = true;
      return kernel_.reset(socket_);
    }
    if (has_sent_ && writer_.is_done()) kernel_.shutdown_write(socket_);
    if (is_over) plan_->origin_got_all = !socket_.is_dead && received_ == plan_->client_bytes;
    if (is_over && (writer_.is_done() || writer_.has_failed() || socket_.is_dead)) close();
  }

  TunnelOrigin& origin_;
  SimKernel& kernel_;
  Socket& socket_;
  PacedWriter writer_;
  TunnelPlan* plan_ = nullptr;
  PreambleReader preamble_;
  std::string name_;
  uint64_t received_ = 0;
  bool has_sent_ = false;
  bool is_closed_ = false;
};

TunnelOrigin::TunnelOrigin(SimKernel& kernel, std::deque<TunnelPlan>& plans, const sockaddr_storage& address,
                           bool expects_preamble)
    : kernel_(kernel), plans_(plans), expects_preamble_(expects_preamble) {
  kernel.listen(address, *this);
}
TunnelOrigin::~TunnelOrigin() = default;

void TunnelOrigin::on_accepted(Socket& socket) {
  connections_.push_back(std::make_unique<Connection>(*this, socket));
  socket.actor = connections_.back().get();
}

void TunnelOrigin::close_all() {
  for (const std::unique_ptr<Connection>& connection : connections_) connection->close();
}

}  // namespace sluice::sim
