// Compiling texts in tests, and loading the result as the data plane does.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "admin/compile/compile.h"
#include "admin/model/load.h"
#include "dataplane/decide/snapshot.h"

namespace sluice::admin::testing {

inline Config load(std::string_view text) {
  LoadOptions options;
  options.file_name = "test.yaml";
  auto config = load_config(text, Format::detect, options);
  EXPECT_TRUE(config.has_value()) << (config ? "" : to_text(config.error())) << text;
  return config ? *std::move(config) : Config();
}

// Owns the bytes that the snapshot is a view of.
struct Compiled {
  std::vector<std::byte> bytes;
  std::unique_ptr<decide::Snapshot> snapshot;

  const decide::Snapshot* operator->() const { return snapshot.get(); }
  std::string text(const wire::Text& range) const { return std::string(snapshot->text(range)); }
  const wire::Route& route(std::string_view name) const {
    for (const wire::Route& route : snapshot->routes()) {
      if (snapshot->text(route.name()) == name) return route;
    }
    ADD_FAILURE() << "no route " << name;
    return snapshot->routes()[0];
  }
  const wire::Pool& pool_of(std::string_view route_name) const {
    return snapshot->pools()[route(route_name).target()];
  }
  // "name=weight name=weight", in order.
  std::string members(const wire::Pool& pool) const {
    std::string list;
    for (const wire::Member& member : snapshot->members(pool)) {
      if (!list.empty()) list += " ";
      list += text(snapshot->peers()[member.peer()].name()) + "=" + std::to_string(member.weight());
    }
    return list;
  }
};

inline Compiled compile_config(const Config& config, uint64_t revision = 1) {
  Compiled compiled;
  auto bytes = compile(config, revision);
  EXPECT_TRUE(bytes.has_value()) << (bytes ? "" : to_text(bytes.error()));
  if (!bytes) return compiled;
  compiled.bytes = *std::move(bytes);
  auto snapshot = decide::Snapshot::load(compiled.bytes, {});
  EXPECT_TRUE(snapshot.has_value()) << (snapshot ? ""
                                                 : snapshot.error().path + " " + snapshot.error().message);
  if (snapshot) compiled.snapshot = *std::move(snapshot);
  return compiled;
}

inline Compiled compile_text(std::string_view text) {
  return compile_config(load(text));
}

inline std::string listener() {
  return "listeners: [{name: web, address: \":8080\"}]\n";
}

}  // namespace sluice::admin::testing
