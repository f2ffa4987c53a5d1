// A fixed-capacity array of slots with generations. Address space is reserved once, a slot's object is
// constructed when the slot is first used and lives for ever after (slots are recycled, not destroyed),
// so what the kernel points at never moves. Handles carry slot and generation: a stale one finds null.
// T needs: default constructor, `uint32_t slot` and `uint32_t generation` members. One thread.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

#include "schemas/base/check.h"

namespace sluice::dataplane {

template <typename T>
class Slab {
 public:
  explicit Slab(uint32_t capacity) : capacity_(capacity) {
    CHECK(capacity > 0);
    objects_ = static_cast<T*>(reserve(sizeof(T) * capacity));
    free_stack_ = static_cast<uint32_t*>(reserve(sizeof(uint32_t) * capacity));
  }
  ~Slab() {
    for (uint32_t slot = 0; slot < constructed_; ++slot) objects_[slot].~T();
    munmap(objects_, sizeof(T) * capacity_);
    munmap(free_stack_, sizeof(uint32_t) * capacity_);
  }
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  // A vacant slot, or null when all are taken (the limit's defined answer is the caller's).
  T* take() {
    T* object = nullptr;
    if (free_depth_ > 0) {
      object = &objects_[free_stack_[--free_depth_]];
    } else if (constructed_ < capacity_) {
      object = new (&objects_[constructed_]) T();
      object->slot = constructed_++;
    } else {
      return nullptr;
    }
    ++in_use_;
    return object;
  }
  // Ends this life of the slot: the generation grows, so late completions are recognised.
  void give_back(T& object) {
    CHECK(in_use_ > 0);
    ++object.generation;
    free_stack_[free_depth_++] = object.slot;
    --in_use_;
  }
  // The object of that life, or null when the slot has moved on. Only the low 16 bits of the
  // generation travel in tokens.
  T* find(uint32_t slot, uint16_t generation) {
    if (slot >= constructed_) return nullptr;
    T& object = objects_[slot];
    return static_cast<uint16_t>(object.generation) == generation ? &object : nullptr;
  }
  // For walks over every constructed slot (drain, checkers). The caller skips vacant ones.
  T& at(uint32_t slot) {
    CHECK(slot < constructed_);
    return objects_[slot];
  }
  uint32_t constructed() const { return constructed_; }
  uint32_t in_use() const { return in_use_; }
  uint32_t capacity() const { return capacity_; }

 private:
  static void* reserve(std::size_t bytes) {
    void* memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
  }

  T* objects_ = nullptr;
  uint32_t* free_stack_ = nullptr;
  uint32_t capacity_ = 0;
  uint32_t constructed_ = 0;
  uint32_t free_depth_ = 0;
  uint32_t in_use_ = 0;
};

}  // namespace sluice::dataplane
