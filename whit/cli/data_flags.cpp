#include "whit/cli/data_flags.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "whit/base/error.hpp"

namespace whit::cli {
namespace {

std::vector<int64_t> dimensions(const std::string& text) {
  std::vector<int64_t> dims;
  for (const char* at = text.c_str(); *at != '\0';) {
    char* end = nullptr;
    const int64_t dim = std::strtoll(at, &end, 10);
    if (end == at || dim < 1 || (*end != ',' && *end != '\0')) {
      throw Error(ErrorCode::usage, fmt::format("'{}' is no shape", text), "", "such as --shape 49,10,1");
    }
    dims.push_back(dim);
    at = *end == ',' ? end + 1 : end;
  }
  return dims;
}

}  // namespace

void add_data_flags(CLI::App& verb, DataFlags& flags) {
  data::Source& source = flags.source;
  verb.add_option("--data", source.path,
                  ".npy, .npz (x, y), .csv, raw elements with --shape, or a folder of images or audio")
      ->required();
  verb.add_option("--labels", source.labels, "CSV (FILE or FILE:COLUMN) or .npy; classes from 0, or targets");
  verb.add_option("--shape", flags.shape, "of one sample in a raw file, such as 49,10,1");
  verb.add_option("--type", source.type, "of the elements of a raw file")
      ->check(CLI::IsMember({"f32", "i8", "u8", "i16"}))
      ->capture_default_str();
  verb.add_option("--mean", source.mean, "the model gets (value - mean) / std; one, or one for each channel")
      ->delimiter(',')
      ->capture_default_str();
  verb.add_option("--std", source.std, "see --mean")->delimiter(',')->capture_default_str();
  verb.add_flag("--swap-red-blue", source.swap_red_blue, "the images hold blue first");
}

data::Samples load_samples(const DataFlags& flags, const std::string& split) {
  data::Source source = flags.source;
  source.shape = dimensions(flags.shape);
  source.split = split;
  return data::load(source);
}

}  // namespace whit::cli
