#include "whit/base/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace whit {
namespace {

bool on_terminal() { return isatty(fileno(stderr)) != 0; }

std::string text_of(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

void ProgressBar::hide() {
  if (open_) fmt::print(stderr, "\r\x1b[K");
  open_ = false;
}

void ProgressBar::show(int64_t done, int64_t total) {
  const Clock::time_point now = Clock::now();
  const auto since = [&](Clock::time_point t) { return std::chrono::duration<double>(now - t).count(); };
  const bool terminal = on_terminal();
  if (total < 1 || since(shown_) < (terminal ? 0.1 : 10.0)) return;
  shown_ = now;
  const double share = static_cast<double>(done) / static_cast<double>(total);
  const std::string left = done > 0 ? text_of(since(start_) * (1 - share) / share) : "?";
  if (!terminal) {
    fmt::print(stderr, "{}: {} of {}, {} left\n", what_, done, total, left);
    return;
  }
  constexpr int kWidth = 30;
  const int filled = static_cast<int>(share * kWidth);
  fmt::print(stderr, "\r\x1b[K{} [{:#<{}}{:.<{}}] {}/{} {} left", what_, "", filled, "", kWidth - filled, done, total,
             left);
  std::fflush(stderr);
  open_ = true;
}

}  // namespace whit
