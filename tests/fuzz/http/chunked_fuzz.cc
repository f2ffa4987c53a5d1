// Chunked bodies: what leaves does not depend on how the input was cut, and is itself a body that passes
// untouched and carries the same data.
#include <algorithm>
#include <string>

#include "dataplane/http/h1_chunked.h"
#include "tests/fuzz/http/fuzz_input.h"

namespace sluice::dataplane::fuzzing {
namespace {

struct Relayed {
  std::string chunked;
  std::string data;
  size_t consumed = 0;
  bool is_done = false;
  bool is_untouched = true;
  Reason reason = Reason::none;
};

Relayed relay(std::string_view body, uint32_t trailer_bytes_max, size_t stride) {
  ChunkDecoder decoder;
  decoder.reset(trailer_bytes_max);
  Relayed relayed;
  size_t cut = std::min(body.size(), stride);
  for (;;) {
    const ExactBytes offered(body.substr(relayed.consumed, cut - relayed.consumed));
    const ChunkStep step = decoder.step(offered.view());
    CHECK(step.length <= offered.size);
    const std::string_view range = offered.view().substr(0, step.length);
    switch (step.kind) {
      case ChunkStep::Kind::data:
        CHECK(step.length > 0);
        relayed.data += range;
        relayed.chunked += range;
        break;
      case ChunkStep::Kind::framing:
        CHECK(step.length > 0);
        relayed.chunked += range;
        break;
      case ChunkStep::Kind::drop:
        CHECK(step.length > 0);
        relayed.is_untouched = false;
        break;
      case ChunkStep::Kind::insert:
        CHECK(step.length == 0);
        relayed.chunked += step.text;
        relayed.is_untouched = false;
        break;
      case ChunkStep::Kind::need_more:
        CHECK(step.length == 0);
        if (cut == body.size()) return relayed;
        cut = std::min(body.size(), cut + stride);
        break;
      case ChunkStep::Kind::end:
        CHECK(decoder.is_done());
        relayed.is_done = true;
        return relayed;
      case ChunkStep::Kind::rejected:
        relayed.reason = decoder.reason();
        CHECK(relayed.reason == Reason::bad_chunk || relayed.reason == Reason::bad_trailer);
        return relayed;
    }
    CHECK(decoder.data_bytes() == relayed.data.size());
    relayed.consumed += step.length;
  }
}

int run(FuzzInput input) {
  const size_t stride = 1 + input.choice() % 32;
  const uint32_t trailer_bytes_max = input.choice() % 4 == 1 ? 24 : 4096;
  const std::string_view body = input.rest();
  const Relayed whole = relay(body, trailer_bytes_max, body.size());
  const Relayed pieces = relay(body, trailer_bytes_max, stride);
  CHECK(pieces.chunked == whole.chunked);
  CHECK(pieces.data == whole.data);
  CHECK(pieces.is_done == whole.is_done);
  CHECK(pieces.reason == whole.reason);
  if (!whole.is_done) return 0;

  CHECK(pieces.consumed == whole.consumed);
  const Relayed again = relay(whole.chunked, 8192, whole.chunked.size());
  CHECK(again.is_done && again.is_untouched);
  CHECK(again.consumed == whole.chunked.size());
  CHECK(again.data == whole.data && again.chunked == whole.chunked);
  return 0;
}

}  // namespace
}  // namespace sluice::dataplane::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::dataplane::fuzzing::run({data, size});
}
