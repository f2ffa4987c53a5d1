#include "dataplane/decide/verify.h"

#include <algorithm>

namespace sluice::decide {
namespace {

// Snapshot > Condition > HeaderMatch and Snapshot > Policy > HeaderOp are three deep.
constexpr uint32_t kDepthMax = 4;
constexpr uint64_t kBytesAlignment = 8;

SnapshotError broken(std::string_view path, std::string message) {
  return {"VERIFY", std::string(path), std::move(message)};
}

// The verifier checks where a vector of structs lies, but not that its elements are aligned.
template <typename Struct>
Problem take(const flatbuffers::Vector<const Struct*>* vector, std::string_view path,
             std::span<const Struct>& taken) {
  if (vector == nullptr || vector->size() == 0) return std::nullopt;  // Empty ones need no alignment.
  if (reinterpret_cast<uintptr_t>(vector->Data()) % alignof(Struct) != 0) {
    return broken(path, "the vector is not aligned; the bytes are damaged or not made by FlatBuffers");
  }
  taken = {reinterpret_cast<const Struct*>(vector->Data()), vector->size()};
  return std::nullopt;
}

// The schema version, read before anything else of the content: a newer layout must be told apart from
// damage. Nothing when the root table itself is damaged.
std::optional<uint32_t> read_schema_version(flatbuffers::Verifier& verifier, const uint8_t* bytes) {
  const uint32_t root_offset = verifier.VerifyOffset(0);
  if (root_offset == 0) return std::nullopt;
  const auto* root = reinterpret_cast<const flatbuffers::Table*>(bytes + root_offset);
  if (!root->VerifyTableStart(verifier) ||
      !root->VerifyField<uint32_t>(verifier, wire::Snapshot::VT_SCHEMA_VERSION, sizeof(uint32_t))) {
    return std::nullopt;
  }
  return root->GetField<uint32_t>(wire::Snapshot::VT_SCHEMA_VERSION, kSchemaVersion);
}

// The verifier's table limit does not count strings, so n conditions that share one vector of n strings
// would cost n * n. Every string needs its own four-byte reference in an honest snapshot: count them first.
// Requires: read_schema_version succeeded on the same bytes.
bool strings_are_bounded(flatbuffers::Verifier& verifier, const uint8_t* bytes, uint64_t strings_max) {
  const auto* root = flatbuffers::GetRoot<wire::Snapshot>(bytes);
  const auto* root_table = reinterpret_cast<const flatbuffers::Table*>(root);
  if (!root_table->VerifyOffset(verifier, wire::Snapshot::VT_CONDITIONS)) return false;
  const auto* conditions = root->conditions();
  if (!verifier.VerifyVector(conditions)) return false;
  uint64_t strings = 0;
  for (uint32_t i = 0; conditions != nullptr && i < conditions->size(); ++i) {
    const wire::Condition* condition = conditions->Get(i);
    const auto* table = reinterpret_cast<const flatbuffers::Table*>(condition);
    if (!table->VerifyTableStart(verifier) || !table->VerifyOffset(verifier, wire::Condition::VT_METHODS) ||
        !verifier.VerifyVector(condition->methods())) {
      return false;
    }
    verifier.EndTable();
    if (condition->methods() != nullptr) strings += condition->methods()->size();
    if (strings > strings_max) return false;
  }
  return true;
}

Problem verify_structure(std::span<const std::byte> bytes) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  flatbuffers::Verifier::Options options;
  options.max_depth = kDepthMax;
  // Each table is reached through a four-byte reference, so an honest snapshot cannot hold more; a crafted
  // one that shares tables cannot make the verifier run longer than in proportion to its size.
  options.max_tables = static_cast<uint32_t>(bytes.size() / 4 + 1);
  flatbuffers::Verifier version_verifier(data, bytes.size(), options);
  const std::optional<uint32_t> version = read_schema_version(version_verifier, data);
  if (!version) return broken("", "the root table is damaged; compile and send the snapshot again");
  if (*version == 0) return SnapshotError{"BAD_VALUE", "schema_version", "must be 1 or more"};
  if (*version > kSchemaVersion) {
    return SnapshotError{"SCHEMA_TOO_NEW", "schema_version",
                         "is " + std::to_string(*version) + ", this data plane reads up to " +
                             std::to_string(kSchemaVersion) + "; upgrade the data plane first"};
  }
  if (!strings_are_bounded(version_verifier, data, bytes.size() / 4)) {
    return broken("conditions", "the conditions are damaged; compile and send the snapshot again");
  }
  flatbuffers::Verifier verifier(data, bytes.size(), options);
  if (!wire::VerifySnapshotBuffer(verifier)) {
    return broken("", "the FlatBuffers structure is damaged; compile and send the snapshot again");
  }
  return std::nullopt;
}

}  // namespace

std::expected<Arrays, SnapshotError> verify(std::span<const std::byte> bytes, const SnapshotLimits& limits) {
  constexpr uint64_t kHeadBytes = 2 * sizeof(flatbuffers::uoffset_t);
  const uint64_t bytes_max = std::min<uint64_t>(limits.bytes_max, FLATBUFFERS_MAX_BUFFER_SIZE - 1);
  if (bytes.size() > bytes_max) {
    return std::unexpected(SnapshotError{"LIMIT", "",
                                         "the snapshot has " + std::to_string(bytes.size()) +
                                             " bytes, the limit is " + std::to_string(bytes_max)});
  }
  if (bytes.size() <= kHeadBytes) return std::unexpected(broken("", "too short to be a snapshot"));
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kBytesAlignment != 0) {
    return std::unexpected(broken("", "the bytes must start at an address divisible by 8"));
  }
  if (!flatbuffers::BufferHasIdentifier(bytes.data(), wire::SnapshotIdentifier())) {
    return std::unexpected(broken("", "the identifier SLSN is missing; this is not a snapshot"));
  }
  if (Problem problem = verify_structure(bytes)) return std::unexpected(std::move(*problem));

  Arrays arrays;
  const wire::Snapshot* root = wire::GetSnapshot(bytes.data());
  arrays.root = root;
  if (root->text() != nullptr) {
    arrays.text_blob = {reinterpret_cast<const char*>(root->text()->data()), root->text()->size()};
  }
  arrays.conditions = {root->conditions()};
  arrays.policies = {root->policies()};
  arrays.redirects = {root->redirects()};
  arrays.responses = {root->responses()};
  arrays.listener_policies = {root->listener_policies()};
  Problem problem = take(root->listeners(), "listeners", arrays.listeners);
  if (!problem) problem = take(root->hosts(), "hosts", arrays.hosts);
  if (!problem) problem = take(root->rules(), "rules", arrays.rules);
  if (!problem) problem = take(root->routes(), "routes", arrays.routes);
  if (!problem) problem = take(root->pools(), "pools", arrays.pools);
  if (!problem) problem = take(root->members(), "members", arrays.members);
  if (!problem) problem = take(root->peers(), "peers", arrays.peers);
  if (!problem) problem = take(root->timeouts(), "timeouts", arrays.timeouts);
  if (problem) return std::unexpected(std::move(*problem));
  return arrays;
}

}  // namespace sluice::decide
