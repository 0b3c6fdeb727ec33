#include "whit/recipe/run.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/text_file.hpp"
#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::recipe {
namespace {

namespace fs = std::filesystem;

// In place of whit: `join OUT IN...`, `say TEXT` on the standard output, `fail`, and `slow OUT IN`, which goes on where
// it was killed.
constexpr const char* kProgram = R"(#!/bin/sh
verb=$1; shift
case $verb in
  join) out=$1; shift; cat "$@" > "$out" ;;
  say) echo "$1" ;;
  fail) echo part > "$1"; echo "whit: a.toml: line 3: model.sizes is 0" >&2; echo "  try: more" >&2; exit 3 ;;
  gate) echo no; exit 1 ;;
  bug) echo "whit: internal error: a broken promise" >&2; exit 70 ;;
  die) kill -s "$1" $$ ;;
  slow) if [ -e "$1.checkpoint" ]; then cat "$1.checkpoint" "$2" > "$1"; else
          echo half > "$1.checkpoint"; echo $$ > pid.new; mv pid.new pid; exec sleep 60; fi ;;
esac
)";

class RunTest : public testing::Test {
 protected:
  RunTest() {
    put("bin", kProgram);
    fs::permissions(at("bin"), fs::perms::owner_all);
    put("run/a.txt", "a\n");
    put("run/b.txt", "b\n");
  }
  fs::path at(const std::string& name) const { return directory_.path() / name; }
  void put(const std::string& name, const std::string& text) const {
    fs::create_directories(at(name).parent_path());
    write_file(at(name), text);
  }
  std::string get(const std::string& name) const { return read_text(at("run") / name); }
  // The names of the steps that ran, in their order.
  std::vector<std::string> run(const std::vector<Step>& steps, const std::string& again = "") {
    std::vector<std::string> ran;
    RunOptions options{at("bin"), 1, {}, {}};
    options.again = [&](const Step& step) { return step.name == again; };
    options.on_step = [&](const Step& step, StepState state, double) {
      if (state == StepState::done) ran.push_back(step.name);
    };
    recipe::Run(at("run"), options).execute(steps);
    return ran;
  }

  TemporaryDirectory directory_;
};

Step join(const std::string& name, const std::string& out, const std::vector<std::string>& in) {
  Step step{"s", name, {"join", out}, in, {out}};
  step.command.insert(step.command.end(), in.begin(), in.end());
  return step;
}

using Names = std::vector<std::string>;

TEST_F(RunTest, RunsWhatDependsOnAChangeAndNothingElse) {
  const std::vector<Step> steps = {join("one", "d/one.txt", {"a.txt"}), join("two", "two.txt", {"b.txt"}),
                                   join("three", "three.txt", {"d/one.txt", "two.txt"})};
  EXPECT_EQ(run(steps), (Names{"one", "two", "three"}));
  EXPECT_EQ(get("three.txt"), "a\nb\n");
  EXPECT_EQ(run(steps), Names{});
  put("run/b.txt", "c\n");
  EXPECT_EQ(run(steps), (Names{"two", "three"}));
  EXPECT_EQ(get("three.txt"), "a\nc\n");
  EXPECT_EQ(run(steps, "two"), Names{"two"});  // to the same bytes, so that three stays
  EXPECT_FALSE(fs::exists(at("run/.work/one")));
}

TEST_F(RunTest, AnotherCommandIsAnotherStepAndALostOutputIsMadeAgain) {
  run({join("one", "one.txt", {"a.txt"})});
  EXPECT_EQ(run({join("one", "one.txt", {"a.txt", "b.txt"})}), Names{"one"});
  put("run/one.txt", "spoiled");
  EXPECT_EQ(run({join("one", "one.txt", {"a.txt", "b.txt"})}), Names{"one"});
  EXPECT_EQ(get("one.txt"), "a\nb\n");
  fs::remove(at("run/one.txt"));
  EXPECT_EQ(run({join("one", "one.txt", {"a.txt", "b.txt"})}), Names{"one"});
}

TEST_F(RunTest, StepsThatWaitForNothingRunSideBySide) {
  std::vector<Step> steps = {join("all", "all.txt", {"0.txt", "1.txt", "2.txt", "3.txt"})};
  for (int i = 0; i < 4; ++i) {
    const std::string out = std::to_string(i) + ".txt";
    steps.insert(steps.begin(), join("part " + out, out, {"a.txt"}));
  }
  recipe::Run(at("run"), {at("bin"), 4, {}, {}}).execute(steps);
  EXPECT_EQ(get("all.txt"), "a\na\na\na\n");
}

TEST_F(RunTest, AFailureSaysWhatTheStepSaidAndLeavesNoOutput) {
  const Step fails{"s", "train x", {"fail", "x.txt"}, {"a.txt"}, {"x.txt"}};
  try {
    run({join("one", "one.txt", {"a.txt"}), fails, join("two", "two.txt", {"x.txt"})});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    EXPECT_EQ(error.where(), "train x");
    EXPECT_STREQ(error.what(), "a.toml: line 3: model.sizes is 0");
    EXPECT_EQ(error.hint(), "more");
  }
  EXPECT_TRUE(fs::exists(at("run/one.txt")));
  EXPECT_FALSE(fs::exists(at("run/x.txt")));
  EXPECT_FALSE(fs::exists(at("run/two.txt")));
}

TEST_F(RunTest, ABugOrACrashOfAStepIsOursAndASignalIsNamed) {
  const auto bug_of = [&](std::vector<std::string> command) -> std::string {
    try {
      run({{"s", "train x", std::move(command), {}, {}}});
    } catch (const Error& error) {
      return std::string("no bug: ") + error.what();
    } catch (const std::runtime_error& bug) {
      return bug.what();
    }
    return "";
  };
  EXPECT_NE(bug_of({"bug"}).find("train x ended with exit code 70: internal error: a broken promise"),
            std::string::npos);
  EXPECT_NE(bug_of({"die", "SEGV"}).find("train x ended with signal 11 (Segmentation fault)"), std::string::npos);
  EXPECT_EQ(bug_of({"die", "KILL"}), "no bug: ended by signal 9 (Killed)");
}

TEST_F(RunTest, WhatIsNoLongerPlannedGoesWithWhatItMade) {
  const std::vector<Step> both = {join("one", "one.txt", {"a.txt"}), join("two", "d/two.txt", {"b.txt"})};
  run(both);
  recipe::Run later(at("run"), {at("bin"), 1, {}, {}});
  later.forget_others({both[0], join("new", "new.txt", {"a.txt"})});
  EXPECT_TRUE(fs::exists(at("run/one.txt")));
  EXPECT_FALSE(fs::exists(at("run/d/two.txt")));
  EXPECT_FALSE(fs::exists(at("run/logs/two.txt")));
  EXPECT_TRUE(later.manifest()["steps"].contains("one"));
  EXPECT_FALSE(later.manifest()["steps"].contains("two"));
}

TEST_F(RunTest, TheStandardOutputIsAFileAndAMissedGateMayBeAResult) {
  Step gate{"s", "fit", {"gate"}, {}, {"fit.json"}, "fit.json", true};
  run({gate, Step{"s", "say", {"say", "{}"}, {}, {"say.json"}, "say.json"}});
  EXPECT_EQ(get("fit.json"), "no\n");
  EXPECT_EQ(get("say.json"), "{}\n");
  gate.name = "strict", gate.may_miss_gate = false;
  EXPECT_THROW(run({gate}), Error);
}

TEST_F(RunTest, AnInputThatIsNotThereIsNamed) {
  try {
    run({join("one", "one.txt", {"none.txt"})});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.where().find("none.txt"), std::string::npos);
  }
}

TEST_F(RunTest, GoesOnAfterAKill) {
  const std::vector<Step> steps = {join("one", "one.txt", {"a.txt"}),
                                   {"s", "slow", {"slow", "slow.txt", "one.txt"}, {"one.txt"}, {"slow.txt"}}};
  const pid_t child = fork();
  if (child == 0) {
    run(steps);
    _exit(0);
  }
  while (!fs::exists(at("run/pid"))) usleep(10000);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  kill(static_cast<pid_t>(std::stol(get("pid"))), SIGKILL);  // a whit would end with its parent
  EXPECT_FALSE(fs::exists(at("run/slow.txt")));
  EXPECT_EQ(run(steps), Names{"slow"});
  EXPECT_EQ(get("slow.txt"), "half\na\n");
}

TEST_F(RunTest, WhatWasBegunWithOtherInputsIsNotGoneOnWith) {
  put("run/.work/slow/key", "of another input");
  put("run/.work/slow/slow.txt.checkpoint", "wrong");
  const Step slow{"s", "slow", {"join", "slow.txt", "a.txt"}, {"a.txt"}, {"slow.txt"}};
  run({slow});
  EXPECT_EQ(get("slow.txt"), "a\n");
  EXPECT_FALSE(fs::exists(at("run/.work/slow")));
}

TEST_F(RunTest, TwoDoNotWorkInOneFolder) {
  const recipe::Run first(at("run"), {at("bin"), 1, {}, {}});
  EXPECT_THROW(recipe::Run(at("run"), {at("bin"), 1, {}, {}}), Error);
}

TEST_F(RunTest, ADamagedManifestOnlyCostsTime) {
  const std::vector<Step> steps = {join("one", "one.txt", {"a.txt"})};
  run(steps);
  put("run/manifest.json", "{\"steps\": 3");
  EXPECT_EQ(run(steps), Names{"one"});
}

}  // namespace
}  // namespace whit::recipe
