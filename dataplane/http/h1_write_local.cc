#include "dataplane/http/h1_write.h"
#include "dataplane/http/head_writer.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kFixedBytes = 384;

bool may_have_body(uint16_t status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

uint32_t local_answer_bytes_max(const LocalAnswer& answer) {
  return static_cast<uint32_t>(kFixedBytes + answer.content_type.size() + answer.body.size() +
                               answer.location.size() + answer.realm.size() + answer.request_id.size());
}

uint32_t write_local_answer(const LocalAnswer& answer, char* out) {
  HeadWriter writer(out);
  writer.text("HTTP/1.1 ");
  writer.number(answer.status);
  writer.line(" ", status_phrase(answer.status));
  if (!answer.location.empty()) writer.line("Location: ", answer.location);
  if (!answer.realm.empty()) {
    writer.text("WWW-Authenticate: Basic realm=\"");
    writer.text(answer.realm);
    writer.text("\", charset=\"UTF-8\"\r\n");
  }
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

}  // namespace sluice::dataplane
