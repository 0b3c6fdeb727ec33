// The tool as its user meets it: every message says what is wrong and what to try, and the exit code is the right one.
#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/text_file.hpp"
#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/formats/npy/npy.hpp"
#include "whit/formats/onnx/test_model.hpp"
#include "whit/formats/tflite/test_model.hpp"

namespace whit::tests {
namespace {

constexpr int kUsage = 2;
constexpr int kBadInput = 3;
constexpr int kUnsupported = 4;

class Cli : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::vector<uint8_t>& content) const {
    write_file(directory_.path() / name, content);
    return directory_.path() / name;
  }
  std::string path(const std::string& name) const { return directory_.path() / name; }

  static ProcessResult whit(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WHIT_BINARY);
    return run_process(arguments, 60);
  }

  // Fails with this code, and the message holds all of `words`.
  static void expect_refusal(const std::vector<std::string>& arguments, int exit_code,
                             const std::vector<std::string>& words) {
    const ProcessResult result = whit(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.output;
    EXPECT_EQ(result.output.rfind("whit: ", 0), 0u) << result.output;
    EXPECT_NE(result.output.find("\n  try: "), std::string::npos) << result.output;
    for (const std::string& word : words) {
      EXPECT_NE(result.output.find(word), std::string::npos) << result.output << "lacks: " << word;
    }
  }

 private:
  TemporaryDirectory directory_;
};

TEST_F(Cli, ANumberThatCannotBeIsNamedWithWhatMayStandThere) {
  const auto expect = [&](const std::vector<std::string>& arguments, const std::string& message) {
    const ProcessResult result = whit(arguments);
    EXPECT_EQ(result.exit_code, kUsage);
    EXPECT_EQ(result.output, message);
  };
  expect({"make", "r.toml", "--jobs", "0"},
         "whit: --jobs: \"0\" is out of range\n  try: a whole number from 1 to 256\n");
  expect({"make", "r.toml", "--jobs", "two"},
         "whit: --jobs: \"two\" is not a whole number\n  try: a whole number from 1 to 256\n");
  expect({"make", "r.toml", "--jobs", "1.5"},
         "whit: --jobs: \"1.5\" is not a whole number\n  try: a whole number from 1 to 256\n");
  expect({"simulate", "data", "b.toml", "--seed", "-1", "-o", "x.csv"},
         "whit: --seed: \"-1\" is out of range\n  try: a whole number, 0 or more\n");
  expect({"simulate", "data", "b.toml", "--seed", "99999999999999999999", "-o", "x.csv"},
         "whit: --seed: \"99999999999999999999\" is out of range\n  try: a whole number, 0 or more\n");
  expect({"quantize", "m.tflite", "--percentile", "101"},
         "whit: --percentile: \"101\" is out of range\n  try: a number from 50 to 100\n");
  expect({"quantize", "m.tflite", "--max-weight-bytes", "0"},
         "whit: --max-weight-bytes: \"0\" is out of range\n  try: a whole number, 1 or more\n");
  expect({"quantize", "m.tflite", "--max-drop", "nan"}, "whit: --max-drop: \"nan\" is not a number\n  try: a number\n");
}

TEST_F(Cli, AWrongCommandIsUsage) {
  expect_refusal({}, kUsage, {"no verb", "inspect, build"});
  expect_refusal({"nonsense"}, kUsage, {"\"nonsense\"", "did you mean inspect?"});
  expect_refusal({"biuld", "m.tflite"}, kUsage, {"\"biuld\"", "did you mean build?"});
  expect_refusal({"build"}, kUsage, {"model is required", "whit build --help"});
  expect_refusal({"bench", "m.tflite", "--nope"}, kUsage, {"--nope", "whit bench --help"});
  expect_refusal({"compile", "m.tflite", "-o", ""}, kUsage, {"after -o is empty"});
  expect_refusal({"compile", "m.tflite", "-o", "m.whit", "--optimize", "fast"}, kUsage, {"--optimize", "balanced"});
}

TEST_F(Cli, WhatIsAskedForIsNoError) {
  for (const char* argument : {"--help", "--version"}) EXPECT_EQ(whit({argument}).exit_code, 0);
  EXPECT_NE(whit({"build", "--help"}).output.find("--target"), std::string::npos);
}

TEST_F(Cli, ANameThatDoesNotExistBringsTheNearest) {
  const std::string model = file("m.tflite", tflite::small_convnet());
  expect_refusal({"build", model, "--target", "cortex-m5", "-o", path("fw")}, kUsage, {"did you mean cortex-m4?"});
  expect_refusal({"bench", model, "--target", "hos"}, kUsage, {"\"hos\"", "did you mean"});
  EXPECT_EQ(whit({"bench", model, "--target", "hos"}).output.find("host"), std::string::npos);
  expect_refusal({"compile", model, "-o", path("m.whit"), "--skip", "fold_constant"}, kUsage,
                 {"\"fold_constant\"", "did you mean fold_constants?"});
}

TEST_F(Cli, DevicesAreListedAndShownWithTheirSources) {
  const std::string list = whit({"devices"}).output;
  for (const char* name : {"stm32l4r5", "esp32-c3", "coral-dev-board", "cloud-vm"}) {
    EXPECT_NE(list.find(std::string("\n") + name), std::string::npos) << name;
  }
  EXPECT_NE(whit({"devices", "coral-dev-board"}).output.find("coral.ai/docs/edgetpu/benchmarks"), std::string::npos);
  const nlohmann::json all = nlohmann::json::parse(whit({"devices", "--json"}).output);
  EXPECT_GE(all.size(), 24u);
  const nlohmann::json one = nlohmann::json::parse(whit({"devices", "stm32l4r5", "--json"}).output);
  EXPECT_EQ(one["core"]["clock_hz"]["value"], 120000000);
  EXPECT_FALSE(one["power"]["active_mw"]["source"].get<std::string>().empty());

  expect_refusal({"devices", "stm32l4r6"}, kBadInput, {"\"stm32l4r6\"", "did you mean stm32l4r5?"});
  expect_refusal({"devices", path("none.toml")}, kBadInput, {"none.toml", "cannot open"});
  const std::string text = "title = \"mine\"\nvendor = \"me\"\nkind = \"mcx\"\n";
  expect_refusal({"devices", file("mine.toml", {text.begin(), text.end()})}, kBadInput,
                 {"mine.toml: line 3", "did you mean mcu?"});
}

TEST_F(Cli, AFileThatIsNoModelIsNamed) {
  const std::vector<uint8_t> model = tflite::small_convnet();
  expect_refusal({"inspect", path("none.tflite")}, kBadInput, {"none.tflite", "cannot open"});
  expect_refusal({"inspect", file("e.tflite", {})}, kBadInput, {"e.tflite", "empty"});
  expect_refusal({"inspect", file("e.whit", {})}, kBadInput, {"e.whit", "empty"});
  expect_refusal({"inspect", file("cut.tflite", {model.begin(), model.begin() + 500})}, kBadInput, {"cut short"});
  expect_refusal({"inspect", file("cut.whit", {'W', 'H', 'I', 'T', 1})}, kBadInput, {"cut.whit", "truncated"});
  expect_refusal({"inspect", file("m.onnx", {1, 2, 3, 4, 5, 6, 7, 8, 9})}, kBadInput, {"m.onnx: not a"});
  expect_refusal({"inspect", file("m.whit", model)}, kBadInput, {"not a Program", "whit compile"});
  expect_refusal({"inspect", path("")}, kBadInput, {"a directory, a file is expected"});
}

TEST_F(Cli, AMessageCountsInGoodEnglishAndNamesTheFileOnce) {
  const std::string model = file("oddname.tflite", tflite::small_convnet());
  const std::string input = file("in.bin", {1});
  expect_refusal({"run", model, "--input", input, "--input", input, "-o", path("o")}, kUsage,
                 {"has 1 input, 2 files were given"});
  tflite::TestModel b;
  const int32_t in = b.floats({1, 8});
  const int32_t out = b.floats({1, 8});
  b.op(tflite::BuiltinOperator::CUSTOM, {in}, {out}, tflite::BuiltinOptions::NONE, 0, "Strange");
  b.end_subgraph({in}, {out});
  const std::string strange = file("oddname2.tflite", b.finish());
  expect_refusal({"compile", strange, "-o", path("o")}, kUnsupported, {"op 0", "Strange"});
  const std::string message = whit({"compile", strange, "-o", path("o")}).output;
  EXPECT_EQ(message.find("oddname2"), message.rfind("oddname2")) << message;
}

TEST_F(Cli, Uint8IsRefusedWithTheWayToInt8) {
  tflite::TestModel b;
  const int32_t in = b.tensor({{1, 4, 4, 1}, tflite::TensorType::UINT8, {}, {0.5F}, {128}});
  const int32_t out = b.tensor({{1, 2, 2, 1}, tflite::TensorType::UINT8, {}, {0.5F}, {128}});
  b.op(tflite::BuiltinOperator::MAX_POOL_2D, {in}, {out},
       CreatePool2DOptions(b.fbb, tflite::Padding::VALID, 2, 2, 2, 2));
  b.end_subgraph({in}, {out});
  expect_refusal({"compile", file("u8.tflite", b.finish()), "-o", path("o")}, kUnsupported,
                 {"max_pool2d with u8", "int8 instead of uint8"});
}

// 900 MB for each activation, in a process that may have 500.
TEST_F(Cli, AModelLargerThanMemoryIsUnsupportedAndNoBugOfOurs) {
  tflite::TestModel b;
  const int32_t in = b.activation({1, 30000, 30000, 1}, 0.5F);
  const int32_t out = b.activation({1, 30000, 30000, 1}, 1.0F / 128);
  b.op(tflite::BuiltinOperator::TANH, {in}, {out});
  b.end_subgraph({in}, {out});
  const std::string model = file("huge.tflite", b.finish());
  const ProcessResult result = run_process({"/bin/sh", "-c", "ulimit -v 500000; exec \"$0\" \"$@\"", WHIT_BINARY,
                                            "build", model, "--target", "host", "-o", path("fw")},
                                           60);
  EXPECT_EQ(result.exit_code, kUnsupported) << result.output;
  EXPECT_NE(result.output.find("more memory"), std::string::npos) << result.output;
}

TEST_F(Cli, InspectShowsTheTypesAndShapesThatABlobKnows) {
  const std::string model = file("m.tflite", tflite::small_convnet());
  ASSERT_EQ(whit({"compile", model, "-o", path("m.whit")}).exit_code, 0);
  const std::string text = whit({"inspect", path("m.whit")}).output;
  EXPECT_NE(text.find("input    i8 [1,6,7,2]"), std::string::npos) << text;
  EXPECT_NE(text.find("output   i8 [1,3]"), std::string::npos) << text;
  EXPECT_NE(text.find("softmax_s8                 i8    [1,3]"), std::string::npos) << text;
}

TEST_F(Cli, TheFirmwareOfAStatefulModelSaysHowToResetIt) {
  const auto readme_of = [&](const std::string& name, const std::vector<uint8_t>& model) {
    EXPECT_EQ(whit({"build", file(name + ".tflite", model), "--target", "host", "-o", path(name)}).exit_code, 0);
    return read_text(path(name) + "/README.md");
  };
  EXPECT_NE(readme_of("sum", tflite::small_state()).find("sum_reset(arena)"), std::string::npos);
  EXPECT_EQ(readme_of("net", tflite::small_convnet()).find("reset"), std::string::npos);
}

// A float model of two inputs, and data for it: 300 samples each.
class Data : public Cli {
 protected:
  static onnx::TestModel two_inputs() {
    onnx::TestModel m;
    m.input("a", {1, 4}).input("b", {1, 2}).output("y", {1, 3});
    std::vector<float> weights;
    for (int i = 0; i < 18; ++i) weights.push_back(0.2F * static_cast<float>(i % 5 - 2));
    m.floats("w", {6, 3}, weights);
    onnx::TestModel::set(m.node("Concat", {"a", "b"}, {"c"}), "axis", int64_t{1});
    m.node("MatMul", {"c", "w"}, {"y"});
    return m;
  }
  // [rows, columns] of f32, no row twice.
  std::string table(const std::string& name, int64_t rows, int64_t columns) const {
    std::vector<float> values;
    for (int64_t i = 0; i < rows * columns; ++i) values.push_back(std::sin(static_cast<float>(i * i % 1009 + i)));
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return file(name, npy::write({"<f4", {rows, columns}, {bytes, bytes + values.size() * sizeof(float)}}));
  }
  std::string labels() const {
    std::string text = "label\n";
    for (int i = 0; i < 300; ++i) text += std::to_string(i % 3) + "\n";
    return file("y.csv", {text.begin(), text.end()});
  }
  std::vector<std::string> quantize(const std::string& model, const std::string& output) const {
    return {"quantize",    model,
            "-o",          output,
            "--data",      table("a.npy", 300, 4),
            "--data",      table("b.npy", 300, 2),
            "--labels",    labels(),
            "--calibrate", "0:200",
            "--test",      "200:300",
            "--max-drop",  "100"};
  }
};

// From import to blame: what each verb says with --json.
TEST_F(Data, EveryVerbOfTheWaySpeaksJson) {
  const std::string source = file("two.onnx", two_inputs().bytes()), model = path("float.tflite"), q = path("q.tflite");
  const auto json_of = [&](std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const ProcessResult result = whit(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return nlohmann::json::parse(result.output.substr(result.output.find('{')));
  };
  const auto imported = json_of({"import", source, "-o", model});
  EXPECT_EQ(imported["inputs"][1]["shape"], (std::vector<int>{1, 2}));
  EXPECT_EQ(imported["bytes"], read_file(model).size());
  EXPECT_EQ(json_of({"export", model, "-o", path("again.onnx")})["outputs"][0]["name"], "y");
  EXPECT_EQ(json_of(quantize(model, q))["passed"], true);
  const std::vector<std::string> data = {"--data", path("a.npy"), "--data", "b=" + path("b.npy")};
  const auto with = [&](std::vector<std::string> arguments, const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const std::vector<std::string> labelled = with(data, {"--labels", path("y.csv")});
  EXPECT_EQ(json_of(with({"evaluate", q}, labelled))["metric"], "accuracy");
  EXPECT_GT(json_of(with({"compare", model, q}, data))["outputs"][0]["sqnr_db"], 25);
  EXPECT_EQ(json_of(with({"blame", model, q}, labelled))["layers"].size(), 4u);  // two inputs, concat, fully_connected
  EXPECT_TRUE(json_of({"inspect", q}).contains("model"));
}

TEST_F(Cli, DataOfARecipeIsSplitCheckedAndWritten) {
  std::string rows = "who,x,kind\n";
  for (int i = 0; i < 12; ++i)
    rows += std::to_string(i / 2) + "," + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
  file("t.csv", {rows.begin(), rows.end()});
  const auto recipe = [&](const std::string& by) {
    const std::string text =
        "[data]\nkind = \"table\"\npath = \"t.csv\"\ncolumns = [\"x\"]\nlabel = \"kind\"\ngroup = "
        "\"who\"\n[data.split]\nby = \"" +
        by + "\"\nfractions = [0.5, 0.25, 0.25]\n";
    return file(by + ".toml", {text.begin(), text.end()});
  };
  const ProcessResult result = whit({"data", recipe("group"), "-o", path("out")});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("no leak found"), std::string::npos) << result.output;
  for (const char* name : {"train.npz", "validation.npz", "test.npz", "data.json"}) {
    EXPECT_TRUE(std::filesystem::exists(path(std::string("out/") + name))) << name;
  }
  const ProcessResult json = whit({"data", path("group.toml"), "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.output)["parts"]["train"]["samples"], 6);
  expect_refusal({"data", recipe("stratified")}, 1, {"t.csv", "groups are in two parts", "allow_leakage"});
  expect_refusal({"data", recipe("gruop")}, kBadInput, {"gruop", "group"});
}

TEST_F(Data, EveryInputNeedsItsData) {
  const std::string model = file("two.onnx", two_inputs().bytes()), a = table("a.npy", 3, 4), b = table("b.npy", 2, 2);
  expect_refusal({"evaluate", model, "--data", a}, kUsage, {"given 1 time, the model has 2 inputs", "a, b"});
  expect_refusal({"evaluate", model, "--data", a, "--data", "c=" + b}, kUsage, {"no input 'c'", "a, b"});
  expect_refusal({"evaluate", model, "--data", a, "--data", "a=" + b}, kUsage, {"'a' is given data twice"});
  expect_refusal({"evaluate", model, "--data", a, "--data", b}, kBadInput, {"b.npy: 2 samples, but 3 in", "a.npy"});
  expect_refusal({"evaluate", model, "--data", b, "--data", a}, kBadInput, {"2 in"});
}

TEST_F(Data, CalibrationDataOfTheWrongShapeIsRefused) {
  const std::string model = file("two.onnx", two_inputs().bytes()), output = path("q.tflite");
  std::vector<std::string> arguments = quantize(model, output);
  arguments[5] = table("wrong.npy", 300, 5);
  expect_refusal(arguments, kBadInput, {"the samples have the shape [5]", "the model's input 'a' is [1,4]"});
  EXPECT_FALSE(std::filesystem::exists(output));
}

TEST_F(Data, OnlyFloat16GoesWithoutCalibration) {
  const std::string model = file("two.onnx", two_inputs().bytes()), output = path("q.tflite");
  std::vector<std::string> arguments = quantize(model, output);
  const auto calibrate = std::find(arguments.begin(), arguments.end(), "--calibrate");
  arguments.erase(calibrate, calibrate + 2);
  expect_refusal(arguments, kUsage, {"nothing to calibrate with", "--calibrate"});
  arguments.insert(arguments.end(), {"--precision", "float16"});
  EXPECT_EQ(whit(arguments).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(output));
}

TEST_F(Data, ImportWritesTfliteOnly) {
  const std::string model = file("two.onnx", two_inputs().bytes());
  expect_refusal({"import", model, "-o", path("m.onnx")}, kUsage, {".tflite", "whit export"});
}

// As on a full disk: no file may hold a byte.
TEST_F(Data, AFullDiskIsAnErrorAndLeavesNothingHalfWritten) {
  const std::string model = file("two.onnx", two_inputs().bytes()), out = path("out");
  const std::vector<std::string> build = {"build", model, "--target", "host", "-o", out};
  for (std::vector<std::string> arguments : {quantize(model, out + "/q.tflite"),
                                             {"export", model, "-o", out + "/e.onnx"},
                                             {"import", model, "-o", out + "/i.tflite"},
                                             {"compile", model, "-o", out + "/c.whit"},
                                             build}) {
    if (arguments == build) std::filesystem::remove(out);
    if (arguments != build) std::filesystem::create_directories(out);
    std::vector<std::string> command = {"/bin/sh", "-c", "ulimit -f 0; exec \"$0\" \"$@\"", WHIT_BINARY};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const ProcessResult result = run_process(command, 60);
    EXPECT_EQ(result.exit_code, kBadInput) << arguments[0] << ": " << result.output;
    EXPECT_NE(result.output.find("cannot write the file: File too large"), std::string::npos) << result.output;
    EXPECT_NE(result.output.find("the disk has room"), std::string::npos) << result.output;
    EXPECT_TRUE(!std::filesystem::exists(out) || std::filesystem::is_empty(out)) << arguments[0];
    EXPECT_FALSE(std::filesystem::exists(out + ".part")) << arguments[0];
  }
  const ProcessResult full =
      run_process({"/bin/sh", "-c", "exec \"$0\" inspect \"$1\" > /dev/full", WHIT_BINARY, model}, 60);
  EXPECT_EQ(full.exit_code, kBadInput);
  EXPECT_NE(full.output.find("standard output: cannot write all"), std::string::npos) << full.output;
}

TEST_F(Cli, AnInterruptedVerbLeavesNoTemporaryFolder) {
  if (!program_exists("arm-none-eabi-g++")) GTEST_SKIP() << "skipped: no cross-compiler";
  const std::string model = file("m.tflite", tflite::small_convnet()), work = path("tmp");
  std::filesystem::create_directory(work);
  const char* script =
      "TMPDIR=\"$2\" \"$0\" bench \"$1\" & while [ -z \"$(ls \"$2\")\" ]; do sleep 0.01; done; kill -TERM $!; wait $!";
  const ProcessResult result = run_process({"/bin/sh", "-c", script, WHIT_BINARY, model, work}, 60);
  EXPECT_EQ(result.exit_code, 128 + SIGTERM) << result.output;
  EXPECT_TRUE(std::filesystem::is_empty(work));
}

TEST_F(Cli, DecideAnswersInThreeFormatsAndGatesOnTheVerdict) {
  const std::string scenario = std::string(WHIT_SOURCE_DIR) + "/examples/decide/wake_word.toml";
  const ProcessResult text = whit({"decide", scenario, "--expect", "edge"});
  EXPECT_EQ(text.exit_code, 0) << text.output;
  EXPECT_EQ(text.output.rfind("voice assistant wake word: EDGE\n", 0), 0u) << text.output;
  EXPECT_EQ(nlohmann::json::parse(whit({"decide", scenario, "--json"}).output)["verdict"], "edge");
  EXPECT_EQ(whit({"decide", scenario, "--markdown"}).output.rfind("# voice assistant wake word: EDGE\n", 0), 0u);
  const ProcessResult gate = whit({"decide", scenario, "--expect", "cloud"});
  EXPECT_EQ(gate.exit_code, 1);
  EXPECT_NE(gate.output.find("the verdict is edge, not cloud"), std::string::npos) << gate.output;
  expect_refusal({"decide", scenario, "--expect", "fog"}, kUsage, {"there is no option 'fog'"});
  expect_refusal({"decide", scenario, "--json", "--markdown"}, kUsage, {"excludes"});
}

TEST_F(Cli, DecideRefusesABadScenario) {
  const std::string path = std::string(WHIT_SOURCE_DIR) + "/examples/decide/fall_detection.toml";
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = read_text(path);
    text.replace(text.find(from), from.size(), to);
    return file("s.toml", {text.begin(), text.end()});
  };
  expect_refusal({"decide", "none.toml"}, kBadInput, {"none.toml", "cannot open"});
  expect_refusal({"decide", with("nrf52840", "nrf52480")}, kBadInput,
                 {"s.toml: line ", "\"nrf52480\"", "did you mean nrf52840?"});
  expect_refusal({"decide", with("rtt_p99_ms", "rtt_p95_ms")}, kBadInput, {"did you mean rtt_p99_ms?"});
  expect_refusal(
      {"decide", with("latency_ms = 18", "latency_ms = 180")}, kBadInput,
      {"leaves no option", "a safety deadline of 100 ms, and the answer takes 180 ms (task.deadline_ms, line 6)"});
  const std::string own = with("profile = \"nrf52840\"", "name = \"b\"\nusd = 1\nflash_bytes = 9e5\nram_bytes = 9e4");
  expect_refusal({"decide", own, "--model", "m.tflite"}, kBadInput, {"device.profile is missing"});
}

TEST_F(Cli, DecideTakesTheMeasuredCostOfAModel) {
  if (!program_exists("arm-none-eabi-g++") || !program_exists("qemu-system-arm")) {
    GTEST_SKIP() << "skipped: no cross-compiler or emulator";
  }
  const std::string model = file("m.tflite", tflite::small_convnet());
  const std::string scenario = std::string(WHIT_SOURCE_DIR) + "/examples/decide/fall_detection.toml";
  const ProcessResult result = whit({"decide", scenario, "--model", model, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_NE(json["note"].get<std::string>().find("m.tflite on nrf52840: "), std::string::npos) << json["note"];
  EXPECT_LT(json["options"]["edge"]["first_answer_ms"].get<double>(), 18) << "a few hundred MAC";
  EXPECT_GT(json["options"]["edge"]["first_answer_ms"].get<double>(), 0);
  EXPECT_NE(json["note"].get<std::string>().find(" of RAM, measured; "), std::string::npos) << json["note"];
}

TEST_F(Cli, DecideSaysWhatIsEstimatedOnACoreWithoutACompiler) {
  if (!program_exists("riscv64-unknown-elf-g++") || !program_exists("qemu-system-riscv32")) {
    GTEST_SKIP() << "skipped: no cross-compiler or emulator";
  }
  const std::string scenario = std::string(WHIT_SOURCE_DIR) + "/examples/decide/voice_command.toml";
  const ProcessResult result =
      whit({"decide", scenario, "--model", file("m.tflite", tflite::small_convnet()), "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const std::string note = nlohmann::json::parse(result.output)["note"];
  EXPECT_EQ(note.find("measured;"), std::string::npos) << note;
  EXPECT_NE(note.find(" of RAM, estimated; "), std::string::npos) << note;
  EXPECT_NE(note.find("whit has no compiler for this core"), std::string::npos) << note;
}

TEST_F(Cli, ANameThatCCannotHaveIsChangedAloud) {
  const std::string model = file("caf\xC3\xA9.tflite", tflite::small_convnet());
  const ProcessResult result = whit({"build", model, "--target", "host", "-o", path("fw")});
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_NE(result.output.find("note: the firmware's names begin with caf_:"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace whit::tests
