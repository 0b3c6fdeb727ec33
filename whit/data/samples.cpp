#include "whit/data/samples.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <numeric>
#include <optional>

#include "whit/base/error.hpp"
#include "whit/base/file.hpp"
#include "whit/data/arrays.hpp"
#include "whit/data/media.hpp"
#include "whit/data/table.hpp"
#include "whit/formats/npy/npy.hpp"

namespace whit::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void bad(const std::string& what, const std::string& where, const std::string& hint = "") {
  throw Error(ErrorCode::bad_input, what, where, hint);
}

Samples from_array(const npy::Array& array, const std::string& where) {
  if (array.shape.empty()) bad("one number is no set of samples", where);
  if (array.data.empty()) bad("there are no samples", where);
  Samples samples;
  samples.shape.assign(array.shape.begin() + 1, array.shape.end());
  if (samples.shape.empty()) samples.shape = {1};
  samples.values = numbers(array.data, array.descr, where);
  return samples;
}

void number_rows(Samples& samples) {
  samples.rows.resize(samples.labels.size());
  std::iota(samples.rows.begin(), samples.rows.end(), 0);
}

Samples load_npz(const std::string& file) {
  std::optional<npy::Array> array = read_npz(file, "x");
  if (!array) array = read_npz(file, "");
  if (!array) bad("an empty archive", file);
  Samples samples = from_array(*array, file);
  if (const std::optional<npy::Array> labels = read_npz(file, "y")) {
    samples.labels = numbers(labels->data, labels->descr, file);
    samples.labels_file = file + ": y";
    number_rows(samples);
  }
  return samples;
}

Samples load_raw(const Source& source) {
  if (source.shape.empty())
    bad("raw elements say nothing of their shape", source.path, "give --shape, such as 49,10,1");
  Samples samples;
  samples.shape = source.shape;
  samples.values = numbers(read_data_file(source.path), source.type, source.path);
  const int64_t elements = samples.elements();
  if (elements < 1 || samples.values.empty() || static_cast<int64_t>(samples.values.size()) % elements != 0) {
    bad(fmt::format("{} elements are no whole number of samples of shape [{}]", samples.values.size(),
                    fmt::join(source.shape, ",")),
        source.path);
  }
  return samples;
}

// What became of Source::split.
struct Split {
  std::string name;
  bool found = false;  // the data has splits, and this one was chosen

  bool is_range() const { return name.find(':') != std::string::npos; }
  bool takes(const Table& table, size_t row, int column) {
    if (column < 0 || name.empty() || is_range()) return true;
    found = true;
    return table.rows[row][static_cast<size_t>(column)] == name;
  }
};

// Source::labels taken apart.
struct LabelSource {
  std::string file, column = "label";
  bool named = false;  // the column was given

  explicit LabelSource(const std::string& labels) : file(labels) {
    const size_t colon = file.rfind(':');
    named = colon != std::string::npos && !fs::exists(file);
    if (named) column = file.substr(colon + 1), file = file.substr(0, colon);
  }
  // That of the labels in a CSV.
  int column_of(const Table& table) const {
    const int found = table.column(column);
    if (found < 0 && named) {
      bad(fmt::format("there is no column '{}'", column), file,
          fmt::format("the columns are: {}", fmt::join(table.header, ", ")));
    }
    if (found >= 0) return found;
    const auto last = static_cast<int>(table.header.size()) - 1;
    return last > 0 && table.header.back() == "split" ? last - 1 : last;
  }
};

// Every column but that of the labels and split is a feature.
Samples load_csv(const Source& source, Split& chosen) {
  const Table table = read_csv(source.path);
  const LabelSource labels(source.labels);
  std::error_code none;
  const bool own_labels = !source.labels.empty() && fs::equivalent(labels.file, source.path, none);
  const int label = own_labels ? labels.column_of(table) : table.column("label"), split = table.column("split");
  Samples samples;
  samples.labels_file = source.path;
  samples.shape = {static_cast<int64_t>(table.header.size()) - (label >= 0) - (split >= 0)};
  for (size_t row = 0; row < table.rows.size(); ++row) {
    if (!chosen.takes(table, row, split)) continue;
    samples.rows.push_back(static_cast<int64_t>(row));
    for (int column = 0; column < static_cast<int>(table.header.size()); ++column) {
      if (column == split) continue;
      const float value = table.number(row, static_cast<size_t>(column));
      (column == label ? samples.labels : samples.values).push_back(value);
    }
  }
  return samples;
}

// Files below a folder in the order of their names. Subfolders are classes, numbered in the order of theirs.
Samples load_folder(const Source& source, Split& chosen) {
  fs::path root = source.path;
  if (!chosen.name.empty() && fs::is_directory(root / chosen.name)) root /= chosen.name, chosen.found = true;
  std::vector<std::string> files;
  std::vector<std::string> classes;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    const std::string file = entry.path().string();
    if (entry.is_directory() && entry.path().parent_path() == root) classes.push_back(file);
    if (entry.is_regular_file() && (is_image(file) || is_audio(file))) files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  std::sort(classes.begin(), classes.end());
  if (files.empty()) bad("there are no images (.jpg, .png) and no recordings (.wav, .flac, .ogg)", root.string());
  Samples samples;
  for (const std::string& file : files) {
    const Media media = is_image(file) ? read_image(file) : read_audio(file);
    if (samples.values.empty()) samples.shape = media.shape;
    if (media.shape != samples.shape) {
      bad(fmt::format("its shape is [{}], that of {} is [{}]", fmt::join(media.shape, ","), files.front(),
                      fmt::join(samples.shape, ",")),
          file, "bring all files to the size that the model wants");
    }
    samples.values.insert(samples.values.end(), media.values.begin(), media.values.end());
    samples.names.push_back(fs::path(file).filename().string());
    if (!classes.empty()) {
      const auto below = [&](const std::string& folder) { return file.starts_with(folder + "/"); };
      const auto found = std::find_if(classes.begin(), classes.end(), below);
      if (found == classes.end()) bad("a file beside the folders of the classes", file);
      samples.labels.push_back(static_cast<float>(found - classes.begin()));
    }
  }
  return samples;
}

void swap_red_blue(Samples& samples, const std::string& where) {
  if (samples.shape.size() != 3 || samples.shape[2] != 3) bad("only images have red and blue to swap", where);
  for (size_t i = 0; i + 2 < samples.values.size(); i += 3) std::swap(samples.values[i], samples.values[i + 2]);
}

void normalise(Samples& samples, const Source& source) {
  const size_t last = static_cast<size_t>(samples.shape.back());
  const auto fits = [&](const std::vector<float>& v) { return v.size() == 1 || v.size() == last; };
  if (!fits(source.mean) || !fits(source.std)) {
    bad(fmt::format("one mean and std, or {} of them (the last dimension), are needed", last), source.path);
  }
  for (const float std : source.std) {
    if (!(std > 0)) bad("a std has to be above 0", source.path);
  }
  for (size_t i = 0; i < samples.values.size(); ++i) {
    const float mean = source.mean[source.mean.size() == 1 ? 0 : i % last];
    const float std = source.std[source.std.size() == 1 ? 0 : i % last];
    samples.values[i] = (samples.values[i] - mean) / std;
  }
}

// Keeps the samples of `rows`, in that order.
void keep(Samples& samples, const std::vector<size_t>& rows) {
  Samples kept;
  kept.shape = samples.shape;  // of one input: inputs are joined last
  for (const size_t row : rows) {
    const std::span<const float> values = samples.sample(static_cast<int64_t>(row));
    kept.values.insert(kept.values.end(), values.begin(), values.end());
    if (!samples.names.empty()) kept.names.push_back(samples.names[row]);
    if (!samples.labels.empty()) kept.labels.push_back(samples.labels[row]);
    if (!samples.rows.empty()) kept.rows.push_back(samples.rows[row]);
  }
  kept.labels_file = samples.labels_file;
  samples = std::move(kept);
}

// "FILE" or "FILE:COLUMN"; the column named "label", else the last one. Rows are matched by a column "file" where the
// samples have names, else by their order.
void read_labels(Samples& samples, const Source& source, Split& chosen) {
  const LabelSource from(source.labels);
  const std::string& file = from.file;
  std::error_code none;
  if (source.path.ends_with(".csv") && fs::equivalent(file, source.path, none)) return;  // load_csv has read them
  samples.labels_file = file;
  samples.rows.clear();
  if (file.ends_with(".npy")) {
    const npy::Array array = npy::read(read_file(file), file);
    samples.labels = numbers(array.data, array.descr, file);
    number_rows(samples);
    return;
  }
  const Table table = read_csv(file);
  const int column = from.column_of(table);
  const int files = table.column("file"), split = table.column("split");
  const auto count = static_cast<size_t>(samples.count());
  std::vector<size_t> row_of(count);
  std::iota(row_of.begin(), row_of.end(), 0);
  if (files >= 0 && !samples.names.empty()) {
    std::map<std::string, size_t> rows;
    for (size_t i = 0; i < table.rows.size(); ++i) rows[table.rows[i][static_cast<size_t>(files)]] = i;
    for (size_t i = 0; i < count; ++i) {
      const auto found = rows.find(samples.names[i]);
      if (found == rows.end()) bad(fmt::format("no label for '{}'", samples.names[i]), file);
      row_of[i] = found->second;
    }
  } else if (table.rows.size() != count) {
    bad(fmt::format("{} labels for {} samples", table.rows.size(), count), file,
        "the first line of a CSV is its header");
  }
  samples.labels.clear();
  std::vector<size_t> rows;
  for (size_t i = 0; i < count; ++i) {
    samples.labels.push_back(table.number(row_of[i], static_cast<size_t>(column)));
    samples.rows.push_back(static_cast<int64_t>(row_of[i]));
    if (chosen.takes(table, row_of[i], split)) rows.push_back(i);
  }
  if (rows.size() != count) keep(samples, rows);
}

void cut_rows(Samples& samples, const Source& source) {
  const std::string& range = source.split;
  const size_t colon = range.find(':');
  const auto number = [&](const std::string& text, int64_t otherwise) {
    if (text.empty()) return otherwise;
    char* end = nullptr;
    const int64_t value = std::strtoll(text.c_str(), &end, 10);
    if (*end != '\0' || value < 0) bad(fmt::format("'{}' is no range of rows", range), source.path, "such as 0:200");
    return value;
  };
  const int64_t first = number(range.substr(0, colon), 0);
  const int64_t end = number(range.substr(colon + 1), samples.count());
  if (first >= end || end > samples.count()) {
    bad(fmt::format("rows {} of {} samples", range, samples.count()), source.path);
  }
  std::vector<size_t> rows(static_cast<size_t>(end - first));
  std::iota(rows.begin(), rows.end(), static_cast<size_t>(first));
  keep(samples, rows);
}

}  // namespace

int64_t Samples::elements() const {
  const auto product = [](const std::vector<int64_t>& dims) {
    return std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies<>());
  };
  int64_t sum = product(shape);
  for (const std::vector<int64_t>& dims : more) sum += product(dims);
  return sum;
}

std::span<const float> Samples::sample(int64_t i) const {
  return std::span(values).subspan(static_cast<size_t>(i * elements()), static_cast<size_t>(elements()));
}

std::string Samples::label_place(int64_t i) const {
  const auto at = static_cast<size_t>(i);
  if (at >= rows.size()) return at < names.size() ? names[at] : fmt::format("sample {}", i);
  // A CSV begins with its header, and lines count from 1.
  return labels_file.ends_with(".csv") ? fmt::format("{}: line {}", labels_file, rows[at] + 2)
                                       : fmt::format("{}: row {}", labels_file, rows[at]);
}

namespace {

Samples load_file(const Source& source, Split& split) {
  const std::string& path = source.path;
  if (const std::string written = path + "/" + split.name + ".npz"; fs::exists(written)) {  // by write_data_set
    split.found = true;
    return load_npz(written);
  }
  if (fs::is_directory(path)) return load_folder(source, split);
  if (path.ends_with(".npy")) return from_array(npy::read(read_file(path), path), path);
  if (path.ends_with(".npz")) return load_npz(path);
  if (path.ends_with(".csv")) return load_csv(source, split);
  return load_raw(source);
}

}  // namespace

Samples load(const Source& source) {
  if (!fs::exists(source.path)) bad("there is no such file or folder", source.path);
  Split split{source.split};
  Samples samples = load_file(source, split);
  if (source.swap_red_blue) swap_red_blue(samples, source.path);
  if (!samples.values.empty()) normalise(samples, source);
  if (!source.labels.empty()) read_labels(samples, source, split);
  if (split.is_range()) cut_rows(samples, source);
  if (!split.name.empty() && !split.is_range() && !split.found) {
    bad(fmt::format("the data has no split '{}'", split.name), source.path,
        "a column 'split' in the CSV, a subfolder of that name, or rows such as 0:200");
  }
  if (samples.values.empty())
    bad("there are no samples" + (split.name.empty() ? "" : " in split '" + split.name + "'"), source.path);
  if (!samples.labels.empty() && static_cast<int64_t>(samples.labels.size()) != samples.count()) {
    bad(fmt::format("{} labels for {} samples", samples.labels.size(), samples.count()), source.path);
  }
  return samples;
}

Samples join(const std::vector<Samples>& inputs, const std::vector<Source>& sources) {
  Samples joined = inputs.at(0);
  if (inputs.size() == 1) return joined;
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].count() != inputs[0].count()) {
      bad(fmt::format("{} samples, but {} in {}", inputs[i].count(), inputs[0].count(), sources[0].path),
          sources[i].path, "each sample needs a value for every input, in the same order");
    }
  }
  joined.values.clear();
  for (int64_t sample = 0; sample < inputs[0].count(); ++sample) {
    for (const Samples& input : inputs) {
      const std::span<const float> values = input.sample(sample);
      joined.values.insert(joined.values.end(), values.begin(), values.end());
    }
  }
  for (size_t i = 1; i < inputs.size(); ++i) joined.more.push_back(inputs[i].shape);
  return joined;
}

}  // namespace whit::data
