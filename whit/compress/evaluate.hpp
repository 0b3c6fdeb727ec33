// How good a model is on data, and how far two models are apart. Runs models (model_runner.hpp) and counts.
#pragma once

#include <string>
#include <vector>

#include "whit/compress/calibrate.hpp"
#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"

namespace whit::compress {

enum class Metric {
  accuracy,        // share of samples whose largest output is the label; for one output: output > 0.5 is class 1
  mae,             // mean absolute error of the outputs against the label
  rmse,            // root of the mean squared error against the label
  reconstruction,  // mean squared error of the outputs against the inputs: autoencoders
};

const char* name_of(Metric metric);
// "auto" or a name. auto: with labels accuracy when they can be classes (whole numbers from 0; 0 and 1 for one output),
// else mae; without labels reconstruction when output and input have as many elements, and more than one. Error usage
// for an unknown name, bad_input when the data does not allow it: labels missing or out of range.
Metric choose_metric(const std::string& name, const data::Samples& samples, int64_t outputs);

// `outputs` is [samples, outputs of one sample].
double metric_value(Metric metric, const data::Samples& samples, std::span<const float> outputs);

struct Evaluation {
  Metric metric = Metric::accuracy;
  double value = 0.0;  // accuracy in [0,1]
  int64_t samples = 0;
  double calibration_error = 0.0;  // accuracy only: expected calibration error of the outputs as probabilities
  std::vector<float> outputs;      // of the first output tensor, [samples, outputs]
  double macro_f1 = 0.0;           // accuracy only: mean over the classes of the labels of 2 tp / (2 tp + fp + fn)
};

Evaluation evaluate(const ir::Graph& graph, const data::Samples& samples, const std::string& metric,
                    const Progress& progress = nullptr);

// What a change of value means: accuracy in points (0.01), errors relative to `before`. Positive: worse.
double drop(const Evaluation& before, const Evaluation& after);
// A drop of exactly one sample in 100 is no more than 1, however it was rounded.
inline bool gate_holds(double drop, double max_drop) { return drop <= max_drop + 1e-6; }
// An accuracy of less than 1.5 times that of guessing: labels or the preparation of the data are likely wrong.
bool is_near_chance(const Evaluation& evaluation);
// "88.20 %", "0.0312".
std::string text_of(const Evaluation& evaluation);

// Differences of two tensors of the same meaning, element by element.
struct Difference {
  double sqnr_db = 0.0;  // 10 log10 (sum a^2 / sum (a-b)^2); infinite when equal
  double cosine = 0.0;
  double max_abs = 0.0;
  double mean_abs = 0.0;
};
class DifferenceMeter {
 public:
  void add(std::span<const float> a, std::span<const float> b);
  Difference result() const;

 private:
  double aa_ = 0, bb_ = 0, ab_ = 0, noise_ = 0, abs_ = 0, max_ = 0;
  int64_t count_ = 0;
};

// Share of samples for which the largest of [samples, outputs] stands at the same place in both.
double agreement(std::span<const float> a, std::span<const float> b, int64_t outputs);

struct Comparison {
  std::vector<Difference> outputs;   // of each output tensor
  double same_largest_output = 0.0;  // agreement() of the first
};

// Error bad_input when the models' outputs differ in number or size, or `samples` do not fit one of them.
Comparison compare(const ir::Graph& a, const ir::Graph& b, const data::Samples& samples);

// Error bad_input when there are samples for another number of inputs than the model has, or they do not have the shape
// of the input, dimensions of 1 aside, and are not flat.
void check_shape(const ir::Graph& graph, const data::Samples& samples);

}  // namespace whit::compress
