#include "dataplane/http/loop_guard.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "dataplane/http/h1_parse.h"

namespace sluice::dataplane {
namespace {

uint32_t passes(std::string_view fields, std::string_view token = "gw-a") {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
  auto head = std::make_unique<RequestHead>();
  uint32_t scanned = 0;
  Reason reason = Reason::none;
  EXPECT_EQ(parse_request_head(bytes, {}, scanned, *head, reason), ParseResult::complete);
  const uint32_t count = count_passes(*head, token);
  EXPECT_TRUE(count == 0 || head->has_cdn_loop);
  return count;
}

TEST(LoopGuard, CountsItsOwnTokenInEveryLine) {
  EXPECT_EQ(passes(""), 0U);
  EXPECT_EQ(passes("CDN-Loop: gw-a\r\n"), 1U);
  EXPECT_EQ(passes("CDN-Loop: gw-a, other,gw-a\r\ncdn-loop: gw-a\r\n"), 3U);
  EXPECT_EQ(passes("CDN-Loop: gw-a; v=1 , gw-a;x\r\n"), 2U);
}

TEST(LoopGuard, OthersDoNotCount) {
  EXPECT_EQ(passes("CDN-Loop: gw-b, gw-aa, xgw-a, GW-A, v=gw-a, other; gw-a\r\nVia: 1.1 gw-a\r\n"), 0U);
}

}  // namespace
}  // namespace sluice::dataplane
