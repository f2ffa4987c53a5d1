// What one head costs: parsing a request and a response, rewriting both, and a chunked body. The texts are
// what a browser, curl and a plain origin send; items are heads (or body bytes).
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/http/h1_chunked.h"
#include "dataplane/http/h1_parse.h"
#include "dataplane/http/h1_write.h"
#include "dataplane/http/head_scan.h"

namespace sluice::dataplane {
namespace {

constexpr std::string_view kCurl =
    "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n";

// Eight fields, 473 bytes.
constexpr std::string_view kEightFields =
    "GET /articles/2024/05/proxies.html?ref=front&page=2 HTTP/1.1\r\n"
    "Host: www.example.com\r\n"
    "Connection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Referer: https://www.example.com/articles/\r\n"
    "Cookie: session=4f2a9c11d0; theme=dark; consent=1\r\n"
    "\r\n";

constexpr std::string_view kSixteenFields =
    "GET /api/v2/items?limit=50&cursor=eyJpZCI6MTIzNDU2fQ HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "Connection: keep-alive\r\n"
    "sec-ch-ua: \"Chromium\";v=\"122\", \"Not(A:Brand\";v=\"24\", \"Google Chrome\";v=\"122\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Referer: https://api.example.com/\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Cookie: session=4f2a9c11d0aa4be2b7b1c2d3e4f5a6b7; theme=dark; consent=1; ab=42\r\n"
    "\r\n";

constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Tue, 14 May 2024 09:21:07 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 1024\r\n"
    "Last-Modified: Mon, 13 May 2024 18:03:22 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"66425a2a-400\"\r\n"
    "Accept-Ranges: bytes\r\n"
    "\r\n";

// As in a receive buffer: other bytes follow the head, so wide loads near its end are in bounds.
std::string in_buffer(std::string_view text) {
  std::string buffer(4096, '\0');
  buffer.replace(0, text.size(), text);
  return buffer;
}

void parse_request(benchmark::State& state, std::string_view text, size_t tail_bytes) {
  const std::string buffer = in_buffer(text);
  const std::string_view bytes = std::string_view(buffer).substr(0, text.size() + tail_bytes);
  auto head = std::make_unique<RequestHead>();
  for (auto _ : state) {
    uint32_t scanned = 0;
    Reason reason;
    if (parse_request_head(bytes, {}, scanned, *head, reason) != ParseResult::complete) {
      state.SkipWithError("rejected");
      break;
    }
    benchmark::DoNotOptimize(head->fields);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(parse_request, curl, kCurl, size_t{0});
BENCHMARK_CAPTURE(parse_request, eight_fields, kEightFields, size_t{0});
BENCHMARK_CAPTURE(parse_request, eight_fields_and_more_behind, kEightFields, size_t{64});
BENCHMARK_CAPTURE(parse_request, sixteen_fields, kSixteenFields, size_t{0});

using ScanFunction = ScanResult (*)(const char*, uint32_t, uint32_t, uint32_t, HeadLines&);

// The byte-level pass alone, reference against vector form.
void scan_request(benchmark::State& state, ScanFunction scan) {
  const std::string bytes(kEightFields);
  HeadLines lines;
  for (auto _ : state) {
    benchmark::DoNotOptimize(scan(bytes.data(), 0, 0, static_cast<uint32_t>(bytes.size()), lines));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}
BENCHMARK_CAPTURE(scan_request, scalar, scan_head_scalar);
#if defined(__x86_64__)
BENCHMARK_CAPTURE(scan_request, avx2, scan_head_avx2);
#endif

void parse_response(benchmark::State& state) {
  const std::string buffer = in_buffer(kResponse);
  const std::string_view bytes = std::string_view(buffer).substr(0, kResponse.size() + 1024);
  auto head = std::make_unique<ResponseHead>();
  for (auto _ : state) {
    uint32_t scanned = 0;
    Reason reason;
    if (parse_response_head(bytes, {}, scanned, Method::get, *head, reason) != ParseResult::complete) {
      state.SkipWithError("rejected");
      break;
    }
    benchmark::DoNotOptimize(head->fields);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(parse_response);

void write_request(benchmark::State& state, std::string_view text) {
  const std::string bytes(text);
  auto head = std::make_unique<RequestHead>();
  uint32_t scanned = 0;
  Reason reason;
  parse_request_head(bytes, {}, scanned, *head, reason);
  const ForwardRequest forward{.path = head->path,
                               .query = head->query,
                               .forwarded_for = "203.0.113.77",
                               .scheme = "http",
                               .forwarded_host = head->authority,
                               .listener_port = "8080",
                               .client_address = "203.0.113.77",
                               .request_id = "0123456789abcdef0123456789abcdef",
                               .loop_token = "gateway"};
  std::string out(forward_request_bytes_max(*head, forward), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(forward_request_bytes_max(*head, forward));
    benchmark::DoNotOptimize(write_forward_request(*head, forward, out.data()));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(write_request, curl, kCurl);
BENCHMARK_CAPTURE(write_request, eight_fields, kEightFields);
BENCHMARK_CAPTURE(write_request, sixteen_fields, kSixteenFields);

void write_response(benchmark::State& state) {
  const std::string bytes(kResponse);
  auto head = std::make_unique<ResponseHead>();
  uint32_t scanned = 0;
  Reason reason;
  parse_response_head(bytes, {}, scanned, Method::get, *head, reason);
  const ForwardResponse forward{.framing = BodyFraming::length,
                                .content_length = 1024,
                                .request_id = "0123456789abcdef0123456789abcdef"};
  std::string out(forward_response_bytes_max(*head, forward), '\0');
  for (auto _ : state) {
    benchmark::DoNotOptimize(forward_response_bytes_max(*head, forward));
    benchmark::DoNotOptimize(write_forward_response(*head, forward, out.data()));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(write_response);

// One 16 KiB buffer of chunks of the given size.
void step_chunks(benchmark::State& state) {
  const std::string data(static_cast<size_t>(state.range(0)), 'x');
  char size_line[32];
  std::snprintf(size_line, sizeof size_line, "%zx\r\n", data.size());
  std::string body;
  while (body.size() < 16 * 1024) body += size_line + data + "\r\n";
  ChunkDecoder decoder;
  for (auto _ : state) {
    decoder.reset();
    for (std::string_view rest = body; !rest.empty();) rest.remove_prefix(decoder.step(rest).length);
    benchmark::DoNotOptimize(decoder.data_bytes());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
BENCHMARK(step_chunks)->Arg(16)->Arg(1024)->Arg(8192);

}  // namespace
}  // namespace sluice::dataplane
