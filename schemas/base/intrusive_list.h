// A doubly linked list through hooks that live in the elements: no allocation, O(1) removal, and an
// element can tell whether it is linked. One thread. An element must be unlinked before it dies.
#pragma once

#include "schemas/base/check.h"

namespace sluice {

class ListHook {
 public:
  ListHook() = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { CHECK(!is_linked()); }

  bool is_linked() const { return next_ != this; }
  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = this;
  }

 private:
  template <typename T, ListHook T::*>
  friend class IntrusiveList;

  ListHook* next_ = this;
  ListHook* previous_ = this;
};

template <typename T, ListHook T::* hook>
class IntrusiveList {
 public:
  bool is_empty() const { return !root_.is_linked(); }
  void push_front(T& element) { insert_after(root_, element.*hook); }
  void push_back(T& element) { insert_after(*root_.previous_, element.*hook); }
  T* front() { return is_empty() ? nullptr : owner(root_.next_); }
  T* back() { return is_empty() ? nullptr : owner(root_.previous_); }
  // The element behind `element`, or null at the end.
  T* next(T& element) {
    ListHook* following = (element.*hook).next_;
    return following == &root_ ? nullptr : owner(following);
  }
  T* pop_front() {
    T* element = front();
    if (element != nullptr) (element->*hook).unlink();
    return element;
  }

 private:
  static void insert_after(ListHook& position, ListHook& added) {
    CHECK(!added.is_linked());
    added.previous_ = &position;
    added.next_ = position.next_;
    position.next_->previous_ = &added;
    position.next_ = &added;
  }
  static T* owner(ListHook* linked) {
    // The offset of a member in its object, found without constructing one.
    alignas(T) static char sample[sizeof(T)];
    const auto* object = reinterpret_cast<const T*>(sample);
    const auto offset = reinterpret_cast<const char*>(&(object->*hook)) - sample;
    return reinterpret_cast<T*>(reinterpret_cast<char*>(linked) - offset);
  }

  ListHook root_;
};

}  // namespace sluice
