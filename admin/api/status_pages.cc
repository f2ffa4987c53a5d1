#include "admin/api/status_pages.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "admin/api/json_answer.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::ordered_json;

// A data plane says something once a second; after this it hangs or is stopped (K2-04: out within 10 s).
constexpr int64_t kSilentMilliseconds = 5'000;

Json to_json(Generation generation) {
  return {{"incarnation", generation.incarnation}, {"number", generation.number}};
}

std::string to_hex(ContentHash hash) {
  char text[40];
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(hash.high),
                static_cast<unsigned long long>(hash.low));
  return text;
}

Json rejection_json(const DataPlaneView& plane) {
  if (!plane.last_rejection) return nullptr;
  const RejectionReport& report = *plane.last_rejection;
  return {{"revision", report.revision},        {"generation", to_json(report.rejected.generation)},
          {"code", report.rejected.code},       {"path", report.rejected.path},
          {"message", report.rejected.message}, {"time", to_utc(report.at_milliseconds)}};
}

// What the workers hold together, and how far the worst of them is up the shedding ladder.
Json pressure_json(const StatsMapping& stats) {
  constexpr const char* kLevels[] = {"normal", "small_windows", "shed_idle", "pause_accept"};
  uint64_t level = 0, held = 0, limit = 0, clients = 0, origins = 0, shortages = 0;
  for (uint32_t i = 0; i < stats.worker_count(); ++i) {
    const WorkerStats& worker = stats.page().workers[i];
    level = std::max(level, worker.memory_level.get());
    held += worker.buffers_held_bytes.get();
    limit += worker.memory_limit_bytes.get();
    clients += worker.client_connections.get();
    origins += worker.origin_connections.get();
    shortages += worker.descriptor_shortages.get();
  }
  return {{"memory_level", kLevels[std::min<uint64_t>(level, std::size(kLevels) - 1)]},
          {"buffers_held_bytes", held},
          {"memory_limit_bytes", limit},
          {"client_connections", clients},
          {"origin_connections", origins},
          {"descriptor_shortages", shortages}};
}

Json data_plane_json(const GatewayFacts& facts) {
  const DataPlaneView& plane = facts.data_plane;
  Json json = {{"connected", plane.connected}};
  if (!plane.connected) json["trouble"] = plane.trouble;
  if (plane.connections_made == 0) return json;
  json["pid"] = plane.hello.pid;
  json["version"] = plane.hello.version;
  json["workers"] = plane.hello.workers;
  json["ring_caps"] = plane.hello.ring_caps;
  json["crash_count"] = plane.hello.crash_count;
  json["applied"] = to_json(plane.applied);
  json["applied_revision"] = plane.applied_revision;
  json["applied_hash"] = to_hex(plane.applied_hash);
  json["apply_microseconds"] = plane.last_applied.apply_microseconds;
  json["stable"] = to_json(plane.stable);
  json["placement"] = to_json(plane.status.placement);
  Json pinned = Json::array();
  for (const Generation& generation : plane.status.pinned_generations) pinned.push_back(to_json(generation));
  json["pinned_generations"] = std::move(pinned);
  Json refused = Json::array();
  for (const Generation& generation : plane.hello.refused) refused.push_back(to_json(generation));
  json["crashed_generations"] = std::move(refused);
  json["last_rejection"] = rejection_json(plane);
  json["draining"] = plane.status.draining;
  json["connections"] = plane.status.connections;
  json["streams"] = plane.status.streams;
  json["stats_page"] = plane.stats != nullptr;
  if (plane.stats != nullptr) json["pressure"] = pressure_json(*plane.stats);
  json["last_heard"] = to_utc(plane.heard_milliseconds);
  return json;
}

Json config_json(const GatewayFacts& facts) {
  Json json = {{"revision", 0}};
  if (const ActiveConfig* active = facts.active.get()) {
    json = {{"revision", active->revision.id},
            {"verdict", active->revision.verdict == Verdict::rejected ? "rejected" : "accepted"},
            {"generation", to_json(active->offer.generation)},
            {"hash", to_hex(active->offer.hash)},
            {"created", to_utc(active->revision.created_milliseconds)},
            {"listeners", active->config->listeners.size()},
            {"routes", active->config->routes.size()},
            {"pools", active->config->pools.size()},
            {"peers", active->config->peers.size()}};
  }
  Json last = {{"success", facts.reload.last_succeeded}};
  if (facts.reload.last_milliseconds != 0) {
    last["time"] = to_utc(facts.reload.last_milliseconds);
    last["milliseconds"] = static_cast<double>(facts.reload.last_taken.in_microseconds()) / 1e3;
  }
  if (!facts.reload.last_error.empty()) last["error"] = facts.reload.last_error;
  json["last_reload"] = std::move(last);
  return json;
}

const char* to_text(PoolWatch::Reach reach) {
  switch (reach) {
    case PoolWatch::Reach::reachable:
      return "reachable";
    case PoolWatch::Reach::unreachable:
      return "unreachable";
    case PoolWatch::Reach::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

const char* why_not_ready(const GatewayFacts& facts) {
  const DataPlaneView& plane = facts.data_plane;
  if (!plane.connected) return "the data plane is not connected";
  if (plane.applied.number == 0) return "no configuration is applied yet";
  if (plane.status.draining) return "the data plane is draining";
  if (facts.now_milliseconds - plane.heard_milliseconds > kSilentMilliseconds) {
    return "the data plane has been silent for more than 5 s";
  }
  return nullptr;
}

ApiResponse status_page(const GatewayFacts& facts) {
  Json gateway = {
      {"id", facts.gateway_id}, {"version", facts.version}, {"uptime_seconds", facts.uptime_seconds()}};
  if (facts.active) {
    gateway["name"] = facts.active->config->gateway.name;
    gateway["zone"] = facts.active->config->gateway.zone;
    gateway["groups"] = facts.active->config->gateway.groups;
  }
  const char* reason = why_not_ready(facts);
  Json json = {{"gateway", std::move(gateway)},
               {"ready", reason == nullptr},
               {"converged", facts.is_converged()},
               {"config", config_json(facts)},
               {"data_planes", Json::array({data_plane_json(facts)})}};
  if (reason != nullptr) json["not_ready_because"] = reason;
  return json_answer(200, json);
}

ApiResponse ready_page(const GatewayFacts& facts) {
  const char* reason = why_not_ready(facts);
  if (reason == nullptr) return json_answer(200, {{"ready", true}});
  return json_answer(503, {{"ready", false}, {"reason", reason}});
}

std::map<std::string, PoolWatch::Reach> PoolWatch::look(const StatsMapping* stats) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Reach> reaches;
  if (stats == nullptr) return reaches;
  for (const PoolTotals& pool : pool_totals(*stats)) {
    Seen& seen = seen_[pool.name];
    const uint64_t answers = std::accumulate(pool.responses.begin() + 1, pool.responses.end(), uint64_t{0});
    const uint64_t failures = pool.connect_failures + pool.outages;
    // Fewer than before: a new data plane counts from zero.
    if (answers < seen.answers || failures < seen.failures) seen = {.reach = seen.reach};
    if (answers > seen.answers) {
      seen.reach = Reach::reachable;
    } else if (failures > seen.failures) {
      seen.reach = Reach::unreachable;
    }
    seen.answers = answers;
    seen.failures = failures;
    reaches[pool.name] = seen.reach;
  }
  return reaches;
}

ApiResponse health_page(const GatewayFacts& facts, const std::map<std::string, PoolWatch::Reach>& pools) {
  Json reasons = Json::array();
  Json providers = Json::object();
  size_t unreachable = 0;
  for (const auto& [name, reach] : pools) {
    providers[name] = to_text(reach);
    if (reach != PoolWatch::Reach::unreachable) continue;
    ++unreachable;
    reasons.push_back("pool " + name + " is unreachable");
  }
  const char* not_ready = why_not_ready(facts);
  if (not_ready != nullptr) reasons.push_back(not_ready);
  if (!facts.reload.last_succeeded)
    reasons.push_back("the last change was refused: " + facts.reload.last_error);
  const bool is_unhealthy = not_ready != nullptr || (unreachable > 0 && unreachable == pools.size());
  uint64_t requests = 0;
  if (facts.data_plane.stats) {
    for (const ListenerTotals& listener : listener_totals(*facts.data_plane.stats))
      requests += listener.requests;
  }
  const char* status = is_unhealthy ? "unhealthy" : reasons.empty() ? "healthy" : "degraded";
  return json_answer(is_unhealthy ? 503 : 200, {{"status", status},
                                                {"uptime_seconds", facts.uptime_seconds()},
                                                {"version", facts.version},
                                                {"config", config_json(facts)},
                                                {"providers", std::move(providers)},
                                                {"requests_processed", requests},
                                                {"reasons", std::move(reasons)}});
}

}  // namespace sluice::admin
