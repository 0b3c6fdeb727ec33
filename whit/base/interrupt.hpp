// What has to go when the process is interrupted (SIGINT, SIGTERM, SIGHUP): temporary directories, half-written files,
// programs that it started.
#pragma once

#include <functional>

namespace whit {

// `action` runs if the process is interrupted while this lives. It runs in a thread of its own, the newest action
// first.
class OnInterrupt {
 public:
  explicit OnInterrupt(std::function<void()> action);
  // Does `begin` first; no interrupt comes between it and the action.
  OnInterrupt(const std::function<void()>& begin, std::function<void()> action);
  ~OnInterrupt();
  OnInterrupt(const OnInterrupt&) = delete;
  OnInterrupt& operator=(const OnInterrupt&) = delete;

 private:
  int key_;
};

// For main, before any thread starts: from here on an interrupt runs the actions, then ends the process as it always
// did. Signals that the caller ignores (nohup) stay ignored. A file larger than allowed becomes an error of its write.
void handle_interrupts();

// For main: when the process that started this one is the one that called name_as_parent(), its end is an interrupt
// here. So that nothing works on for a program that was killed.
void end_with_parent();
void name_as_parent();

}  // namespace whit
