// RFC 7617 credentials: the examples of the RFC, and everything that is almost right.
#include "dataplane/http/basic_credentials.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::dataplane {
namespace {

// "user|password", or "-" when they are refused.
std::string parsed(std::string_view value) {
  BasicCredentials credentials;
  if (!credentials.parse(value)) return "-";
  return std::string(credentials.user()) + "|" + std::string(credentials.password());
}

TEST(BasicCredentials, TheExamplesOfTheRfc) {
  EXPECT_EQ(parsed("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), "Aladdin|open sesame");
  EXPECT_EQ(parsed("Basic dGVzdDoxMjPCow=="), "test|123\xc2\xa3");
}

TEST(BasicCredentials, TheSchemeHasNoCaseAndMayHaveSpacesBehind) {
  EXPECT_EQ(parsed("bAsIc   YTpi"), "a|b");
}

TEST(BasicCredentials, EmptyPartsAndColonsInThePassword) {
  EXPECT_EQ(parsed("Basic Og=="), "|");
  EXPECT_EQ(parsed("Basic YTo="), "a|");
  EXPECT_EQ(parsed("Basic YTpiOmM="), "a|b:c");
}

TEST(BasicCredentials, NothingThatIsAlmostRight) {
  for (const char* wrong :
       {"", "Basic", "Basic ", "Bearer YTpi", "BasicYTpi", "Basic YTpi=", "Basic YTp",
        "Basic YQ==", "Basic YTpi YTpi", "Basic YT pi", "Basic YTpj\t", "Basic YTo",
        "Basic YTp=", "Basic ====", "Basic YTr=", "Basic Y_pi", "Basic YTo=YTo=", "Basic YTo==="}) {
    EXPECT_EQ(parsed(wrong), "-") << wrong;
  }
}

TEST(BasicCredentials, ControlCharactersAreRefused) {
  EXPECT_EQ(parsed("Basic YToK"), "-");      // "a:\n"
  EXPECT_EQ(parsed("Basic AGE6Yg=="), "-");  // NUL in the name
}

TEST(BasicCredentials, ALengthThatDoesNotFitIsRefused) {
  const auto of_length = [](uint32_t threes) {
    std::string text = "Basic YTpi";  // "a:b", then "aaa" after "aaa".
    for (uint32_t i = 1; i < threes; ++i) text += "YWFh";
    return parsed(text).size();
  };
  EXPECT_EQ(of_length(170), 510U);
  EXPECT_EQ(of_length(171), 1U) << "513 bytes";
}

}  // namespace
}  // namespace sluice::dataplane
