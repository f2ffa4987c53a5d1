// Moves a chunked body from one chain to another through a ChunkDecoder: canonical bytes go untouched,
// everything else is written anew. Shared by both directions.
#pragma once

#include "dataplane/http/h1_chunked.h"
#include "dataplane/mem/byte_chain.h"

namespace sluice::dataplane {

enum class ChunkPumpResult : uint8_t { moved_all, window_full, end, rejected, out_of_memory };

// `keep_framing`: false drops the framing (strip_chunks). `framing_bytes` grows by what was not body.
ChunkPumpResult pump_chunks(ChainMemory& memory, ChunkDecoder& decoder, ByteChain& source, ByteChain& sink,
                            bool keep_framing, uint64_t sink_bytes_max, uint64_t& framing_bytes);

}  // namespace sluice::dataplane
