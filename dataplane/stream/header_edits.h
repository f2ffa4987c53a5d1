// A policy's header operations as the head writer takes them.
#pragma once

#include <span>
#include <string_view>

#include "dataplane/http/h1_write.h"
#include "schemas/snapshot_generated.h"

namespace sluice::dataplane {

inline std::string_view view(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

// Views into the snapshot: valid while it is pinned. More than 64 operations are refused at load.
class HeaderEdits {
 public:
  HeaderEdits() = default;
  explicit HeaderEdits(const flatbuffers::Vector<flatbuffers::Offset<wire::HeaderOp>>* operations) {
    append(operations);
  }
  void append(const flatbuffers::Vector<flatbuffers::Offset<wire::HeaderOp>>* operations) {
    for (flatbuffers::uoffset_t i = 0; operations != nullptr && i < operations->size(); ++i) {
      const wire::HeaderOp* operation = operations->Get(i);
      append(static_cast<HeaderEditKind>(operation->kind()), view(operation->name()),
             view(operation->value()));
    }
  }
  void append(HeaderEditKind kind, std::string_view name, std::string_view value) {
    if (count_ < kCountMax) edits_[count_++] = {kind, name, value};
  }
  std::span<const HeaderEdit> span() const { return {edits_, count_}; }

 private:
  static constexpr uint32_t kOwnMax = 16;  // What features add: cookies, marks.
  static constexpr uint32_t kCountMax = 64 + kOwnMax;
  HeaderEdit edits_[kCountMax];
  uint32_t count_ = 0;
};

}  // namespace sluice::dataplane
