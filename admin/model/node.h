// What YAML and JSON have in common, as one tree: scalars, sequences and mappings, each with its place.
// Nodes and their text live in the tree's arena (a 100,000-route file is 1.4 million nodes: one malloc
// each would cost more than parsing) and die with it. Knows nothing of what keys mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice::admin {

struct Node {
  enum class Kind : uint8_t {
    plain,    // YAML without quotes: its type is what the reader of the key wants.
    quoted,   // A string for certain.
    literal,  // JSON number, true, false.
    null,     // Nothing, `~`, null.
    sequence,
    mapping,
  };

  const char* bytes = nullptr;  // Scalars: the text.
  Node* first = nullptr;        // Containers: the first child.
  Node* next = nullptr;         // Sibling; in a mapping key, value, key, value, ...
  uint32_t size = 0;            // Scalars: bytes; sequence: items; mapping: pairs.
  uint32_t line = 0;            // From 1.
  uint32_t column = 0;          // From 1, in characters.
  Kind kind = Kind::null;

  bool is_scalar() const { return kind <= Kind::null; }
  std::string_view text() const {  // Empty for containers.
    return is_scalar() ? std::string_view(bytes, size) : std::string_view();
  }
};

class Tree {
 public:
  Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  Node* add_node(Node::Kind kind, uint32_t line, uint32_t column);
  std::string_view add_text(std::string_view text);  // A copy that lives as long as the tree.

  Node* root = nullptr;

 private:
  void* allocate(size_t bytes, size_t alignment);

  static constexpr size_t kChunkBytes = 1 << 20;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* free_ = nullptr;
  size_t free_bytes_ = 0;
};

// Puts parsed nodes into their parents: one algorithm for both readers.
class TreeBuilder {
 public:
  // Deeper nesting is refused: nothing in the configuration needs more than eight levels.
  static constexpr size_t kDepthMax = 64;

  explicit TreeBuilder(Tree& tree) : tree_(tree) {}

  void add_scalar(Node::Kind kind, std::string_view text, uint32_t line, uint32_t column);
  bool open(Node::Kind kind, uint32_t line, uint32_t column);  // False: too deep, nothing was opened.
  void close();

 private:
  struct Level {
    Node* container;
    Node* last;
    uint32_t children;
  };
  void append(Node* node);

  Tree& tree_;
  std::vector<Level> levels_;
};

}  // namespace sluice::admin
