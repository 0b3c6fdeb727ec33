// What this folder uses of libtorch. Included by its .cpp files and private headers only: these headers compile slowly,
// and libtorch loads slowly.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace whit::learn {

using Tensors = std::vector<at::Tensor>;

}  // namespace whit::learn
