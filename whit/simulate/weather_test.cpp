#include "whit/simulate/weather.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"

namespace whit::simulate {
namespace {

int64_t at(int year, unsigned month, unsigned day, double hour) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  return std::chrono::sys_days(date).time_since_epoch().count() * 86400LL + std::llround(hour * 3600);
}

// A year whose temperature is the hour of the year / 1000, in the form of EnergyPlus.
std::string epw(int hours = 8760) {
  std::string text =
      "LOCATION,Nowhere,XX,YYY,test,0,40.0,-75.0,-5.0,5.0\r\nDESIGN CONDITIONS,0\r\n"
      "GROUND TEMPERATURES,1,.5,,,,1,2,3,4,5,6,7,8,9,10,11,12\r\nDATA PERIODS,1,1,Data,Sunday, 1/ 1,12/31\r\n";
  for (int i = 1; i <= hours; ++i) {
    text += fmt::format("1999,1,1,{},0,?9,{:.3f},0,50,101000,0,0,300,0,{},{},0,0,0,0,180,{}\r\n", (i - 1) % 24 + 1,
                        i / 1000.0, i % 24 == 12 ? 600 : 0, 100, 4.5);
  }
  return text;
}

class EpwTest : public testing::Test {
 protected:
  WeatherYear read(const std::string& content) {
    write_file(directory_.path() / "w.epw", content);
    return read_epw((directory_.path() / "w.epw").string());
  }
  std::string error_of(const std::string& content) {
    try {
      read(content);
    } catch (const Error& error) {
      return error.where().substr(error.where().rfind('/') + 1) + ": " + error.what();
    }
    return "no error";
  }
  TemporaryDirectory directory_;
};

TEST_F(EpwTest, ReadsPlaceHoursAndGround) {
  const WeatherYear year = read(epw());
  EXPECT_EQ(year.name, "Nowhere (test)");
  EXPECT_EQ(year.place.latitude_deg, 40);
  EXPECT_EQ(year.place.zone_hours, -5);
  ASSERT_EQ(year.hours.size(), 8760u);
  EXPECT_EQ(year.hours[11].sky.direct_normal, 600);
  EXPECT_EQ(year.hours[11].wind_m_s, 4.5);
  EXPECT_EQ(year.ground_celsius[11], 12);
}

TEST_F(EpwTest, IsLinearBetweenTheHours) {
  const WeatherYear year = read(epw());
  // The first hour ends at 1 o'clock of January 1st.
  EXPECT_NEAR(weather_at(year, at(2023, 1, 1, 1)).outdoor_celsius, 0.001, 1e-12);
  EXPECT_NEAR(weather_at(year, at(2023, 1, 2, 0.25)).outdoor_celsius, 0.02425, 1e-12);
  EXPECT_NEAR(weather_at(year, at(2023, 1, 1, 0.5)).outdoor_celsius, (8.760 + 0.001) / 2, 1e-12);
  // The mean of the 12th hour stands in its middle; the sun is down at night, whatever the file says.
  EXPECT_NEAR(weather_at(year, at(2023, 6, 1, 11.5)).sky.direct_normal, 600, 1e-9);
  EXPECT_NEAR(weather_at(year, at(2023, 6, 1, 11)).sky.direct_normal, 300, 1e-9);
  EXPECT_EQ(weather_at(year, at(2023, 6, 1, 1)).sky.diffuse_horizontal, 0);
  // The middle of July is about that of its ground temperature.
  EXPECT_NEAR(weather_at(year, at(2023, 7, 16, 0)).ground_celsius, 7, 0.1);
}

TEST_F(EpwTest, LeapDaysRepeatTheDayBefore) {
  const WeatherYear year = read(epw());
  const double before = weather_at(year, at(2024, 2, 28, 5)).outdoor_celsius;
  EXPECT_EQ(weather_at(year, at(2024, 2, 29, 5)).outdoor_celsius, before);
  EXPECT_EQ(weather_at(year, at(2024, 12, 31, 5)).outdoor_celsius,
            weather_at(year, at(2023, 12, 31, 5)).outdoor_celsius);
}

TEST_F(EpwTest, SaysWhatIsWrong) {
  EXPECT_EQ(error_of("a,b\n"), "w.epw: does not begin with LOCATION");
  EXPECT_EQ(error_of(epw(100)), "w.epw: 100 hours, a year has 8760");
  std::string text = epw();
  text.replace(text.find("0.003,0,50"), 5, "99.9 ");
  EXPECT_EQ(error_of(text), "w.epw: line 7: field 7: '99.9 ' is no number from -70 to 70");
  EXPECT_EQ(error_of("LOCATION,a\n"), "w.epw: line 1: 2 fields, field 5 is needed");
  EXPECT_EQ(error_of("LOCATION,Nowhere,XX,YYY,test,0,140.0,-75.0,-5.0,5.0\n"),
            "w.epw: line 1: field 7: '140.0' is no number from -90 to 90");
}

WeatherGenerator new_york() { return {{40.65, -73.8, -5}, 12.2, 12, 3.5, 3.5, 60, 0.62, 0.38, 5.3}; }

TEST(Generator, HasTheMeansThatWereAskedFor) {
  double mean = 0, spread = 0, wind = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const WeatherYear year = generate_weather(new_york(), seed);
    for (const WeatherHour& hour : year.hours) {
      mean += hour.outdoor_celsius / 87600;
      wind += hour.wind_m_s / 87600;
      ASSERT_GE(hour.sky.direct_normal, 0);
      ASSERT_LT(hour.sky.direct_normal, 1367);
    }
    spread += std::abs(year.hours[20 * 24 + 12].outdoor_celsius - year.hours[200 * 24 + 12].outdoor_celsius) / 10;
  }
  EXPECT_NEAR(mean, 12.2, 0.5);
  EXPECT_NEAR(wind, 5.3, 0.3);
  EXPECT_NEAR(spread, 24, 4);
}

TEST(Generator, FollowsFromTheSeedAlone) {
  const WeatherYear a = generate_weather(new_york(), 1), b = generate_weather(new_york(), 1),
                    c = generate_weather(new_york(), 2);
  EXPECT_EQ(a.hours[4000].outdoor_celsius, b.hours[4000].outdoor_celsius);
  EXPECT_NE(a.hours[4000].outdoor_celsius, c.hours[4000].outdoor_celsius);
}

// The file's own sum of direct and diffuse on the ground, which it measured beside them, tells where the sun stood: the
// sun's position, the hours and the interpolation are right when the three agree.
TEST(MeasuredYear, DirectAndDiffuseGiveTheGlobalRadiationOfTheFile) {
  const std::string shared = WHIT_SOURCE_DIR "/../shared/data/weather_epw/";
  const std::string file = shared + "USA_NY_New.York-J.F.Kennedy.Intl.AP.744860_TMY3.epw.xz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "skipped: no ../shared";
  const WeatherYear year = read_epw(file);
  EXPECT_NEAR(year.place.latitude_deg, 40.65, 1e-9);
  double sum = 0, highest = 0, mean = 0;
  for (int hour = 0; hour < 8760; ++hour) {
    for (int minute = 0; minute < 60; minute += 10) {
      const WeatherNow now = weather_at(year, at(2023, 1, 1, hour + minute / 60.0));
      const double global = on_surface(Facing::up, now.sun, now.sky, 0.2).total();
      sum += global / 6;
      highest = std::max(highest, global);
    }
    mean += year.hours[static_cast<size_t>(hour)].outdoor_celsius / 8760;
  }
  RecordProperty("kwh_m2", std::to_string(sum / 1000));
  EXPECT_NEAR(sum / 1000, 1430.4, 15) << "kWh/m2 a year, the sum of the file's global horizontal radiation";
  EXPECT_LT(highest, 1150);
  EXPECT_NEAR(mean, 12.2, 0.5);
}

}  // namespace
}  // namespace whit::simulate
