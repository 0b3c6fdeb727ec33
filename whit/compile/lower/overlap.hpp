// How far a kernel's output must start before its input so that they may share memory (PlanOverlap::lead), found by
// playing the kernel's order of reads and writes. For kernels that go through their output in order, block by block.
// Knows no kernel: the lowering that knows the order feeds it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace whit::compile {

// The steps in the order in which the kernel takes them. Offsets count from the start of input and of output.
class OverlapSimulation {
 public:
  // The kernel reads input bytes from `first` on (to anywhere behind).
  void read(int64_t first) { steps_.push_back({first, -1}); }
  // The kernel has now written output bytes [0, end).
  void write(int64_t end) { steps_.push_back({-1, end}); }

  // The smallest lead such that no byte that is still to be read has been written: after output bytes [0, n) no read
  // starts below n - lead. Negative when the output may even start behind the input's start. `input_bytes`: lead for
  // output that is written after the last read is at least -input_bytes.
  int64_t lead(int64_t input_bytes) const {
    int64_t lead = -input_bytes;
    int64_t next_read = INT64_MAX / 2;  // of all steps behind the one in hand the lowest read
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
      if (step->write_end >= 0) {
        lead = std::max(lead, step->write_end - next_read);
      } else {
        next_read = std::min(next_read, step->read_first);
      }
    }
    return lead;
  }

 private:
  struct Step {
    int64_t read_first;
    int64_t write_end;
  };
  std::vector<Step> steps_;
};

}  // namespace whit::compile
