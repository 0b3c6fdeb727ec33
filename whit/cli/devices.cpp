// whit devices [NAME|own.toml] [--json]
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "whit/cli/verbs.hpp"
#include "whit/device/profile.hpp"
#include "whit/report/table.hpp"

namespace whit::cli {
namespace {

using Json = nlohmann::ordered_json;
using device::Profile;

struct Arguments {
  std::string device;
  bool json = false;
};

std::string bytes_text(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(kUnits); ++unit) bytes /= 1024;
  return fmt::format("{:.4g} {}", bytes, kUnits[unit]);
}

// Whole numbers without a decimal point.
Json number(double value) {
  const auto whole = static_cast<int64_t>(value);
  return static_cast<double>(whole) == value ? Json(whole) : Json(value);
}

Json describe(const Profile& profile) {
  Json json{{"name", profile.name},
            {"title", profile.title},
            {"vendor", profile.vendor},
            {"kind", device::name_of(profile.kind)}};
  json["core"] = {{"name", profile.core}, {"count", profile.core_count}, {"isa", profile.isa}};
  if (!profile.target.empty()) json["core"]["target"] = profile.target;
  json["memory"]["code_in"] = device::name_of(profile.code_in);
  for (const device::FigureField& field : device::figure_fields()) {
    const device::Figure& figure = profile.*field.figure;
    if (figure.is_given())
      json[field.section][field.key] = {{"value", number(figure.value)}, {"source", figure.source}};
  }
  if (profile.has_accelerator()) {
    json["accelerator"].update(Json{{"name", profile.accelerator},
                                    {"accepts", profile.accelerator_accepts},
                                    {"runs_tflite", profile.accelerator_runs_tflite}});
  }
  return json;
}

std::string list_text() {
  report::Table table{{{"device"},
                       {"core"},
                       {"MHz", true},
                       {"RAM free", true},
                       {"of", true},
                       {"flash free", true},
                       {"of", true},
                       {"active mW", true},
                       {"USD", true},
                       {"accelerator"},
                       {"target"}},
                      {}};
  for (const Profile& p : device::all_profiles()) {
    const std::string price =
        p.usd.is_given() ? fmt::format("{:g}", p.usd.value) : fmt::format("{:g}/h", p.usd_per_hour.value);
    table.rows.push_back({p.name, p.core_count > 1 ? fmt::format("{} x {}", p.core_count, p.core) : p.core,
                          fmt::format("{:g}", p.clock_hz.value / 1e6), bytes_text(p.ram_free_bytes.value),
                          bytes_text(p.ram_bytes.value), bytes_text(p.flash_free_bytes.value),
                          bytes_text(p.flash_bytes.value), fmt::format("{:g}", p.active_mw.value), price, p.accelerator,
                          p.target});
  }
  return report::to_text(table);
}

std::string profile_text(const Profile& p) {
  std::string text = fmt::format("{}: {}, {}\n", p.name, p.title, p.vendor);
  text += fmt::format("core         {} {}, {}\n", p.core_count, p.core, fmt::join(p.isa, " "));
  text += p.target.empty() ? "target       none; costs follow from the number of MACs\n"
                           : fmt::format("target       {}\n", p.target);
  text += fmt::format("code in      {}\n", device::name_of(p.code_in));
  if (p.has_accelerator()) {
    text += fmt::format("accelerator  {}\naccepts      {}\n", p.accelerator, p.accelerator_accepts);
  }
  report::Table table{{{"figure"}, {"value", true}, {"source"}}, {}};
  for (const device::FigureField& field : device::figure_fields()) {
    const device::Figure& figure = p.*field.figure;
    if (!figure.is_given()) continue;
    table.rows.push_back(
        {fmt::format("{}.{}", field.section, field.key), fmt::format("{:.12g}", figure.value), figure.source});
  }
  return text + "\n" + report::to_text(table);
}

void devices(const Arguments& arguments) {
  if (!arguments.device.empty()) {
    const Profile profile = device::find_profile(arguments.device);
    fmt::print("{}", arguments.json ? describe(profile).dump(2) + "\n" : profile_text(profile));
  } else if (arguments.json) {
    Json list = Json::array();
    for (const Profile& profile : device::all_profiles()) list.push_back(describe(profile));
    fmt::print("{}\n", list.dump(2));
  } else {
    fmt::print("{}", list_text());
  }
}

}  // namespace

void add_devices(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* verb =
      app.add_subcommand("devices", "the devices that whit knows, or all figures of one with their sources");
  verb->add_option("device", arguments->device, "name of a device, or a .toml file of your own");
  verb->add_flag("--json", arguments->json, "print JSON");
  verb->callback([arguments] { devices(*arguments); });
}

}  // namespace whit::cli
