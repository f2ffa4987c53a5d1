#include "dataplane/http/head_writer.h"

namespace sluice::dataplane {
namespace {

bool is_editable(std::string_view name) {
  return !name.empty() && !is_framing_or_hop(identify_header(name));
}

}  // namespace

bool HeaderEdits::is_replaced_from(size_t first, std::string_view name) const {
  for (const HeaderEdit& edit : edits_.subspan(first)) {
    if (edit.kind != HeaderEditKind::add && equals_ignoring_case(edit.name, name) && is_editable(name)) {
      return true;
    }
  }
  return false;
}

void HeaderEdits::write(HeadWriter& out) const {
  for (size_t i = 0; i < edits_.size(); ++i) {
    const HeaderEdit& edit = edits_[i];
    if (edit.kind == HeaderEditKind::remove || !is_editable(edit.name)) continue;
    if (!is_replaced_from(i + 1, edit.name)) out.field(edit.name, edit.value);
  }
}

size_t HeaderEdits::bytes_max() const {
  size_t bytes = 0;
  for (const HeaderEdit& edit : edits_) bytes += edit.name.size() + edit.value.size() + 4;
  return bytes;
}

}  // namespace sluice::dataplane
