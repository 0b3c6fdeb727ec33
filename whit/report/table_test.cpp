#include "whit/report/table.hpp"

#include <gtest/gtest.h>

namespace whit::report {
namespace {

const Table kTable = {{{"device"}, {"RAM", true}, {"note"}}, {{"esp32-c3", "9,460", "µs|ms"}, {"m4", "768", ""}}};

TEST(Table, text_is_aligned_by_code_points) {
  EXPECT_EQ(to_text(kTable),
            "device      RAM  note\n"
            "esp32-c3  9,460  µs|ms\n"
            "m4          768\n");
}

TEST(Table, markdown_escapes_bars) {
  EXPECT_EQ(to_markdown(kTable),
            "| device | RAM | note |\n"
            "|---|---:|---|\n"
            "| esp32-c3 | 9,460 | µs\\|ms |\n"
            "| m4 | 768 |  |\n");
}

}  // namespace
}  // namespace whit::report
