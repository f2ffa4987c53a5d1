#include "tools/cli/options.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

struct Parsed {
  std::optional<Options> options;
  int exit_code = 0;
  std::string printed;
};

Parsed parse(std::vector<std::string> words) {
  words.insert(words.begin(), "sluice");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  Parsed parsed;
  testing::internal::CaptureStderr();
  parsed.options = parse_options(static_cast<int>(arguments.size()), arguments.data(), parsed.exit_code);
  parsed.printed = testing::internal::GetCapturedStderr();
  return parsed;
}

TEST(Options, RunIsTheDefaultWhenAFileIsNamed) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"-c", "a.yaml"},
                                                {"run", "-c", "a.yaml"},
                                                {"-f", "a.yaml"},
                                                {"run", "-f", "a.yaml"}}) {
    const auto parsed = parse(words);
    ASSERT_TRUE(parsed.options) << words[0];
    EXPECT_EQ(parsed.options->action, Action::run);
    EXPECT_EQ(parsed.options->config_path, "a.yaml");
  }
}

TEST(Options, TestFlagAndValidateAreTheSame) {
  EXPECT_EQ(parse({"-t", "-c", "a.yaml"}).options->action, Action::validate);
  const auto parsed = parse({"validate", "-c", "a.yaml", "--json"});
  EXPECT_EQ(parsed.options->action, Action::validate);
  EXPECT_TRUE(parsed.options->json);
}

TEST(Options, SignalsAsNginxUsersTypeThem) {
  const auto parsed = parse({"-s", "reload", "-c", "a.yaml"});
  EXPECT_EQ(parsed.options->action, Action::signal);
  EXPECT_EQ(parsed.options->signal, "reload");
  EXPECT_EQ(parse({"reload", "-c", "a.yaml"}).options->signal, "reload");
}

TEST(Options, ProxyTakesSeveralOrigins) {
  const auto parsed = parse({"proxy", "--from", ":8080", "--to", "127.0.0.1:1,127.0.0.1:2"});
  ASSERT_TRUE(parsed.options);
  EXPECT_EQ(parsed.options->action, Action::proxy);
  EXPECT_EQ(parsed.options->to, (std::vector<std::string>{"127.0.0.1:1", "127.0.0.1:2"}));
}

TEST(Options, TheCheckModeOfHaproxyIsAnsweredWithOurs) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"-c"}, {"-c", "-f", "a.cfg"}}) {
    const auto parsed = parse(words);
    EXPECT_FALSE(parsed.options);
    EXPECT_EQ(parsed.exit_code, 1);
    EXPECT_NE(parsed.printed.find("sluice -t -c FILE"), std::string::npos) << parsed.printed;
  }
}

TEST(Options, NothingAtAllPrintsTheHelp) {
  const auto parsed = parse({});
  EXPECT_FALSE(parsed.options);
  EXPECT_EQ(parsed.exit_code, 1);
  EXPECT_NE(parsed.printed.find("sluice proxy --from"), std::string::npos);
}

TEST(Options, AnUnknownOptionIsRefused) {
  const auto parsed = parse({"run", "-c", "a.yaml", "--fast"});
  EXPECT_FALSE(parsed.options);
  EXPECT_EQ(parsed.exit_code, 1);
}

}  // namespace
}  // namespace sluice::cli
