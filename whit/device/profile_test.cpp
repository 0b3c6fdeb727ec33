#include "whit/device/profile.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "whit/base/embedded.hpp"
#include "whit/base/file.hpp"

namespace whit::device {
namespace {

std::string l4r5() { return std::string(embedded_files().at("devices/stm32l4r5.toml")); }

// The text with its first `from` replaced by `to`.
std::string changed(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string error_of(const std::string& text) {
  try {
    parse_profile(text, "own", "own.toml");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    return error.where() + ": " + error.what() + " / " + error.hint();
  }
  return "no error";
}

TEST(Profile, every_device_inside_the_binary_keeps_the_format) {
  for (const Profile& profile : all_profiles()) {
    SCOPED_TRACE(profile.name);
    EXPECT_NE(profile.target.empty(), !profile.macs_per_cycle.is_given());
    for (const FigureField& field : figure_fields()) {
      EXPECT_EQ((profile.*field.figure).is_given(), field.is_needed(profile)) << field.section << "." << field.key;
    }
  }
}

TEST(Profile, every_device_of_the_list_is_there) {
  std::vector<std::string> names;
  for (const Profile& profile : all_profiles()) names.push_back(profile.name);
  EXPECT_EQ(fmt::format("{}", fmt::join(names, " ")),
            "alif-e8 apollo4 cloud-vm coral-dev-board esp32 esp32-c3 esp32-p4 esp32-s3 gap9 jetson-nano max78000 "
            "nano33ble nrf52840 nrf5340 ra8d1 raspberry-pi-4 raspberry-pi-zero-2-w rp2040 rp2350 spresense stm32f746 "
            "stm32g0b1 stm32h7a3 stm32l4r5 stm32u385 stm32u575");
}

TEST(Profile, is_found_by_name_or_by_file) {
  const Profile built_in = find_profile("stm32l4r5");
  EXPECT_EQ(built_in.core, "cortex-m4");
  EXPECT_EQ(built_in.target, "qemu-cortex-m4");
  EXPECT_EQ(built_in.clock_hz.value, 120e6);
  EXPECT_EQ(built_in.ram_bytes.value, 640 * 1024);
  EXPECT_FALSE(built_in.ram_bytes.is_estimate());
  EXPECT_TRUE(built_in.usd.is_estimate());
  EXPECT_FALSE(built_in.has_accelerator());

  const TemporaryDirectory directory;
  const std::string file = directory.path() / "my_board.toml";
  write_file(file, changed(l4r5(), "value = 655_360", "value = 1_000_000"));
  EXPECT_EQ(find_profile(file).name, "my_board");
  EXPECT_EQ(find_profile(file).ram_bytes.value, 1e6);
}

TEST(Profile, an_unknown_name_brings_the_nearest) {
  try {
    find_profile("stm32l4r6");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    EXPECT_STREQ(error.what(), "there is no device \"stm32l4r6\"");
    EXPECT_NE(error.hint().find("did you mean stm32l4r5?"), std::string::npos) << error.hint();
  }
  EXPECT_THROW(find_profile("none.toml"), Error);
}

TEST(Profile, a_mistake_is_named_with_its_line) {
  EXPECT_EQ(error_of(changed(l4r5(), "kind = \"mcu\"", "kind = \"mcx\"")),
            "own.toml: line 3: kind is \"mcx\" / did you mean mcu? It is one of: mcu, linux, cloud");
  EXPECT_EQ(error_of(changed(l4r5(), "value = 9, source", "value = -9, source")),
            "own.toml: line 29: price.usd.value is -9; it must be from 0.01 to 1000000 / ");
  EXPECT_NE(error_of(changed(l4r5(), "qemu-cortex-m4", "qemu-cortex-m5")).find("core.target is \"qemu-cortex-m5\""),
            std::string::npos);
  EXPECT_NE(error_of(changed(l4r5(), "ram_free_bytes", "ram_fre_bytes"))
                .find("there is no key memory.ram_fre_bytes / did you mean ram_free_bytes?"),
            std::string::npos);
  EXPECT_NE(error_of(changed(l4r5(), "name = \"cortex-m4\"", "name = \"cortex-m44\"")).find("did you mean cortex-m4?"),
            std::string::npos);
  EXPECT_NE(error_of(changed(l4r5(), "[price]", "[price]\neur = 8")).find("there is no key price.eur"),
            std::string::npos);
  EXPECT_NE(error_of(changed(l4r5(), "value = 589_824", "value = 655_361")).find("is more than ram_bytes"),
            std::string::npos);
}

TEST(Profile, a_figure_without_a_proper_source_is_refused) {
  const std::string figure = "value = 9, source = \"estimate: distributor price of 2025, the chip, quantity 100\"";
  for (const char* source : {"", "estimate", "estimate: ", "somebody said so", "data sheet"}) {
    const std::string message =
        error_of(changed(l4r5(), figure, std::string("value = 9, source = \"") + source + "\""));
    EXPECT_NE(message.find("price.usd.source is"), std::string::npos) << message;
  }
  EXPECT_NE(error_of(changed(l4r5(), figure, "value = 9")).find("price.usd.source is missing"), std::string::npos);
}

TEST(Profile, has_a_target_or_a_throughput_but_not_both) {
  const std::string target = "target = \"qemu-cortex-m4\"\n";
  const std::string throughput = "\n[throughput]\nmacs_per_cycle = { value = 0.5, source = \"estimate: a test\" }\n";
  EXPECT_NE(error_of(changed(l4r5(), target, "")).find("throughput is missing"), std::string::npos);
  EXPECT_NE(error_of(l4r5() + throughput).find("there is no table [throughput]"), std::string::npos);
}

}  // namespace
}  // namespace whit::device
