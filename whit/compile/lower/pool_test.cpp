#include "whit/base/error.hpp"
#include "whit/compile/lower/one_node_test.hpp"

namespace whit::compile {
namespace {

using namespace one_node;

struct PoolCase {
  ir::Shape input;
  ir::PoolAttributes attributes;
  int32_t output_h, output_w;
};

std::vector<PoolCase> pool_cases() {
  const auto pool = [](int32_t kh, int32_t kw, int32_t sh, int32_t sw, int32_t top, int32_t left,
                       ir::Activation activation = ir::Activation::none) {
    ir::PoolAttributes a;
    a.kernel_h = kh, a.kernel_w = kw, a.stride_h = sh, a.stride_w = sw, a.pad_top = top, a.pad_left = left;
    a.activation = activation;
    return a;
  };
  return {{{1, 25, 5, 64}, pool(25, 5, 25, 5, 0, 0), 1, 1},
          {{1, 3, 3, 256}, pool(3, 3, 1, 1, 0, 0), 1, 1},
          {{1, 8, 8, 64}, pool(8, 8, 8, 8, 0, 0), 1, 1},
          {{2, 7, 5, 3}, pool(3, 3, 2, 2, 1, 1), 4, 3},
          {{1, 6, 6, 5}, pool(2, 2, 2, 2, 0, 0, ir::Activation::relu), 3, 3},
          {{1, 5, 9, 7}, pool(4, 2, 1, 3, 3, 0, ir::Activation::relu6), 5, 3},
          {{3, 1, 20, 6}, pool(1, 2, 1, 2, 0, 0), 1, 10},
          {{1, 17, 16, 4}, pool(17, 16, 1, 1, 0, 0), 1, 1}};
}

// Straight from the definition: visits every tap and asks whether it lies inside.
template <typename T, typename Finish>
std::vector<T> reference(const PoolCase& c, const std::vector<T>& x, Finish finish) {
  const ir::PoolAttributes& a = c.attributes;
  std::vector<T> y;
  for (int b = 0; b < c.input[0]; ++b)
    for (int oy = 0; oy < c.output_h; ++oy)
      for (int ox = 0; ox < c.output_w; ++ox)
        for (int ch = 0; ch < c.input[3]; ++ch) {
          std::vector<T> window;
          for (int ky = 0; ky < a.kernel_h; ++ky)
            for (int kx = 0; kx < a.kernel_w; ++kx) {
              const int iy = oy * a.stride_h - a.pad_top + ky, ix = ox * a.stride_w - a.pad_left + kx;
              if (iy < 0 || ix < 0 || iy >= c.input[1] || ix >= c.input[2]) continue;
              window.push_back(x[static_cast<size_t>(((b * c.input[1] + iy) * c.input[2] + ix) * c.input[3] + ch)]);
            }
          y.push_back(finish(window));
        }
  return y;
}

TEST(LowerPool, Int8EqualsTheDefinition) {
  for (const PoolCase& c : pool_cases()) {
    for (const ir::Op op : {ir::Op::average_pool2d, ir::Op::max_pool2d}) {
      const ir::Quantization q{{0.05f}, {-7}};
      OneNode node(op, c.attributes);
      node.input(ir::DType::i8, c.input, q);
      node.output(ir::DType::i8, {c.input[0], c.output_h, c.output_w, c.input[3]}, q);
      const Program program = node.compile();
      const auto x = random_values<int8_t>(static_cast<size_t>(ir::elements(c.input)), 5);
      int low = -128, high = 127;
      if (c.attributes.activation != ir::Activation::none) low = -7;
      if (c.attributes.activation == ir::Activation::relu6) high = -7 + 120;
      const auto expected = reference(c, x, [&](const std::vector<int8_t>& window) {
        int result = -128;
        if (op == ir::Op::average_pool2d) {
          int sum = 0;
          for (const int8_t v : window) sum += v;
          result = static_cast<int>(std::lround(static_cast<double>(sum) / static_cast<double>(window.size())));
        } else {
          for (const int8_t v : window) result = std::max<int>(result, v);
        }
        return static_cast<int8_t>(std::clamp(result, low, high));
      });
      EXPECT_EQ((run<int8_t, int8_t>(program, {x})), expected) << ir::to_string(c.input);
      expect_hostile_records_are_harmless(program);
    }
  }
}

TEST(LowerPool, Float32EqualsTheDefinition) {
  for (const PoolCase& c : pool_cases()) {
    for (const ir::Op op : {ir::Op::average_pool2d, ir::Op::max_pool2d}) {
      OneNode node(op, c.attributes);
      node.input(ir::DType::f32, c.input);
      node.output(ir::DType::f32, {c.input[0], c.output_h, c.output_w, c.input[3]});
      const Program program = node.compile();
      const auto x = random_values<float>(static_cast<size_t>(ir::elements(c.input)), 6, -9, 9);
      const auto expected = reference(c, x, [&](const std::vector<float>& window) {
        float result = op == ir::Op::average_pool2d ? 0.0f : window[0];
        for (const float v : window) result = op == ir::Op::average_pool2d ? result + v : std::max(result, v);
        if (op == ir::Op::average_pool2d) result /= static_cast<float>(window.size());
        if (c.attributes.activation != ir::Activation::none) result = std::max(result, 0.0f);
        if (c.attributes.activation == ir::Activation::relu6) result = std::min(result, 6.0f);
        return result;
      });
      EXPECT_EQ((run<float, float>(program, {x})), expected) << ir::to_string(c.input);
      expect_hostile_records_are_harmless(program);
    }
  }
}

TEST(LowerPool, WorksInPlace) {
  const ir::Quantization q{{1.0f}, {0}};
  ir::PoolAttributes a;
  a.kernel_h = a.kernel_w = a.stride_h = a.stride_w = 2;
  OneNode node(ir::Op::max_pool2d, a);
  node.input(ir::DType::i8, {1, 8, 8, 4}, q);
  node.output(ir::DType::i8, {1, 4, 4, 4}, q);
  EXPECT_EQ(node.compile().header().arena_bytes, 8u * 8 * 4);
}

TEST(LowerPool, RefusesWhatItCannotDo) {
  OneNode types(ir::Op::max_pool2d, ir::PoolAttributes{});
  types.input(ir::DType::i16, {1, 2, 2, 1});
  types.output(ir::DType::i16, {1, 2, 2, 1});
  EXPECT_THROW(types.compile(), Error);
  OneNode scales(ir::Op::average_pool2d, ir::PoolAttributes{});
  scales.input(ir::DType::i8, {1, 2, 2, 1}, {{1.0f}, {0}});
  scales.output(ir::DType::i8, {1, 2, 2, 1}, {{2.0f}, {0}});
  EXPECT_THROW(scales.compile(), Error);
}

}  // namespace
}  // namespace whit::compile
