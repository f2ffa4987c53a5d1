// Who is let in: the checks that stop a web page from driving the admin through somebody's browser.
#include "admin/api/request_guard.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

int status_of(const ApiRequest& request, const char* listen = "127.0.0.1:9180") {
  const auto refused = RequestGuard(*parse_endpoint(listen, false)).refuse(request);
  return refused ? refused->status : 0;
}

TEST(RequestGuard, LoopbackNamesWithOurPortAreOurs) {
  for (const char* host : {"127.0.0.1:9180", "localhost:9180", "[::1]:9180", "localhost", "127.0.0.1"}) {
    EXPECT_EQ(status_of({.path = "/", .host = host}), 0) << host;
  }
}

TEST(RequestGuard, TheAddressWeListenOnIsOurs) {
  EXPECT_EQ(status_of({.path = "/", .host = "127.8.8.8:9180"}, "127.8.8.8:9180"), 0);
  EXPECT_EQ(status_of({.path = "/", .host = "127.8.8.8:9180"}), 403);
  EXPECT_EQ(status_of({.path = "/", .host = "[::1]:9180"}, "[::1]:9180"), 0);
}

TEST(RequestGuard, EveryOtherHostIsRefused) {
  for (const char* host :
       {"", "evil.example", "evil.example:9180", "localhost.evil.example", "127.0.0.1.evil:9180",
        "localhost:9181", "127.0.0.1:91800", "10.0.0.1:9180", "0.0.0.0:9180", "localhost:9180 "}) {
    EXPECT_EQ(status_of({.path = "/", .host = host}), 403) << host;
  }
}

TEST(RequestGuard, AnOriginMustBeOurOwn) {
  EXPECT_EQ(status_of({.path = "/", .host = "localhost:9180", .origin = "http://localhost:9180"}), 0);
  for (const char* origin : {"http://evil.example", "null", "https://localhost:9180", "http://127.0.0.1:9180",
                             "http://localhost:9181", "http://localhost:9180.evil.example"}) {
    EXPECT_EQ(status_of({.path = "/", .host = "localhost:9180", .origin = origin}), 403) << origin;
  }
}

TEST(RequestGuard, ABrowserThatSaysCrossSiteIsRefused) {
  EXPECT_EQ(status_of({.path = "/", .host = "localhost:9180", .fetch_site = "cross-site"}), 403);
  EXPECT_EQ(status_of({.path = "/", .host = "localhost:9180", .fetch_site = "same-site"}), 403);
  EXPECT_EQ(status_of({.path = "/", .host = "localhost:9180", .fetch_site = "same-origin"}), 0);
  EXPECT_EQ(status_of({.path = "/", .host = "localhost:9180", .fetch_site = "none"}), 0);
}

TEST(RequestGuard, AnOverlongPathIsRefused) {
  EXPECT_EQ(status_of({.path = std::string(2000, 'a'), .host = "localhost:9180"}), 414);
}

TEST(ListenAddress, OnlyLoopbackIsServed) {
  const auto refused = [](const char* text) { return refuse_listen_address(*parse_endpoint(text, true)); };
  EXPECT_FALSE(refused("127.0.0.1:9180"));
  EXPECT_FALSE(refused("127.8.8.8:9180"));
  EXPECT_FALSE(refused("[::1]:9180"));
  EXPECT_FALSE(refused("localhost:9180"));
  for (const char* text : {"0.0.0.0:9180", "[::]:9180", "10.0.0.1:9180", "gateway.example:9180"}) {
    ASSERT_TRUE(refused(text)) << text;
    EXPECT_NE(refused(text)->find("127.0.0.1:9180"), std::string::npos) << "the error must say what to do";
  }
}

TEST(BodyLimit, OnlyConfigurationsMayBeLarge) {
  EXPECT_EQ(body_bytes_max("PUT", "/api/v1/config"), 64u << 20);
  EXPECT_EQ(body_bytes_max("POST", "/api/v1/config/validate"), 64u << 20);
  EXPECT_EQ(body_bytes_max("PUT", "/api/v1/routes/a"), 1u << 20);
  EXPECT_EQ(body_bytes_max("POST", "/api/v1/config"), 1u << 20);
}

}  // namespace
}  // namespace sluice::admin
