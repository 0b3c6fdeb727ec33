#include "whit/compress/calibrate.hpp"

#include <algorithm>
#include <map>

#include "whit/compress/model_runner.hpp"
#include "whit/compress/recurrent_probe.hpp"
#include "whit/ir/kept_state.hpp"

namespace whit::compress {
namespace {

// Patches taken from one sample of one layer: enough for the moments, and a bound on the time.
constexpr int64_t kPatchesPerSample = 256;

// The f32 activations: what can be observed.
std::vector<ir::TensorId> activations(const ir::Graph& graph) {
  std::vector<ir::TensorId> ids;
  for (const ir::Node& node : graph.nodes) {
    for (const ir::TensorId id : node.outputs) {
      if (graph.tensor(id).type == ir::DType::f32) ids.push_back(id);
    }
  }
  return ids;
}

class PatchReader {
 public:
  PatchReader(const ir::Graph& graph, const ir::Node& node)
      : node_(node), in_(graph.tensor(node.inputs[0]).shape), out_(graph.tensor(node.outputs[0]).shape) {
    const ir::Shape& w = graph.tensor(node.inputs[1]).shape;
    if (node.op == ir::Op::fully_connected) {
      k_ = w[1];
      positions_ = ir::elements(in_) / k_;
    } else {
      conv_ = &ir::attributes<ir::ConvAttributes>(node);
      depthwise_ = node.op == ir::Op::depthwise_conv2d;
      kh_ = w[1], kw_ = w[2];
      channels_ = depthwise_ ? w[3] : 1;
      k_ = depthwise_ ? kh_ * kw_ : kh_ * kw_ * w[3];
      positions_ = static_cast<int64_t>(out_[0]) * out_[1] * out_[2];
    }
  }

  size_t k() const { return static_cast<size_t>(k_); }
  size_t groups() const { return static_cast<size_t>(channels_); }
  int64_t positions() const { return positions_; }

  // The patch of output `position` as [groups, k].
  void read(std::span<const float> input, int64_t position, std::vector<float>& patch) const {
    patch.assign(k() * groups(), 0.0f);
    if (conv_ == nullptr) {
      std::copy_n(input.begin() + position * k_, k_, patch.begin());
      return;
    }
    const int64_t x = position % out_[2], y = position / out_[2] % out_[1], n = position / out_[2] / out_[1];
    const int32_t depth = in_[3];
    for (int32_t i = 0; i < kh_; ++i) {
      for (int32_t j = 0; j < kw_; ++j) {
        const int64_t row = y * conv_->stride_h - conv_->pad_top + static_cast<int64_t>(i) * conv_->dilation_h;
        const int64_t column = x * conv_->stride_w - conv_->pad_left + static_cast<int64_t>(j) * conv_->dilation_w;
        if (row < 0 || row >= in_[1] || column < 0 || column >= in_[2]) continue;
        const float* pixel = input.data() + ((n * in_[1] + row) * in_[2] + column) * depth;
        const auto tap = static_cast<size_t>(i * kw_ + j);
        if (!depthwise_) {
          std::copy_n(pixel, depth, patch.begin() + static_cast<ptrdiff_t>(tap) * depth);
          continue;
        }
        const int32_t multiplier = channels_ / depth;
        for (int32_t c = 0; c < channels_; ++c) patch[static_cast<size_t>(c) * k() + tap] = pixel[c / multiplier];
      }
    }
  }

 private:
  const ir::Node& node_;
  ir::Shape in_, out_;
  const ir::ConvAttributes* conv_ = nullptr;
  bool depthwise_ = false;
  int32_t kh_ = 1, kw_ = 1, channels_ = 1, k_ = 1;
  int64_t positions_ = 0;
};

bool has_patches(const ir::Node& node) {
  return node.op == ir::Op::conv2d || node.op == ir::Op::depthwise_conv2d || node.op == ir::Op::fully_connected;
}

// `patch` is [groups, k].
void add_patch(std::span<const float> patch, size_t groups, PatchMoments& moments) {
  if (moments.k == 0) {
    moments.k = patch.size() / groups;
    moments.groups = groups;
    moments.mean.resize(moments.groups * moments.k);
    moments.gram.resize(moments.groups * moments.k * moments.k);
  }
  ++moments.count;
  for (size_t i = 0; i < patch.size(); ++i) moments.mean[i] += static_cast<double>(patch[i]);
  for (size_t g = 0; g < moments.groups; ++g) {
    const float* x = patch.data() + g * moments.k;
    for (size_t i = 0; i < moments.k; ++i) {
      if (x[i] == 0.0f) continue;
      float* row = moments.gram.data() + (g * moments.k + i) * moments.k;
      for (size_t j = 0; j < moments.k; ++j) row[j] += x[i] * x[j];
    }
  }
}

void add_patches(const PatchReader& reader, std::span<const float> input, PatchMoments& moments) {
  std::vector<float> patch;
  const int64_t step = std::max<int64_t>(1, reader.positions() / kPatchesPerSample);
  for (int64_t position = 0; position < reader.positions(); position += step) {
    reader.read(input, position, patch);
    add_patch(patch, reader.groups(), moments);
  }
}

void add_patches(const std::vector<RecurrentProbe::Step>& steps, size_t k, PatchMoments& moments) {
  const auto stride = std::max<size_t>(1, steps.size() / static_cast<size_t>(kPatchesPerSample));
  for (size_t t = 0; t < steps.size(); t += stride) {
    const std::span<const float> operands = steps[t].operands;
    for (size_t at = 0; at < operands.size(); at += k) add_patch(operands.subspan(at, k), 1, moments);
  }
}

}  // namespace

Calibration calibrate(const ir::Graph& graph, std::span<const float> samples, bool moments, const Progress& progress) {
  const std::vector<ir::TensorId> ids = activations(graph);
  ir::Graph probe = graph;
  probe.outputs = ids;
  const ModelRunner runner(probe, /*passes=*/false);
  const auto input_elements = static_cast<size_t>(runner.input_elements());
  Calibration calibration;
  calibration.tensors.resize(graph.tensors.size());
  calibration.layers.resize(graph.nodes.size());
  calibration.samples = static_cast<int64_t>(samples.size() / input_elements);
  std::vector<size_t> place(graph.tensors.size(), ids.size());  // of a tensor among the outputs
  for (size_t i = 0; i < ids.size(); ++i) place[static_cast<size_t>(ids[i])] = i;
  std::map<size_t, RecurrentProbe> recurrent;  // by node
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    if (is_recurrent(node) && graph.tensor(node.inputs[0]).type == ir::DType::f32)
      recurrent.try_emplace(n, graph, node);
  }

  for (const bool second : {false, true}) {
    runner.run(samples, [&](int64_t sample, const std::vector<std::vector<float>>& outputs) {
      const auto observe = [&](ir::TensorId id, std::span<const float> values) {
        RangeObserver& observer = calibration.tensors[static_cast<size_t>(id)];
        second ? observer.see_histogram(values) : observer.see_extent(values);
      };
      size_t at = static_cast<size_t>(sample) * input_elements;
      std::map<ir::TensorId, std::span<const float>> given;
      for (const ir::TensorId input : graph.inputs) {
        const auto values = samples.subspan(at, static_cast<size_t>(ir::elements(graph.tensor(input).shape)));
        at += values.size();
        observe(input, values);
        given[input] = values;
      }
      for (size_t i = 0; i < ids.size(); ++i) observe(ids[i], outputs[i]);
      // Empty for an operand that is absent.
      const auto values_of = [&](ir::TensorId id) -> std::span<const float> {
        if (id == ir::kNoTensor) return {};
        if (given.contains(id)) return given.at(id);
        const ir::Tensor& tensor = graph.tensor(id);
        if (tensor.is_constant) return {ir::data<float>(tensor), static_cast<size_t>(ir::elements(tensor.shape))};
        return outputs[place[static_cast<size_t>(id)]];
      };
      for (auto& [n, probe] : recurrent) {
        const ir::Node& node = graph.nodes[n];
        const auto& states = ir::state_operands(node.op);
        const auto first = [&](size_t i) {
          return i < states.size() ? values_of(node.inputs[states[i].input]) : std::span<const float>();
        };
        if (second && !moments) continue;
        const auto steps = probe.run(values_of(node.inputs[0]), first(0), first(1));
        for (const RecurrentProbe::Step& step : steps) {
          if (!second) observe(node.outputs[states.back().output], step.state);
        }
        if (second) add_patches(steps, probe.operands(), calibration.layers[n]);
      }
      if (second && moments) {
        for (size_t n = 0; n < graph.nodes.size(); ++n) {
          const ir::Node& node = graph.nodes[n];
          if (!has_patches(node) || graph.tensor(node.inputs[0]).is_constant) continue;
          add_patches({graph, node}, values_of(node.inputs[0]), calibration.layers[n]);
        }
      }
      if (progress) progress(sample + 1 + (second ? calibration.samples : 0), 2 * calibration.samples);
    });
  }
  for (PatchMoments& layer : calibration.layers) {
    for (double& mean : layer.mean) mean /= static_cast<double>(layer.count);
    for (float& product : layer.gram) product /= static_cast<float>(layer.count);
  }
  return calibration;
}

}  // namespace whit::compress
