// What this folder uses of libtorch. Included by its .cpp files and private headers only: these headers compile slowly,
// and libtorch loads slowly.
#pragma once

// clang-format off
#include <ATen/core/ivalue.h>  // first: the others need the whole class, which clang insists on in C++20
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
// clang-format on

#include <vector>

namespace whit::learn {

using Tensors = std::vector<at::Tensor>;

}  // namespace whit::learn
