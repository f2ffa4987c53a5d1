// Parse, rewrite, parse again: what we send is a head we would accept, of exactly the bytes written, and
// means the same. A field of the client that could start another message or pose as ours would show here.
#include <string>

#include "dataplane/http/h1_parse.h"
#include "dataplane/http/h1_write.h"
#include "dataplane/http/header_id.h"
#include "tests/fuzz/http/fuzz_input.h"

namespace sluice::dataplane::fuzzing {
namespace {

// What we write can be longer and have more fields than what came in.
constexpr HeadLimits kWide{.head_bytes = 1 << 20, .fields = kFieldCountMax, .uri_bytes = 1 << 20};
constexpr HeadLimits kNarrow{.head_bytes = 1 << 20, .fields = kFieldCountMax - 16, .uri_bytes = 1 << 20};

constexpr HeaderEdit kEdits[] = {{HeaderEditKind::set, "X-Set", "value"},
                                 {HeaderEditKind::remove, "X-Remove", ""},
                                 {HeaderEditKind::add, "X-Add", "value"},
                                 {HeaderEditKind::set, "Content-Length", "7"},
                                 {HeaderEditKind::remove, "Host", ""}};

bool is_edited(std::string_view name) {
  return equals_ignoring_case(name, "X-Set") || equals_ignoring_case(name, "X-Remove") ||
         equals_ignoring_case(name, "X-Add");
}

// The fields that pass untouched, in order.
template <typename Head>
std::string passing_fields(const Head& head, bool is_request) {
  std::string text;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    const Field& field = head.fields[i];
    const bool is_ours = is_framing_or_hop(field.id) || field.id == HeaderId::x_request_id ||
                         (is_request && is_client_identity(field.id));
    if (field.nominated || is_ours || is_edited(field.name)) continue;
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  return text;
}

template <typename Head>
uint32_t count_fields(const Head& head, std::string_view name) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    count += equals_ignoring_case(head.fields[i].name, name) ? 1 : 0;
  }
  return count;
}

void rewrite_request(std::string_view text, bool with_edits) {
  static RequestHead first;
  static RequestHead second;
  uint32_t scanned = 0;
  Reason reason;
  if (parse_request_head(text, kNarrow, scanned, first, reason) != ParseResult::complete) return;
  ForwardRequest forward{.path = first.path,
                         .query = first.query,
                         .forwarded_for = "192.0.2.7, 192.0.2.1",
                         .scheme = "http",
                         .forwarded_host = first.authority,
                         .listener_port = "80",
                         .client_address = "192.0.2.1",
                         .request_id = "id"};
  if (with_edits) forward.edits = kEdits;
  std::string out(forward_request_bytes_max(first, forward), '\0');
  const uint32_t length = write_forward_request(first, forward, out.data());
  CHECK(length <= out.size());
  const ExactBytes written(std::string_view(out).substr(0, length));
  scanned = 0;
  CHECK(parse_request_head(written.view(), kWide, scanned, second, reason) == ParseResult::complete);
  CHECK(second.head_bytes == length);
  CHECK(second.minor_version == 1 && second.keep_alive);
  CHECK(second.method_text == first.method_text);
  CHECK(second.path == first.path && second.query == first.query);
  CHECK(second.authority == first.authority);
  CHECK(second.framing == first.framing && second.content_length == first.content_length);
  CHECK(second.expects_continue == first.expects_continue);
  CHECK(second.upgrade == first.upgrade);
  CHECK(second.accepts_trailers == (first.accepts_trailers && first.upgrade.empty()));
  CHECK(passing_fields(second, true) == passing_fields(first, true));
  CHECK(count_fields(second, "X-Forwarded-For") == 1 && count_fields(second, "X-Real-IP") == 1);
  CHECK(count_fields(second, "X_Forwarded_For") == 0 && count_fields(second, "Forwarded") == 0);
  CHECK(second.request_id == "id" && count_fields(second, "X-Request-ID") == 1);
  CHECK(count_fields(second, "X-Set") == (with_edits ? 1 : count_fields(second, "X-Set")));
}

void rewrite_response(std::string_view text, bool with_edits, Method method) {
  static ResponseHead first;
  static ResponseHead second;
  uint32_t scanned = 0;
  Reason reason;
  if (parse_response_head(text, kNarrow, scanned, method, first, reason) != ParseResult::complete) return;
  ForwardResponse forward{
      .framing = first.framing, .content_length = first.content_length, .request_id = "id"};
  if (first.framing == BodyFraming::until_close) forward.framing = BodyFraming::chunked;
  if (with_edits) forward.edits = kEdits;
  std::string out(forward_response_bytes_max(first, forward), '\0');
  const uint32_t length = write_forward_response(first, forward, out.data());
  CHECK(length <= out.size());
  const ExactBytes written(std::string_view(out).substr(0, length));
  scanned = 0;
  CHECK(parse_response_head(written.view(), kWide, scanned, method, second, reason) == ParseResult::complete);
  CHECK(second.head_bytes == length);
  CHECK(second.minor_version == 1 && second.keep_alive);
  CHECK(second.status == first.status && second.reason == first.reason);
  CHECK(second.framing == forward.framing);
  CHECK(second.has_content_length == first.has_content_length);
  CHECK(!first.has_content_length || second.content_length == first.content_length);
  CHECK(second.upgrade == (first.status == 101 ? first.upgrade : std::string_view{}));
  const bool is_interim = first.status < 200 && first.status != 101;
  if (!is_interim) CHECK(passing_fields(second, false) == passing_fields(first, false));
  if (!is_interim && with_edits) CHECK(count_fields(second, "X-Set") == 1);
}

int run(FuzzInput input) {
  const uint8_t choice = input.choice();
  const bool with_edits = choice / 2 % 2 == 1;
  const ExactBytes text(input.rest());
  if (choice % 2 == 0) {
    rewrite_request(text.view(), with_edits);
  } else {
    rewrite_response(text.view(), with_edits, choice / 4 % 2 == 1 ? Method::head : Method::get);
  }
  return 0;
}

}  // namespace
}  // namespace sluice::dataplane::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::dataplane::fuzzing::run({data, size});
}
