// What lstm, gru and svdf look like in the graph, and what the verifier says of those that are not sound.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "whit/base/error.hpp"
#include "whit/ir/text.hpp"
#include "whit/ir/verify.hpp"

namespace whit::ir {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

ErrorCode verify_code(const std::string& text) {
  try {
    verify(parse_text(text));
  } catch (const Error& error) {
    EXPECT_FALSE(error.where().empty()) << error.what();
    return error.code();
  }
  ADD_FAILURE() << "accepted:\n" << text;
  return ErrorCode::usage;
}

// Two units, three features, five steps, no biases; the same weights for all gates. The state stays in a variable.
const char kLstm[] = R"(graph "lstm"
variable 0 "c": i16 [1,2] scale 0.00048828125 zero_point 0 = {0 0}
input %0 "x": i8 [1,5,3] scale 0.5 zero_point -1
%4 "start": i16 [1,2] scale 0.00048828125 zero_point 0 = read_variable()
const %1 "w": i8 [2,3] scale 0.25 zero_point 0 = {1 2 3 4 5 6}
const %2 "r": i8 [2,2] scale 0.25 zero_point 0 = {1 2 3 4}
const %3 "b": i32 [2] = {7 8}
%5 "y": i8 [1,5,2] scale 0.0078125 zero_point 3, %6 "h": i8 [1,2] scale 0.0078125 zero_point 3, %7 "end": i16 [1,2] scale 0.00048828125 zero_point 0 = lstm(%0, %1, %1, %1, %1, %2, %2, %2, %2, %3, %3, %3, %3, -, -, -, -, %4)
assign_variable(%7)
output %5
)";

const char kGru[] = R"(graph "gru"
input %0 "x": f32 [5,1,3]
const %1 "w": f32 [2,3] = {1 2 3 4 5 6}
const %2 "r": f32 [2,2] = {1 2 3 4}
%3 "y": f32 [5,1,2], %4 "h": f32 [1,2] = gru(%0, %1, %1, %1, %2, %2, %2, -, -, -, -, -, -, -) {time_major=true, linear_before_reset=true}
output %3, %4
)";

const char kSvdf[] = R"(graph "svdf"
input %0 "x": f32 [1,3]
input %1 "s": f32 [1,8]
const %2 "wf": f32 [4,3] = {1 2 3 4 5 6 7 8 9 10 11 12}
const %3 "wt": f32 [4,2] = {1 2 3 4 5 6 7 8}
%4 "y": f32 [1,2], %5 "next": f32 [1,8] = svdf(%0, %2, %3, -, %1) {rank=2, activation=relu}
output %4, %5
)";

TEST(Recurrent, VerifiesAndSurvivesItsTextForm) {
  for (const char* text : {kLstm, kGru, kSvdf}) {
    const Graph graph = parse_text(text);
    EXPECT_NO_THROW(verify(graph)) << text;
    EXPECT_EQ(print_text(graph), text);
  }
}

TEST(Recurrent, CountsTheGatesOfEveryStep) {
  const Graph lstm = parse_text(kLstm), gru = parse_text(kGru);
  EXPECT_EQ(macs(lstm, lstm.nodes[1]), 5 * 2 * 4 * (3 + 2));
  EXPECT_EQ(macs(gru, gru.nodes[0]), 5 * 2 * 3 * (3 + 2));
}

TEST(Recurrent, RefusesWhatDoesNotFit) {
  EXPECT_EQ(verify_code(replaced(kLstm, "\"r\": i8 [2,2]", "\"r\": i8 [1,4]")), ErrorCode::bad_input);
  EXPECT_EQ(verify_code(replaced(kLstm, "y\": i8 [1,5,2]", "y\": i8 [5,1,2]")), ErrorCode::bad_input);
  EXPECT_EQ(verify_code(replaced(kLstm, "\"b\": i32 [2]", "\"b\": i32 [2,1]")), ErrorCode::bad_input);
  EXPECT_EQ(verify_code(replaced(kLstm, "%0, %1, %1", "%0, -, %1")), ErrorCode::bad_input);
  EXPECT_EQ(verify_code(replaced(kGru, "{time_major=true, linear", "{linear")), ErrorCode::bad_input);
  EXPECT_EQ(verify_code(replaced(kSvdf, "rank=2", "rank=3")), ErrorCode::bad_input);
  EXPECT_EQ(verify_code(replaced(kSvdf, "rank=2", "rank=0")), ErrorCode::bad_input);
}

TEST(Recurrent, RefusesTypesWithoutMeaning) {
  EXPECT_EQ(verify_code(replaced(kLstm, "\"h\": i8 [1,2] scale 0.0078125", "\"h\": i8 [1,2] scale 0.5")),
            ErrorCode::bad_input);
  EXPECT_EQ(
      verify_code(replaced(kLstm, "\"w\": i8 [2,3] scale 0.25 zero_point 0", "\"w\": i8 [2,3] scale 1 zero_point 1")),
      ErrorCode::bad_input);
  EXPECT_EQ(verify_code(replaced(kLstm, "\"b\": i32 [2]", "\"b\": i64 [2]")), ErrorCode::unsupported);
  EXPECT_EQ(verify_code(replaced(kLstm, "%3, -, -, -, -, %4", "%3, %3, -, -, -, %4")), ErrorCode::unsupported);
  EXPECT_EQ(verify_code(replaced(kGru, "\"x\": f32", "\"x\": i32")), ErrorCode::unsupported);
}

}  // namespace
}  // namespace whit::ir
