// Training speed of three nets, samples a second, beside the same nets as plain libtorch modules with libtorch's own
// Adam and cross entropy, in one process and in turns. Prints a table; exit code 1 when whit is below 0.8 of libtorch.
#include <fmt/format.h>
// clang-format off
#include <ATen/core/ivalue.h>  // first: see whit/learn/torch.hpp
#include <torch/nn.h>
#include <torch/optim.h>
// clang-format on

#include <algorithm>
#include <chrono>

#include "whit/base/random.hpp"
#include "whit/learn/architectures.hpp"
#include "whit/report/table.hpp"

namespace {

using namespace whit;
using learn::Architecture;
using Clock = std::chrono::steady_clock;

constexpr int64_t kBatch = 32, kRounds = 5;

data::Samples random_samples(std::vector<int64_t> shape, int64_t count, int classes) {
  Random random(1);
  data::Samples samples;
  samples.shape = std::move(shape);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t e = 0; e < samples.elements(); ++e) samples.values.push_back(static_cast<float>(random.normal()));
    samples.labels.push_back(static_cast<float>(i % classes));
  }
  return samples;
}

struct Lstm : torch::nn::Module {
  torch::nn::LSTM first{torch::nn::LSTMOptions(14, 32).batch_first(true)};
  torch::nn::LSTM second{torch::nn::LSTMOptions(32, 16).batch_first(true)};
  torch::nn::Linear last{16, 2};
  Lstm() { register_module("first", first), register_module("second", second), register_module("last", last); }
  torch::Tensor forward(const torch::Tensor& x) {
    return last(std::get<0>(second(std::get<0>(first(x)))).select(1, x.size(1) - 1));
  }
};

torch::nn::Sequential dense() {
  return torch::nn::Sequential(torch::nn::Linear(27, 128), torch::nn::ReLU(), torch::nn::Linear(128, 64),
                               torch::nn::ReLU(), torch::nn::Linear(64, 5));
}

torch::nn::Sequential ds_cnn() {
  torch::nn::Sequential net;
  const auto norm = [&] {
    net->push_back(torch::nn::BatchNorm2d(64));
    net->push_back(torch::nn::ReLU());
  };
  net->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 64, {10, 4}).stride(2).padding({5, 1}).bias(false)));
  norm();
  for (int i = 0; i < 4; ++i) {
    net->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(64, 64, 3).padding(1).groups(64).bias(false)));
    norm();
    net->push_back(torch::nn::Conv2d(torch::nn::Conv2dOptions(64, 64, 1).bias(false)));
    norm();
  }
  net->push_back(torch::nn::AdaptiveAvgPool2d(1));
  net->push_back(torch::nn::Flatten());
  net->push_back(torch::nn::Linear(64, 12));
  return net;
}

// Samples a second of `steps` steps, the first tenth left out. libtorch's loop, as its tutorials have it.
template <typename Net>
double plain(Net net, const data::Samples& samples, std::vector<int64_t> shape, int64_t steps) {
  torch::set_num_threads(1);
  shape.insert(shape.begin(), samples.count());
  const torch::Tensor x = torch::from_blob(const_cast<float*>(samples.values.data()), shape);
  const torch::Tensor y = torch::tensor(samples.labels).to(torch::kLong);
  torch::optim::Adam adam(net->parameters(), torch::optim::AdamOptions(1e-3));
  net->train();
  Random random(1);
  std::vector<int64_t> order;
  Clock::time_point begin;
  double sum = 0;
  for (int64_t step = 0; step < steps; ++step) {
    if (step == steps / 10) begin = Clock::now();
    if (static_cast<int64_t>(order.size()) < kBatch) order = random.permutation(samples.count());
    const torch::Tensor rows = torch::tensor(std::vector<int64_t>(order.end() - kBatch, order.end()), torch::kLong);
    order.resize(order.size() - kBatch);
    adam.zero_grad();
    const torch::Tensor loss =
        torch::nn::functional::cross_entropy(net->forward(x.index_select(0, rows)), y.index_select(0, rows));
    loss.backward();
    adam.step();
    sum += loss.item<double>();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return static_cast<double>((steps - steps / 10) * kBatch) / seconds;
}

double ours(const learn::Model& model, const data::Samples& samples, int64_t steps) {
  learn::TrainOptions options;
  options.batch_size = kBatch;
  const int64_t per_epoch = samples.count() / kBatch;
  options.epochs = (steps + per_epoch - 1) / per_epoch;
  Clock::time_point begin;
  int64_t first = 0;
  learn::TrainHooks hooks;
  hooks.on_step = [&](int64_t step, int64_t total) {
    if (step == total / 10) begin = Clock::now(), first = step;
  };
  learn::train(model, samples, {}, options, {}, hooks);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return static_cast<double>((options.epochs * per_epoch - first) * kBatch) / seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Row {
  const char* name;
  Architecture kind;
  std::vector<int64_t> shape;
  int classes;
  int64_t steps;
};

}  // namespace

int main() {
  report::Table table;
  table.columns = {{"net"}, {"samples/s", true}, {"libtorch, samples/s", true}, {"ratio", true}};
  bool enough = true;
  const Row rows[] = {{"dense 27-128-64-5", Architecture::dense, {27}, 5, 4000},
                      {"LSTM 32, 16 on 60 x 14", Architecture::lstm, {60, 14}, 2, 200},
                      {"DS-CNN on 49 x 10", Architecture::ds_cnn, {49, 10, 1}, 12, 60}};
  for (const Row& row : rows) {
    const data::Samples samples = random_samples(row.shape, 20 * kBatch, row.classes);
    learn::ArchitectureOptions options;
    options.kind = row.kind;
    options.input.assign(row.shape.begin(), row.shape.end());
    options.outputs = row.classes;
    const learn::Model model = learn::build(options);
    std::vector<double> mine, theirs;
    for (int64_t round = 0; round < kRounds; ++round) {
      mine.push_back(ours(model, samples, row.steps));
      switch (row.kind) {
        case Architecture::dense:
          theirs.push_back(plain(dense(), samples, {27}, row.steps));
          break;
        case Architecture::lstm:
          theirs.push_back(plain(std::make_shared<Lstm>(), samples, {60, 14}, row.steps));
          break;
        default:
          theirs.push_back(plain(ds_cnn(), samples, {1, 49, 10}, row.steps));
      }
    }
    const double ratio = median(mine) / median(theirs);
    enough = enough && ratio >= 0.8;
    table.rows.push_back({row.name, fmt::format("{:.0f}", median(mine)), fmt::format("{:.0f}", median(theirs)),
                          fmt::format("{:.2f}", ratio)});
  }
  fmt::print("{}", report::to_markdown(table));
  return enough ? 0 : 1;
}
