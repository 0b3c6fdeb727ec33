// Progress of long work on the standard error: a bar with the time left on a terminal, a plain line now and then in a
// log. Used by the verbs; the workshop reports (done, total) and knows no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace whit {

class ProgressBar {
 public:
  explicit ProgressBar(std::string what) : what_(std::move(what)) {}
  ~ProgressBar() { hide(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Shows at most ten states a second on a terminal; one line every ten seconds in a log.
  void show(int64_t done, int64_t total);
  // Clears the bar's line for other output, until the next show().
  void hide();

 private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  bool open_ = false;  // the bar's line is on the terminal
};

}  // namespace whit
