#include "tests/fuzz/proxy/script.h"

#include <algorithm>
#include <string_view>

namespace sluice::fuzzing {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kClientTokens[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\n",
    "PUT /x?y HTTP/1.1\r\nHost: a\r\n",
    "GET / HTTP/1.0\r\n",
    "GET http://a/ HTTP/1.1\r\nHost: a\r\n",
    "\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "hello",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\nX-Trailer: y\r\n\r\n",
    "5;ext=1\r\nhello\r\n",
    "0005\r\nhello\r\n",
    "X-Field: value\r\n",
    " ",
    "\t",
    "\n",
    "\r",
    ":",
    "\0"sv,
    "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    "Transfer-Encoding:",
    "Content-Length:",
    "chunked",
    ", ",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n",
};

constexpr std::string_view kOriginTokens[] = {
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 500 Oh\r\n",
    "\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Set-Cookie: a=b\r\n",
    "hello",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\nX-Trailer: y\r\n\r\n",
    "5;ext\r\nhello\r\n",
    " ",
    "\n",
    "\r",
    ":",
    "\0"sv,
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
};

class Reader {
 public:
  Reader(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}
  bool is_done() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string_view bytes(size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

template <size_t kCount>
std::string_view token(const std::string_view (&tokens)[kCount], uint8_t index) {
  return tokens[index % kCount];
}

}  // namespace

std::string Script::client_bytes() const {
  std::string all;
  for (const std::string& piece : client_pieces) all += piece;
  return all;
}

Script read_script(const uint8_t* data, size_t size) {
  Reader reader(data, size);
  Script script;
  script.network = reader.byte();
  script.seed = reader.byte();
  while (!reader.is_done()) {
    AnswerScript& answer = script.answers.back();
    switch (reader.byte()) {
      case 'c':
        script.client_pieces.back() += token(kClientTokens, reader.byte());
        break;
      case 'C':
        script.client_pieces.back() += reader.bytes(reader.byte());
        break;
      case 'o':
        answer.pieces.back() += token(kOriginTokens, reader.byte());
        break;
      case 'O':
        answer.pieces.back() += reader.bytes(reader.byte());
        break;
      case '.':
        if (script.client_pieces.size() < 64) script.client_pieces.emplace_back();
        break;
      case ',':
        if (answer.pieces.size() < 64) answer.pieces.emplace_back();
        break;
      case 'h':
        script.half_closes = true;
        break;
      case 'n':
        if (script.answers.size() < 32) script.answers.emplace_back();
        break;
      case 'x':
        answer.end = AnswerScript::End::closes;
        break;
      case 'r':
        answer.end = AnswerScript::End::resets;
        break;
      default:
        break;
    }
  }
  return script;
}

}  // namespace sluice::fuzzing
