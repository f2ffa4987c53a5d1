// Pages for the answers that the gateway itself makes.
#include <algorithm>

#include "admin/model/decode.h"

namespace sluice::admin {
namespace {

// 404, or 4 and 5 for "4xx" and "5xx"; 0: neither.
uint16_t parse_code(std::string_view text) {
  if (text == "4xx") return 4;
  if (text == "5xx") return 5;
  const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
  if (text.size() != 3 || !std::all_of(text.begin(), text.end(), is_digit)) return 0;
  const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return code >= 400 && code <= 599 ? static_cast<uint16_t>(code) : 0;
}

}  // namespace

ErrorPages decode_error_pages(ValueReader& reader, const Value& value) {
  enum { kBody, kFile, kContentType, kRetryAfter };
  constexpr std::string_view kKeys[] = {"body", "file", "content_type", "retry_after"};
  ErrorPages pages;
  reader.for_each_pair(value, [&](std::string_view name, const Value& item) {
    ErrorPage page;
    page.code = parse_code(name);
    if (page.code == 0) {
      reader.fail(item, quoted(name) + " is not an error", "write a status from 400 to 599, 4xx or 5xx");
      return;
    }
    page.page.status = page.code < 100 ? static_cast<uint16_t>(page.code * 100) : page.code;
    Fields fields(reader, item, "an error page", kKeys);
    if (!fields.has(kBody) && !fields.has(kFile) && item.is_mapping()) {
      reader.fail(item, "an error page needs a `body` or a `file`", "add one");
    }
    decode_response_fields(reader, {fields[kBody], fields[kFile], fields[kContentType], fields[kRetryAfter]},
                           page.page);
    pages.push_back(std::move(page));
  });
  std::sort(pages.begin(), pages.end(),
            [](const ErrorPage& left, const ErrorPage& right) { return left.code < right.code; });
  return pages;
}

}  // namespace sluice::admin
