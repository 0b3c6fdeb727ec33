// What the ops of ONNX's domain for classical models (ai.onnx.ml) share. Private to this folder.
#pragma once

#include <vector>

#include "whit/formats/onnx/import.hpp"

namespace whit::onnx {

// Input 0 as float32 [N,F], computed at run time.
Value features_of(NodeImport& op);

// x [N,I] times weights [O,I], plus bias [O].
Value dense(NodeImport& op, const Value& x, const std::vector<float>& weights, const std::vector<float>& bias);

// `scores` after what the attribute post_transform says.
Value post_transformed(NodeImport& op, const Value& scores);

// How many classes a classifier has, by its labels.
size_t class_count(NodeImport& op);

// Sets the outputs of a classifier: the scores, and the label of the highest where something reads it.
void classify(NodeImport& op, const Value& scores);

// Scores of two classes from the one score s of a classifier's second class. `plain`: of values that are no sums of
// logits: 1 - s and s.
Value two_classes(NodeImport& op, const Value& score, bool plain);

void import_tree_ensemble(NodeImport& op);  // TreeEnsembleClassifier, TreeEnsembleRegressor
void import_linear(NodeImport& op);         // LinearClassifier, LinearRegressor
void import_scaler(NodeImport& op);         // Scaler, Normalizer
void import_zip_map(NodeImport& op);
void import_feature_extractor(NodeImport& op);  // ArrayFeatureExtractor

}  // namespace whit::onnx
