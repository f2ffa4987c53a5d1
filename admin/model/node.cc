#include "admin/model/node.h"

#include <cstring>
#include <new>

#include "schemas/base/check.h"

namespace sluice::admin {

void* Tree::allocate(size_t bytes, size_t alignment) {
  const size_t padding = (alignment - reinterpret_cast<uintptr_t>(free_) % alignment) % alignment;
  if (free_bytes_ < bytes + padding) {
    // Large texts get a chunk of their own, so that the current one is not wasted.
    if (bytes > kChunkBytes / 4) {
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes));
      return chunks_.back().get();
    }
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(kChunkBytes));
    free_ = chunks_.back().get();
    free_bytes_ = kChunkBytes;
    return allocate(bytes, alignment);
  }
  std::byte* place = free_ + padding;
  free_ = place + bytes;
  free_bytes_ -= bytes + padding;
  return place;
}

Node* Tree::add_node(Node::Kind kind, uint32_t line, uint32_t column) {
  Node* node = new (allocate(sizeof(Node), alignof(Node))) Node;
  node->kind = kind;
  node->line = line;
  node->column = column;
  return node;
}

std::string_view Tree::add_text(std::string_view text) {
  if (text.empty()) return {};
  char* copy = static_cast<char*>(allocate(text.size(), 1));
  memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

void TreeBuilder::append(Node* node) {
  if (levels_.empty()) {
    CHECK(tree_.root == nullptr);
    tree_.root = node;
    return;
  }
  Level& level = levels_.back();
  (level.last == nullptr ? level.container->first : level.last->next) = node;
  level.last = node;
  ++level.children;
}

void TreeBuilder::add_scalar(Node::Kind kind, std::string_view text, uint32_t line, uint32_t column) {
  Node* node = tree_.add_node(kind, line, column);
  const std::string_view copy = tree_.add_text(text);
  node->bytes = copy.data();
  node->size = static_cast<uint32_t>(copy.size());
  append(node);
}

bool TreeBuilder::open(Node::Kind kind, uint32_t line, uint32_t column) {
  if (levels_.size() >= kDepthMax) return false;
  Node* node = tree_.add_node(kind, line, column);
  append(node);
  levels_.push_back({node, nullptr, 0});
  return true;
}

void TreeBuilder::close() {
  CHECK(!levels_.empty());
  const Level& level = levels_.back();
  level.container->size = level.container->kind == Node::Kind::mapping ? level.children / 2 : level.children;
  levels_.pop_back();
}

}  // namespace sluice::admin
