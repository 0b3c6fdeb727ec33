// [data] of recipes on small tables: what comes out, and what is refused, with file and line.
#include "whit/data/data_set.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <set>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/data/arrays.hpp"

namespace whit::data {
namespace {

class DataSetTest : public testing::Test {
 protected:
  void file(const std::string& name, const std::string& content) { write_file(directory_.path() / name, content); }

  // `keys`: the lines of [data].
  DataSet read(const std::string& keys) {
    const std::string recipe = (directory_.path() / "recipe.toml").string();
    return read_data_set(TomlTable::parse("[data]\n" + keys, recipe).table("data"));
  }

  // "code where: what / hint" without the folder.
  std::string error_of(const std::string& keys) {
    try {
      read(keys);
    } catch (const Error& error) {
      std::string text =
          fmt::format("{} {}: {} / {}", static_cast<int>(error.code()), error.where(), error.what(), error.hint());
      const std::string folder = directory_.path().string() + "/";
      for (size_t at = 0; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
      return text;
    }
    return "no error";
  }

  // One line for each i in [0, count).
  static std::string lines(const std::string& header, int count, const std::function<std::string(int)>& line) {
    std::string text = header + "\n";
    for (int i = 0; i < count; ++i) text += line(i) + "\n";
    return text;
  }

  // 40 rows of 4 subjects and 2 classes.
  void write_table() {
    file("t.csv", lines("subject,a,b,kind", 40, [](int i) {
           return fmt::format("s{},{},{},{}", i / 10, i, i * i % 7, i % 2 == 0 ? "walk" : "rest");
         }));
  }

  TemporaryDirectory directory_;
};

const std::string kTable = R"(kind = "table"
path = "t.csv"
columns = ["a", "b"]
label = "kind"
)";

TEST_F(DataSetTest, GroupsNeverCrossAndNormalisationIsThatOfTheTraining) {
  write_table();
  const DataSet set = read(kTable + R"(group = "subject"
[data.split]
by = "group"
fractions = [0.5, 0.25, 0.25])");
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"rest", "walk"}));
  EXPECT_EQ(set.value_names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(set.train().count(), 20);
  EXPECT_EQ(set.test().count(), 10);
  std::set<std::string> groups;
  for (const auto& of_part : set.groups) groups.insert(of_part.begin(), of_part.end());
  EXPECT_EQ(set.groups[0].size() + set.groups[1].size() + set.groups[2].size(), groups.size());
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < 20; ++i) {
    sum += double{set.train().sample(i)[0]};
    squares += std::pow(double{set.train().sample(i)[0]}, 2);
  }
  EXPECT_NEAR(sum, 0, 1e-5);
  EXPECT_NEAR(squares / 20, 1, 1e-5);
  // The same again, whatever else has run.
  EXPECT_EQ(
      read(kTable + "group = \"subject\"\n[data.split]\nby = \"group\"\nfractions = [0.5, 0.25, 0.25]").test().values,
      set.test().values);
}

TEST_F(DataSetTest, FoldsTestEachGroupOnce) {
  write_table();
  std::multiset<std::string> tested;
  for (int fold = 0; fold < 4; ++fold) {
    const DataSet set = read(kTable + fmt::format("group = \"subject\"\nnormalise = \"min_max\"\n[data.split]\nby = "
                                                  "\"group\"\nfolds = 4\nfold = {}",
                                                  fold));
    tested.insert(set.groups[2].begin(), set.groups[2].end());
    EXPECT_EQ(*std::min_element(set.train().values.begin(), set.train().values.end()), 0);
    EXPECT_EQ(*std::max_element(set.train().values.begin(), set.train().values.end()), 1);
  }
  EXPECT_EQ(tested, (std::multiset<std::string>{"s0", "s1", "s2", "s3"}));
}

TEST_F(DataSetTest, StratifiedKeepsTheSharesOfTheClasses) {
  file("t.csv", lines("a,b,kind", 100, [](int i) { return fmt::format("{},0,{}", i, i % 10 == 0 ? 7 : -1); }));
  const DataSet set = read(kTable + "[data.split]\nby = \"stratified\"\nfractions = [0.6, 0.2, 0.2]\nseed = 3");
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"-1", "7"}));
  for (const auto& [part, rare] : {std::pair{0, 6}, std::pair{1, 2}, std::pair{2, 2}}) {
    const Samples& samples = set.parts[static_cast<size_t>(part)];
    EXPECT_EQ(std::count(samples.labels.begin(), samples.labels.end(), 1.0f), rare);
  }
  // A column that never changes stays 0.
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(set.test().sample(i)[1], 0);
}

// Two runs of 1 s, 10 rows a second, the second with a gap of 1 s after 4 rows.
const std::string kSeries = R"(kind = "table"
path = "t.csv"
columns = ["x"]
label = "kind"
group = "subject"
time = "ms"
time_unit = "ms"
normalise = "none"
)";

std::string series_line(int i) {
  const int at = i % 10, run = i / 10;
  return fmt::format("{},{},{},{}", run, at * 100 + (run == 1 && at > 3 ? 1000 : 0), i, at < 5 ? 0 : 1);
}

TEST_F(DataSetTest, WindowsEndAtRunsAndGaps) {
  file("t.csv", lines("subject,ms,x,kind", 30, series_line));
  const std::string split = R"([data.split]
by = "column"
column = "subject"
train = ["0"]
validation = ["1"]
test = ["2"]
)";
  const DataSet set = read(kSeries + "[data.window]\nlength_s = 0.4\nstride = 2\nlabel = \"last\"\n" + split);
  EXPECT_EQ(set.train().shape, (std::vector<int64_t>{4, 1}));
  EXPECT_EQ(set.train().count(), 4);  // at 0, 2, 4, 6
  EXPECT_EQ(set.train().labels, (std::vector<float>{0, 1, 1, 1}));
  EXPECT_EQ(set.validation().count(), 3);  // rows 0 to 3, then at 4 and 6
  EXPECT_EQ(set.validation().sample(1)[0], 14);
  EXPECT_EQ(set.train().label_place(0).substr(set.train().label_place(0).rfind('/') + 1), "t.csv: line 5");
  const DataSet pure = read(kSeries + "[data.window]\nlength = 4\nstride = 1\nlabel = \"pure\"\n" + split);
  EXPECT_EQ(pure.train().count(), 4);  // 2 of each class in a run of 5 and 5
  const DataSet longer = read(kSeries + "[data.window]\nlength = 6\nstride = 4\ngap_s = 2\n" + split);
  EXPECT_EQ(longer.validation().count(), 2);
}

// Minutes of ISO time; the target is x two rows ahead.
const std::string kForecast = R"(kind = "table"
path = "t.csv"
columns = ["x"]
target = "x"
time = "at"
normalise = "none"
missing = "break"
[data.window]
horizon_s = 120
[data.features]
kind = "lags"
list = [{ kind = "value", of = "x" }, { kind = "delta", of = "x", lag_s = 180 }, { kind = "day_cos" }]
)";

TEST_F(DataSetTest, ForecastsInTimeLeaveOutWhatReachesAcrossTheCut) {
  file("t.csv", lines("at,x", 60, [](int i) {
         return fmt::format("2021-09-07 12:{:02}+08:00,{}", i, i == 50 ? "" : std::to_string(i * i));
       }));
  const DataSet set = read(kForecast + "[data.split]\nby = \"chronological\"\nfractions = [0.5, 0.25, 0.25]");
  EXPECT_EQ(set.value_names, (std::vector<std::string>{"x", "x delta 3", "day_cos"}));
  EXPECT_EQ(set.train().sample(0)[0], 9);  // the first row with three before it
  EXPECT_EQ(set.train().sample(0)[1], 9);
  EXPECT_NEAR(set.train().sample(0)[2], -1, 1e-3);
  EXPECT_EQ(set.train().labels[0], 25);
  // 45 windows before the missing row, 4 behind it; each cut costs the 5 that reach across it.
  EXPECT_EQ(set.left_out, 10);
  EXPECT_EQ(set.train().count() + set.validation().count() + set.test().count(), 39);
  EXPECT_LT(set.train().labels.back(), set.validation().sample(0)[0]);
  EXPECT_TRUE(set.leaks.empty());
}

// A winter and a summer: each is cut by itself.
TEST_F(DataSetTest, EachGroupInTime) {
  file("t.csv", lines("at,x,season", 120, [](int i) {
         return fmt::format("2021-{}-07T12:{:02}:00Z,{},{}", i < 60 ? "01" : "07", i % 60, i, i / 60);
       }));
  const std::string keys = "group = \"season\"\n" + kForecast + "[data.split]\nby = \"chronological\"\neach_group = ";
  const DataSet set = read(keys + "true");
  const auto of_winter = [](const Samples& part) {
    int64_t count = 0;
    for (int64_t i = 0; i < part.count(); ++i) count += part.sample(i)[0] < 60;
    return count;
  };
  for (const Samples* part : {&set.train(), &set.validation(), &set.test()}) {
    EXPECT_EQ(of_winter(*part) * 2, part->count());
  }
  EXPECT_EQ(of_winter(read(keys + "false").test()), 0);
  EXPECT_NE(error_of(kForecast + "[data.split]\nby = \"chronological\"\neach_group = true").find("names no group"),
            std::string::npos);
}

// The mean of what comes until the target's time.
TEST_F(DataSetTest, WhatIsPlannedIsAFeature) {
  file("t.csv", lines("at,x,y", 60, [](int i) { return fmt::format("2021-09-07T12:{:02}:00Z,{},{}", i, i, i * i); }));
  const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  };
  std::string keys = kForecast + "[data.split]\nby = \"chronological\"\nfractions = [0.6, 0.2, 0.2]";
  keys = replaced(keys, "columns = [\"x\"]", "columns = [\"x\", \"y\"]");
  keys = replaced(keys, "{ kind = \"day_cos\" }", "{ kind = \"planned\", of = \"y\" }");
  const DataSet set = read(keys);
  EXPECT_EQ(set.value_names.back(), "y planned");
  EXPECT_EQ(set.train().sample(0)[0], 3);
  EXPECT_EQ(set.train().sample(0)[2], (16 + 25) / 2.0f);
  const auto refused = [&](const std::string& from, const std::string& to, const std::string& why) {
    const std::string error = error_of(replaced(keys, from, to));
    EXPECT_NE(error.find(why), std::string::npos) << error;
  };
  refused("horizon_s = 120", "", "is missing or 0, but a feature is of what is planned");
  refused("of = \"y\"", "of = \"x\"", "its future would be known");
  refused("{ kind = \"planned\"", "{ kind = \"planned\", of = \"y\" }, { kind = \"planned\"", "a second time");
}

TEST_F(DataSetTest, SequencesOfFeaturesForRecurrentModels) {
  file("t.csv", lines("at,x", 60, [](int i) { return fmt::format("2021-09-07T12:{:02}:00Z,{}", i, i * i); }));
  std::string keys = kForecast;
  keys.replace(keys.find("kind = \"lags\""), 13, "kind = \"lags\"\nsteps = 4");
  const DataSet set = read(keys + "[data.split]\nby = \"chronological\"\nfractions = [0.6, 0.2, 0.2]");
  EXPECT_EQ(set.train().shape, (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(set.train().sample(0)[0], 9);
  EXPECT_EQ(set.train().sample(0)[3], 16);
  EXPECT_EQ(set.train().sample(0)[9], 36);
  EXPECT_EQ(set.train().labels[0], 64);
}

TEST_F(DataSetTest, ArraysOfAnArchiveWithGroups) {
  std::vector<float> x(24);
  for (size_t i = 0; i < 24; ++i) x[i] = static_cast<float>(i);
  const auto array = [](const std::string& type, std::vector<int64_t> shape, const auto& values) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return npy::Array{type, std::move(shape), {bytes, bytes + values.size() * sizeof(values[0])}};
  };
  const std::vector<int32_t> y = {0, 1, 0, 1, 0, 1}, who = {1, 1, 2, 2, 3, 3};
  write_npz((directory_.path() / "d.npz").string(),
            {{"x", array("<f4", {6, 2, 2}, x)}, {"y", array("<i4", {6}, y)}, {"who", array("<i4", {6}, who)}});
  const DataSet set = read(R"(kind = "samples"
path = "d.npz"
group = "who"
classes = ["off", "on"]
[data.split]
by = "group"
fractions = [0.4, 0.3, 0.3])");
  EXPECT_EQ(set.train().shape, (std::vector<int64_t>{2, 2}));
  for (const Samples& part : set.parts) EXPECT_EQ(part.labels, (std::vector<float>{0, 1}));

  x[5] = NAN;
  write_npz((directory_.path() / "nan.npz").string(), {{"x", array("<f4", {6, 2, 2}, x)}, {"y", array("<i4", {6}, y)}});
  EXPECT_NE(
      error_of("kind = \"samples\"\npath = \"nan.npz\"\n[data.split]\nby = \"random\"").find("nan.npz: sample 1: NaN"),
      std::string::npos);

  // The table of an archive, and what is written back.
  const DataSet table = read(R"(kind = "table"
path = "d2.npz"
columns = ["v"]
label = "y"
[data.split]
by = "stratified"
fractions = [0.5, 0, 0.5])" + [&] {
    write_npz((directory_.path() / "d2.npz").string(),
              {{"v", array("<f4", {6}, std::vector<float>{0.1f, 1, 2, 3, 4, 5})}, {"y", array("<i4", {6}, y)}});
    return std::string();
  }());
  EXPECT_EQ(table.validation().count(), 0);
  const std::string out = (directory_.path() / "out").string();
  write_data_set(table, out);
  EXPECT_FALSE(std::filesystem::exists(out + "/validation.npz"));
  Source source;
  source.path = out;
  source.split = "test";
  const Samples again = load(source);
  EXPECT_EQ(again.values, table.test().values);
  EXPECT_EQ(again.labels, table.test().labels);
}

TEST_F(DataSetTest, RecordingsThatATableListsStayWithTheirSource) {
  std::string table = "\xEF\xBB\xBFname,source,kind\r\n";
  for (int i = 0; i < 12; ++i) {
    const std::string name = fmt::format("{}-{}.wav", i / 4, i);
    SF_INFO info{};
    info.samplerate = 8000, info.channels = 1, info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
    SNDFILE* audio = sf_open((directory_.path() / name).c_str(), SFM_WRITE, &info);
    std::vector<float> wave(400);
    for (size_t t = 0; t < wave.size(); ++t)
      wave[t] = std::sin(static_cast<float>(t) * (0.1f + 0.05f * static_cast<float>(i)));
    sf_writef_float(audio, wave.data(), 400);
    sf_close(audio);
    table += fmt::format("{},{},{}\r\n", name, i / 4, i % 2 == 0 ? "dog" : "saw");
  }
  file("meta.csv", table);
  const std::string keys =
      "kind = \"files\"\npath = \"meta.csv\"\nfile = \"name\"\nlabel = \"kind\"\ngroup = \"source\"\n";
  const std::string split = "[data.split]\nby = \"group\"\nfractions = [0.4, 0.3, 0.3]\n";
  const std::string mel =
      "[data.features]\nkind = \"log_mel\"\nframe = 128\nstep = 64\nfft = 128\nbands = 10\nlow_hz = 100\nhigh_hz = "
      "4000\n";
  const DataSet set = read(keys + mel + "sample_rate_hz = 8000\n" + split);
  EXPECT_EQ(set.train().shape, (std::vector<int64_t>{5, 10, 1}));
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"dog", "saw"}));
  for (const Samples& part : set.parts) EXPECT_EQ(part.count(), 4);
  EXPECT_EQ(set.test().names[0][0], set.test().names[3][0]);
  EXPECT_NE(error_of(keys + mel + "sample_rate_hz = 16000\n" + split).find("8000 samples a second"), std::string::npos);
  EXPECT_EQ(read(keys + split).train().shape, std::vector<int64_t>{400});

  // The same without the table: the group is in the name.
  std::string labels = "file,label\n";
  for (int i = 0; i < 12; ++i) labels += fmt::format("{}-{}.wav,{}\n", i / 4, i, i % 2);
  std::filesystem::create_directory(directory_.path() / "audio");
  for (int i = 0; i < 12; ++i) {
    const std::string name = fmt::format("{}-{}.wav", i / 4, i);
    std::filesystem::rename(directory_.path() / name, directory_.path() / "audio" / name);
  }
  file("y.csv", labels);
  const std::string folder = "kind = \"samples\"\npath = \"audio\"\nlabels = \"y.csv\"\n";
  const DataSet named = read(folder + "group = '^(\\d+)-'\n" + split);
  EXPECT_EQ(named.groups[0].size(), 1u);
  EXPECT_EQ(named.train().count(), 4);
  EXPECT_NE(error_of(folder + "group = '^x'\n" + split).find("does not match '0-0.wav'"), std::string::npos);
  EXPECT_NE(error_of(folder + "group = '('\n" + split).find("no regular expression"), std::string::npos);
}

// ---- leaks ---------------------------------------------------------------------------------------------------------

TEST_F(DataSetTest, LeaksAreRefusedOrNamed) {
  write_table();
  const std::string grouped = kTable + "group = \"subject\"\n";
  const std::string stratified = "[data.split]\nby = \"stratified\"\nfractions = [0.5, 0.25, 0.25]";
  EXPECT_NE(error_of(grouped + stratified).find("1 t.csv: the test would know what the training saw: 4 of 4 groups"),
            std::string::npos);
  const DataSet allowed = read(grouped + "allow_leakage = true\n" + stratified);
  ASSERT_EQ(allowed.leaks.size(), 1u);
  EXPECT_TRUE(to_json(allowed)["leak"].get<bool>());

  file("t.csv", lines("a,b,kind", 40, [](int i) { return fmt::format("{},0,{}", i / 8, i % 2); }));
  EXPECT_NE(error_of(kTable + stratified).find("samples equal one of another part (row"), std::string::npos);

  // A sensor that reads the same another day is no leak, the same minute twice is one.
  const std::string timed =
      "time = \"at\"\n[data.split]\nby = \"column\"\ncolumn = \"day\"\ntrain = [\"0\"]\ntest = [\"1\"]";
  file("t.csv", lines("day,at,a,b,kind", 20, [](int i) { return fmt::format("{},{},20,0,{}", i / 10, i, i % 2); }));
  EXPECT_TRUE(read(kTable + timed).leaks.empty());
  file("t.csv",
       lines("day,at,a,b,kind", 20, [](int i) { return fmt::format("{},{},20,0,{}", i / 10, i % 10, i % 2); }));
  EXPECT_NE(error_of(kTable + timed).find("10 samples equal one of another part"), std::string::npos);

  file("t.csv", lines("subject,ms,x,kind", 30, series_line));
  const std::string windows = kSeries + "allow_leakage = true\n[data.window]\nlength = 4\n";
  const DataSet random = read(windows + "[data.split]\nby = \"random\"\nfractions = [0.4, 0.3, 0.3]");
  ASSERT_EQ(random.leaks.size(), 3u);
  EXPECT_NE(random.leaks[0].find("a random split of a time series"), std::string::npos);
  EXPECT_NE(random.leaks[1].find("groups are in two parts"), std::string::npos);
  EXPECT_NE(random.leaks[2].find("windows share rows"), std::string::npos);
}

// ---- bad input -----------------------------------------------------------------------------------------------------

TEST_F(DataSetTest, SaysWhatIsWrongAndWhere) {
  const std::string split = "[data.split]\nby = \"stratified\"";
  const auto starts = [&](const std::string& got, const std::string& expected) {
    EXPECT_TRUE(got.starts_with(expected)) << got;
  };
  const auto table = [&](const std::string& content, const std::string& keys) {
    file("t.csv", content);
    return error_of(keys + split);
  };
  starts(table("", kTable), "3 t.csv: no rows below the header line");
  starts(table("a,b,kind\n", kTable), "3 t.csv: no rows");
  starts(table("a,b,kind\n1,2,x\n3,4\n", kTable), "3 t.csv: line 3: 2 fields, the header has 3");
  starts(table("a,b,kind\n1,nan,x\n3,4,y\n", kTable), "3 t.csv: line 2, column 'b': 'nan' is no finite number");
  starts(table("a,b,kind\n1,2,x\n3,,y\n", kTable), "3 t.csv: line 3, column 'b': '' is no finite number");
  starts(table("a,bb,kind\n1,2,x\n3,4,y\n", kTable), "3 t.csv: line 1: there is no column 'b' / did you mean 'a'?");
  starts(table("a,b,kind\n1,2,x\n3,4,x\n", kTable), "3 t.csv: column 'kind' holds the class 'x' alone");
  starts(table("a,b,kind\n1,2,x\n3,4,\n5,6,y\n", kTable), "3 t.csv: line 3, column 'kind': no class");
  starts(table("a,b,kind\n1,2,x\n3,4,z\n", kTable + "classes = [\"x\", \"y\"]\n"),
         "3 t.csv: line 3, column 'kind': 'z' is no class / [data] classes are: x, y");
  starts(table("a,b,kind\n1,2,x\n3,4,y\n", kTable), "3 t.csv: nothing is left for validation among 2 samples");
  write_table();
  starts(error_of(kTable + "group = \"subjct\"\n" + split),
         "3 t.csv: line 1: there is no column 'subjct' / did you mean 'subject'?");
  starts(error_of(kTable + "[data.split]\nby = \"group\""), "3 t.csv: a split by group, but the data names no group");
  starts(error_of(kTable + "group = \"subject\"\n[data.split]\nby = \"group\"\nfolds = 5\nfold = 0"),
         "3 t.csv: 4 groups are too few for 5 folds");
  starts(error_of(kTable + "[data.split]\nby = \"chronological\""), "3 t.csv: a chronological split of data without");
  starts(error_of(kTable + "[data.split]\nby = \"column\"\ncolumn = \"subject\"\ntrain = [\"s9\"]"),
         "3 t.csv: no sample has 's9'");
  EXPECT_NE(error_of(kTable + "[data.split]\nby = \"random\"\nfractions = [0.5, 0.2, 0.2]").find("sum up to 1"),
            std::string::npos);
  EXPECT_NE(error_of(kTable + "nromalise = \"none\"\n" + split).find("normalise"), std::string::npos);
  EXPECT_NE(error_of(kTable + "target = \"a\"\n" + split).find("data.target is given beside label"), std::string::npos);
  starts(error_of("kind = \"table\"\npath = \"none.csv\"\ncolumns = [\"a\"]\nlabel = \"b\"\n" + split), "3 none.csv");
  file("u.csv", "a,b,other\n1,2,3\n");
  starts(error_of("kind = \"table\"\npaths = [\"t.csv\", \"u.csv\"]\ncolumns = [\"a\"]\nlabel = \"kind\"\n" + split),
         "3 u.csv: line 1: its columns are not those of t.csv");
  file("t.csv.xz", "no xz");
  starts(error_of("kind = \"table\"\npath = \"t.csv.xz\"\ncolumns = [\"a\"]\nlabel = \"b\"\n" + split),
         "3 t.csv.xz: cannot be decompressed");
}

TEST_F(DataSetTest, SaysWhatIsWrongWithASeries) {
  const std::string split = "[data.split]\nby = \"group\"\nfractions = [0.4, 0.3, 0.3]\n";
  const auto starts = [&](const std::string& got, const std::string& expected) {
    EXPECT_TRUE(got.starts_with(expected)) << got;
  };
  file("t.csv", lines("subject,ms,x,kind", 30, series_line));
  const std::string in_time = "[data.window]\nlength = 4\n[data.split]\nby = \"chronological\"";
  std::string runs = kSeries;
  runs.replace(runs.find("group = \"subject\""), 17, "runs = [\"subject\"]");
  starts(error_of(runs + in_time), "3 t.csv: a chronological split, but time goes back at row 13");
  std::string no_time = kSeries;
  no_time.replace(no_time.find("time = \"ms\""), 11, "");
  starts(error_of(no_time + in_time), "3 t.csv: a chronological split of several groups without time");
  starts(error_of(kSeries + "[data.window]\nlength = 20\n" + split),
         "3 t.csv: no window of 20 rows fits between the breaks; the longest stretch has 10");
  EXPECT_NE(error_of(kSeries + "[data.window]\nlength = 4\nlength_s = 0.4\n" + split).find("say the same"),
            std::string::npos);
  EXPECT_NE(error_of(kSeries + "[data.window]\nlength = 4\n[data.features]\nkind = \"motion\"\n" + split)
                .find("needs windows of 6 columns"),
            std::string::npos);
  file("t.csv", "subject,ms,x,kind\n0,0,1,0\n0,100,1,1\n0,50,1,0\n");
  starts(error_of(kSeries + "[data.window]\nlength = 2\n" + split), "3 t.csv: line 4, column 'ms': time goes back");
  file("t.csv", "subject,ms,x,kind\n0,0,1,0\n0,noon,1,1\n");
  starts(error_of(kSeries + "[data.window]\nlength = 2\n" + split), "3 t.csv: line 3, column 'ms': 'noon' is no time");
  file("t.csv", "subject,ms,x,kind\n0,2021-02-30T10:00,1,0\n0,noon,1,1\n");
  starts(error_of(kSeries + "[data.window]\nlength = 2\n" + split), "3 t.csv: line 2, column 'ms'");
}

// ---- real data -----------------------------------------------------------------------------------------------------

TEST(DataSetOfHar, SubjectsStayTogetherAndEveryClassIsEverywhere) {
  const std::string shared = WHIT_SOURCE_DIR "/../shared/data/har_spsw";
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << "skipped: no ../shared";
  const DataSet set = read_data_set(TomlTable::read(WHIT_SOURCE_DIR "/examples/har/recipe.toml").table("data"));
  EXPECT_EQ(set.train().shape, std::vector<int64_t>{27});
  EXPECT_EQ(set.value_names.size(), 27u);
  EXPECT_EQ(set.groups[0].size() + set.groups[1].size() + set.groups[2].size(), 19u);
  EXPECT_GT(set.train().count(), 3000);
  EXPECT_EQ(set.groups[2], (std::vector<std::string>{"1", "19", "2", "21", "22", "23"}));  // as on every machine
  EXPECT_TRUE(set.leaks.empty());
}

}  // namespace
}  // namespace whit::data
