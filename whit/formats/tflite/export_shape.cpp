// Ops that move or repeat elements without computing.
#include "whit/formats/tflite/export.hpp"

namespace whit::tflite {
namespace {

using Code = BuiltinOperator;

int32_t paddings(NodeExport& node) {
  const auto& a = node.attributes<ir::PadAttributes>();
  std::vector<int32_t> values;
  for (size_t d = 0; d < a.before.size(); ++d) values.insert(values.end(), {a.before[d], a.after[d]});
  return node.integers("/paddings", values, {static_cast<int32_t>(a.before.size()), 2});
}

template <typename T>
std::vector<uint8_t> bytes_of(float value) {
  const auto stored = static_cast<T>(value);
  const auto* bytes = reinterpret_cast<const uint8_t*>(&stored);
  return {bytes, bytes + sizeof stored};
}

std::vector<uint8_t> pad_value(NodeExport& node, float value) {
  switch (node.in(0).type) {
    case ir::DType::f32:
      return bytes_of<float>(value);
    case ir::DType::i8:
      return bytes_of<int8_t>(value);
    case ir::DType::u8:
      return bytes_of<uint8_t>(value);
    case ir::DType::i16:
      return bytes_of<int16_t>(value);
    case ir::DType::i32:
      return bytes_of<int32_t>(value);
    case ir::DType::i64:
      return bytes_of<int64_t>(value);
    default:
      node.unsupported("a pad with this type and value", "pad with 0");
  }
}

}  // namespace

void export_reshape(NodeExport& node) { node.write_reshape(node.input(0), node.output()); }

void export_transpose(NodeExport& node) {
  const auto& a = node.attributes<ir::TransposeAttributes>();
  node.write(Code::TRANSPOSE, {node.input(0), node.integers("/permutation", a.permutation)}, {node.output()});
}

void export_concat(NodeExport& node) {
  std::vector<int32_t> inputs;
  for (size_t i = 0; i < node.node().inputs.size(); ++i) inputs.push_back(node.input(i));
  node.write(Code::CONCATENATION, inputs, {node.output()},
             CreateConcatenationOptions(node.fbb(), node.attributes<ir::AxisAttributes>().axis));
}

void export_slice(NodeExport& node) {
  const auto& a = node.attributes<ir::SliceAttributes>();
  const ir::Shape& out = node.out().shape;
  if (a.stride == std::vector<int32_t>(out.size(), 1)) {
    return node.write(Code::SLICE, {node.input(0), node.integers("/begin", a.begin), node.integers("/size", out)},
                      {node.output()});
  }
  std::vector<int32_t> end(out.size());
  int32_t open = 0;  // bit d: dimension d is taken to its end
  for (size_t d = 0; d < out.size(); ++d) {
    end[d] = a.begin[d] + (out[d] - 1) * a.stride[d] + (a.stride[d] > 0 ? 1 : -1);
    // Backwards to the first element: -1 would count from the end.
    if (end[d] < 0) open |= 1 << d, end[d] = 0;
  }
  const std::vector<int32_t> inputs = {node.input(0), node.integers("/begin", a.begin), node.integers("/end", end),
                                       node.integers("/stride", a.stride)};
  node.write(Code::STRIDED_SLICE, inputs, {node.output()}, CreateStridedSliceOptions(node.fbb(), 0, open));
}

// PAD fills in the zero point, PADV2 what it is given.
void export_pad(NodeExport& node) {
  const float value = node.attributes<ir::PadAttributes>().value;
  const ir::Quantization& q = node.out().quantization;
  const float zero = q.empty() ? 0.0F : static_cast<float>(q.zero_point[0]);
  if (value == zero) return node.write(Code::PAD, {node.input(0), paddings(node)}, {node.output()});
  ir::Tensor constant;
  constant.type = node.in(0).type;
  constant.quantization = q;
  constant.shape = {1};
  constant.data = pad_value(node, value);
  const int32_t filler = node.constant("/value", std::move(constant));
  node.write(Code::PADV2, {node.input(0), paddings(node), filler}, {node.output()});
}

void export_mirror_pad(NodeExport& node) {
  const bool symmetric = node.attributes<ir::PadAttributes>().symmetric;
  node.write(Code::MIRROR_PAD, {node.input(0), paddings(node)}, {node.output()},
             CreateMirrorPadOptions(node.fbb(), symmetric ? MirrorMode::SYMMETRIC : MirrorMode::REFLECT));
}

void export_tile(NodeExport& node) {
  std::vector<int32_t> multiples = node.out().shape;
  for (size_t d = 0; d < multiples.size(); ++d) multiples[d] /= node.in(0).shape[d];
  node.write(Code::TILE, {node.input(0), node.integers("/multiples", multiples)}, {node.output()});
}

void export_gather(NodeExport& node) {
  const auto& a = node.attributes<ir::AxisAttributes>();
  node.write(Code::GATHER, {node.input(0), node.input(1)}, {node.output()},
             CreateGatherOptions(node.fbb(), a.axis, a.batch_dims), a.batch_dims != 0 ? 5 : 1);
}

void export_one_hot(NodeExport& node) {
  const int32_t axis = node.attributes<ir::AxisAttributes>().axis;
  const int32_t depth = node.integers("/depth", {node.out().shape[static_cast<size_t>(axis)]}, {});
  node.write(Code::ONE_HOT, {node.input(0), depth, node.input(1), node.input(2)}, {node.output()},
             CreateOneHotOptions(node.fbb(), axis));
}

void export_block(NodeExport& node) {
  const int32_t block = node.attributes<ir::BlockAttributes>().block;
  if (node.op() == ir::Op::space_to_depth) {
    node.write(Code::SPACE_TO_DEPTH, {node.input(0)}, {node.output()}, CreateSpaceToDepthOptions(node.fbb(), block));
  } else {
    node.write(Code::DEPTH_TO_SPACE, {node.input(0)}, {node.output()}, CreateDepthToSpaceOptions(node.fbb(), block));
  }
}

void export_resize(NodeExport& node) {
  const auto& a = node.attributes<ir::ResizeAttributes>();
  const std::vector<int32_t> inputs = {node.input(0),
                                       node.integers("/size", {node.out().shape[1], node.out().shape[2]})};
  if (node.op() == ir::Op::resize_bilinear) {
    const auto options = CreateResizeBilinearOptions(node.fbb(), a.align_corners, a.half_pixel_centers);
    return node.write(Code::RESIZE_BILINEAR, inputs, {node.output()}, options, a.half_pixel_centers ? 3 : 1);
  }
  const auto options = CreateResizeNearestOptions(node.fbb(), a.align_corners, a.half_pixel_centers);
  node.write(Code::RESIZE_NEAREST_NEIGHBOR, inputs, {node.output()}, options,
             a.half_pixel_centers || a.align_corners ? 3 : 1);
}

}  // namespace whit::tflite
