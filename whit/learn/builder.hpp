// Layers appended to a graph, with their first weights. For architectures.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "whit/base/random.hpp"
#include "whit/learn/train.hpp"

namespace whit::learn {

class Builder {
 public:
  Builder(std::string name, uint64_t seed);

  using Id = ir::TensorId;
  using Pair = std::array<int32_t, 2>;  // height, width

  Id input(const ir::Shape& sample);  // [1, sample...]
  Model finish(Id output);

  const ir::Shape& shape(Id id) const { return model_.graph.tensor(id).shape; }

  // Images [1,H,W,C], padded as SAME.
  Id conv(Id x, int32_t filters, Pair kernel, Pair stride, ir::Activation activation, bool norm);
  Id depthwise(Id x, Pair kernel, Pair stride, ir::Activation activation, bool norm);
  Id max_pool(Id x, Pair kernel, Pair stride);
  Id global_average(Id x);  // [1,C]
  Id add(Id a, Id b, ir::Activation activation);

  Id dense(Id x, int32_t units, ir::Activation activation, bool norm);  // [1,F] to [1,units]
  Id recurrent(Id x, int32_t units, ir::Op op, bool sequence);          // [1,T,F] to [1,T,units] or [1,units]
  Id reshape(Id x, ir::Shape shape);
  Id unary(Id x, ir::Op op, ir::Attributes attributes = {});

 private:
  Id tensor(const std::string& name, ir::Shape shape);
  Id constant(const std::string& name, ir::Shape shape, const std::vector<float>& values);
  Id weights(const std::string& name, ir::Shape shape, double fan_in, double fan_out, bool before_relu);
  Id zeros(const std::string& name, int32_t count, float value = 0.0f);
  Id orthogonal(const std::string& name, int32_t units);
  Id node(ir::Op op, std::vector<Id> inputs, ir::Shape shape, ir::Attributes attributes, const std::string& name);
  Id layer(ir::Op op, Id x, Id weights, ir::Shape shape, ir::Attributes attributes, bool norm, const std::string& name);
  std::string next_name(ir::Op op);

  Model model_;
  Random random_;
  int layers_ = 0;
};

}  // namespace whit::learn
