// The HTTP edge with raw bytes: what a strange or hostile local client can send.
#include "admin/api/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "admin/api/json_answer.h"

namespace sluice::admin {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    auto bound = HttpServer::bind({"127.0.0.1", 0, parse_ip("127.0.0.1")});
    EXPECT_TRUE(bound.has_value()) << bound.error();
    server_ = std::move(*bound);
    server_->start([this](const ApiRequest& request) {
      ++calls_;
      return json_answer(200,
                         {{"method", request.method}, {"path", request.path}, {"body", request.body.size()}});
    });
  }

  int connect() const {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return fd;
  }
  // Everything the server says until it closes.
  std::string exchange(const std::string& bytes) const {
    const int fd = connect();
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t wrote = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (wrote <= 0) break;  // The server had enough.
      sent += static_cast<size_t>(wrote);
    }
    std::string answer;
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;)
      answer.append(buffer, static_cast<size_t>(got));
    close(fd);
    return answer;
  }
  std::string head(const std::string& line, const std::string& fields = "") const {
    return line + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
  }

  std::unique_ptr<HttpServer> server_;
  std::atomic<int> calls_{0};
};

TEST_F(HttpServerTest, ARequestReachesTheHandlerAndTheConnectionEnds) {
  const std::string answer = exchange(head("GET /a%20b?x=1"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  EXPECT_NE(answer.find("\"path\":\"/a b\""), std::string::npos) << answer;
  EXPECT_NE(answer.find("X-Content-Type-Options: nosniff"), std::string::npos);
  EXPECT_NE(answer.find("Cache-Control: no-store"), std::string::npos);
}

// A refused request's body must never be read as the next request: a web page could otherwise hide one in
// the body of a form post, past the checks of Host and Origin.
TEST_F(HttpServerTest, ABodyBehindARefusedHeadIsNeverTakenForARequest) {
  const std::string hidden = head("PUT /hidden", "Content-Length: 0\r\n");
  const std::string answer = exchange("POST /form HTTP/1.1\r\nHost: evil.example\r\nContent-Length: " +
                                      std::to_string(hidden.size()) + "\r\n\r\n" + hidden);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403")) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1", 8), std::string::npos) << "a second answer: " << answer;
  EXPECT_EQ(calls_, 0);
}

TEST_F(HttpServerTest, PipelinedRequestsGetOneAnswer) {
  const std::string answer = exchange(head("GET /one") + head("GET /two"));
  EXPECT_EQ(calls_, 1) << answer;
}

TEST_F(HttpServerTest, ADeleteWithoutABodyDoesNotWaitForOne) {
  EXPECT_TRUE(exchange(head("DELETE /x")).starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ChunkedBodiesAreReadAndCounted) {
  const std::string answer = exchange(head("PUT /api/v1/routes/a", "Transfer-Encoding: chunked\r\n") +
                                      "5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n");
  EXPECT_NE(answer.find("\"body\":8"), std::string::npos) << answer;
}

TEST_F(HttpServerTest, ABodyAboveTheLimitIsRefusedWhateverItsFraming) {
  const std::string large(2 << 20, 'x');
  EXPECT_TRUE(
      exchange(head("PUT /api/v1/routes/a", "Content-Length: " + std::to_string(large.size()) + "\r\n") +
               large)
          .starts_with("HTTP/1.1 413"));
  EXPECT_TRUE(exchange(head("PUT /api/v1/routes/a", "Transfer-Encoding: chunked\r\n") + "200000\r\n" + large +
                       "\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 413"));
  EXPECT_EQ(calls_, 0);
  EXPECT_NE(
      exchange(head("PUT /api/v1/config", "Content-Length: " + std::to_string(large.size()) + "\r\n") + large)
          .find("\"body\":2097152"),
      std::string::npos)
      << "a configuration may be that large";
}

TEST_F(HttpServerTest, FormsAreRefused) {
  const std::string answer = exchange(
      head("PUT /api/v1/config", "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 4\r\n") +
      "--b\r");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 415")) << answer;
}

TEST_F(HttpServerTest, GarbageIsAnsweredOrDroppedAndTheServerGoesOn) {
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02garbage\r\n\r\n"), std::string("GET\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET " + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        std::string("PUT /api/v1/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n"),
        std::string("\r\n\r\n\r\n\r\n")}) {
    const int fd = connect();
    (void)!send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    char buffer[4096];
    while (recv(fd, buffer, sizeof(buffer), 0) > 0) {
    }
    close(fd);
  }
  EXPECT_TRUE(exchange(head("GET /still-here")).starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, ManyClientsAtOnceAreAllAnswered) {
  constexpr int kClients = 100;  // More than threads and waiting places together.
  std::latch all_ready(kClients);
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&] {
      all_ready.arrive_and_wait();
      answered += exchange(head("GET /x")).starts_with("HTTP/1.1 200") ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, kClients);
}

TEST_F(HttpServerTest, APortInUseIsNamed) {
  const auto second = HttpServer::bind({"127.0.0.1", server_->port(), parse_ip("127.0.0.1")});
  ASSERT_FALSE(second.has_value()) << "two admins on one port";
  EXPECT_NE(second.error().find(std::to_string(server_->port())), std::string::npos);
  EXPECT_NE(second.error().find("admin: {listen"), std::string::npos);
}

TEST_F(HttpServerTest, StoppingAndDyingWithoutAStartAreFine) {
  server_->stop();
  server_->stop();
  EXPECT_TRUE(HttpServer::bind({"127.0.0.1", 0, parse_ip("127.0.0.1")}).has_value());
}

}  // namespace
}  // namespace sluice::admin
