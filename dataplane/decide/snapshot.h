// The routing snapshot as the data plane uses it: the verified FlatBuffer plus the derived index. Built on
// the keeper thread (or in admin for `explain`), immutable afterwards, read by every worker without locks.
// Pure: bytes in, decisions out; no clock, no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/decide/listener_rules.h"
#include "schemas/snapshot_generated.h"

namespace sluice::decide {

inline constexpr uint32_t kNone = UINT32_MAX;

// Why a snapshot was refused: a stable code, the object's path in the snapshot, a sentence.
struct SnapshotError {
  std::string code;  // VERIFY, SCHEMA_TOO_NEW, DANGLING_REF, LIMIT, BAD_VALUE, EMPTY
  std::string path;  // "routes[17].target"
  std::string message;
};

struct SnapshotLimits {
  uint64_t bytes_max = 1ULL << 30;
  uint32_t routes_max = 4'000'000;
  uint32_t regexes_max = 10'000;
  uint64_t regex_program_bytes_max = 64 * 1024;  // Per pattern (RE2 max_mem).
  uint32_t maglev_tables_max = 256;              // 128 KiB each; pools with equal members share one.
};

struct RouteQuery {
  std::string_view host;  // As received: any case, without port; a trailing dot is tolerated.
  std::string_view path;  // Normal (path_normal.h), without query; begins with '/' or is "*".
  std::string_view method;
  uint32_t listener = 0;  // Index in the snapshot.
  // The value of the first field of that (lower-case) name; data() == nullptr when absent.
  const void* headers = nullptr;
  std::string_view (*find_header)(const void* headers, std::string_view name) = nullptr;
};

class Sticky;

struct RouteMatch {
  uint32_t route = kNone;  // kNone: nothing matches.
  uint32_t rule = kNone;
};

class Snapshot {
 public:
  // Verifies (FlatBuffers verifier with explicit limits, then every index, range, enum and number), then
  // derives the index. `bytes` must stay mapped and unchanged for the object's life.
  static std::expected<std::unique_ptr<Snapshot>, SnapshotError> load(std::span<const std::byte> bytes,
                                                                      const SnapshotLimits& limits);
  ~Snapshot();

  // Most specific first: exact host, then wildcards from the longest suffix, then any; within a host the
  // rules in their order. A host whose rules do not match falls through to the next less specific one.
  RouteMatch match(const RouteQuery& query) const;

  const wire::Snapshot& root() const { return *root_; }
  std::string_view text(const wire::Text& range) const;

  // Flat arrays (bounds were checked at load).
  std::span<const wire::Listener> listeners() const;
  std::span<const wire::Route> routes() const;
  std::span<const wire::Rule> rules() const;
  std::span<const wire::Host> hosts() const;
  std::span<const wire::Pool> pools() const;
  std::span<const wire::Member> members(const wire::Pool& pool) const;
  std::span<const wire::Peer> peers() const;
  const wire::Timeouts& timeouts(uint32_t index) const;
  const wire::Policy& policy(const wire::Route& route) const;
  const ListenerRules& listener_rules(uint32_t listener) const;
  // What connections to the pool's members begin with.
  wire::ProxyProtocol send_proxy_protocol(uint32_t pool) const;
  bool has_peer(uint64_t peer_id) const;

  // Maglev table of a pool (65,537 entries of member index), built on load for pools with that policy.
  std::span<const uint16_t> maglev_table(uint32_t pool) const;

  // The pool's signed cookie (sticky.h); null: it has none.
  const Sticky* sticky(uint32_t pool) const;

  uint64_t index_bytes() const;  // Memory of the derived index.

 private:
  Snapshot();
  struct Index;
  const wire::Snapshot* root_ = nullptr;
  std::unique_ptr<Index> index_;
};

}  // namespace sluice::decide
