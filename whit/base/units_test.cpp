#include "whit/base/units.hpp"

#include <gtest/gtest.h>

#include "whit/base/error.hpp"

namespace whit {
namespace {

TEST(ParseQuantity, EveryUnit) {
  EXPECT_EQ(parse_quantity("100B", Dimension::bytes, ""), 100);
  EXPECT_EQ(parse_quantity("64KB", Dimension::bytes, ""), 65536);
  EXPECT_EQ(parse_quantity("64 KiB", Dimension::bytes, ""), 65536);
  EXPECT_EQ(parse_quantity("1.5MB", Dimension::bytes, ""), 1572864);
  EXPECT_DOUBLE_EQ(parse_quantity("250us", Dimension::seconds, ""), 250e-6);
  EXPECT_DOUBLE_EQ(parse_quantity("50ms", Dimension::seconds, ""), 0.05);
  EXPECT_EQ(parse_quantity("30s", Dimension::seconds, ""), 30);
  EXPECT_EQ(parse_quantity("2min", Dimension::seconds, ""), 120);
  EXPECT_EQ(parse_quantity("1h", Dimension::seconds, ""), 3600);
  EXPECT_EQ(parse_quantity("1d", Dimension::seconds, ""), 86400);
  EXPECT_DOUBLE_EQ(parse_quantity("800uJ", Dimension::joules, ""), 800e-6);
  EXPECT_DOUBLE_EQ(parse_quantity("1mJ", Dimension::joules, ""), 1e-3);
  EXPECT_EQ(parse_quantity("3000mAh", Dimension::milliamp_h, ""), 3000);
  EXPECT_EQ(parse_quantity("2.6Ah", Dimension::milliamp_h, ""), 2600);
}

TEST(ParseQuantity, AWrongUnitListsThoseThatFit) {
  try {
    parse_quantity("50mJ", Dimension::seconds, "--latency");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    EXPECT_EQ(error.where(), "--latency");
    EXPECT_STREQ(error.what(), "'mJ' of '50mJ' is not a unit that fits here");
    EXPECT_EQ(error.hint(), "a number with one of the units us, ms, s, min, h, d");
  }
}

TEST(ParseQuantity, WhatIsNoQuantityIsRefused) {
  for (const char* text :
       {"", "KB", "64", "-1KB", "0KB", "64kb", "1e999KB", "nanKB", "infKB", "64KBx", " 64KB", "6 4KB"}) {
    try {
      parse_quantity(text, Dimension::bytes, "--ram");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::bad_input) << text;
      EXPECT_NE(error.hint().find("B, KB, KiB, MB, MiB"), std::string::npos) << text;
    }
  }
}

TEST(TextOf, ThreeDigitsInTheUnitThatSuits) {
  EXPECT_EQ(text_of_bytes(9460), "9460 B");
  EXPECT_EQ(text_of_bytes(37492), "36.6 KB");
  EXPECT_EQ(text_of_bytes(-20480), "-20.0 KB");
  EXPECT_EQ(text_of_bytes(2097152), "2.00 MB");
  EXPECT_EQ(text_of_seconds(0.0336), "33.6 ms");
  EXPECT_EQ(text_of_seconds(-0.0336), "-33.6 ms");
  EXPECT_EQ(text_of_seconds(0.000999), "999 us");
  EXPECT_EQ(text_of_seconds(3.5e-9), "3.50 ns");
  EXPECT_EQ(text_of_seconds(86400 * 500), "500 days");
  EXPECT_EQ(text_of_seconds(86400 * 365.25 * 4), "4.00 years");
  EXPECT_EQ(text_of_joules(1.431e-3), "1.43 mJ");
  EXPECT_EQ(text_of_watts(9.2e-6), "9.20 uW");
}

}  // namespace
}  // namespace whit
