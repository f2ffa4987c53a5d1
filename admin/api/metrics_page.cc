#include "admin/api/metrics_page.h"

#include "admin/api/openmetrics_writer.h"
#include "admin/api/stats_totals.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kClasses[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

double seconds_of(uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e9;
}

void write_config(OpenMetricsWriter& out, const GatewayFacts& facts) {
  out.info("build", "Version of the admin process.");
  out.add(1, {{"version", facts.version}});
  out.gauge("uptime_seconds", "Since the admin process started.");
  out.add_seconds(facts.uptime_seconds());
  if (facts.active) {
    out.gauge("config_revision", "The active revision.");
    out.add(facts.active->revision.id);
    out.gauge("config_generation", "The number under which the active revision is offered.");
    out.add(facts.active->offer.generation.number);
    out.gauge("config_objects", "Objects in the active revision.");
    out.add(facts.active->config->listeners.size(), {{"kind", "listener"}});
    out.add(facts.active->config->routes.size(), {{"kind", "route"}});
    out.add(facts.active->config->pools.size(), {{"kind", "pool"}});
    out.add(facts.active->config->peers.size(), {{"kind", "peer"}});
  }
  out.gauge("config_last_reload_success", "1 when the last change of the configuration was applied.");
  out.add(facts.reload.last_succeeded ? 1 : 0);
  out.gauge("config_last_reload_timestamp_seconds", "When the last change was tried, Unix time.");
  out.add_seconds(static_cast<double>(facts.reload.last_milliseconds) / 1e3);
  out.gauge("config_apply_seconds", "How long the last change took, from its arrival to every worker.");
  out.add_seconds(seconds_of(static_cast<uint64_t>(facts.reload.last_taken.nanoseconds)));
  out.counter("config_reloads", "Changes tried.");
  out.add(facts.reload.succeeded, {{"result", "applied"}});
  out.add(facts.reload.failed, {{"result", "refused"}});
}

void write_data_plane(OpenMetricsWriter& out, const GatewayFacts& facts) {
  const DataPlaneView& plane = facts.data_plane;
  out.gauge("data_plane_up", "1 while the data plane is connected. Traffic does not depend on it.");
  out.add(plane.connected ? 1 : 0);
  out.gauge("data_plane_ready", "1 while traffic may be sent here.");
  out.add(why_not_ready(facts) == nullptr ? 1 : 0);
  out.gauge("data_plane_draining", "1 while it finishes its work.");
  out.add(plane.status.draining ? 1 : 0);
  out.gauge("data_plane_applied_generation", "What every worker serves.");
  out.add(plane.applied.number);
  out.gauge("data_plane_applied_revision", "The revision that every worker serves.");
  out.add(plane.applied_revision);
  out.gauge("data_plane_stable_generation", "The newest generation that proved itself.");
  out.add(plane.stable.number);
  out.gauge("data_plane_pinned_generations", "Older snapshots that streams still hold.");
  out.add(plane.status.pinned_generations.size());
  out.gauge("data_plane_crashes", "Crashes it remembers since it was last stable.");
  out.add(plane.hello.crash_count);
  out.gauge("data_plane_apply_seconds", "From the arrival of the last offer to the last worker.");
  out.add_seconds(static_cast<double>(plane.last_applied.apply_microseconds) / 1e6);
  out.counter("data_plane_offers", "Snapshots offered.");
  out.add(plane.offers_sent);
  out.counter("data_plane_rejections", "Snapshots refused.");
  out.add(plane.rejections);
  out.counter("data_plane_connections_made", "Connections of the admin to the data plane.");
  out.add(plane.connections_made);
}

template <typename Totals, typename Value>
void write_each(OpenMetricsWriter& out, const std::vector<Totals>& all, std::string_view label, Value value) {
  for (const Totals& totals : all) out.add(value(totals), {{label, totals.name}});
}

template <typename Totals>
void write_classes(OpenMetricsWriter& out, const std::vector<Totals>& all, std::string_view label) {
  for (const Totals& totals : all) {
    for (size_t i = 0; i < totals.responses.size(); ++i) {
      out.add(totals.responses[i], {{label, totals.name}, {"code_class", kClasses[i]}});
    }
  }
}

void write_listeners(OpenMetricsWriter& out, const StatsMapping& stats) {
  const auto all = listener_totals(stats);
  const auto each = [&](uint64_t ListenerTotals::* field) {
    write_each(out, all, "listener", [field](const ListenerTotals& totals) { return totals.*field; });
  };
  out.counter("connections_accepted", "Client connections accepted.");
  each(&ListenerTotals::accepted);
  out.gauge("connections_open", "Client connections open.");
  each(&ListenerTotals::open);
  out.counter("requests", "Requests finished, by class of the status sent; none: the client got no answer.");
  write_classes(out, all, "listener");
  out.counter("requests_started", "Requests begun.");
  each(&ListenerTotals::requests);
  out.gauge("requests_in_flight", "Requests between head and end of the answer.");
  each(&ListenerTotals::in_flight);
  out.counter("received_bytes", "From clients.");
  each(&ListenerTotals::bytes_received);
  out.counter("sent_bytes", "To clients.");
  each(&ListenerTotals::bytes_sent);
  out.histogram("request_duration_seconds", "First byte of the request to last byte of the answer.");
  for (const ListenerTotals& totals : all) out.add(totals.latency, {{"listener", totals.name}});
}

void write_pools(OpenMetricsWriter& out, const StatsMapping& stats) {
  const auto all = pool_totals(stats);
  const auto each = [&](uint64_t PoolTotals::* field) {
    write_each(out, all, "pool", [field](const PoolTotals& totals) { return totals.*field; });
  };
  out.counter("pool_attempts", "Tries of requests at origins.");
  each(&PoolTotals::attempts);
  out.counter("pool_connects", "Connections made to origins.");
  each(&PoolTotals::connects);
  out.counter("pool_connect_failures", "Connections to origins that failed.");
  each(&PoolTotals::connect_failures);
  out.counter("pool_connections_reused", "Attempts on a kept connection.");
  each(&PoolTotals::reused);
  out.counter("pool_retries", "Attempts after the first.");
  each(&PoolTotals::retries);
  out.counter("pool_outages", "Requests that found no usable member.");
  each(&PoolTotals::outages);
  out.gauge("pool_in_flight", "Attempts under way.");
  each(&PoolTotals::in_flight);
  out.counter("pool_responses", "Answers of origins, by class.");
  write_classes(out, all, "pool");
  out.histogram("pool_response_seconds", "Request sent to head of the answer received.");
  for (const PoolTotals& totals : all) out.add(totals.latency, {{"pool", totals.name}});
}

void write_reasons(OpenMetricsWriter& out, const StatsMapping& stats) {
  const auto totals = reason_totals(stats);
  out.counter("request_outcomes", "Requests that did not end normally, by the token the access log has.");
  for (uint32_t i = 1; i < kReasonCount; ++i) out.add(totals[i], {{"reason", kReasons[i].token}});
}

void write_workers(OpenMetricsWriter& out, const StatsMapping& stats) {
  const auto each = [&](StatsCell WorkerStats::* cell) {
    for (uint32_t i = 0; i < stats.worker_count(); ++i) {
      out.add((stats.page().workers[i].*cell).get(), {{"worker", std::to_string(i)}});
    }
  };
  const auto each_seconds = [&](StatsCell WorkerStats::* cell) {
    for (uint32_t i = 0; i < stats.worker_count(); ++i) {
      out.add_seconds(seconds_of((stats.page().workers[i].*cell).get()), {{"worker", std::to_string(i)}});
    }
  };
  out.counter("worker_ticks", "Turns of the loop.");
  each(&WorkerStats::ticks);
  out.counter("worker_busy_seconds", "Time between waits.");
  each_seconds(&WorkerStats::busy_nanoseconds);
  out.gauge("worker_tick_max_seconds", "The longest turn.");
  each_seconds(&WorkerStats::tick_nanoseconds_max);
  out.counter("worker_system_calls", "System calls made by the loop.");
  each(&WorkerStats::system_calls);
  out.counter("worker_completion_overflows", "Times the completion queue was too small.");
  each(&WorkerStats::completion_overflows);
  out.gauge("worker_buffers_held_bytes", "Buffer memory in use.");
  each(&WorkerStats::buffers_held_bytes);
  out.gauge("worker_memory_limit_bytes", "What buffer memory in use is measured against.");
  each(&WorkerStats::memory_limit_bytes);
  out.gauge("worker_memory_level",
            "0 normal, 1 small windows, 2 waiting connections closed, 3 accepting paused.");
  each(&WorkerStats::memory_level);
  out.counter("worker_descriptor_shortages", "Sockets that could not be had for want of descriptors.");
  each(&WorkerStats::descriptor_shortages);
  out.gauge("worker_streams", "Requests and tunnels open.");
  each(&WorkerStats::streams_open);
  out.gauge("worker_client_connections", "Connections to clients.");
  each(&WorkerStats::client_connections);
  out.gauge("worker_origin_connections", "Connections to origins.");
  each(&WorkerStats::origin_connections);
  out.gauge("worker_origin_connections_idle", "Of those, kept for the next request.");
  each(&WorkerStats::origin_connections_idle);
  out.gauge("worker_snapshot_generation", "What this worker serves new requests with.");
  each(&WorkerStats::snapshot_generation);
  out.counter("worker_access_log_dropped", "Access log lines lost because the sink was slow.");
  each(&WorkerStats::access_log_dropped);
  out.counter("worker_origin_unasked", "Origin connections closed because more came than was asked for.");
  each(&WorkerStats::origin_unasked);
  out.counter("worker_accept_errors", "Failed accepts.");
  each(&WorkerStats::accept_errors);
  out.counter("worker_stale_completions", "Completions for objects that were gone; a bug when not 0.");
  each(&WorkerStats::stale_completions);
  out.counter("worker_soft_failures", "Internal checks that failed; a bug when not 0.");
  each(&WorkerStats::soft_failures);
}

}  // namespace

std::string metrics_page(const GatewayFacts& facts) {
  OpenMetricsWriter out;
  write_config(out, facts);
  write_data_plane(out, facts);
  if (const StatsMapping* stats = facts.data_plane.stats.get()) {
    write_listeners(out, *stats);
    write_pools(out, *stats);
    write_reasons(out, *stats);
    write_workers(out, *stats);
    out.counter("access_log_lost", "Access log lines that its file, pipe or socket did not take.");
    out.add(stats->page().access_log_lost.get());
  }
  return out.finish();
}

}  // namespace sluice::admin
