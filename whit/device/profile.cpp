#include "whit/device/profile.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "whit/base/embedded.hpp"
#include "whit/base/file.hpp"
#include "whit/base/nearest.hpp"
#include "whit/device/cost_model.hpp"
#include "whit/target/target.hpp"

namespace whit::device {
namespace {

const std::vector<std::string> kKinds = {"mcu", "linux", "cloud"};
const std::vector<std::string> kCodeIn = {"flash", "ram"};
const std::vector<std::string> kSourceKinds = {"data sheet", "manual",  "product page", "documentation",
                                               "benchmark",  "article", "measurement",  "estimate"};

bool always(const Profile&) { return true; }
bool with_target(const Profile& p) { return !p.target.empty(); }
bool without_target(const Profile& p) { return p.target.empty(); }
bool on_site(const Profile& p) { return p.kind != Kind::cloud; }
bool in_cloud(const Profile& p) { return p.kind == Kind::cloud; }
bool with_accelerator(const Profile& p) { return p.has_accelerator(); }

constexpr FigureField kFields[] = {
    {"core", "clock_hz", &Profile::clock_hz, {1e4, 1e11}, always},
    {"memory", "ram_bytes", &Profile::ram_bytes, {1, 1e14}, always},
    {"memory", "ram_free_bytes", &Profile::ram_free_bytes, {0, 1e14}, always},
    {"memory", "flash_bytes", &Profile::flash_bytes, {1, 1e15}, always},
    {"memory", "flash_free_bytes", &Profile::flash_free_bytes, {0, 1e15}, always},
    {"memory", "flash_wait_states", &Profile::flash_wait_states, {0, 1e4}, with_target},
    {"memory", "flash_fetch_bits", &Profile::flash_fetch_bits, {8, 1e4}, with_target},
    {"memory", "icache_bytes", &Profile::icache_bytes, {0, 1e9}, with_target},
    {"memory", "dcache_bytes", &Profile::dcache_bytes, {0, 1e9}, with_target},
    {"power", "supply_v", &Profile::supply_v, {0.5, 60}, on_site},
    {"power", "active_mw", &Profile::active_mw, {0.01, 1e7}, always},
    {"power", "sleep_uw", &Profile::sleep_uw, {0.01, 1e9}, on_site},
    {"price", "usd", &Profile::usd, {0.01, 1e6}, on_site},
    {"price", "usd_per_hour", &Profile::usd_per_hour, {1e-5, 1e4}, in_cloud},
    {"throughput", "macs_per_cycle", &Profile::macs_per_cycle, {1e-4, 1e6}, without_target},
    {"accelerator", "macs_per_s", &Profile::accelerator_macs_per_s, {1e6, 1e16}, with_accelerator},
    {"accelerator", "active_mw", &Profile::accelerator_mw, {0.01, 1e7}, with_accelerator},
};

// Which of `names` stands at `key`.
size_t choice(const TomlTable& table, const std::string& key, const std::vector<std::string>& names) {
  return static_cast<size_t>(std::find(names.begin(), names.end(), table.choice(key, names)) - names.begin());
}

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const target::Target& target : target::all_targets()) {
    if (!target.is_host()) names.push_back(target.name);
  }
  return names;
}

Figure read_figure(const TomlTable& section, const FigureField& field) {
  const TomlTable table = section.table(field.key);
  Figure figure{table.number("value", field.range), table.text("source")};
  const auto is_kind = [&](const std::string& kind) {
    return figure.source.rfind(kind + ": ", 0) == 0 && figure.source.size() > kind.size() + 2;
  };
  if (std::none_of(kSourceKinds.begin(), kSourceKinds.end(), is_kind)) {
    throw table.error(
        "source", fmt::format("is \"{}\"; it must be \"KIND: where the figure stands\"", figure.source),
        fmt::format("KIND is one of: {}; after estimate comes the reason", fmt::join(kSourceKinds, ", ")));
  }
  return figure;
}

void read_names(const TomlTable& root, Profile& profile) {
  profile.title = root.text("title");
  profile.vendor = root.text("vendor");
  profile.kind = static_cast<Kind>(choice(root, "kind", kKinds));
  const TomlTable core = root.table("core");
  profile.core = core.text("name");
  profile.core_count = core.integer("count", {1, 1e5});
  profile.isa = core.texts("isa");
  if (core.has("target")) {
    profile.target = core.choice("target", target_names());
    core.choice("name", known_cores());
  }
  profile.code_in = static_cast<CodeIn>(choice(root.table("memory"), "code_in", kCodeIn));
  const std::optional<TomlTable> accelerator = root.find_table("accelerator");
  if (!accelerator) return;
  profile.accelerator = accelerator->text("name");
  profile.accelerator_accepts = accelerator->text("accepts");
  profile.accelerator_runs_tflite = accelerator->boolean("runs_tflite");
}

// A misspelt key, before the key that it was meant to be is found missing.
void refuse_misspelt_keys(const TomlTable& root) {
  for (const char* key : {"title", "vendor", "kind"}) root.has(key);
  const auto mark = [&](const char* section, const std::vector<std::string>& keys) {
    const std::optional<TomlTable> table = root.find_table(section);
    for (const std::string& key : keys) {
      if (table) table->has(key);
    }
  };
  mark("core", {"name", "count", "isa", "target"});
  mark("memory", {"code_in"});
  mark("accelerator", {"name", "accepts", "runs_tflite"});
  for (const FigureField& field : kFields) {
    const std::optional<TomlTable> section = root.find_table(field.section);
    const std::optional<TomlTable> figure = section ? section->find_table(field.key) : std::nullopt;
    if (!figure) continue;
    figure->has("value");
    figure->has("source");
  }
  root.refuse_unknown_keys();
}

}  // namespace

std::span<const FigureField> figure_fields() { return kFields; }

Profile parse_profile(std::string_view text, const std::string& name, const std::string& file) {
  const TomlTable root = TomlTable::parse(text, file);
  Profile profile;
  profile.name = name;
  refuse_misspelt_keys(TomlTable::parse(text, file));
  read_names(root, profile);
  for (const FigureField& field : kFields) {
    if (field.is_needed(profile)) profile.*field.figure = read_figure(root.table(field.section), field);
  }
  root.refuse_unknown_keys();
  const TomlTable memory = root.table("memory");
  if (profile.ram_free_bytes.value > profile.ram_bytes.value)
    throw memory.error("ram_free_bytes", "is more than ram_bytes");
  if (profile.flash_free_bytes.value > profile.flash_bytes.value)
    throw memory.error("flash_free_bytes", "is more than flash_bytes");
  return profile;
}

const std::vector<Profile>& all_profiles() {
  static const std::vector<Profile> profiles = [] {
    std::vector<Profile> read;
    for (const auto& [path, content] : embedded_files()) {
      const std::filesystem::path file(path);
      if (file.parent_path() == "devices") read.push_back(parse_profile(content, file.stem(), file));
    }
    std::sort(read.begin(), read.end(), [](const Profile& a, const Profile& b) { return a.name < b.name; });
    return read;
  }();
  return profiles;
}

Profile find_profile(const std::string& device) {
  const std::filesystem::path file(device);
  if (file.extension() == ".toml") {
    const std::vector<uint8_t> bytes = read_file(file);
    return parse_profile({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.stem(), device);
  }
  std::vector<std::string> names;
  for (const Profile& profile : all_profiles()) {
    if (profile.name == device) return profile;
    names.push_back(profile.name);
  }
  throw Error(ErrorCode::bad_input, fmt::format("there is no device \"{}\"", device), "",
              fmt::format("did you mean {}? `whit devices` lists all; a path to a .toml file is a device of your own",
                          nearest(device, names)));
}

const char* name_of(Kind kind) { return kKinds[static_cast<size_t>(kind)].c_str(); }

const char* name_of(CodeIn code_in) { return kCodeIn[static_cast<size_t>(code_in)].c_str(); }

}  // namespace whit::device
