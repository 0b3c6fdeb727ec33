// Samples and labels as plain numbers, from the files that people have: .npy, .npz, CSV, raw elements, folders of
// images or audio. For calibration, evaluation and comparison; data_set.hpp splits and checks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace whit::data {

// N samples of one shape; for a model with several inputs, of a shape for each input.
struct Samples {
  std::vector<int64_t> shape;              // of one sample: [H,W,C], [features], ...
  std::vector<std::vector<int64_t>> more;  // the shapes of a sample's further inputs
  std::vector<float> values;               // [N, shape...]; each sample's further inputs stand behind its first
  std::vector<std::string> names;          // by sample: file name or row; empty when there are none
  std::vector<float> labels;               // by sample: class index or target; empty when there are none
  std::string labels_file;                 // where the labels were read
  std::vector<int64_t> rows;               // by sample: its row of labels_file, from 0

  int64_t elements() const;  // of one sample
  int64_t count() const { return elements() == 0 ? 0 : static_cast<int64_t>(values.size()) / elements(); }
  std::span<const float> sample(int64_t i) const;
  std::string label_place(int64_t i) const;  // "y.csv: line 7": for messages
};

// What to read, and how.
struct Source {
  std::string path;                  // a file, or a folder of images (.jpg, .png) or of audio (what libsndfile reads)
  std::vector<int64_t> shape;        // of one sample; needed for raw files only
  std::string type = "f32";          // of the elements of a raw file: f32, i8, u8, i16
  std::vector<float> mean = {0.0f};  // (value - mean) / std; one for all, or one for each of the last dimension
  std::vector<float> std = {1.0f};
  bool swap_red_blue = false;  // images: the files hold BGR
  std::string labels;  // CSV or .npy; "FILE:COLUMN" names the column of a CSV. A folder's subfolders are classes
  // Which samples: "FIRST:END" in Python's sense (END not included), or the name of a split: the rows whose column
  // "split" in the CSV (of the samples or of the labels) says so, or the subfolder or .npz of this name. Empty: all.
  std::string split;
};

// Error bad_input naming file and row: unreadable, ragged, not numbers, NaN, shapes that differ, labels for other rows.
Samples load(const Source& source);

// The samples of several inputs, loaded from `sources`, as those of one model; names and labels are the first's.
// Error bad_input when they differ in number.
Samples join(const std::vector<Samples>& inputs, const std::vector<Source>& sources);

}  // namespace whit::data
