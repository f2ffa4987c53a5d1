#include "dataplane/keeper/snapshot_applier.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <string_view>
#include <vector>

#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

// A worker has 512 listener slots, which also hold removed listeners until their last connection ends.
constexpr std::size_t kListenersMax = 200;

sockaddr_storage to_socket_address(const wire::Address& address) {
  sockaddr_storage storage{};
  const uint8_t* ip = address.ip()->Data();
  if (address.family() == 4) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage);
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(address.port());
    std::memcpy(&ipv4.sin_addr, ip, sizeof(ipv4.sin_addr));
  } else {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(address.port());
    std::memcpy(&ipv6.sin6_addr, ip, sizeof(ipv6.sin6_addr));
  }
  return storage;
}

std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::string describe_generation(const Generation& generation) {
  return std::to_string(generation.incarnation) + "/" + std::to_string(generation.number);
}

}  // namespace

std::optional<RejectedMessage> SnapshotApplier::refuse_by_order(const OfferMessage& offer) const {
  const ShelfPublisher& publisher = parts_.publisher;
  const std::string offered = describe_generation(offer.generation);
  if (parts_.crash_guard.refuses(offer.generation)) {
    return reject(offer, "CRASHED_BEFORE", "",
                  "generation " + offered +
                      " crashed the data plane twice within 60 s of being applied; "
                      "send a corrected snapshot under a higher generation");
  }
  switch (publisher.order_of(offer.generation, offer.hash)) {
    case OfferOrder::newer:
    case OfferOrder::same:
      return std::nullopt;
    case OfferOrder::stale: {
      const Generation served = std::max(publisher.applied(), publisher.floor());
      return reject(offer, "STALE_GENERATION", "",
                    "generation " + offered + " is below " + describe_generation(served) + ", served last");
    }
    case OfferOrder::conflict:
      log_line(LogLevel::error,
               "ALARM: two different snapshots claim generation %s; the served one stays. Two admins, or a "
               "restored store, number the same generations",
               offered.c_str());
      return reject(offer, "STALE_GENERATION", "",
                    "generation " + offered + " is served already, with other content");
  }
  return std::nullopt;
}

std::expected<std::optional<SnapshotApplier::AccessLogChange>, RejectedMessage>
SnapshotApplier::prepare_access_log(const OfferMessage& offer, const decide::Snapshot& snapshot,
                                    bool open_it) const {
  const wire::AccessLog* wanted = snapshot.root().access_log();
  const wire::LogFormat kind = wanted == nullptr ? wire::LogFormat::off : wanted->format();
  if (kind == wire::LogFormat::off) {
    if (access_log_key_ == "off") return std::nullopt;
    return AccessLogChange{.format = {}, .sink = std::nullopt, .key = "off"};
  }
  const std::string path(view(wanted->path()).empty() ? "stdout" : view(wanted->path()));
  const std::string text(view(wanted->template_text()));
  std::string key = std::to_string(static_cast<int>(kind)) + "\n" + path + "\n" + text;
  if (key == access_log_key_) return std::nullopt;

  auto format = AccessLogFormat::compile(kind, text);
  if (!format) return std::unexpected(reject(offer, "BAD_VALUE", "access_log.template_text", format.error()));
  AccessLogChange change{.format = std::move(*format), .sink = std::nullopt, .key = std::move(key)};
  if (!open_it) {
    if (auto works = AccessLogSink::check(path); !works) {
      return std::unexpected(reject(offer, "BAD_VALUE", "access_log.path", works.error()));
    }
    return change;
  }
  auto sink = AccessLogSink::open(path);
  if (!sink) return std::unexpected(reject(offer, "BAD_VALUE", "access_log.path", sink.error()));
  change.sink = std::move(*sink);
  return change;
}

std::expected<ListenerSet::Plan, RejectedMessage> SnapshotApplier::prepare_listeners(
    const OfferMessage& offer, const decide::Snapshot& snapshot) {
  if (snapshot.listeners().size() > kListenersMax) {
    return std::unexpected(reject(offer, "LIMIT", "listeners",
                                  std::to_string(snapshot.listeners().size()) + " listeners; at most " +
                                      std::to_string(kListenersMax) + " are served"));
  }
  std::vector<ListenerWish> wishes;
  for (const wire::Listener& listener : snapshot.listeners()) {
    wishes.push_back({.name = std::string(snapshot.text(listener.name())),
                      .address = to_socket_address(listener.address())});
  }
  auto plan = parts_.listeners.prepare(wishes);
  if (plan) return std::move(*plan);
  return std::unexpected(
      reject(offer, "BIND_FAILED", std::move(plan.error().path), std::move(plan.error().message)));
}

std::expected<void, RejectedMessage> SnapshotApplier::rehearse(const OfferMessage& offer,
                                                               const CheckedSnapshot& checked) {
  const Published* served = parts_.publisher.current();
  const decide::Snapshot* before = served == nullptr ? nullptr : served->snapshot.get();
  if (auto whole = check_not_shrunk(offer, *checked.snapshot, before); !whole) return whole;
  if (auto log = prepare_access_log(offer, *checked.snapshot, false); !log)
    return std::unexpected(log.error());
  if (auto plan = prepare_listeners(offer, *checked.snapshot); !plan) return std::unexpected(plan.error());
  return {};
}

std::expected<SnapshotApplier::Outcome, RejectedMessage> SnapshotApplier::apply(const OfferMessage& offer,
                                                                                CheckedSnapshot checked,
                                                                                Occasion occasion) {
  if (occasion == Occasion::offer) {
    if (std::optional<RejectedMessage> refusal = refuse_by_order(offer)) return std::unexpected(*refusal);
  }
  const Published* served = parts_.publisher.current();
  const decide::Snapshot* before = served == nullptr ? nullptr : served->snapshot.get();
  if (auto whole = check_not_shrunk(offer, *checked.snapshot, before); !whole) {
    return std::unexpected(whole.error());
  }
  if (!parts_.publisher.has_free_pin_slot()) {
    return std::unexpected(
        reject(offer, "BUSY", "", "64 older snapshots are still in use by running requests; offer it again"));
  }
  auto log = prepare_access_log(offer, *checked.snapshot, true);
  if (!log && occasion == Occasion::offer) return std::unexpected(log.error());
  if (!log) log_line(LogLevel::error, "serving without an access log: %s", log.error().message.c_str());
  auto plan = prepare_listeners(offer, *checked.snapshot);
  if (!plan) return std::unexpected(plan.error());

  // Nothing below fails.
  ShelfPublisher::Candidate candidate{.generation = offer.generation,
                                      .hash = offer.hash,
                                      .revision = offer.revision,
                                      .bytes = std::move(checked.bytes),
                                      .snapshot = std::move(checked.snapshot)};
  const decide::Snapshot& snapshot = *candidate.snapshot;
  for (const wire::Listener& listener : snapshot.listeners()) {
    candidate.listener_stats_slots.push_back(
        parts_.listener_slots.slot_of(listener.id(), snapshot.text(listener.name())));
  }
  for (const wire::Pool& pool : snapshot.pools()) {
    candidate.pool_stats_slots.push_back(parts_.pool_slots.slot_of(pool.id(), snapshot.text(pool.name())));
  }
  candidate.sockets = plan->sockets;
  Outcome outcome{.listeners_opened = plan->opened_count, .listeners_closed = plan->closed_count};
  if (log && *log) {
    access_log_key_ = std::move((*log)->key);
    parts_.access_log.configure(std::move((*log)->format), std::move((*log)->sink));
  }
  parts_.crash_guard.applying(offer.generation);
  parts_.listeners.commit(std::move(*plan), parts_.publisher.next_version());
  outcome.version = parts_.publisher.publish(std::move(candidate));
  return outcome;
}

}  // namespace sluice::dataplane
