// Linear, ridge and logistic regression, solved with libtorch's linear algebra and L-BFGS, as a fully connected layer.
#pragma once

#include <cstdint>
#include <vector>

#include "whit/data/samples.hpp"
#include "whit/ir/graph.hpp"

namespace whit::learn {

struct LinearOptions {
  enum class Kind { linear, ridge, logistic };
  Kind kind = Kind::linear;
  // Of ridge and logistic: adds penalty / 2 * sum of squared weights to the sum of losses over all samples; biases are
  // free. ridge: minimises |y - Xw - b|^2 + penalty |w|^2.
  double penalty = 1.0;
  std::vector<double> class_weights;  // logistic, by class; empty: all 1
};

// linear and ridge: labels are targets (`classes` 0), the output is [1,1]. logistic: `classes` of at least 2; the
// output is the probability of class 1, [1,1], or those of all classes. Error bad_input when labels are of the other
// kind, absent, or all of one class.
ir::Graph train_linear(const data::Samples& samples, int64_t classes, const LinearOptions& options);

}  // namespace whit::learn
