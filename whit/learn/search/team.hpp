// The processes that do one work together: the ranks that `mpirun` started, or this process alone. The only place that
// sees MPI, which is not started without mpirun. Knows nothing of the work.
#pragma once

#include <cstdint>
#include <functional>

namespace whit::learn {

class Team {
 public:
  // Under mpirun all ranks make one at the same time, and only rank 0 prints from then on.
  Team();
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  // Every rank does it; returns when all have. What one rank throws is thrown on all of them: an Error as it is.
  void together(const std::function<void()>& work);

  // Does job(i) for each i from 0 to count - 1, each on one rank: the next in the list goes to the rank that is free
  // first. Returns when all jobs of all ranks are done; files that they wrote are there. Errors as of together().
  void share(int64_t count, const std::function<void(int64_t)>& job);

  // To be called now and then in a long job, so that other ranks need not wait for their next one on networks where
  // this process has to answer.
  void answer() const;

 private:
  int rank_ = 0, size_ = 1;
};

}  // namespace whit::learn
