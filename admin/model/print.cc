// The canonical text as a whole: its sections, and the two styles.
#include "admin/model/print.h"

#include "admin/model/print_parts.h"
#include "admin/model/value.h"

namespace sluice::admin {
namespace {

using printing::write;
using printing::write_body_bytes;
using printing::write_body_rate;
using printing::write_error_pages;
using printing::write_rate_limit;
using printing::write_texts;
using printing::write_timeouts;

// ---- sections: the value behind the key
void write(TextWriter& out, const Limits& limits) {
  out.open_mapping();
  out.text("header_bytes", size_text(limits.header_bytes));
  out.number("header_fields", limits.header_fields);
  out.text("uri_bytes", size_text(limits.uri_bytes));
  write_body_bytes(out, limits.body_bytes);
  out.key("connections");
  limits.connections == 0 ? out.text("auto") : out.number(limits.connections);
  out.number("connections_per_ip", limits.connections_per_ip);
  write_rate_limit(out, "rate_limit_per_ip", limits.rate_limit_per_ip);
  write_body_rate(out, limits.body_rate);
  out.text("memory", limits.memory_bytes == 0 ? "auto" : size_text(limits.memory_bytes));
  out.close_mapping();
}

void write(TextWriter& out, const AccessLog& log) {
  if (log.format == wire::LogFormat::off) return out.text("off");
  out.open_mapping();
  out.text("path", log.path);
  out.text("format", log.format == wire::LogFormat::custom ? log.template_text
                     : log.format == wire::LogFormat::json ? "json"
                                                           : "combined");
  out.close_mapping();
}

void write(TextWriter& out, const Gateway& gateway) {
  out.open_mapping();
  out.text("name", gateway.name);
  if (!gateway.zone.empty()) out.text("zone", gateway.zone);
  write_texts(out, "groups", gateway.groups);
  out.close_mapping();
}

// The whole document: sections.begin(name) comes before a section's value, sections.list() writes a list.
template <typename Sections>
void write_config(TextWriter& out, const Config& config, Sections sections) {
  sections.begin("workers");
  config.workers == 0 ? out.text("auto") : out.number(config.workers);
  sections.begin("data_dir");
  out.text(config.data_dir);
  sections.begin("admin");
  out.open_mapping();
  out.text("listen", to_text(config.admin.listen));
  out.text("store", config.admin.store);
  out.close_mapping();
  sections.begin("timeouts");
  out.open_mapping();
  write_timeouts(out, config.timeouts);
  out.text("drain", duration_text(config.drain_milliseconds));
  out.close_mapping();
  sections.begin("limits");
  write(out, config.limits);
  sections.begin("access_log");
  write(out, config.access_log);
  sections.begin("retries");
  out.open_mapping();
  out.number("attempts", config.retries.attempts);
  out.text("budget", std::to_string(config.retries.budget_percent) + "%");
  out.close_mapping();
  sections.begin("gateway");
  write(out, config.gateway);
  sections.begin("path_policy");
  write_path_policy(out, config.path_policy);
  if (!config.error_pages.empty()) {
    sections.begin("error_pages");
    write_error_pages(out, config.error_pages);
  }
  sections.begin("trusted_proxies");
  write_networks(out, config.trusted_proxies);
  sections.begin("forwarded_headers");
  write_forwarded_headers(out, config.forwarded_headers);
  sections.list("listeners", config.listeners);
  sections.list("peers", config.peers);
  sections.list("pools", config.pools);
  sections.list("routes", config.routes);
}

struct JsonSections {
  TextWriter& out;
  void begin(std::string_view name) { out.key(name); }
  template <typename Object>
  void list(std::string_view name, const std::vector<std::shared_ptr<const Object>>& objects) {
    begin(name);
    out.open_list();
    for (const auto& object : objects) write(out, *object);
    out.close_list();
  }
};

// Block style for the sections and lists, flow style for the objects: one line each.
struct YamlSections {
  std::string& document;
  TextWriter& out;
  void begin(std::string_view name) {
    end();
    document += std::string(name) + ":";
    is_open = true;
  }
  void end() {
    if (is_open) document += " " + out.take() + "\n";
    is_open = false;
  }
  template <typename Object>
  void list(std::string_view name, const std::vector<std::shared_ptr<const Object>>& objects) {
    end();
    document += std::string(name) + (objects.empty() ? ": []\n" : ":\n");
    for (const auto& object : objects) {
      write(out, *object);
      document += "  - " + out.take() + "\n";
    }
  }
  bool is_open = false;
};

template <typename Object>
std::string object_json(const Object& object) {
  TextWriter out(TextStyle::json);
  write(out, object);
  return out.take();
}

}  // namespace

std::string to_yaml(const Config& config) {
  std::string document;
  TextWriter out(TextStyle::yaml);
  write_config(out, config, YamlSections{document, out});
  return document;
}

std::string to_json(const Config& config) {
  TextWriter out(TextStyle::json);
  out.open_mapping();
  write_config(out, config, JsonSections{out});
  out.close_mapping();
  return out.take();
}

std::string to_json(const Listener& listener) {
  return object_json(listener);
}
std::string to_json(const Peer& peer) {
  return object_json(peer);
}
std::string to_json(const Pool& pool) {
  return object_json(pool);
}
std::string to_json(const Route& route) {
  return object_json(route);
}

}  // namespace sluice::admin
