#include <functional>

#include "whit/base/error.hpp"
#include "whit/compile/lower/one_node_test.hpp"

namespace whit::compile {
namespace {

using namespace one_node;
using Index = std::vector<int32_t>;

// Builds an expected output element by element: `source(index)` is the input's index, or empty for `fill`.
template <typename T>
std::vector<T> gather_elements(const ir::Shape& in, const ir::Shape& out, const std::vector<T>& x,
                               const std::function<Index(const Index&)>& source, T fill = {}) {
  std::vector<T> y;
  Index index(out.size(), 0);
  for (int64_t n = 0; n < ir::elements(out); ++n) {
    const Index from = source(index);
    int64_t at = 0;
    for (size_t d = 0; d < from.size(); ++d) at = at * in[d] + from[d];
    y.push_back(from.empty() ? fill : x[static_cast<size_t>(at)]);
    for (size_t d = out.size(); d-- > 0;) {
      if (++index[d] < out[d]) break;
      index[d] = 0;
    }
  }
  return y;
}

// Runs one op for elements of one, four and eight bytes and compares.
void expect_moves(ir::Op op, const ir::Attributes& attributes, const ir::Shape& in, const ir::Shape& out,
                  const std::function<Index(const Index&)>& source) {
  const auto check_type = [&](ir::DType type, auto element) {
    using T = decltype(element);
    OneNode node(op, attributes);
    node.input(type, in, {{0.5f}, {3}});
    node.output(type, out, {{0.5f}, {3}});
    const Program program = node.compile();
    const auto x = random_values<T>(static_cast<size_t>(ir::elements(in)), 11);
    T fill = 0;
    if (const auto* pad = std::get_if<ir::PadAttributes>(&attributes)) fill = static_cast<T>(pad->value);
    EXPECT_EQ((run<T, T>(program, {x})), gather_elements<T>(in, out, x, source, fill))
        << ir::name_of(op) << " of " << ir::to_string(in) << " to " << ir::to_string(out);
    expect_hostile_records_are_harmless(program);
  };
  check_type(ir::DType::i8, int8_t{});
  check_type(ir::DType::i16, int16_t{});
  check_type(ir::DType::i32, int32_t{});
  const auto* pad = std::get_if<ir::PadAttributes>(&attributes);
  if (pad == nullptr || pad->value == 0.0f) check_type(ir::DType::i64, int64_t{});
}

TEST(LowerDataMovement, Transpose) {
  const std::pair<ir::Shape, std::vector<int32_t>> cases[] = {{{3, 5}, {1, 0}},
                                                              {{2, 3, 4}, {2, 0, 1}},
                                                              {{1, 7, 5, 3}, {0, 3, 1, 2}},
                                                              {{2, 3, 4, 5}, {3, 2, 1, 0}},
                                                              {{2, 3, 1, 2, 3}, {4, 1, 3, 0, 2}},
                                                              {{2, 1, 3}, {1, 0, 2}},
                                                              {{2, 2, 2, 2, 2, 3}, {5, 3, 4, 1, 0, 2}}};
  for (const auto& [in, permutation] : cases) {
    ir::Shape out;
    for (const int32_t p : permutation) out.push_back(in[static_cast<size_t>(p)]);
    expect_moves(ir::Op::transpose, ir::TransposeAttributes{permutation}, in, out, [&p = permutation](const Index& o) {
      Index from(o.size());
      for (size_t d = 0; d < o.size(); ++d) from[static_cast<size_t>(p[d])] = o[d];
      return from;
    });
  }
}

TEST(LowerDataMovement, Slice) {
  struct Case {
    ir::Shape in, out;
    std::vector<int32_t> begin, stride;
  };
  const Case cases[] = {{{8, 6}, {3, 6}, {2, 0}, {1, 1}},
                        {{8, 6}, {8, 2}, {0, 1}, {1, 3}},
                        {{5, 7, 3}, {2, 3, 3}, {1, 6, 0}, {3, -2, 1}},
                        {{6}, {6}, {5}, {-1}},
                        {{4, 4, 4, 4}, {2, 3, 1, 2}, {1, 0, 3, 1}, {2, 1, 1, 2}}};
  for (const Case& c : cases) {
    expect_moves(ir::Op::slice, ir::SliceAttributes{c.begin, c.stride}, c.in, c.out, [&c](const Index& o) {
      Index from(o.size());
      for (size_t d = 0; d < o.size(); ++d) from[d] = c.begin[d] + o[d] * c.stride[d];
      return from;
    });
  }
}

ir::PadAttributes padding(std::vector<int32_t> before, std::vector<int32_t> after, float value) {
  ir::PadAttributes a;
  a.before = std::move(before);
  a.after = std::move(after);
  a.value = value;
  return a;
}

ir::Shape padded(const ir::Shape& in, const ir::PadAttributes& a) {
  ir::Shape out = in;
  for (size_t d = 0; d < in.size(); ++d) out[d] += a.before[d] + a.after[d];
  return out;
}

TEST(LowerDataMovement, Pad) {
  const std::pair<ir::Shape, ir::PadAttributes> cases[] = {
      {{1, 5, 4, 3}, padding({0, 1, 2, 0}, {0, 3, 1, 0}, -7)}, {{2, 5, 4, 3}, padding({0, 1, 1, 0}, {0, 1, 1, 0}, 0)},
      {{2, 3, 4, 3}, padding({1, 0, 0, 2}, {0, 1, 2, 1}, 5)},  {{2, 3, 2}, padding({1, 1, 1}, {0, 2, 1}, 0)},
      {{2, 3, 4, 3}, padding({1, 1, 1, 2}, {1, 1, 2, 1}, -5)}, {{7}, padding({0}, {5}, 1)},
      {{2, 3, 4, 5}, padding({0, 0, 0, 0}, {0, 0, 0, 1}, 9)},  {{3, 4}, padding({0, 0}, {0, 0}, 0)},
      {{2, 3, 4}, padding({2, 0, 0}, {1, 0, 0}, 3)},           {{2, 2, 3, 2}, padding({0, 2, 0, 1}, {0, 0, 0, 0}, 3)}};
  for (const auto& [in, a] : cases) {
    expect_moves(ir::Op::pad, a, in, padded(in, a), [&in = in, &a = a](const Index& o) {
      Index from(o.size());
      for (size_t d = 0; d < o.size(); ++d) {
        from[d] = o[d] - a.before[d];
        if (from[d] < 0 || from[d] >= in[d]) return Index{};
      }
      return from;
    });
  }
}

TEST(LowerDataMovement, PadLeavesNoSecondCopy) {
  OneNode node(ir::Op::pad, padding({0, 1, 1, 0}, {0, 1, 1, 0}, 0));
  node.input(ir::DType::i8, {1, 8, 8, 4});
  node.output(ir::DType::i8, {1, 10, 10, 4});
  // The input ends one row and one pixel before the output does.
  EXPECT_LE(node.compile().header().arena_bytes, 10u * 10 * 4);
}

TEST(LowerDataMovement, MirrorPad) {
  for (const bool symmetric : {false, true}) {
    const std::pair<ir::Shape, ir::PadAttributes> cases[] = {{{5}, padding({3}, {2}, 0)},
                                                             {{4, 5}, padding({2, 1}, {3, 4}, 0)},
                                                             {{1, 3, 4, 2}, padding({0, 2, 1, 0}, {0, 1, 3, 1}, 0)}};
    for (auto [in, a] : cases) {
      a.symmetric = symmetric;
      expect_moves(ir::Op::mirror_pad, a, in, padded(in, a), [&in = in, &a = a, symmetric](const Index& o) {
        Index from(o.size());
        for (size_t d = 0; d < o.size(); ++d) {
          from[d] = o[d] - a.before[d];
          if (from[d] < 0) from[d] = -from[d] - (symmetric ? 1 : 0);
          if (from[d] >= in[d]) from[d] = 2 * in[d] - 2 - from[d] + (symmetric ? 1 : 0);
        }
        return from;
      });
    }
  }
}

TEST(LowerDataMovement, Tile) {
  const std::pair<ir::Shape, ir::Shape> cases[] = {
      {{3}, {9}}, {{2, 3}, {4, 3}}, {{2, 3}, {2, 12}}, {{1, 2, 3, 2}, {2, 4, 6, 2}}};
  for (const auto& [in, out] : cases) {
    expect_moves(ir::Op::tile, ir::NoAttributes{}, in, out, [&in = in](const Index& o) {
      Index from(o.size());
      for (size_t d = 0; d < o.size(); ++d) from[d] = o[d] % in[d];
      return from;
    });
  }
}

TEST(LowerDataMovement, SpaceToDepthAndBack) {
  const int32_t block = 2;
  const ir::Shape space = {2, 4, 6, 3}, depth = {2, 2, 3, 12};
  expect_moves(ir::Op::space_to_depth, ir::BlockAttributes{block}, space, depth, [](const Index& o) {
    return Index{o[0], o[1] * 2 + o[3] / 6, o[2] * 2 + o[3] / 3 % 2, o[3] % 3};
  });
  expect_moves(ir::Op::depth_to_space, ir::BlockAttributes{block}, depth, space, [](const Index& o) {
    return Index{o[0], o[1] / 2, o[2] / 2, (o[1] % 2 * 2 + o[2] % 2) * 3 + o[3]};
  });
}

TEST(LowerDataMovement, ReshapeOfInputToOutput) {
  expect_moves(ir::Op::reshape, ir::NoAttributes{}, {2, 6}, {3, 4}, [](const Index& o) {
    return Index{(o[0] * 4 + o[1]) / 6, (o[0] * 4 + o[1]) % 6};
  });
}

TEST(LowerDataMovement, Concat) {
  for (const int32_t axis : {0, 1, 2}) {
    OneNode node(ir::Op::concat, ir::AxisAttributes{axis, 0});
    std::vector<std::vector<int8_t>> inputs;
    ir::Shape out = {2, 3, 4};
    out[static_cast<size_t>(axis)] = 0;
    for (const int32_t size : {3, 1, 4}) {
      ir::Shape shape = {2, 3, 4};
      shape[static_cast<size_t>(axis)] = size;
      out[static_cast<size_t>(axis)] += size;
      node.input(ir::DType::i8, shape);
      inputs.push_back(random_values<int8_t>(static_cast<size_t>(ir::elements(shape)), static_cast<uint32_t>(size)));
    }
    node.output(ir::DType::i8, out);
    const Program program = node.compile();
    std::vector<int8_t> expected;
    int64_t outer = 1;
    for (int32_t d = 0; d < axis; ++d) outer *= out[static_cast<size_t>(d)];
    for (int64_t o = 0; o < outer; ++o) {
      for (const auto& part : inputs) {
        const auto row = static_cast<int64_t>(part.size()) / outer;
        expected.insert(expected.end(), part.begin() + o * row, part.begin() + (o + 1) * row);
      }
    }
    EXPECT_EQ((run<int8_t, int8_t>(program, inputs)), expected) << "axis " << axis;
    if (axis > 0) expect_hostile_records_are_harmless(program);
  }
}

TEST(LowerDataMovement, ConcatOfDifferentScalesIsRefused) {
  OneNode node(ir::Op::concat, ir::AxisAttributes{0, 0});
  node.input(ir::DType::i8, {4}, {{1.0f}, {0}});
  node.input(ir::DType::i8, {4}, {{2.0f}, {0}});
  node.output(ir::DType::i8, {8}, {{1.0f}, {0}});
  EXPECT_THROW(node.compile(), Error);
}

TEST(LowerDataMovement, GatherByConstantAndByInput) {
  const ir::Shape in = {3, 5, 2};
  const auto x = random_values<float>(30, 3, -1, 1);
  const std::vector<int32_t> indices = {4, 0, 0, 2};
  std::vector<float> expected;
  for (int o = 0; o < 3; ++o)
    for (const int32_t i : indices)
      for (int c = 0; c < 2; ++c) expected.push_back(x[static_cast<size_t>((o * 5 + i) * 2 + c)]);
  OneNode constant(ir::Op::gather, ir::AxisAttributes{1, 0});
  constant.input(ir::DType::f32, in);
  constant.constant<int32_t>(ir::DType::i32, {4}, indices);
  constant.output(ir::DType::f32, {3, 4, 2});
  const Program program = constant.compile();
  EXPECT_EQ((run<float, float>(program, {x})), expected);
  expect_hostile_records_are_harmless(program);

  OneNode dynamic(ir::Op::gather, ir::AxisAttributes{1, 0});
  dynamic.input(ir::DType::f32, in);
  dynamic.input(ir::DType::i32, {4});
  dynamic.output(ir::DType::f32, {3, 4, 2});
  const Program by_input = dynamic.compile();
  HostPlayer player(by_input);
  for (const std::vector<int32_t>& given : {indices, {4, -3, -2000000000, 2}}) {  // the second: clamped to the first
    player.set_input(0, as_bytes(x));
    player.set_input(1, as_bytes(given));
    player.invoke();
    EXPECT_EQ(from_bytes<float>(player.output(0)), expected);
  }
}

TEST(LowerDataMovement, GatherOutsideIsRefused) {
  OneNode node(ir::Op::gather, ir::AxisAttributes{0, 0});
  node.input(ir::DType::i8, {3});
  node.constant<int64_t>(ir::DType::i64, {1}, {3});
  node.output(ir::DType::i8, {1});
  EXPECT_THROW(node.compile(), Error);
}

TEST(LowerDataMovement, OneHot) {
  OneNode node(ir::Op::one_hot, ir::AxisAttributes{1, 0});
  node.input(ir::DType::i32, {2, 2});
  node.constant<float>(ir::DType::f32, {}, {5.0f});
  node.constant<float>(ir::DType::f32, {}, {-1.0f});
  node.output(ir::DType::f32, {2, 3, 2});
  const Program program = node.compile();
  const std::vector<float> expected = {-1, -1, 5, -1, -1, -1, -1, -1, -1, -1, -1, 5};
  EXPECT_EQ((run<float, int32_t>(program, {{1, 3, -1, 2}})), expected);
  expect_hostile_records_are_harmless(program);
}

TEST(LowerDataMovement, RefusesIndivisiblePadding) {
  OneNode negative(ir::Op::pad, padding({-1}, {0}, 0));
  negative.input(ir::DType::i8, {4});
  negative.output(ir::DType::i8, {3});
  EXPECT_THROW(negative.compile(), Error);
  OneNode wide(ir::Op::pad, padding({1}, {0}, 7));
  wide.input(ir::DType::i64, {4});
  wide.output(ir::DType::i64, {5});
  EXPECT_THROW(wide.compile(), Error);
  OneNode mirror(ir::Op::mirror_pad, padding({4}, {0}, 0));
  mirror.input(ir::DType::i8, {4});
  mirror.output(ir::DType::i8, {8});
  EXPECT_THROW(mirror.compile(), Error);
}

}  // namespace
}  // namespace whit::compile
