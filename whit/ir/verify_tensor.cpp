#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "whit/ir/stored_range.hpp"
#include "whit/ir/verify.hpp"
#include "whit/ir/verify_types.hpp"

namespace whit::ir {
namespace {

void check_quantization(const Tensor& tensor, const std::string& where) {
  const Quantization& q = tensor.quantization;
  if (q.empty()) return;
  if (q.zero_point.size() != q.scale.size()) bad("as many zero points as scales are needed", where);
  for (const float scale : q.scale) {
    if (!std::isfinite(scale) || !(scale > 0)) bad(fmt::format("a scale of {}", scale), where);
  }
  // Features of a forest may lie far from zero, which then is no stored value.
  const StoredRange range = q.per_channel() && !tensor.is_constant ? StoredRange{} : stored_range(tensor.type);
  for (const int32_t zero_point : q.zero_point) {
    if (zero_point < range.low || zero_point > range.high) {
      bad(fmt::format("a zero point of {} for {}", zero_point, name_of(tensor.type)), where);
    }
  }
  if (q.per_channel()) {
    const auto axis = static_cast<size_t>(q.axis);
    if (q.axis < 0 || axis >= tensor.shape.size() || q.scale.size() != static_cast<size_t>(tensor.shape[axis])) {
      bad(fmt::format("{} scales along dimension {} of {}", q.scale.size(), q.axis, to_string(tensor.shape)), where);
    }
  }
}

}  // namespace

void verify_tensor(const Tensor& tensor) {
  const std::string where = fmt::format("tensor '{}'", tensor.name);
  if (tensor.shape.size() > static_cast<size_t>(kMaxRank)) bad("more than 8 dimensions", where);
  int64_t bytes = bytes_of(tensor.type);
  for (const int32_t dim : tensor.shape) {
    if (dim < 1) bad(fmt::format("a dimension of {} in {}", dim, to_string(tensor.shape)), where);
    bytes *= dim;
    if (bytes > kMaxTensorBytes) bad(fmt::format("the shape {} is too large", to_string(tensor.shape)), where);
  }
  check_quantization(tensor, where);
  if (tensor.is_constant && static_cast<int64_t>(tensor.data.size()) != bytes) {
    bad(fmt::format("{} bytes of data for the shape {}", tensor.data.size(), to_string(tensor.shape)), where);
  }
  if (tensor.type != DType::i4) return;
  if (!tensor.is_constant) bad("only weights can be of i4", where);
  const int8_t* values = data<int8_t>(tensor);
  const StoredRange range = stored_range(DType::i4);
  if (std::any_of(values, values + bytes, [&](int8_t value) { return value < range.low || value > range.high; })) {
    bad("an element outside [-8, 7]", where);
  }
}

}  // namespace whit::ir
