#include "dataplane/http/h1_write.h"
#include "dataplane/http/head_writer.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kFixedBytes = 320;

bool may_have_body(uint16_t status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

uint32_t local_answer_bytes_max(const LocalAnswer& answer) {
  return static_cast<uint32_t>(kFixedBytes + answer.content_type.size() + answer.body.size() +
                               answer.location.size() + answer.request_id.size());
}

uint32_t write_local_answer(const LocalAnswer& answer, char* out) {
  HeadWriter writer(out);
  writer.text("HTTP/1.1 ");
  writer.number(answer.status);
  writer.line(" ", status_phrase(answer.status));
  if (!answer.location.empty()) writer.line("Location: ", answer.location);
  if (answer.retry_after_seconds > 0) writer.line("Retry-After: ", answer.retry_after_seconds);
  if (answer.no_store) writer.text("Cache-Control: no-store\r\n");
  if (!answer.request_id.empty()) writer.line("X-Request-ID: ", answer.request_id);
  const bool has_body = may_have_body(answer.status);
  if (has_body) {
    if (!answer.content_type.empty()) writer.line("Content-Type: ", answer.content_type);
    writer.line("Content-Length: ", answer.body.size());
  }
  if (!answer.keep_alive) {
    writer.text("Connection: close\r\n");
  } else if (answer.client_minor_version == 0) {
    writer.text("Connection: keep-alive\r\n");
  }
  writer.text("\r\n");
  if (has_body && !answer.is_head) writer.text(answer.body);
  return writer.length();
}

std::string_view status_phrase(uint16_t status) {
  struct Phrase {
    uint16_t status;
    std::string_view text;
  };
  // The IANA registry of HTTP status codes.
  static constexpr Phrase kPhrases[] = {
      {100, "Continue"},
      {101, "Switching Protocols"},
      {102, "Processing"},
      {103, "Early Hints"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {203, "Non-Authoritative Information"},
      {204, "No Content"},
      {205, "Reset Content"},
      {206, "Partial Content"},
      {207, "Multi-Status"},
      {208, "Already Reported"},
      {226, "IM Used"},
      {300, "Multiple Choices"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {305, "Use Proxy"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {402, "Payment Required"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {407, "Proxy Authentication Required"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {423, "Locked"},
      {424, "Failed Dependency"},
      {425, "Too Early"},
      {426, "Upgrade Required"},
      {428, "Precondition Required"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {451, "Unavailable For Legal Reasons"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {506, "Variant Also Negotiates"},
      {507, "Insufficient Storage"},
      {508, "Loop Detected"},
      {511, "Network Authentication Required"},
  };
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Status";
}

}  // namespace sluice::dataplane
