// Reductions and resizing against their definitions.
#include "whit/base/error.hpp"
#include "whit/compile/lower/one_node_test.hpp"
#include "whit/compile/lower/quantized.hpp"

namespace whit::compile {
namespace {

using namespace one_node;

struct ReduceCase {
  ir::Shape input;
  std::vector<int32_t> axes;
};

const std::vector<ReduceCase> kReduceCases = {
    {{2, 5, 3, 4}, {1, 2}}, {{2, 5, 3, 4}, {0, 2}}, {{2, 5, 3, 4}, {1, 3}}, {{7}, {0}}, {{3, 9}, {1}}, {{3, 9}, {0}},
    {{2, 3, 4}, {0, 1, 2}}, {{4, 1, 6}, {1}},       {{1, 9, 9, 16}, {1, 2}}};

// The elements that make up each output, in row-major order.
std::vector<std::vector<size_t>> members(const ReduceCase& c, ir::Shape& output) {
  output.clear();
  std::vector<bool> reduced(c.input.size(), false);
  for (const int32_t axis : c.axes) reduced[static_cast<size_t>(axis)] = true;
  for (size_t d = 0; d < c.input.size(); ++d) {
    if (!reduced[d]) output.push_back(c.input[d]);
  }
  std::vector<std::vector<size_t>> result(static_cast<size_t>(ir::elements(output)));
  for (int64_t n = 0; n < ir::elements(c.input); ++n) {
    int64_t rest = n, at = 0, stride = 1;
    for (size_t d = c.input.size(); d-- > 0; rest /= c.input[d]) {
      if (reduced[d]) continue;
      at += rest % c.input[d] * stride;
      stride *= c.input[d];
    }
    result[static_cast<size_t>(at)].push_back(static_cast<size_t>(n));
  }
  return result;
}

TEST(LowerReduce, Float32) {
  for (const ReduceCase& c : kReduceCases) {
    ir::Shape output;
    const auto groups = members(c, output);
    const auto x = random_values<float>(static_cast<size_t>(ir::elements(c.input)), 8, -5, 5);
    for (const ir::Op op : {ir::Op::mean, ir::Op::sum, ir::Op::reduce_max, ir::Op::reduce_min}) {
      OneNode node(op, ir::ReduceAttributes{c.axes, false});
      node.input(ir::DType::f32, c.input);
      node.output(ir::DType::f32, output);
      std::vector<float> expected;
      for (const auto& group : groups) {
        float result = op == ir::Op::mean || op == ir::Op::sum ? 0.0f : x[group[0]];
        for (const size_t i : group) {
          if (op == ir::Op::reduce_max) result = std::max(result, x[i]);
          if (op == ir::Op::reduce_min) result = std::min(result, x[i]);
          if (op == ir::Op::mean || op == ir::Op::sum) result += x[i];
        }
        expected.push_back(op == ir::Op::mean ? result / static_cast<float>(group.size()) : result);
      }
      const Program program = node.compile();
      EXPECT_EQ((run<float, float>(program, {x})), expected) << ir::name_of(op) << ir::to_string(c.input);
      expect_hostile_records_are_harmless(program);
    }
  }
}

TEST(LowerReduce, Int8) {
  const ir::Quantization in{{0.07f}, {-9}}, other{{0.031f}, {12}};
  for (const ReduceCase& c : kReduceCases) {
    ir::Shape output;
    const auto groups = members(c, output);
    const auto x = random_values<int8_t>(static_cast<size_t>(ir::elements(c.input)), 8);
    for (const ir::Op op : {ir::Op::mean, ir::Op::sum, ir::Op::reduce_max, ir::Op::reduce_min}) {
      const bool adds = op == ir::Op::mean || op == ir::Op::sum;
      OneNode node(op, ir::ReduceAttributes{c.axes, false});
      node.input(ir::DType::i8, c.input, in);
      node.output(ir::DType::i8, output, adds ? other : in);
      const Program program = node.compile();
      const auto y = run<int8_t, int8_t>(program, {x});
      for (size_t o = 0; o < groups.size(); ++o) {
        int32_t sum = 0, largest = -128, smallest = 127;
        for (const size_t i : groups[o]) {
          sum += x[i] + 9;
          largest = std::max<int32_t>(largest, x[i]);
          smallest = std::min<int32_t>(smallest, x[i]);
        }
        if (!adds) {
          ASSERT_EQ(y[o], op == ir::Op::reduce_max ? largest : smallest);
          continue;
        }
        // In real numbers, to within the one rounding that the fixed-point arithmetic may differ by.
        double real = static_cast<double>(sum) * 0.07 / 0.031;
        if (op == ir::Op::mean) real /= static_cast<double>(groups[o].size());
        ASSERT_NEAR(y[o], std::clamp(std::round(real) + 12, -128.0, 127.0), 1.0) << ir::name_of(op);
      }
      expect_hostile_records_are_harmless(program);
    }
  }
}

TEST(LowerReduce, ArgMaxAndArgMin) {
  const std::vector<int8_t> x = {3, 9, 9, -4, 0, -4, 7, 7, 1, 2, 5, 5};  // [2, 3, 2]
  const std::pair<int32_t, std::vector<int32_t>> cases[] = {{1, {1, 0, 0, 0}}, {0, {1, 0, 0, 1, 1, 1}}};
  for (const auto& [axis, expected] : cases) {
    for (const ir::Op op : {ir::Op::arg_max, ir::Op::arg_min}) {
      std::vector<int8_t> given = x;
      if (op == ir::Op::arg_min) {
        for (int8_t& v : given) v = static_cast<int8_t>(-v);
      }
      const ir::Shape out = axis == 1 ? ir::Shape{2, 2} : ir::Shape{3, 2};
      OneNode node(op, ir::ReduceAttributes{{axis}, false});
      node.input(ir::DType::i8, {2, 3, 2}, {{1.0f}, {0}});
      node.output(ir::DType::i32, out);
      const Program program = node.compile();
      EXPECT_EQ((run<int32_t, int8_t>(program, {given})), expected) << ir::name_of(op) << " axis " << axis;
      expect_hostile_records_are_harmless(program);
      OneNode real(op, ir::ReduceAttributes{{axis}, false});
      real.input(ir::DType::f32, {2, 3, 2});
      real.output(ir::DType::i32, out);
      const Program program_f32 = real.compile();
      EXPECT_EQ((run<int32_t, float>(program_f32, {std::vector<float>(given.begin(), given.end())})), expected);
      expect_hostile_records_are_harmless(program_f32);
    }
  }
}

TEST(LowerReduce, RefusesWhatItCannotDo) {
  OneNode types(ir::Op::sum, ir::ReduceAttributes{{0}, false});
  types.input(ir::DType::i32, {4});
  types.output(ir::DType::i32, {});
  EXPECT_THROW(types.compile(), Error);
  OneNode axes(ir::Op::sum, ir::ReduceAttributes{{0, 2, 4}, false});
  axes.input(ir::DType::f32, {2, 2, 2, 2, 2});
  axes.output(ir::DType::f32, {2, 2});
  EXPECT_THROW(axes.compile(), Error);
}

TEST(LowerResize, NearestTakesTheNearest) {
  struct Case {
    int32_t in, out;
    bool corners, half;
    std::vector<int32_t> taps;
  };
  const Case cases[] = {{2, 4, false, false, {0, 0, 1, 1}},
                        {3, 5, false, false, {0, 0, 1, 1, 2}},
                        {4, 2, false, true, {1, 3}},
                        {3, 5, true, false, {0, 1, 1, 2, 2}},
                        {2, 5, false, true, {0, 0, 1, 1, 1}}};
  for (const Case& c : cases) {
    OneNode node(ir::Op::resize_nearest, ir::ResizeAttributes{c.corners, c.half});
    node.input(ir::DType::i8, {1, c.in, 1, 3}, {{1.0f}, {0}});
    node.output(ir::DType::i8, {1, c.out, 1, 3}, {{1.0f}, {0}});
    const auto x = random_values<int8_t>(static_cast<size_t>(c.in) * 3, 4);
    std::vector<int8_t> expected;
    for (const int32_t tap : c.taps) expected.insert(expected.end(), x.begin() + tap * 3, x.begin() + tap * 3 + 3);
    const Program program = node.compile();
    EXPECT_EQ((run<int8_t, int8_t>(program, {x})), expected) << c.in << " to " << c.out;
    expect_hostile_records_are_harmless(program);
  }
}

TEST(LowerResize, BilinearIsLinearBetweenPixels) {
  for (const bool half : {false, true}) {
    for (const bool corners : {false, true}) {
      if (half && corners) continue;
      const int32_t in_h = 4, in_w = 3, out_h = 7, out_w = 8, channels = 2;
      const auto x = random_values<float>(static_cast<size_t>(in_h * in_w * channels), 4, -128, 127);
      std::vector<int8_t> q;
      for (const float v : x) q.push_back(static_cast<int8_t>(v));
      OneNode real(ir::Op::resize_bilinear, ir::ResizeAttributes{corners, half});
      real.input(ir::DType::f32, {1, in_h, in_w, channels});
      real.output(ir::DType::f32, {1, out_h, out_w, channels});
      OneNode integer(ir::Op::resize_bilinear, ir::ResizeAttributes{corners, half});
      integer.input(ir::DType::i8, {1, in_h, in_w, channels}, {{1.0f}, {0}});
      integer.output(ir::DType::i8, {1, out_h, out_w, channels}, {{1.0f}, {0}});
      const Program program = real.compile(), program_s8 = integer.compile();
      const auto y = run<float, float>(program, {x});
      const auto z = run<int8_t, int8_t>(program_s8, {q});
      const auto place = [&](int32_t i, int32_t in, int32_t out) {
        double p = i * (corners ? (in - 1.0) / (out - 1.0) : static_cast<double>(in) / out);
        if (half) p = (i + 0.5) * in / out - 0.5;
        return std::clamp(p, 0.0, in - 1.0);
      };
      for (int32_t oy = 0; oy < out_h; ++oy)
        for (int32_t ox = 0; ox < out_w; ++ox)
          for (int32_t c = 0; c < channels; ++c) {
            const double py = place(oy, in_h, out_h), px = place(ox, in_w, out_w);
            const auto mix = [&](const auto& values) {
              double sum = 0;
              for (int32_t iy = 0; iy < in_h; ++iy)
                for (int32_t ix = 0; ix < in_w; ++ix) {
                  const double weight = std::max(0.0, 1 - std::abs(py - iy)) * std::max(0.0, 1 - std::abs(px - ix));
                  sum += weight * values[static_cast<size_t>((iy * in_w + ix) * channels + c)];
                }
              return sum;
            };
            const auto at = static_cast<size_t>((oy * out_w + ox) * channels + c);
            ASSERT_NEAR(y[at], mix(x), 1e-4) << oy << "," << ox;
            ASSERT_NEAR(z[at], mix(q), 0.75) << oy << "," << ox;  // positions in 1/1024, rounding
          }
      expect_hostile_records_are_harmless(program);
      expect_hostile_records_are_harmless(program_s8);
    }
  }
}

}  // namespace
}  // namespace whit::compile
