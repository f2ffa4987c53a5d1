#include "admin/compile/compile.h"

#include "admin/compile/draft.h"
#include "admin/compile/pools.h"
#include "admin/compile/rules.h"
#include "admin/model/prefetch.h"
#include "dataplane/decide/snapshot.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kErrorsMax = 50;

void override_timeouts(Timeouts& timeouts, const Timeouts& overrides) {
  for (uint32_t kind = 0; kind < kTimeoutKinds; ++kind) {
    if (overrides.milliseconds[kind] != 0) timeouts.milliseconds[kind] = overrides.milliseconds[kind];
  }
}

class Compiler {
 public:
  explicit Compiler(const Config& config)
      : config_(config), errors_(config.files, kErrorsMax), tcp_listeners_(config.listeners.size()) {
    // Entry 0 of policies is the default one, with entry 0 of timeouts.
    default_policy_ = draft_.add_policy(policy_with(config.timeouts));
  }

  std::expected<std::vector<std::byte>, ConfigErrors> run(uint64_t revision) {
    index_tcp_listeners();
    PoolCompiler pools(config_, draft_, errors_);
    RuleCompiler rules(config_, draft_, errors_);
    draft_.routes.reserve(config_.routes.size());
    for (uint32_t number = 0; number < config_.routes.size(); ++number) {
      prefetch_ahead(config_.routes, number);
      add_route(*config_.routes[number], number, pools, rules);
    }
    rules.finish();
    add_listeners();
    draft_.features.set_error_pages(add_error_pages(config_.error_pages));
    check_size();
    if (!errors_.is_empty()) return std::unexpected(errors_.take());
    return draft_.finish(config_, revision);
  }

 private:
  void index_tcp_listeners();
  void add_route(const Route& route, uint32_t number, PoolCompiler& pools, RuleCompiler& rules);
  Timeouts timeouts_of(const Route& route, const Timeouts* pool_timeouts) const;
  PolicyDraft policy_with(const Timeouts& timeouts);
  uint32_t add_policy(const Route& route, const Timeouts* pool_timeouts, FeaturesDraft features);
  uint32_t add_split(const Route& route, const ToSplit& split, PoolCompiler& pools, FeaturesDraft& features);
  void add_route_features(const RouteOptions& options, FeaturesDraft& features);
  uint32_t add_error_pages(const ErrorPages& pages);
  void add_listeners();
  void check_size();

  const Config& config_;
  Draft draft_;
  ErrorSink errors_;
  uint32_t default_policy_ = 0;
  IdIndex tcp_listeners_;             // By id of the name, to the listener's number.
  std::vector<uint32_t> tcp_routes_;  // Per listener.
};

void Compiler::index_tcp_listeners() {
  tcp_routes_.assign(config_.listeners.size(), kNoIndex);
  for (uint32_t i = 0; i < config_.listeners.size(); ++i) {
    if (config_.listeners[i]->protocol == wire::Protocol::tcp)
      tcp_listeners_.insert(config_.listeners[i]->id, i);
  }
}

// The section's, then the pool's own, then the route's.
Timeouts Compiler::timeouts_of(const Route& route, const Timeouts* pool_timeouts) const {
  Timeouts timeouts = config_.timeouts;
  if (pool_timeouts != nullptr) override_timeouts(timeouts, *pool_timeouts);
  if (route.options != nullptr) override_timeouts(timeouts, route.options->timeouts);
  return timeouts;
}

// The settings' own values with these timeouts.
PolicyDraft Compiler::policy_with(const Timeouts& timeouts) {
  PolicyDraft policy;
  policy.timeouts = draft_.add_timeouts(timeouts);
  policy.body_bytes_max = config_.limits.body_bytes;
  policy.retry_attempts = config_.retries.attempts;
  policy.client_write = timeouts.get(TimeoutKind::client_write);
  const uint32_t total = timeouts.get(TimeoutKind::request_total);
  policy.request_total = total == kTimeoutOff ? 0 : total;
  policy.body_rate = config_.limits.body_rate;
  return policy;
}

uint32_t Compiler::add_policy(const Route& route, const Timeouts* pool_timeouts, FeaturesDraft features) {
  const bool pool_has_timeouts = pool_timeouts != nullptr && *pool_timeouts != Timeouts{};
  if (route.options == nullptr && !pool_has_timeouts && features.is_empty()) return default_policy_;
  PolicyDraft policy = policy_with(timeouts_of(route, pool_timeouts));
  policy.options = route.options.get();
  policy.features = std::move(features);
  if (route.options != nullptr) {
    policy.body_bytes_max = route.options->body_bytes.value_or(policy.body_bytes_max);
    policy.retry_attempts = route.options->retry_attempts.value_or(policy.retry_attempts);
    policy.body_rate = route.options->body_rate.value_or(policy.body_rate);
  }
  return draft_.add_policy(policy);
}

// The pool that stands for the split where one is wanted: the first that takes anything.
uint32_t Compiler::add_split(const Route& route, const ToSplit& split, PoolCompiler& pools,
                             FeaturesDraft& features) {
  uint32_t target = kNoIndex;
  for (const SplitPart& part : split.parts) {
    const uint32_t pool = pools.pool_of(ToPool{part.pool});
    const uint32_t timeouts = draft_.add_timeouts(timeouts_of(route, pools.timeouts_of(pool)));
    features.split.emplace_back(pool, timeouts, part.weight);
    if (target == kNoIndex && part.weight > 0) target = pool;
  }
  features.split_by_client = split.by_client;
  return target;
}

uint32_t Compiler::add_error_pages(const ErrorPages& pages) {
  std::vector<wire::ErrorPage> compiled;
  for (const ErrorPage& page : pages) compiled.emplace_back(page.code, draft_.add_response(page.page));
  return draft_.features.add_error_pages(std::move(compiled));
}

void Compiler::add_route_features(const RouteOptions& options, FeaturesDraft& features) {
  features.access = draft_.features.add_access(options.access);
  features.error_pages = add_error_pages(options.error_pages);
  if (options.basic_auth) features.basic_auth = draft_.features.add_basic_auth(*options.basic_auth);
  if (options.maintenance && options.maintenance->enabled) {
    features.maintenance = draft_.add_response(options.maintenance->page);
    features.maintenance_access = draft_.features.add_access({options.maintenance->allow, {}});
  }
}

void Compiler::add_route(const Route& route, uint32_t number, PoolCompiler& pools, RuleCompiler& rules) {
  auto action = wire::ActionKind::forward;
  uint32_t target = 0;
  FeaturesDraft features;
  if (const auto* response = std::get_if<Response>(&route.target)) {
    action = wire::ActionKind::respond;
    target = draft_.add_response(*response);
  } else if (const auto* redirect = std::get_if<Redirect>(&route.target)) {
    action = wire::ActionKind::redirect;
    target = draft_.add_redirect(*redirect);
  } else if (const auto* pool = std::get_if<ToPool>(&route.target)) {
    target = pools.pool_of(*pool);
  } else if (const auto* peer = std::get_if<ToPeer>(&route.target)) {
    target = pools.pool_of(*peer);
  } else if (const auto* split = std::get_if<ToSplit>(&route.target)) {
    target = add_split(route, *split, pools, features);
  } else {
    target = pools.pool_of(std::get<ToAddresses>(route.target), route);
  }
  if (route.options != nullptr) add_route_features(*route.options, features);
  const Timeouts* pool_timeouts = action == wire::ActionKind::forward ? pools.timeouts_of(target) : nullptr;
  const uint32_t policy = add_policy(route, pool_timeouts, std::move(features));
  draft_.routes.emplace_back(route.id, draft_.add_text(route.name), target, policy, action);
  if (route.listeners.size() == 1) {
    const uint32_t listener = tcp_listeners_.find(stable_hash(HashUse::object_name, route.listeners[0]));
    if (listener != IdIndex::kNone) {
      tcp_routes_[listener] = number;
      return;  // Every connection takes it: there is nothing to match.
    }
  }
  rules.add(route, number);
}

void Compiler::add_listeners() {
  for (uint32_t i = 0; i < config_.listeners.size(); ++i) {
    const Listener& listener = *config_.listeners[i];
    Timeouts timeouts = config_.timeouts;
    override_timeouts(timeouts, listener.timeouts);
    const wire::Text name = draft_.add_text(listener.name);
    draft_.listeners.emplace_back(listener.id, name, to_wire(listener.address), listener.protocol,
                                  tcp_routes_[i], draft_.add_timeouts(timeouts));
    draft_.features.add_listener_access(draft_.features.add_access(listener.access));
  }
}

void Compiler::check_size() {
  const decide::SnapshotLimits limits;
  if (draft_.routes.size() > limits.routes_max) {
    errors_.add({}, "/routes", "there are " + std::to_string(draft_.routes.size()) + " routes",
                std::to_string(limits.routes_max) + " at most");
  }
  if (draft_.bytes() > limits.bytes_max) {
    errors_.add(
        {}, "", "the snapshot would have " + std::to_string(draft_.bytes() >> 20) + " MiB",
        std::to_string(limits.bytes_max >> 20) + " MiB at most; use wildcards or fewer hosts per route");
  }
}

}  // namespace

std::expected<std::vector<std::byte>, ConfigErrors> compile(const Config& config, uint64_t revision) {
  return Compiler(config).run(revision);
}

}  // namespace sluice::admin
