#include "admin/model/load.h"

#include <algorithm>
#include <deque>

#include "admin/model/check.h"
#include "admin/model/decode.h"
#include "admin/model/error_sink.h"
#include "admin/model/node.h"
#include "admin/model/read_text.h"
#include "admin/model/value.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kIncludeDepthMax = 8;
constexpr uint32_t kFilesMax = 10'000;

enum Key : uint8_t {
  kWorkers,
  kDataDir,
  kInclude,
  kAdmin,
  kTimeouts,
  kLimits,
  kAccessLog,
  kRetries,
  kGateway,
  kPathPolicy,
  kErrorPages,
  kTrustedProxies,
  kForwardedHeaders,
  kListeners,
  kPeers,
  kPools,
  kRoutes,
  kKeyCount
};
constexpr std::string_view kKeys[kKeyCount] = {
    "workers",           "data_dir",  "include", "admin",       "timeouts",    "limits",
    "access_log",        "retries",   "gateway", "path_policy", "error_pages", "trusted_proxies",
    "forwarded_headers", "listeners", "peers",   "pools",       "routes"};

Format format_of(std::string_view file_name) {
  if (file_name.ends_with(".json")) return Format::json;
  if (file_name.ends_with(".yaml") || file_name.ends_with(".yml")) return Format::yaml;
  return Format::detect;
}

// One load: reads the main text and what it includes into one Config. Trees live until the end, because
// values refer to their text.
class Loader {
 public:
  explicit Loader(const LoadOptions& options)
      : options_(options), errors_(config_.files, options.errors_max), reader_(options, errors_) {}

  std::expected<Config, ConfigErrors> load(std::string_view text, Format format) {
    load_text(options_.file_name, text, format, 0);
    // Also after errors: the list should be complete. Objects that could not be read are missing then,
    // and so would be every reference to them; those errors would only mislead.
    if (!has_lost_objects_) check_into(config_, errors_);
    if (!errors_.is_empty()) return std::unexpected(errors_.take());
    return std::move(config_);
  }

 private:
  void load_text(const std::string& file_name, std::string_view text, Format format, uint32_t depth);
  void decode(const Value& root, uint32_t depth);
  void decode_section(Key key, const Value& value);
  void decode_includes(const Value& value, uint32_t depth);
  void include_pattern(const Value& value, const std::string& pattern, uint32_t depth);
  template <typename Object, typename Decode>
  void decode_list(const Value& value, std::vector<std::shared_ptr<const Object>>& objects,
                   Decode decode_object) {
    if (!reader_.want_sequence(value)) {
      has_lost_objects_ = true;
      return;
    }
    objects.reserve(objects.size() + value.node->size);
    uint32_t index = 0;
    for (const Node* item = value.node->first; item != nullptr; item = item->next) {
      auto object = decode_object(reader_, Value{item, &value, {}, index++});
      if (object != nullptr) {
        objects.push_back(std::move(object));
      } else {
        has_lost_objects_ = true;
      }
      if (errors_.is_full()) return;
    }
  }

  const LoadOptions& options_;
  Config config_;
  ErrorSink errors_;
  ValueReader reader_;
  std::deque<Tree> trees_;
  std::deque<std::string> texts_;  // Included files.
  uint64_t bytes_read_ = 0;
  uint32_t file_ = 0;              // The one being decoded.
  std::vector<std::string> open_;  // Files on the way here, against include cycles.
  Place seen_[kKeyCount];          // Where a section was first set; line 0: not yet.
  bool has_lost_objects_ = false;
};

void Loader::load_text(const std::string& file_name, std::string_view text, Format format, uint32_t depth) {
  const auto file = static_cast<uint32_t>(config_.files.size());
  config_.files.push_back(file_name);
  bytes_read_ += text.size();
  if (bytes_read_ > options_.bytes_max) {
    has_lost_objects_ = true;
    errors_.add({file, 0, 0}, "", "the configuration has " + std::to_string(bytes_read_) + " bytes",
                std::to_string(options_.bytes_max) + " at most; is it the right file?");
    return;
  }
  Tree& tree = trees_.emplace_back();
  if (auto error = read_text(text, format, tree)) {
    has_lost_objects_ = true;
    errors_.add({file, error->line, error->column}, "", std::move(error->message), std::move(error->fix));
    return;
  }
  const uint32_t includer = file_;
  file_ = file;
  reader_.set_file(file, file_name);
  open_.push_back(file_name);
  decode({tree.root, nullptr, {}, 0}, depth);
  open_.pop_back();
  file_ = includer;
  reader_.set_file(includer, config_.files[includer]);
}

void Loader::decode(const Value& root, uint32_t depth) {
  Fields fields(reader_, root, "a configuration", kKeys);
  if (!root.is_mapping()) has_lost_objects_ = true;
  for (size_t index = 0; index < kKeyCount; ++index) {
    const auto key = static_cast<Key>(index);
    if (key != kInclude && fields.has(key)) decode_section(key, fields[key]);
  }
  // What a file includes comes after what it says itself.
  if (fields.has(kInclude)) decode_includes(fields[kInclude], depth);
}

void Loader::decode_section(Key key, const Value& value) {
  const bool is_list = key >= kListeners;
  if (!is_list && seen_[key].line != 0) {
    reader_.fail(value, "`" + std::string(kKeys[key]) + "` is set a second time",
                 "it is already set in " + config_.files[seen_[key].file] + ":" +
                     std::to_string(seen_[key].line) + "; keep one");
    return;
  }
  seen_[key] = reader_.place(value);
  switch (key) {
    case kWorkers:
      return decode_workers(reader_, value, config_);
    case kDataDir:
      return decode_data_dir(reader_, value, config_);
    case kAdmin:
      return decode_admin(reader_, value, config_.admin);
    case kTimeouts:
      return decode_default_timeouts(reader_, value, config_);
    case kLimits:
      return decode_limits(reader_, value, config_.limits);
    case kAccessLog:
      return decode_access_log(reader_, value, config_.access_log);
    case kRetries:
      return decode_retries(reader_, value, config_.retries);
    case kGateway:
      return decode_gateway(reader_, value, config_.gateway);
    case kPathPolicy:
      config_.path_policy = merged(decode_path_policy(reader_, value), {});
      return;
    case kErrorPages:
      config_.error_pages = decode_error_pages(reader_, value);
      return;
    case kTrustedProxies:
      config_.trusted_proxies = decode_proxies(reader_, value);
      return;
    case kForwardedHeaders:
      config_.forwarded_headers = merged(decode_forwarded_headers(reader_, value), kDefaultForwardedHeaders);
      return;
    case kListeners:
      return decode_list(value, config_.listeners, decode_listener);
    case kPeers:
      return decode_list(value, config_.peers, decode_peer);
    case kPools:
      return decode_list(value, config_.pools, decode_pool);
    case kRoutes:
      return decode_list(value, config_.routes, decode_route);
    case kInclude:
    case kKeyCount:
      return;
  }
}

void Loader::decode_includes(const Value& value, uint32_t depth) {
  if (!options_.include) {
    has_lost_objects_ = true;
    return reader_.fail(value, "`include` is not available here", "send the whole configuration in one text");
  }
  if (depth >= kIncludeDepthMax) {
    has_lost_objects_ = true;
    return reader_.fail(value, "more than eight levels of included files",
                        "include them from the first file");
  }
  reader_.for_each(value, [&](const Value& item) {
    if (const auto pattern = reader_.word(item)) {
      include_pattern(item, std::string(*pattern), depth);
    } else {
      has_lost_objects_ = true;
    }
  });
}

void Loader::include_pattern(const Value& value, const std::string& pattern, uint32_t depth) {
  auto files = options_.include(pattern, open_.back());
  if (!files) {
    has_lost_objects_ = true;
    return reader_.fail(value, "cannot include " + quoted(pattern) + ": " + files.error(), "check the path");
  }
  for (IncludedFile& file : *files) {
    if (std::find(open_.begin(), open_.end(), file.name) != open_.end()) {
      reader_.fail(value, quoted(file.name) + " includes itself", "remove it from `include`");
      continue;
    }
    if (config_.files.size() >= kFilesMax) {
      return reader_.fail(value, "more than 10000 included files", "put several objects into one file");
    }
    load_text(file.name, texts_.emplace_back(std::move(file.text)), format_of(file.name), depth + 1);
  }
}

template <typename Object, typename Decode>
std::expected<std::shared_ptr<const Object>, ConfigErrors> load_object(std::string_view text, Format format,
                                                                       const LoadOptions& options,
                                                                       Decode decode_object) {
  const std::vector<std::string> files = {options.file_name};
  ErrorSink errors(files, options.errors_max);
  ValueReader reader(options, errors);
  Tree tree;
  std::shared_ptr<const Object> object;
  if (text.size() > options.bytes_max) {
    errors.add({}, "", "the text has " + std::to_string(text.size()) + " bytes",
               std::to_string(options.bytes_max) + " at most");
  } else if (auto error = read_text(text, format, tree)) {
    errors.add({0, error->line, error->column}, "", std::move(error->message), std::move(error->fix));
  } else {
    object = decode_object(reader, Value{tree.root, nullptr, {}, 0});
  }
  if (!errors.is_empty()) return std::unexpected(errors.take());
  return object;
}

}  // namespace

std::expected<Config, ConfigErrors> load_config(std::string_view text, Format format,
                                                const LoadOptions& options) {
  return Loader(options).load(text, format);
}

std::expected<std::shared_ptr<const Listener>, ConfigErrors> load_listener(std::string_view text,
                                                                           Format format,
                                                                           const LoadOptions& options) {
  return load_object<Listener>(text, format, options, decode_listener);
}
std::expected<std::shared_ptr<const Peer>, ConfigErrors> load_peer(std::string_view text, Format format,
                                                                   const LoadOptions& options) {
  return load_object<Peer>(text, format, options, decode_peer);
}
std::expected<std::shared_ptr<const Pool>, ConfigErrors> load_pool(std::string_view text, Format format,
                                                                   const LoadOptions& options) {
  return load_object<Pool>(text, format, options, decode_pool);
}
std::expected<std::shared_ptr<const Route>, ConfigErrors> load_route(std::string_view text, Format format,
                                                                     const LoadOptions& options) {
  return load_object<Route>(text, format, options, decode_route);
}

}  // namespace sluice::admin
