#include "whit/base/process.hpp"

#include <gtest/gtest.h>

#include "tests/text_file.hpp"
#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit {
namespace {

TEST(Process, CapturesBothOutputsAndTheExitCode) {
  const ProcessResult result = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.output, "out\nerr\n");
}

TEST(Process, RunsInAFolderAndWritesAFile) {
  const TemporaryDirectory folder;
  const ProcessResult result =
      run_process({"sh", "-c", "pwd; echo err >&2"}, ProcessOptions{10, folder.path().string(), "out.txt"});
  EXPECT_EQ(result.output, "err\n");
  EXPECT_EQ(read_text(folder.path() / "out.txt"), folder.path().string() + "\n");
}

TEST(Process, TakesArgumentsAsTheyAre) {
  EXPECT_EQ(run_process({"printf", "%s|", "a b", "$HOME", "'"}, 10).output, "a b|$HOME|'|");
}

TEST(Process, KillsAtTheTimeLimitWithChildren) {
  const ProcessResult result = run_process({"sh", "-c", "echo begun; sleep 60 & sleep 60"}, 0.3);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.output, "begun\n");
}

TEST(Process, ReadsMoreThanAPipeHolds) {
  EXPECT_EQ(run_process({"head", "-c", "1000000", "/dev/zero"}, 10).output.size(), 1000000u);
}

TEST(Process, MissingProgramIsAnError) {
  try {
    run_process({"whit-no-such-program"}, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::tool_missing);
  }
  EXPECT_FALSE(program_exists("whit-no-such-program"));
  EXPECT_TRUE(program_exists("sh"));
}

}  // namespace
}  // namespace whit
