// `whit train` as its user meets it: from a recipe to a model that the other verbs take, killed and resumed, and what
// it refuses.
#include "tests/learn_cli.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/text_file.hpp"
#include "whit/base/file.hpp"
#include "whit/formats/tflite/reader.hpp"

namespace whit::tests {
namespace {

namespace fs = std::filesystem;

TEST_F(LearnCli, ATrainedModelIsTakenByTheOtherVerbs) {
  table(600);
  const ProcessResult trained =
      run({WHIT_BINARY, "train", recipe("epochs = 5\nlearning_rate = 0.01\n"), "-o", path("m.tflite"), "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  std::istringstream lines(trained.output);
  std::string line;
  for (int epoch = 1; epoch <= 5; ++epoch) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(nlohmann::json::parse(line).at("epoch"), epoch);
    EXPECT_GT(nlohmann::json::parse(line).at("accuracy"), 0.5);
  }
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(nlohmann::json::parse(line).at("parameters"), 8 * 128 + 128 + 128 * 64 + 64 + 64 * 3 + 3);
  const ProcessResult quantized =
      run({WHIT_BINARY, "quantize", path("m.tflite"), "-o", path("q.tflite"), "--data", path("data.csv"), "--calibrate",
           "validation", "--test", "test", "--max-drop", "5"});
  EXPECT_EQ(quantized.exit_code, 0) << quantized.output;

  // A model of a file is trained further, and written as the other format.
  write("recipe.toml", data_tables("data.csv") + "[model]\nfile = \"m.tflite\"\n[train]\nepochs = 1\n");
  const ProcessResult further = run({WHIT_BINARY, "train", path("recipe.toml"), "-o", path("n.onnx")});
  EXPECT_EQ(further.exit_code, 0) << further.output;
  EXPECT_EQ(run({WHIT_BINARY, "inspect", path("n.onnx")}).exit_code, 0);
}

// The written file is integers, the accuracy that was reported is that of `whit evaluate`, and a resumed run writes the
// same file. A model of a file goes to [quantize] as it is.
TEST_F(LearnCli, TrainsAsIntegers) {
  table(600);
  recipe("epochs = 3\nlearning_rate = 0.01\n[quantize]\nprecision = \"int8_w4\"\nepochs = 2\n");
  const std::vector<std::string> train = {WHIT_BINARY,      "train",  path("recipe.toml"), "-o",
                                          path("q.tflite"), "--json", "--resume"};
  const ProcessResult trained = run(train);
  ASSERT_EQ(trained.exit_code, 0) << trained.output;
  const size_t last = trained.output.rfind("{\"model\"");
  ASSERT_NE(last, std::string::npos) << trained.output;
  const nlohmann::json report = nlohmann::json::parse(trained.output.substr(last));
  EXPECT_EQ(report.at("precision"), "int8_w4");
  const ProcessResult evaluated =
      run({WHIT_BINARY, "evaluate", path("q.tflite"), "--data", path("data.csv"), "--split", "test", "--json"});
  ASSERT_EQ(evaluated.exit_code, 0) << evaluated.output;
  EXPECT_EQ(nlohmann::json::parse(evaluated.output).at("value"), report.at("test").at("trained"));
  const std::vector<uint8_t> written = read_file(path("q.tflite"));
  EXPECT_LT(written.size(), size_t{8} * 128 + 128 * 64 + 64 * 3);  // two weights a byte
  fs::remove(path("q.tflite"));
  EXPECT_EQ(run(train).exit_code, 0);
  EXPECT_EQ(read_file(path("q.tflite")), written);

  recipe("epochs = 2\n");
  ASSERT_EQ(run({WHIT_BINARY, "train", path("recipe.toml"), "-o", path("m.tflite")}).exit_code, 0);
  write("recipe.toml", data_tables("data.csv") + "[model]\nfile = \"m.tflite\"\n[train]\nepochs = 0\n[quantize]\n" +
                           "precision = \"int8\"\nepochs = 1\n");
  const ProcessResult further = run({WHIT_BINARY, "train", path("recipe.toml"), "-o", path("i.tflite")});
  EXPECT_EQ(further.exit_code, 0) << further.output;
  EXPECT_NE(further.output.find("trained as integers"), std::string::npos) << further.output;
}

TEST_F(LearnCli, KilledAndResumedGivesTheSameFile) {
  table(3000);
  const std::string file = recipe("epochs = 40\nmixup = 0.2\nnoise = 0.05\nschedule = \"cosine\"\n");
  const ProcessResult alone = run({WHIT_BINARY, "train", file, "-o", path("alone.tflite")});
  ASSERT_EQ(alone.exit_code, 0) << alone.output;
  Random random(11);
  int kills = 0;
  std::string last;
  for (int i = 0; i < 40; ++i) {
    const std::string seconds = std::to_string(i < 6 ? random.uniform(0.3, 3.0) : 60.0);
    std::vector<std::string> arguments = {
        "timeout", "-s", "KILL", seconds, WHIT_BINARY, "train", file, "-o", path("killed.tflite")};
    if (i > 0) arguments.push_back("--resume");
    const ProcessResult result = run(arguments);
    last = result.output;
    if (result.exit_code == 0) break;
    ++kills;
  }
  EXPECT_GT(kills, 0);
  EXPECT_EQ(read_file(path("killed.tflite")), read_file(path("alone.tflite"))) << last;
}

TEST_F(LearnCli, AResumedRunSaysWhatChanged) {
  table(60);
  const auto train = [&](const std::string& tables, bool resumes) {
    std::vector<std::string> arguments = {WHIT_BINARY, "train", recipe(tables), "-o", path("m.tflite")};
    if (resumes) arguments.push_back("--resume");
    return run(arguments);
  };
  ASSERT_EQ(train("epochs = 2\n", false).exit_code, 0);
  EXPECT_EQ(train("epochs = 2\n", true).exit_code, 0);
  expect_refusal(train("epochs = 3\nmixup = 0.5\n", true), 3,
                 {path("m.tflite.checkpoint") + ": it was begun otherwise: epochs was 2, is 3; mixup was 0.0, is 0.5\n"
                                                "  try: as it was begun, or start again without --resume\n"});
  table(65);
  expect_refusal(train("epochs = 2\n", true), 3, {"begun otherwise: the training data; the validation data\n"});
}

TEST_F(LearnCli, BadInputIsOneClearError) {
  table(50);
  const std::vector<std::string> train = {WHIT_BINARY, "train", path("recipe.toml"), "-o", path("m.tflite")};
  recipe("epochs = 1\nlerning_rate = 1\n");
  expect_refusal(run(train), 3, {"recipe.toml", "lerning_rate", "learning_rate"});
  recipe("epochs = 0\n");
  expect_refusal(run(train), 3, {"epochs"});
  recipe("epochs = 1\noptimizer = \"adan\"\n");
  expect_refusal(run(train), 3, {"adan", "adam"});
  recipe("epochs = 1\n[quantize]\nprecision = \"int7\"\n");
  expect_refusal(run(train), 3, {"recipe.toml", "int7", "int8"});
  recipe("epochs = 1\n[quantize]\nprecision = \"int8\"\nbits = 4\n");
  expect_refusal(run(train), 3, {"recipe.toml", "bits"});
  recipe("epochs = 0\n[quantize]\nprecision = \"int8\"\n");  // nothing to quantize
  expect_refusal(run(train), 3, {"epochs"});
  recipe("epochs = 1\n", "nothing.csv");
  expect_refusal(run(train), 3, {"nothing.csv"});
  recipe("epochs = 1\n", "bad.csv");
  const std::string header = "a,b,c,d,e,f,g,h,label,split\n", row = "1,2,3,4,5,6,7,8,0,train\n";
  for (const std::string& text :
       {std::string(), header, header + row + "1,2,0,train\n", std::string("a,b,label,split\n1,2,0,train\n"),
        header + "1,2,3,4,5,6,7,nan,0,train\n", header + row + row}) {
    write("bad.csv", text);
    expect_refusal(run(train), 3, {"bad.csv"});
  }
  expect_refusal(run({WHIT_BINARY, "train", path("recipe.toml"), "-o", path("m.txt")}), 2, {".tflite or .onnx"});
  expect_refusal(run({WHIT_BINARY, "train"}), 2, {"recipe"});
  expect_refusal(run({WHIT_BINARY, "train", path("recipe.toml"), "-o", path("m.tflite"), "--epochs", "0"}), 2,
                 {"whit: --epochs: \"0\" is out of range\n  try: a whole number from 1 to 1000000\n"});
  EXPECT_FALSE(fs::exists(path("m.tflite")));
}

// Forests and linear models: from a recipe to integers, in the gate of `whit quantize`.
TEST_F(LearnCli, ModelsOfOtherKinds) {
  table(500);
  const std::vector<std::string> train = {WHIT_BINARY, "train", path("recipe.toml"), "-o", path("m.onnx"), "--json"};
  for (const std::string& model :
       {std::string("kind = \"random_forest\"\ntrees = 30\n"),
        std::string("kind = \"gradient_boosting\"\ntrees = 30\ndepth = 3\n"), std::string("kind = \"logistic\"\n")}) {
    write("recipe.toml", data_tables("data.csv") + "[model]\n" + model);
    const ProcessResult result = run(train);
    ASSERT_EQ(result.exit_code, 0) << result.output;
    const auto json = nlohmann::json::parse(result.output);
    EXPECT_GT(json["validation"]["accuracy"], 0.7) << model;
    ASSERT_EQ(run({WHIT_BINARY, "data", path("recipe.toml"), "-o", path("set")}).exit_code, 0);
    const ProcessResult quantized =
        run({WHIT_BINARY, "quantize", path("m.onnx"), "-o", path("q.tflite"), "--data", path("set/train.npz"),
             "--calibrate", "0:200", "--test", "200:300", "--max-drop", "2"});
    EXPECT_EQ(quantized.exit_code, 0) << quantized.output;
  }
  expect_refusal(run({WHIT_BINARY, "train", path("recipe.toml"), "-o", path("m.onnx"), "--epochs", "3"}), 2,
                 {"--epochs"});
  write("recipe.toml", data_tables("data.csv") + "[model]\nkind = \"forest\"\n");
  expect_refusal(run(train), 3, {"forest", "random_forest"});
}

// Weights of type T that are zero, in layers of the size of the recipe's second one.
template <typename T>
int64_t zeros(const std::string& file, ir::DType type) {
  int64_t count = 0;
  const ir::Graph graph = tflite::read_tflite_file(file);
  for (const ir::Tensor& tensor : graph.tensors) {
    if (!tensor.is_constant || tensor.type != type || ir::elements(tensor.shape) != 128 * 64) continue;
    const T* values = ir::data<T>(tensor);
    count += std::count(values, values + 128 * 64, T(0));
  }
  return count;
}

TEST_F(LearnCli, PrunedWeightsStayZeroToTheFirmware) {
  table(600);
  for (const std::string& sparsity : {"0.7", "4:16"}) {
    const std::string file = recipe("epochs = 6\nlearning_rate = 0.01\n[prune]\nsparsity = \"" + sparsity +
                                    "\"\nbegin_step = 5\nend_step = 40\nevery_steps = 5\n");
    const ProcessResult pruned = run({WHIT_BINARY, "prune", file, "-o", path("m.tflite"), "--json"});
    ASSERT_EQ(pruned.exit_code, 0) << pruned.output;
    const int64_t mask = zeros<float>(path("m.tflite"), ir::DType::f32);
    EXPECT_EQ(mask, sparsity == "0.7" ? 5734 : 6144);
    const ProcessResult quantized =
        run({WHIT_BINARY, "quantize", path("m.tflite"), "-o", path("q.tflite"), "--data", path("data.csv"),
             "--calibrate", "validation", "--test", "test", "--max-drop", "5"});
    ASSERT_EQ(quantized.exit_code, 0) << quantized.output;
    EXPECT_GE(zeros<int8_t>(path("q.tflite"), ir::DType::i8), mask);
    const ProcessResult built =
        run({WHIT_BINARY, "build", path("q.tflite"), "--target", "cortex-m4", "--optimize", "size", "-o", path("fw")});
    ASSERT_EQ(built.exit_code, 0) << built.output;
    EXPECT_NE(read_text(path("fw/q.cpp")).find(sparsity == "0.7" ? "_bitmap" : "_4of16"), std::string::npos);
  }
}

TEST_F(LearnCli, ChannelsGoFromATrainedModel) {
  table(600);
  ASSERT_EQ(run({WHIT_BINARY, "train", recipe("epochs = 5\nlearning_rate = 0.01\n"), "-o", path("m.tflite")}).exit_code,
            0);
  const std::string file =
      write("prune.toml",
            data_tables("data.csv") + "[model]\nfile = \"m.tflite\"\n[train]\nepochs = 2\n[prune]\nmacs = 0.5\n");
  const ProcessResult pruned = run({WHIT_BINARY, "prune", file, "-o", path("n.tflite"), "--json"});
  ASSERT_EQ(pruned.exit_code, 0) << pruned.output;
  const nlohmann::json first = nlohmann::json::parse(pruned.output.substr(0, pruned.output.find('\n')));
  EXPECT_LE(first.at("macs").get<int64_t>() * 2, first.at("macs_before").get<int64_t>());
  EXPECT_EQ(first.at("channels_before"), 128 + 64);
  expect_refusal(run({WHIT_BINARY, "distill", file, "-o", path("n.tflite")}), 3, {"prune.toml", "[distill]"});
}

TEST_F(LearnCli, AStudentLearnsFromAFile) {
  table(600);
  ASSERT_EQ(
      run({WHIT_BINARY, "train", recipe("epochs = 5\nlearning_rate = 0.01\n"), "-o", path("teacher.onnx")}).exit_code,
      0);
  const std::string file =
      write("distill.toml", data_tables("data.csv") +
                                "[model]\narchitecture = \"dense\"\nsizes = [8]\n[train]\nepochs = 3\n[distill]\n"
                                "teacher = \"teacher.onnx\"\ntemperature = 3\nalpha = 0.7\n");
  const ProcessResult first = run({WHIT_BINARY, "distill", file, "-o", path("a.tflite")});
  ASSERT_EQ(first.exit_code, 0) << first.output;
  ASSERT_EQ(run({WHIT_BINARY, "train", file, "-o", path("b.tflite")}).exit_code, 0);
  EXPECT_EQ(read_file(path("a.tflite")), read_file(path("b.tflite"))) << "the table counts, whatever the verb";
}

TEST_F(LearnCli, WithoutWhitLearnTheVerbSaysWhatIsMissing) {
  fs::copy_file(WHIT_BINARY, path("whit"));
  expect_refusal(run({path("whit"), "train", "recipe.toml", "-o", "m.tflite"}), 5, {"whit-learn", "libtorch"});
  EXPECT_NE(run({path("whit"), "--help"}).output.find("train"), std::string::npos);
  EXPECT_EQ(run({WHIT_BINARY, "train", "--help"}).exit_code, 0);
}

// Verbs that do not train start without libtorch.
TEST_F(LearnCli, WhitItselfDoesNotLinkTorch) {
  EXPECT_EQ(read_text(WHIT_BINARY).find("libtorch_cpu.so"), std::string::npos);
}

}  // namespace
}  // namespace whit::tests
