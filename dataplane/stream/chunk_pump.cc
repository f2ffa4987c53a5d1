#include "dataplane/stream/chunk_pump.h"

namespace sluice::dataplane {

ChunkPumpResult pump_chunks(ChainMemory& memory, ChunkDecoder& decoder, ByteChain& source, ByteChain& sink,
                            bool keep_framing, uint64_t sink_bytes_max, uint64_t& framing_bytes) {
  while (!source.is_empty()) {
    if (sink.bytes() >= sink_bytes_max) return ChunkPumpResult::window_full;
    Segment* front = source.front();
    const std::string_view bytes(reinterpret_cast<const char*>(front->data), front->length);
    const ChunkStep step = decoder.step(bytes);
    switch (step.kind) {
      case ChunkStep::Kind::data:
        source.move_to(memory, sink, step.length);
        break;
      case ChunkStep::Kind::framing:
        if (keep_framing) {
          source.move_to(memory, sink, step.length);
          framing_bytes += step.length;
        } else {
          source.consume(memory, step.length);
        }
        break;
      case ChunkStep::Kind::drop:
        source.consume(memory, step.length);
        break;
      case ChunkStep::Kind::insert:
        if (!keep_framing) break;
        if (!sink.append_copy(memory, std::as_bytes(std::span(step.text)))) {
          return ChunkPumpResult::out_of_memory;
        }
        framing_bytes += step.text.size();
        break;
      case ChunkStep::Kind::need_more: {
        // A trailer section is judged whole. When it continues in the next range, join them; when it does
        // not, wait for the rest.
        if (source.front()->length == source.bytes()) return ChunkPumpResult::moved_all;
        const uint64_t joined = source.bytes() < kReceiveBytesMax ? source.bytes() : kReceiveBytesMax;
        if (source.make_contiguous(memory, joined).empty()) return ChunkPumpResult::out_of_memory;
        break;
      }
      case ChunkStep::Kind::end:
        return ChunkPumpResult::end;
      case ChunkStep::Kind::rejected:
        return ChunkPumpResult::rejected;
    }
  }
  return decoder.is_done() ? ChunkPumpResult::end : ChunkPumpResult::moved_all;
}

}  // namespace sluice::dataplane
