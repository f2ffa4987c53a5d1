// ${NAME} in values.
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::only_error;

LoadOptions with_environment() {
  LoadOptions options = testing::test_options();
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "WORKERS") return "3";
    if (name == "EMPTY") return "";
    if (name == "DIR") return "/data";
    if (name == "TRICK") return "${DIR}";
    if (name == "BAD") return "a\x01";
    return std::nullopt;
  };
  return options;
}

std::string data_dir(std::string_view text) {
  return must_load(basis() + "data_dir: \"" + std::string(text) + "\"\n", with_environment()).data_dir;
}

TEST(Environment, ExpandsInValuesOfEveryType) {
  EXPECT_EQ(data_dir("${DIR}/x"), "/data/x");
  EXPECT_EQ(data_dir("${DIR}${DIR}"), "/data/data");
  EXPECT_EQ(must_load(basis() + "workers: ${WORKERS}\n", with_environment()).workers, 3U);
  EXPECT_EQ(must_load(basis() + "timeouts: {connect: \"${WORKERS}s\"}\n", with_environment())
                .timeouts.get(TimeoutKind::connect),
            3000U);
}

TEST(Environment, ExpandsToWordsWithAMeaning) {
  EXPECT_EQ(must_load(basis() + "workers: ${NOTHING:-auto}\n", with_environment()).workers, 0U);
  EXPECT_EQ(must_load(basis() + "access_log: \"${NOTHING:-off}\"\n", with_environment()).access_log.format,
            wire::LogFormat::off);
  EXPECT_EQ(only_error(basis() + "workers: ${NOTHING}\n", with_environment()),
            "test.yaml:7:10: the environment variable NOTHING is not set; set it, or give a default: "
            "${NOTHING:-…}");
}

TEST(Environment, DefaultsStandInForUnsetAndEmptyVariables) {
  EXPECT_EQ(data_dir("${NOTHING:-/else}"), "/else");
  EXPECT_EQ(data_dir("${EMPTY:-/else}"), "/else");
  EXPECT_EQ(data_dir("${DIR:-/else}"), "/data");
  EXPECT_EQ(data_dir("/x${NOTHING:-}"), "/x");
}

TEST(Environment, DollarsAreWrittenTwiceAndNothingExpandsAgain) {
  EXPECT_EQ(data_dir("$${DIR}"), "${DIR}");
  EXPECT_EQ(data_dir("a$$b$c"), "a$b$c");
  EXPECT_EQ(data_dir("${TRICK}"), "${DIR}");
}

TEST(Environment, MistakesHaveTheirPlace) {
  const LoadOptions options = with_environment();
  const auto error = [&](std::string_view value) {
    return only_error(basis() + "data_dir: \"" + std::string(value) + "\"\n", options);
  };
  EXPECT_EQ(error("${NOTHING}"),
            "test.yaml:7:11: the environment variable NOTHING is not set; set it, or give a default: "
            "${NOTHING:-…}");
  EXPECT_EQ(error("${DIR"), "test.yaml:7:11: `${` without `}`; close it, or write `$$` for a dollar sign");
  EXPECT_EQ(error("${a.b}"),
            "test.yaml:7:11: \"a.b\" is not the name of an environment variable; letters, digits and "
            "`_`; write `$${` for a literal `${`");
  EXPECT_EQ(error("${BAD}"), "test.yaml:7:11: a control character in a text; remove it");
  EXPECT_EQ(only_error(basis() + "workers: ${DIR}\n", options),
            "test.yaml:7:10: \"/data\" is not a whole number from 1 to 256; write such a number");
}

// Whoever may change the configuration through the API must not read the admin's environment with it.
TEST(Environment, IsNotThereWithoutALookup) {
  EXPECT_EQ(only_error(basis() + "data_dir: ${DIR}\n"),
            "test.yaml:7:11: environment variables are not available here; write the value itself, or `$$` "
            "for a dollar sign");
}

}  // namespace
}  // namespace sluice::admin
