#include "whit/compress/model_runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "whit/base/error.hpp"
#include "whit/compile/program.hpp"

namespace whit::compress {
namespace {

template <typename T>
std::vector<uint8_t> store_integers(std::span<const float> values, float scale, int32_t zero_point) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  const auto low = static_cast<float>(std::numeric_limits<T>::min());
  const auto high = static_cast<float>(std::numeric_limits<T>::max());
  for (size_t i = 0; i < values.size(); ++i) {
    const float stored = std::round(values[i] / scale) + static_cast<float>(zero_point);
    const T value = static_cast<T>(std::clamp(stored, low, high));
    memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

template <typename T>
std::vector<float> load_numbers(std::span<const uint8_t> bytes, float scale, int32_t zero_point) {
  std::vector<float> values(bytes.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] =
        scale > 0 ? scale * static_cast<float>(static_cast<int64_t>(value) - zero_point) : static_cast<float>(value);
  }
  return values;
}

rt::ElementType type_of(const compile::ProgramTensor& tensor) { return static_cast<rt::ElementType>(tensor.info.type); }

rt::ElementType stored_type(const ir::Tensor& tensor) {
  return tensor.type == ir::DType::i8 ? rt::ElementType::i8 : rt::ElementType::i16;
}

int64_t elements_of(const compile::ProgramTensor& tensor) {
  return tensor.info.bytes / compile::element_bytes(type_of(tensor));
}

}  // namespace

std::vector<uint8_t> store(std::span<const float> values, rt::ElementType type, float scale, int32_t zero_point) {
  if (type == rt::ElementType::f32) {
    const auto* begin = reinterpret_cast<const uint8_t*>(values.data());
    return {begin, begin + values.size_bytes()};
  }
  if (scale > 0 && type == rt::ElementType::i8) return store_integers<int8_t>(values, scale, zero_point);
  if (scale > 0 && type == rt::ElementType::u8) return store_integers<uint8_t>(values, scale, zero_point);
  if (scale > 0 && type == rt::ElementType::i16) return store_integers<int16_t>(values, scale, zero_point);
  throw Error(ErrorCode::unsupported, fmt::format("an input of type {}", compile::element_c_name(type)), "",
              "the model needs a float32 or quantized input");
}

std::vector<float> load(std::span<const uint8_t> bytes, rt::ElementType type, float scale, int32_t zero_point) {
  switch (type) {
    case rt::ElementType::f32: {
      std::vector<float> values(bytes.size() / sizeof(float));
      memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
      return values;
    }
    case rt::ElementType::i8:
      return load_numbers<int8_t>(bytes, scale, zero_point);
    case rt::ElementType::u8:
    case rt::ElementType::boolean:
      return load_numbers<uint8_t>(bytes, scale, zero_point);
    case rt::ElementType::i16:
      return load_numbers<int16_t>(bytes, scale, zero_point);
    case rt::ElementType::i32:
      return load_numbers<int32_t>(bytes, scale, zero_point);
    case rt::ElementType::i64:
      return load_numbers<int64_t>(bytes, scale, zero_point);
    case rt::ElementType::f16:
      break;
  }
  throw Error(ErrorCode::unsupported, fmt::format("an output of type {}", compile::element_c_name(type)));
}

std::vector<uint8_t> store(std::span<const float> values, const ir::Tensor& like) {
  return store(values, stored_type(like), like.quantization.scale[0], like.quantization.zero_point[0]);
}

std::vector<float> load(std::span<const uint8_t> bytes, const ir::Tensor& like) {
  return load(bytes, stored_type(like), like.quantization.scale[0], like.quantization.zero_point[0]);
}

ModelRunner::ModelRunner(const ir::Graph& graph, bool passes) {
  compile::CompileOptions options;
  if (!passes) {
    for (const compile::Pass& pass : compile::kPasses) options.passes.skip.insert(pass.name);
  }
  program_ = std::make_unique<compile::Program>(compile::compile(graph, options, {}).program);
  if (program_->inputs().empty()) {
    throw Error(ErrorCode::unsupported, "the model has no inputs", graph.name, "there is nothing to give data to");
  }
}

int64_t ModelRunner::input_elements() const {
  int64_t elements = 0;
  for (const compile::ProgramTensor& input : program_->inputs()) elements += elements_of(input);
  return elements;
}
int64_t ModelRunner::output_elements(size_t output) const { return elements_of(program_->outputs()[output]); }

void ModelRunner::run(std::span<const float> samples, const Sink& sink) const {
  const auto size = static_cast<size_t>(input_elements());
  const size_t count = samples.size() / size;
  const size_t lanes = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 8);
  using Outputs = std::vector<std::vector<float>>;
  std::vector<std::unique_ptr<compile::HostPlayer>> players;
  for (size_t lane = 0; lane < std::min(lanes, count); ++lane) {
    players.push_back(std::make_unique<compile::HostPlayer>(*program_));
  }
  const auto infer = [&](compile::HostPlayer& player, size_t sample) {
    player.reset();
    size_t at = sample * size;
    for (size_t i = 0; i < program_->inputs().size(); ++i) {
      const compile::ProgramTensor& input = program_->inputs()[i];
      const auto elements = static_cast<size_t>(elements_of(input));
      player.set_input(i, store(samples.subspan(at, elements), type_of(input), input.scale, input.info.zero_point));
      at += elements;
    }
    player.invoke();
    Outputs outputs;
    for (size_t i = 0; i < output_count(); ++i) {
      const compile::ProgramTensor& output = program_->outputs()[i];
      outputs.push_back(load(player.output(i), type_of(output), output.scale, output.info.zero_point));
    }
    return outputs;
  };
  // A few samples a lane at a time: results stay in order, and memory bounded.
  constexpr size_t kChunk = 4;
  std::vector<Outputs> results(players.size() * kChunk);
  for (size_t first = 0; first < count; first += results.size()) {
    const size_t batch = std::min(results.size(), count - first);
    std::vector<std::thread> threads;
    std::vector<std::exception_ptr> failures(players.size());
    for (size_t lane = 0; lane < players.size(); ++lane) {
      threads.emplace_back([&, lane] {
        try {
          for (size_t i = lane; i < batch; i += players.size()) results[i] = infer(*players[lane], first + i);
        } catch (...) {
          failures[lane] = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const std::exception_ptr& failure : failures) {
      if (failure) std::rethrow_exception(failure);
    }
    for (size_t i = 0; i < batch; ++i) sink(static_cast<int64_t>(first + i), results[i]);
  }
}

}  // namespace whit::compress
