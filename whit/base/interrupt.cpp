#include "whit/base/interrupt.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace whit {
namespace {

struct Actions {
  std::mutex mutex;
  std::map<int, std::function<void()>> list;
  int next = 0;
};

// Never destroyed: the waiting thread may outlive main.
Actions& actions() {
  static auto* const all = new Actions;
  return *all;
}

constexpr const char* kParent = "WHIT_PARENT";  // in the environment: a process id

}  // namespace

OnInterrupt::OnInterrupt(std::function<void()> action) : OnInterrupt([] {}, std::move(action)) {}

OnInterrupt::OnInterrupt(const std::function<void()>& begin, std::function<void()> action) {
  const std::lock_guard lock(actions().mutex);
  begin();
  key_ = actions().next++;
  actions().list[key_] = std::move(action);
}

OnInterrupt::~OnInterrupt() {
  const std::lock_guard lock(actions().mutex);
  actions().list.erase(key_);
}

void handle_interrupts() {
  signal(SIGXFSZ, SIG_IGN);
  // Blocked here, the signals wait for one thread, which may do what no signal handler may.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction current {};
    if (sigaction(number, nullptr, &current) == 0 && current.sa_handler != SIG_IGN) sigaddset(&signals, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread([signals] {
    int number = 0;
    if (sigwait(&signals, &number) != 0) return;
    actions().mutex.lock();  // for good: nothing new begins
    for (auto action = actions().list.rbegin(); action != actions().list.rend(); ++action) action->second();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    kill(getpid(), number);
  }).detach();
}

void end_with_parent() {
  const char* parent = std::getenv(kParent);
  if (parent != nullptr && std::to_string(getppid()) == parent) prctl(PR_SET_PDEATHSIG, SIGTERM);
}

void name_as_parent() { setenv(kParent, std::to_string(getpid()).c_str(), 1); }

}  // namespace whit
