#include "dataplane/keeper/access_log_format.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include <string>

namespace sluice::dataplane {
namespace {

class AccessLogFormatTest : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC-1", 1);  // One hour east of Greenwich.
    tzset();
    record_.wall_clock_nanoseconds = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z
    record_.duration_microseconds = 1'234'567;
    record_.status = 200;
    record_.attempts = 1;
    record_.origin_microseconds = 4'999;
    record_.body_bytes_sent = 512;
    record_.client_address = "192.0.2.7";
    record_.request_line = "GET /a?b=c HTTP/1.1";
    record_.referer = "http://example.com/";
    record_.user_agent = "curl/7.88";
  }
  std::string line(wire::LogFormat kind, std::string_view text = {}) {
    auto format = AccessLogFormat::compile(kind, text);
    EXPECT_TRUE(format.has_value()) << format.error();
    std::string out;
    format->append(record_, out);
    return out;
  }
  AccessRecord record_;
};

TEST_F(AccessLogFormatTest, CombinedIsWhatNginxWrites) {
  EXPECT_EQ(line(wire::LogFormat::combined),
            "192.0.2.7 - - [14/Nov/2023:23:13:21 +0100] \"GET /a?b=c HTTP/1.1\" 200 512 "
            "\"http://example.com/\" \"curl/7.88\"\n");
}

TEST_F(AccessLogFormatTest, MissingFieldsAreDashesAndAnAbortIs499) {
  record_.referer = {};
  record_.user_agent = {};
  record_.status = 0;
  record_.body_bytes_sent = 0;
  record_.reason = Reason::client_aborted;
  EXPECT_EQ(line(wire::LogFormat::combined),
            "192.0.2.7 - - [14/Nov/2023:23:13:21 +0100] \"GET /a?b=c HTTP/1.1\" 499 0 \"-\" \"-\"\n");
  record_.reason = Reason::drain_deadline;
  EXPECT_EQ(line(wire::LogFormat::custom, "$status"), "000\n");
}

TEST_F(AccessLogFormatTest, QuotesControlBytesAndBackslashesCannotForgeALine) {
  record_.user_agent = "x\" 200 0\n1.2.3.4 \\ \x7f\xff";
  EXPECT_EQ(line(wire::LogFormat::custom, "\"$http_user_agent\""),
            "\"x\\x22 200 0\\x0A1.2.3.4 \\x5C \\x7F\\xFF\"\n");
}

TEST_F(AccessLogFormatTest, JsonEscapesAndReplacesBrokenUtf8) {
  record_.user_agent =
      "a\"b\\c\n\x01 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 | \xc3( \xed\xa0\x80 \xf5 \xc0\xaf \xe2\x82";
  const std::string out = line(wire::LogFormat::json);
  EXPECT_NE(out.find("\"user_agent\":\"a\\\"b\\\\c\\u000A\\u0001 \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 | "
                     "\\ufffd( \\ufffd\\ufffd\\ufffd \\ufffd \\ufffd\\ufffd \\ufffd\\ufffd\"}\n"),
            std::string::npos)
      << out;
}

TEST_F(AccessLogFormatTest, JsonHasEveryFieldOnOneLine) {
  record_.route = "app";
  record_.pool = "pool";
  record_.origin = "10.0.0.1:80";
  record_.request_id = "id";
  record_.host = "h";
  record_.listener = "web";
  EXPECT_EQ(
      line(wire::LogFormat::json),
      "{\"time\":\"2023-11-14T23:13:21+01:00\",\"client\":\"192.0.2.7\",\"request\":\"GET /a?b=c HTTP/1.1\","
      "\"host\":\"h\",\"status\":200,\"reason\":\"-\",\"body_bytes_sent\":512,\"bytes_received\":0,"
      "\"duration_us\":1234567,\"origin_us\":4999,\"attempts\":1,\"listener\":\"web\",\"route\":\"app\","
      "\"pool\":\"pool\",\"origin\":\"10.0.0.1:80\",\"request_id\":\"id\",\"referer\":\"http://example.com/"
      "\","
      "\"user_agent\":\"curl/7.88\"}\n");
}

TEST_F(AccessLogFormatTest, EveryVariableOfTheListPrints) {
  record_.route = "app";
  record_.pool = "pool";
  record_.origin = "10.0.0.1:80";
  record_.request_id = "id";
  record_.host = "h";
  record_.listener = "web";
  record_.bytes_received = 77;
  std::string text;
  for (const std::string_view name : kAccessLogVariables) text.append("|${").append(name).append("}");
  EXPECT_EQ(line(wire::LogFormat::custom, text),
            "|192.0.2.7|-|2023-11-14T23:13:21+01:00|14/Nov/2023:23:13:21 +0100|GET /a?b=c "
            "HTTP/1.1|GET|/a?b=c|200|512|"
            "77|http://example.com/|curl/7.88|h|1.234|0.004|1|-|app|pool|10.0.0.1:80|id|web\n");
}

TEST_F(AccessLogFormatTest, ATemplateMayHoldDollarsAndText) {
  EXPECT_EQ(line(wire::LogFormat::custom, "a$$b ${status}x $status"), "a$b 200x 200\n");
  record_.attempts = 0;
  EXPECT_EQ(line(wire::LogFormat::custom, "$origin_time"), "-\n");
}

TEST(AccessLogFormat, AnUnknownVariableIsNamedWithTheKnownOnes) {
  const auto unknown = AccessLogFormat::compile(wire::LogFormat::custom, "$status $nope");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().find("\"$nope\""), std::string::npos);
  EXPECT_NE(unknown.error().find("$remote_addr"), std::string::npos);
  EXPECT_FALSE(AccessLogFormat::compile(wire::LogFormat::custom, "${status").has_value());
  EXPECT_FALSE(AccessLogFormat::compile(wire::LogFormat::custom, "cost: 5$").has_value());
  EXPECT_FALSE(AccessLogFormat::compile(wire::LogFormat::custom, "").has_value());
}

TEST_F(AccessLogFormatTest, OffWritesNothing) {
  EXPECT_EQ(line(wire::LogFormat::off), "");
}

}  // namespace
}  // namespace sluice::dataplane
