#include "whit/learn/search/team.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <mpi.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "whit/base/error.hpp"

namespace whit::learn {
namespace {

constexpr int kOurBug = 70;

// MPI's own waiting takes all of a core, which another rank may need.
void wait_for(MPI_Request request) {
  for (int done = 0; done == 0;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void be_silent() {
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

// The least rank that failed; `size` when none did. All ranks ask at the same time.
int first_failure(bool failed, int rank, int size) {
  const int mine = failed ? rank : size;
  int first = size;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(&mine, &first, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD, &request);
  wait_for(request);
  return first;
}

// The Error of rank `from`, on all ranks.
Error spread(const std::optional<Error>& error, int from, int rank) {
  std::string text;
  if (rank == from) {
    text = nlohmann::json{static_cast<int>(error->code()), error->what(), error->where(), error->hint()}.dump();
  }
  auto size = static_cast<int>(text.size());
  MPI_Bcast(&size, 1, MPI_INT, from, MPI_COMM_WORLD);
  text.resize(static_cast<size_t>(size));
  MPI_Bcast(text.data(), size, MPI_CHAR, from, MPI_COMM_WORLD);
  const nlohmann::json fields = nlohmann::json::parse(text);
  return {static_cast<ErrorCode>(fields[0].get<int>()), fields[1], fields[2], fields[3]};
}

// A number in the memory of rank 0 that every rank counts up, without the help of rank 0 where the network can do so.
class Counter {
 public:
  explicit Counter(int rank) {
    MPI_Win_allocate(rank == 0 ? sizeof(int64_t) : 0, sizeof(int64_t), MPI_INFO_NULL, MPI_COMM_WORLD, &value_,
                     &window_);
    if (rank == 0) {
      MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, window_);
      *value_ = 0;
      MPI_Win_unlock(0, window_);
    }
    MPI_Barrier(MPI_COMM_WORLD);
  }
  ~Counter() { MPI_Win_free(&window_); }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  // The value before.
  int64_t add(int64_t amount) {
    int64_t before = 0;
    MPI_Win_lock(MPI_LOCK_SHARED, 0, 0, window_);
    MPI_Fetch_and_op(&amount, &before, MPI_INT64_T, 0, 0, MPI_SUM, window_);
    MPI_Win_unlock(0, window_);
    return before;
  }

 private:
  int64_t* value_ = nullptr;
  MPI_Win window_ = MPI_WIN_NULL;
};

}  // namespace

Team::Team() {
  if (std::getenv("OMPI_COMM_WORLD_SIZE") == nullptr) return;
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  if (rank_ > 0) be_silent();
}

Team::~Team() {
  int started = 0;
  MPI_Initialized(&started);
  if (started != 0) MPI_Finalize();
}

void Team::together(const std::function<void()>& work) {
  if (size_ == 1) return work();
  std::optional<Error> error;
  try {
    work();
  } catch (const Error& failure) {
    error = failure;
  } catch (const std::exception& failure) {  // nothing that the others could know: all end at once
    fmt::print(stderr, "whit: internal error: {}\n", failure.what());
    MPI_Abort(MPI_COMM_WORLD, kOurBug);
  }
  const int first = first_failure(error.has_value(), rank_, size_);
  if (first < size_) throw spread(error, first, rank_);
}

void Team::share(int64_t count, const std::function<void(int64_t)>& job) {
  if (size_ == 1) {
    for (int64_t i = 0; i < count; ++i) job(i);
    return;
  }
  Counter next(rank_);
  together([&] {
    try {
      for (int64_t i = next.add(1); i < count; i = next.add(1)) job(i);
    } catch (const Error&) {
      next.add(count);  // nobody begins another job
      throw;
    }
  });
}

void Team::answer() const {
  if (size_ == 1) return;
  int any = 0;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &any, MPI_STATUS_IGNORE);
}

}  // namespace whit::learn
