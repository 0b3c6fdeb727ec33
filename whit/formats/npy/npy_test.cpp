#include "whit/formats/npy/npy.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"

namespace whit::npy {
namespace {

Array sample() { return {"|i1", {2, 3}, {1, 2, 3, 4, 5, 255}}; }

TEST(Npy, ReadsWhatItWrote) {
  const std::vector<uint8_t> bytes = write(sample());
  EXPECT_EQ((bytes.size() - 6) % 64, 0u);  // NumPy wants the data aligned to 64
  const Array back = read(bytes, "x.npy");
  EXPECT_EQ(back.descr, "|i1");
  EXPECT_EQ(back.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(back.data, sample().data);
}

TEST(Npy, ScalarHasNoDimensions) { EXPECT_TRUE(read(write({"<f4", {}, {0, 0, 0, 0}}), "x.npy").shape.empty()); }

TEST(Npy, RefusesWhatIsNotAnArray) {
  std::vector<uint8_t> bytes = write(sample());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(read(std::span(bytes).first(length), "x.npy"), Error) << length;
  }
  bytes.push_back(0);
  EXPECT_THROW(read(bytes, "x.npy"), Error);
}

TEST(Npy, RefusesFortranOrderAndBigEndian) {
  for (const auto& [from, to] : {std::pair{"False", "True "}, {"'|i1'", "'>i2'"}}) {
    const std::vector<uint8_t> bytes = write(sample());
    std::string text(bytes.begin(), bytes.end());
    text.replace(text.find(from), 5, to);
    EXPECT_THROW(read({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, "x.npy"), Error) << to;
  }
}

}  // namespace
}  // namespace whit::npy
