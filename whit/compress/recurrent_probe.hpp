// What a float lstm or gru layer does between its input and its outputs: its step, run alone on observed sequences.
// Calibration needs it, because a layer shows the cell state and the hidden state of its last step only.
#pragma once

#include <span>
#include <vector>

#include "whit/compile/program.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

class RecurrentProbe {
 public:
  RecurrentProbe(const ir::Graph& graph, const ir::Node& node);

  // Of each step: what the weights are multiplied with, [B, I + H] (input, then hidden state), and the state that the
  // step ends with: the cell state of an lstm, the hidden state of a gru, [B, H].
  struct Step {
    std::vector<float> operands, state;
  };
  size_t operands() const { return input_size_ + units_; }  // of one batch
  // `sequence` as the layer's input; first states are [B,H], empty: zeros.
  std::vector<Step> run(std::span<const float> sequence, std::span<const float> hidden, std::span<const float> cell);

 private:
  ir::RecurrentAttributes attributes_;
  size_t batch_, steps_, input_size_, units_;
  compile::Program program_;  // one step, time-major; states go in and come out
  compile::HostPlayer player_;
};

// True for the layers that have such steps.
bool is_recurrent(const ir::Node& node);

}  // namespace whit::compress
