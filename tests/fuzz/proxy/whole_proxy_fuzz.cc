// A whole worker on the simulated ring, between a client and an origin that say what the input says
// (script.h).
//
// Checked: the worker's own invariants at every tick; everything ends within a minute of simulated time; an
// origin sees only canonical, unambiguous requests, and none that an independent reading of the client's
// bytes does not have, in the same order with the same body (no smuggling); the client sees only well-formed
// answers, and not more than it asked for.
#include <charconv>

#include "tests/fuzz/proxy/raw_ends.h"
#include "tests/fuzz/proxy/reference_requests.h"
#include "tests/sim/sim_world.h"

namespace sluice::fuzzing {
namespace {

using sim::fail;
using sim::Framing;

sim::WorldOptions world_options(const Script& script) {
  sim::WorldOptions options;
  options.seed = 1 + script.seed;
  options.buffers = {{256, 128, 32, 24}};
  options.lent_buffers_min = 2;
  options.lent_buffers_max = 8;
  options.client_connections_max = options.origin_connections_max = options.streams_max = 16;
  if (script.network & 1) options.faults.path_delay_max = Duration::milliseconds(5);
  if (script.network & 2) options.faults.window_bytes = 20;
  return options;
}

sim::SnapshotSpec configuration() {
  constexpr uint32_t kPatience = 1000;
  sim::SnapshotSpec spec;
  spec.web_members = {sim::kFirstWebOrigin};
  spec.tunnel_members = {sim::kFirstTunnelOrigin};
  spec.timeouts = wire::Timeouts(kPatience, kPatience, kPatience, kPatience, kPatience, kPatience, kPatience);
  spec.retry_attempts = 0;  // Every request at the origin is one of the client's.
  return spec;
}

bool is_same(const ReferenceRequest& sent, const SeenRequest& seen) {
  if (sent.method != seen.method) return false;
  return seen.is_complete ? sent.is_complete && sent.body == seen.body : sent.body.starts_with(seen.body);
}

// What an origin saw is a part of what was sent, in its order. (The proxy answers some requests itself.)
void check_requests(const std::vector<ReferenceRequest>& sent, const std::vector<SeenRequest>& seen) {
  size_t at = 0;
  for (const SeenRequest& request : seen) {
    while (at < sent.size() && !is_same(sent[at], request)) ++at;
    if (at == sent.size()) {
      fail("smuggled: %s with %zu body bytes is no request of the client's", request.method.c_str(),
           request.body.size());
    }
    ++at;
  }
}

uint16_t status_of(const std::string& line) {
  uint16_t status = 0;
  if (!line.starts_with("HTTP/1.1 ")) fail("client: status line '%s'", line.c_str());
  std::from_chars(line.data() + 9, line.data() + line.size(), status);
  if (status < 100 || status > 599) fail("client: status line '%s'", line.c_str());
  return status;
}

// How many final answers there are. Framing that only the request's method decides (HEAD) is not looked for.
size_t count_answers(const std::string& bytes) {
  sim::MessageReader reader;
  reader.feed(bytes);
  size_t answers = 0;
  while (reader.advance_head()) {
    const sim::Message& message = reader.message();
    const uint16_t status = status_of(message.start_line);
    if (status == 101) return answers + 1;
    if (status < 200) {
      reader.next();
      continue;
    }
    ++answers;
    uint64_t length = 0;
    const std::string_view text = message.field("content-length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    const bool has_chunks = message.count("transfer-encoding") > 0;
    if (has_chunks && !text.empty()) fail("client: an answer with length and encoding");
    const bool is_bodiless = status == 204 || status == 304;
    reader.begin_body(is_bodiless     ? Framing::none
                      : has_chunks    ? Framing::chunked
                      : !text.empty() ? Framing::length
                                      : Framing::until_end,
                      length);
    reader.advance_body();
    if (reader.state() != sim::MessageReader::State::done) break;
    reader.next();
  }
  if (reader.state() == sim::MessageReader::State::broken) fail("client: %s", reader.complaint().c_str());
  return answers;
}

int run(const uint8_t* data, size_t size) {
  const Script script = read_script(data, size);
  sim::SimWorld world(world_options(script));
  RawOrigin origin(world.kernel(), sim::ipv4_address(sim::kFirstWebOrigin, sim::kWebOriginPort), script);
  world.publish(configuration());
  world.start();
  RawClient client(world.kernel(), sim::ipv4_address(sim::kProxyOctet, sim::kHttpPort), script);
  const Instant deadline = world.kernel().now() + Duration::seconds(60);
  while (!client.has_ended() && world.kernel().now() < deadline) world.run_for(Duration::seconds(1));
  if (!client.has_ended()) fail("hang: the client's connection outlives every timeout");

  const std::string sent = script.client_bytes();
  const std::vector<ReferenceRequest> requests = read_requests(sent);
  check_requests(requests, origin.requests());
  const bool has_head_method = sent.find("HEAD") != std::string::npos;
  if (!has_head_method && count_answers(client.received()) > requests.size() + 1) {
    fail("client: more answers than requests");
  }
  origin.close_all();
  world.finish();
  return 0;
}

}  // namespace
}  // namespace sluice::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::fuzzing::run(data, size);
}
