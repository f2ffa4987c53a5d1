// Writes the seeds of fuzz_snapshot_load and fuzz_placement_load below the corpus folder: one file for each
// part of the format, small, so that the fuzzer begins behind the verifier.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "schemas/placement_generated.h"
#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using testing::SnapshotBuilder;

bool write(const std::filesystem::path& path, const void* bytes, size_t size) {
  std::ofstream file(path, std::ios::binary);
  file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  file.close();
  if (!file) std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
  return static_cast<bool>(file);
}

bool write(const std::filesystem::path& path, SnapshotBuilder& builder) {
  const std::vector<std::byte> bytes = builder.finish();
  return write(path, bytes.data(), bytes.size());
}

SnapshotBuilder with_route() {
  SnapshotBuilder builder;
  builder.add_listener("web", "127.0.0.1:8080");
  const uint32_t first = builder.add_peer("127.0.0.1:9001", "a");
  const uint32_t second = builder.add_peer("[::1]:9002", "b");
  builder.add_route("r", builder.add_pool("p", {{first, 1}, {second, 2}}));
  return builder;
}

bool write_snapshots(const std::filesystem::path& folder) {
  bool is_written = true;
  SnapshotBuilder empty;
  is_written &= write(folder / "empty", empty);

  SnapshotBuilder hosts = with_route();
  for (const char* host : {"a.b", "*.a.b", "*.b", ""}) hosts.add_rule(host, {});
  is_written &= write(folder / "hosts", hosts);

  SnapshotBuilder paths = with_route();
  for (const char* path : {"/", "/a", "/a/", "/a/b"}) {
    for (const auto kind : {wire::PathKind::exact, wire::PathKind::prefix}) {
      for (int copy = 0; copy < 3; ++copy)
        paths.add_rule("h", {.path = path, .kind = kind, .priority = copy});
    }
  }
  paths.add_rule("h", {.path = "/a.*", .kind = wire::PathKind::regex});
  is_written &= write(folder / "paths", paths);

  SnapshotBuilder conditions = with_route();
  conditions.add_condition(
      {.methods = {"GET"}, .headers = {{"x-a", wire::HeaderMatchKind::regex, "a+"}}, .listeners = {0}});
  conditions.add_rule("h", {.condition = 0});
  is_written &= write(folder / "conditions", conditions);

  SnapshotBuilder policies = with_route();
  policies.add_policy({.strip_prefix = "/a", .request_headers = {{wire::HeaderOpKind::set, "X-A", "b"}}});
  policies.add_redirect_route("m", {.location = "/{path}"});
  policies.add_response_route("c", {.status = 403, .body = "no"});
  policies.access_log = {wire::LogFormat::json, "stdout", ""};
  is_written &= write(folder / "policies", policies);

  SnapshotBuilder pools = with_route();
  for (uint8_t policy = 0; policy <= static_cast<uint8_t>(wire::BalancePolicy::MAX); ++policy) {
    pools.add_pool("q", {{0, 1}, {1, 2}, {0, 0}}, wire::PoolMode::load_balancing,
                   static_cast<wire::BalancePolicy>(policy));
  }
  is_written &= write(folder / "pools", pools);
  return is_written;
}

bool write_placements(const std::filesystem::path& folder) {
  using wire::PeerPlacement;
  bool is_written = true;
  for (const size_t count : {0u, 1u, 3u}) {
    std::vector<PeerPlacement> peers;
    for (size_t i = 1; i <= count; ++i) peers.emplace_back(i * 10, i, 100, wire::PeerUse::down);
    flatbuffers::FlatBufferBuilder fbb;
    fbb.Finish(wire::CreatePlacement(fbb, 1, 1, fbb.CreateVectorOfStructs(peers)),
               wire::PlacementIdentifier());
    is_written &= write(folder / ("peers_" + std::to_string(count)), fbb.GetBufferPointer(), fbb.GetSize());
  }
  return is_written;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 1;
  }
  const std::filesystem::path snapshots = std::filesystem::path(argv[1]) / "fuzz_snapshot_load";
  const std::filesystem::path placements = std::filesystem::path(argv[1]) / "fuzz_placement_load";
  std::error_code error;
  std::filesystem::create_directories(snapshots, error);
  std::filesystem::create_directories(placements, error);
  return sluice::write_snapshots(snapshots) && sluice::write_placements(placements) ? 0 : 1;
}
