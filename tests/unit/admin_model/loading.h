// Loading texts in tests: the shortest way to a Config or to the errors.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "admin/model/load.h"

namespace sluice::admin::testing {

inline LoadOptions test_options() {
  LoadOptions options;
  options.file_name = "test.yaml";
  return options;
}

inline Config must_load(std::string_view text, const LoadOptions& options = test_options()) {
  auto config = load_config(text, Format::detect, options);
  EXPECT_TRUE(config.has_value()) << (config ? "" : to_text(config.error())) << text;
  return config ? *std::move(config) : Config();
}

inline ConfigErrors must_refuse(std::string_view text, const LoadOptions& options = test_options()) {
  auto config = load_config(text, Format::detect, options);
  EXPECT_FALSE(config.has_value()) << "was accepted: " << text;
  return config ? ConfigErrors() : config.error();
}

// The only error, as one line; everything else fails the test.
inline std::string only_error(std::string_view text, const LoadOptions& options = test_options()) {
  const ConfigErrors errors = must_refuse(text, options);
  EXPECT_EQ(errors.size(), 1U) << to_text(errors) << text;
  return errors.empty() ? "" : to_text(errors.front());
}

// A good configuration to which tests append: one listener, two peers, one pool, in 6 lines.
inline std::string basis() {
  return "listeners: [{name: web, address: \":8080\"}]\n"
         "peers:\n"
         "  - {name: app-1, address: \"127.0.0.1:9001\"}\n"
         "  - {name: app-2, address: \"127.0.0.1:9002\", weight: 2}\n"
         "pools:\n"
         "  - {name: app, members: [app-1, app-2]}\n";
}
inline std::string with_route(std::string_view route) {
  return basis() + "routes:\n  - " + std::string(route) + "\n";  // The route begins at 8:5.
}

}  // namespace sluice::admin::testing
