// Layer blame: which layer of a quantized model costs the accuracy, and what may mend it.
// Each layer in turn is taken from the quantized model into the float one: its weights as the integers stand for them,
// its output rounded to its scale; everything else stays float. So the figures of a layer are its own doing alone.
#pragma once

#include <string>
#include <vector>

#include "whit/compress/evaluate.hpp"

namespace whit::compress {

struct LayerBlame {
  std::string name;  // of the layer's output in the float model; "input" for the rounding of the model's input
  std::string op;
  Difference output;            // the layer's output beside float, this layer alone quantized
  double weights_sqnr_db = 0;   // of the output with only its weights quantized; infinite without weights
  double rounding_sqnr_db = 0;  // of the output with only its output rounded
  double clipped = 0;           // share of float outputs outside the range of the integers
  double metric = 0;            // of the model with this layer alone quantized
  double drop = 0;              // see drop(); positive: worse than float
  std::string fix;              // what to try, as options of `whit quantize`
};

struct Blame {
  Evaluation float_model, quantized_model;
  std::vector<LayerBlame> layers;  // the largest drop first; then the lowest SQNR
};

// `float_graph` has been through prepare(); `quantized` is a model made from it by anyone: layers are matched by the
// names of their outputs, or by their order when those differ. Error bad_input when they cannot be matched.
Blame blame(const ir::Graph& float_graph, const ir::Graph& quantized, const data::Samples& samples,
            const std::string& metric, const Progress& progress = nullptr);

}  // namespace whit::compress
