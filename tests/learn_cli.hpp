// What the tests of the verbs that train share: a folder with data and a recipe, and running whit there.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "whit/base/file.hpp"
#include "whit/base/process.hpp"
#include "whit/base/random.hpp"

namespace whit::tests {

class LearnCli : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() / name; }
  std::string write(const std::string& name, const std::string& text) const {
    write_file(path(name), text);
    return path(name);
  }

  // Three classes of 8 features, of which two matter, as a CSV with splits.
  std::string table(int rows) const {
    std::ostringstream text;
    text << "a,b,c,d,e,f,g,h,label,split\n";
    Random random(7);
    for (int row = 0; row < rows; ++row) {
      const auto label = static_cast<int>(random.below(3));
      for (int f = 0; f < 8; ++f) text << (f == label ? 2 : 0) + random.normal() << ',';
      text << label << ',' << (row % 5 == 0 ? "validation" : (row % 5 == 1 ? "test" : "train")) << '\n';
    }
    return write("data.csv", text.str());
  }

  std::string recipe(const std::string& train, const std::string& data = "data.csv") const {
    return write("recipe.toml",
                 data_tables(data) + "[model]\narchitecture = \"dense\"\nsizes = [128, 64]\n[train]\n" + train);
  }
  static std::string data_tables(const std::string& data) {
    return "[data]\nkind = \"table\"\npath = \"" + data +
           "\"\ncolumns = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"]\nlabel = \"label\"\n"
           "normalise = \"none\"\n[data.split]\nby = \"column\"\ncolumn = \"split\"\n"
           "train = [\"train\"]\nvalidation = [\"validation\"]\ntest = [\"test\"]\n";
  }

  static ProcessResult run(std::vector<std::string> arguments) { return run_process(arguments, 120); }

  static void expect_refusal(const ProcessResult& result, int exit_code, const std::vector<std::string>& words) {
    EXPECT_EQ(result.exit_code, exit_code) << result.output;
    for (const std::string& word : words) {
      EXPECT_NE(result.output.find(word), std::string::npos) << result.output << "lacks: " << word;
    }
  }

  TemporaryDirectory directory_;
};

}  // namespace whit::tests
