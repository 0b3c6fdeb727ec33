// What is wrong with calibration data before it does harm: pitfalls that no error message of a runtime ever names.
#pragma once

#include <string>
#include <vector>

#include "whit/data/samples.hpp"

namespace whit::compress {

// One sentence for each problem; none when the data is fit for use. `split` is the name it was chosen by. `classes` is
// the number of classes of the model, 0 when it is no classifier or there are no labels. Looked for: the training split
// by name, fewer than 100 samples, classes that do not occur, NaN and infinities, samples that the test data holds too.
std::vector<std::string> calibration_problems(const data::Samples& calibration, const std::string& split,
                                              int64_t classes, const data::Samples& test);

}  // namespace whit::compress
