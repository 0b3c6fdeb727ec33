#include "whit/formats/onnx/value.hpp"

#include <algorithm>

namespace whit::onnx {

Layout plain_layout(size_t rank) {
  Layout layout;
  layout.rank = static_cast<int32_t>(rank);
  for (int32_t d = 0; d < layout.rank; ++d) layout.dims.push_back(d);
  return layout;
}

Layout channels_last(size_t rank) {
  Layout layout = plain_layout(rank);
  for (size_t d = 2; d < rank; ++d) layout.dims[d] = static_cast<int32_t>(d) - 1;
  if (rank > 1) layout.dims[1] = layout.rank - 1;
  return layout;
}

ir::Shape physical(const ir::Shape& shape, const Layout& layout) {
  ir::Shape result(static_cast<size_t>(layout.rank), 1);
  for (size_t d = 0; d < shape.size(); ++d) {
    if (layout.dims[d] >= 0) result[static_cast<size_t>(layout.dims[d])] = shape[d];
  }
  return result;
}

std::vector<size_t> memory_order(const ir::Shape& shape, const Layout& layout) {
  std::vector<size_t> order;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) order.push_back(d);
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return layout.dims[a] < layout.dims[b]; });
  return order;
}

Value constant_value(Constant constant) {
  Value value;
  value.type = constant.type;
  value.shape = constant.shape;
  value.constant = std::make_shared<Constant>(std::move(constant));
  return value;
}

}  // namespace whit::onnx
