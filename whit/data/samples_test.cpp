#include "whit/data/samples.hpp"

#include <gtest/gtest.h>
#include <png.h>
#include <sndfile.h>
#include <zip.h>

#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/formats/npy/npy.hpp"

namespace whit::data {
namespace {

class SamplesTest : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& content) {
    const std::filesystem::path path = directory_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    write_file(path, content);
    return path.string();
  }
  std::string file(const std::string& name, const std::vector<uint8_t>& content) {
    return file(name, std::string(content.begin(), content.end()));
  }
  std::string folder() const { return directory_.path().string(); }

  // What load() says is wrong.
  static std::string error_of(const Source& source) {
    try {
      load(source);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input);
      return error.where() + ": " + error.what();
    }
    return "";
  }

  TemporaryDirectory directory_;
};

Source source_of(const std::string& path) {
  Source source;
  source.path = path;
  return source;
}

std::vector<uint8_t> bytes(std::initializer_list<int> values) { return {values.begin(), values.end()}; }

TEST_F(SamplesTest, CsvColumnsAreFeaturesLabelAndSplit) {
  Source source = source_of(file("t.csv", "a,label,b,split\n1,0,2,cal\n3,1,4,test\n5,2,6,cal\n"));
  source.split = "cal";
  const Samples samples = load(source);
  EXPECT_EQ(samples.shape, std::vector<int64_t>{2});
  EXPECT_EQ(samples.values, (std::vector<float>{1, 2, 5, 6}));
  EXPECT_EQ(samples.labels, (std::vector<float>{0, 2}));
}

TEST_F(SamplesTest, LabelsInTheDataItselfAreNoFeature) {
  const std::string path = file("t.csv", "a,b,target,split\n1,2,0.5,x\n3,4,1.5,y\n");
  Source source = source_of(path);
  for (const char* column : {":target", ":a", ""}) {
    source.labels = path + column;
    EXPECT_EQ(load(source).shape, std::vector<int64_t>{2}) << column;
    EXPECT_EQ(load(source).labels.size(), 2u);
  }
  source.labels = path + ":target";
  source.split = "y";
  const Samples samples = load(source);
  EXPECT_EQ(samples.values, (std::vector<float>{3, 4}));
  EXPECT_EQ(samples.labels, std::vector<float>{1.5});
  EXPECT_EQ(samples.label_place(0), path + ": line 3");
}

TEST_F(SamplesTest, SeveralInputsAreJoinedSampleBySample) {
  Source a = source_of(file("a.csv", "x,y\n1,2\n3,4\n")), b = source_of(file("b.csv", "z\n5\n6\n"));
  const Samples samples = join({load(a), load(b)}, {a, b});
  EXPECT_EQ(samples.values, (std::vector<float>{1, 2, 5, 3, 4, 6}));
  EXPECT_EQ(samples.more, (std::vector<std::vector<int64_t>>{{1}}));
  EXPECT_EQ(samples.elements(), 3);
  EXPECT_EQ(samples.count(), 2);
  b.path = file("c.csv", "z\n5\n");
  try {
    join({load(a), load(b)}, {a, b});
    ADD_FAILURE() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "1 samples, but 2 in " + a.path);
    EXPECT_EQ(error.where(), b.path);
  }
}

TEST_F(SamplesTest, RawElementsWithMeanAndStdAndRows) {
  Source source = source_of(file("x.bin", bytes({0, 255, 10, 20, 30, 40})));
  source.type = "i8";
  source.shape = {2};
  source.mean = {10};
  source.std = {2};
  source.split = "1:3";
  EXPECT_EQ(load(source).values, (std::vector<float>{0, 5, 10, 15}));
}

TEST_F(SamplesTest, NpyWithLabelsOfAnotherFile) {
  Source source = source_of(file("x.npy", npy::write({"|u1", {3, 2}, bytes({1, 2, 3, 4, 5, 6})})));
  source.labels = file("y.csv", "index,class\n0,2\n1,1\n2,0\n") + ":class";
  const Samples samples = load(source);
  EXPECT_EQ(samples.count(), 3);
  EXPECT_EQ(samples.labels, (std::vector<float>{2, 1, 0}));
}

TEST_F(SamplesTest, NpzHoldsXAndY) {
  const std::string path = folder() + "/d.npz";
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE, &code);
  const std::vector<uint8_t> x = npy::write({"|i1", {2, 1}, bytes({7, 8})}),
                             y = npy::write({"|u1", {2}, bytes({1, 0})});
  zip_file_add(archive, "y.npy", zip_source_buffer(archive, y.data(), y.size(), 0), 0);
  zip_file_add(archive, "x.npy", zip_source_buffer(archive, x.data(), x.size(), 0), 0);
  ASSERT_EQ(zip_close(archive), 0);
  const Samples samples = load(source_of(path));
  EXPECT_EQ(samples.values, (std::vector<float>{7, 8}));
  EXPECT_EQ(samples.labels, (std::vector<float>{1, 0}));
}

TEST_F(SamplesTest, AFolderOfImagesHasItsClassesAsSubfolders) {
  const auto write_png = [&](const std::string& name, uint8_t red) {
    std::filesystem::create_directories(std::filesystem::path(folder() + "/test/" + name).parent_path());
    png_image image{};
    image.version = PNG_IMAGE_VERSION, image.width = 1, image.height = 1, image.format = PNG_FORMAT_RGB;
    const uint8_t pixel[3] = {red, 2, 3};
    ASSERT_NE(png_image_write_to_file(&image, (folder() + "/test/" + name).c_str(), 0, pixel, 0, nullptr), 0);
  };
  write_png("cat/b.png", 20);
  write_png("cat/a.png", 10);
  write_png("dog/c.PNG", 30);
  Source source = source_of(folder());
  source.split = "test";
  source.swap_red_blue = true;
  const Samples samples = load(source);
  EXPECT_EQ(samples.shape, (std::vector<int64_t>{1, 1, 3}));
  EXPECT_EQ(samples.values, (std::vector<float>{3, 2, 10, 3, 2, 20, 3, 2, 30}));
  EXPECT_EQ(samples.labels, (std::vector<float>{0, 0, 1}));
}

TEST_F(SamplesTest, AFolderOfRecordings) {
  SF_INFO info{};
  info.samplerate = 16000, info.channels = 1, info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  SNDFILE* audio = sf_open((folder() + "/a.wav").c_str(), SFM_WRITE, &info);
  const float wave[4] = {0.5f, -0.5f, 0.25f, 0};
  ASSERT_EQ(sf_writef_float(audio, wave, 4), 4);
  sf_close(audio);
  EXPECT_EQ(load(source_of(folder())).values, (std::vector<float>{0.5f, -0.5f, 0.25f, 0}));
}

TEST_F(SamplesTest, SaysWhatIsWrongAndWhere) {
  EXPECT_NE(error_of(source_of("nowhere.npy")).find("no such file"), std::string::npos);
  EXPECT_NE(error_of(source_of(file("ragged.csv", "a,b\n1,2\n3\n"))).find("line 3: 1 fields"), std::string::npos);
  EXPECT_NE(error_of(source_of(file("text.csv", "a,b\n1,x\n"))).find("line 2, column 'b': 'x'"), std::string::npos);
  EXPECT_NE(error_of(source_of(file("nan.csv", "a\nnan\n"))).find("finite"), std::string::npos);
  EXPECT_NE(error_of(source_of(file("empty.csv", ""))).find("no rows"), std::string::npos);
  EXPECT_NE(error_of(source_of(file("head.csv", "a,b\n"))).find("no rows"), std::string::npos);
  EXPECT_NE(error_of(source_of(file("x.png", "no image"))).find("say nothing of their shape"), std::string::npos);
  EXPECT_NE(error_of(source_of(file("bad.npz", "PK"))).find("npz"), std::string::npos);
  EXPECT_NE(error_of(source_of(folder())).find("cannot decode"), std::string::npos);
  Source source = source_of(file("y.csv", "a\n1\n2\n"));
  source.split = "test";
  EXPECT_NE(error_of(source).find("no split 'test'"), std::string::npos);
  source.split = "1:9";
  EXPECT_NE(error_of(source).find("rows 1:9 of 2"), std::string::npos);
  source.split = "";
  source.labels = file("z.csv", "label\n1\n");
  EXPECT_NE(error_of(source).find("1 labels for 2 samples"), std::string::npos);
  source.labels += ":class";
  EXPECT_NE(error_of(source).find("no column 'class'"), std::string::npos);
}

}  // namespace
}  // namespace whit::data
