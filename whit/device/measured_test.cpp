#include "whit/device/measured.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "tests/text_file.hpp"
#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::device {
namespace {

Measured sample() {
  Measured m;
  m.work.cost = {123, {1, 2, 3}};
  m.work.traffic.code[3] = 7;
  m.work.traffic.data[18] = 8;
  m.work.traffic.both[0] = 9;
  m.work.macs = 55;
  m.arena_bytes = 4;
  m.stack_bytes = 5;
  m.code_bytes = 6;
  m.weights_bytes = 7;
  return m;
}

TEST(MeasurementCache, GivesBackWhatWasStored) {
  const TemporaryDirectory directory;
  const MeasurementCache cache(directory.path() / "new/folder");
  EXPECT_FALSE(cache.find("key"));
  cache.store("key", sample());
  const std::optional<Measured> found = cache.find("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->work.cost.instructions, 123u);
  EXPECT_EQ(found->work.cost.cycles, (std::array<uint64_t, 3>{1, 2, 3}));
  EXPECT_EQ(found->work.traffic.code[3], 7u);
  EXPECT_EQ(found->work.traffic.data[18], 8u);
  EXPECT_EQ(found->work.traffic.both[0], 9u);
  EXPECT_EQ(found->work.macs, 55);
  EXPECT_EQ(found->ram_bytes(), 9);
  EXPECT_EQ(found->flash_bytes(), 13);
}

TEST(MeasurementCache, ADamagedEntryCountsAsAbsent) {
  const TemporaryDirectory directory;
  const MeasurementCache cache(directory.path());
  cache.store("key", sample());
  const std::filesystem::path file = directory.path() / "key";
  const std::string whole = read_text(file);
  std::string changed = whole;
  ++changed[whole.find("123")];
  for (const std::string& damaged :
       {std::string(), std::string("nonsense"), whole.substr(0, whole.size() / 2), changed}) {
    write_file(file, damaged);
    EXPECT_FALSE(cache.find("key")) << damaged;
  }
  cache.store("key", sample());
  EXPECT_TRUE(cache.find("key"));
}

TEST(MeasurementCache, AFolderThatCannotBeIsNoError) {
  const TemporaryDirectory directory;
  write_file(directory.path() / "file", "");
  const MeasurementCache cache(directory.path() / "file/folder");
  cache.store("key", sample());
  EXPECT_FALSE(cache.find("key"));
}

TEST(RunParallel, RunsAllAndThrowsTheFirstError) {
  std::mutex mutex;
  std::set<int> ran;
  std::vector<std::function<void()>> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back([&, i] {
      const std::lock_guard lock(mutex);
      ran.insert(i);
      if (i == 3 || i == 7) throw Error(ErrorCode::bad_input, std::to_string(i));
    });
  }
  try {
    run_parallel(jobs);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "3");
  }
  EXPECT_EQ(ran.size(), 20u);
}

}  // namespace
}  // namespace whit::device
