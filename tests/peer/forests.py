#!/usr/bin/env python3
"""Forests, boosted trees and linear models of scikit-learn and XGBoost, by way of their ONNX exporters: whit and ONNX
Runtime on the same 1000 samples.

Classes have to be the same (but where two are as good as equal), values within 1e-5 of the largest; what whit writes
again as .onnx, run by ONNX Runtime, and as .tflite likewise. The environment is like that of peer.py.
"""
import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from peer import ROOT, enter_environment

SAMPLES = 1000
TOLERANCE = 1e-5
PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "skl2onnx", "xgboost-cpu", "onnxmltools")
MODULES = ("numpy", "onnx", "onnxruntime", "sklearn", "skl2onnx", "xgboost", "onnxmltools")


def models(np):
    """name, kind ("classes" or "values"), model as bytes; the batch is fixed."""
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType as XgbFloats
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn import ensemble, linear_model, pipeline, preprocessing, tree
    import xgboost
    random = np.random.default_rng(1)
    x = random.standard_normal((600, 12)).astype(np.float32) * np.geomspace(0.01, 1000, 12, dtype=np.float32)
    scaled = x / np.geomspace(0.01, 1000, 12)
    score = scaled[:, :4] @ random.standard_normal((4, 5)) + scaled[:, 4:5] ** 2
    many, two = score.argmax(1), (score[:, 0] > score[:, 1]).astype(int)
    value = score[:, 0] * 3 + 100
    both = np.stack([value, score[:, 1]], 1)
    shape = [("x", FloatTensorType([SAMPLES, 12]))]
    sk = [
        ("random forest, 5 classes", ensemble.RandomForestClassifier(100, max_depth=8, random_state=0), many),
        ("random forest, 2 classes", ensemble.RandomForestClassifier(30, random_state=0), two),
        ("extra trees, labels 3, 5, 9", ensemble.ExtraTreesClassifier(20, random_state=0), np.array([3, 5, 9, 9, 5])[many]),
        ("random forest, labels of text", ensemble.RandomForestClassifier(10, random_state=0), np.array(list("abcde"))[many]),
        ("decision tree", tree.DecisionTreeClassifier(max_depth=5), many),
        ("random forest, values", ensemble.RandomForestRegressor(40, random_state=0), value),
        ("random forest, pairs of values", ensemble.RandomForestRegressor(20, random_state=0), both),
        ("gradient boosting, 2 classes", ensemble.GradientBoostingClassifier(random_state=0), two),
        ("gradient boosting, 5 classes", ensemble.GradientBoostingClassifier(n_estimators=20, random_state=0), many),
        ("gradient boosting, values", ensemble.GradientBoostingRegressor(random_state=0), value),
        ("logistic regression, 5 classes", linear_model.LogisticRegression(max_iter=500), many),
        ("logistic regression, 2 classes", linear_model.LogisticRegression(max_iter=500), two),
        ("linear regression", linear_model.LinearRegression(), value),
        ("ridge, pairs of values", linear_model.Ridge(), both),
        ("scaler and forest", pipeline.make_pipeline(preprocessing.StandardScaler(), ensemble.RandomForestClassifier(
            20, random_state=0)), many),
        ("scaler and logistic regression", pipeline.make_pipeline(
            preprocessing.StandardScaler(), linear_model.LogisticRegression()), many),
        ("L2 normalizer and forest", pipeline.make_pipeline(preprocessing.Normalizer(), ensemble.RandomForestClassifier(
            10, random_state=0)), many),
    ]
    for name, model, target in sk:
        model.fit(x, target)
        options = {id(model): {"zipmap": len(name) % 2 == 0}} if hasattr(model, "predict_proba") else None
        kind = "classes" if hasattr(model, "predict_proba") else "values"
        yield name, kind, to_onnx(model, initial_types=shape, options=options, target_opset={"": 17, "ai.onnx.ml": 3})
    for name, kind, model, target in [
            ("XGBoost, 5 classes", "classes", xgboost.XGBClassifier(n_estimators=20, max_depth=4), many),
            ("XGBoost, 2 classes", "classes", xgboost.XGBClassifier(n_estimators=30, max_depth=4), two),
            ("XGBoost forest, 5 classes", "classes", xgboost.XGBRFClassifier(n_estimators=20, max_depth=6), many),
            ("XGBoost, values", "values", xgboost.XGBRegressor(n_estimators=40, max_depth=4), value)]:
        model.fit(x, target)
        yield name, kind, convert_xgboost(model, initial_types=[("x", XgbFloats([SAMPLES, 12]))], target_opset=15)


def reference(np, onnxruntime, path, x):
    """The outputs of ONNX Runtime without labels, as arrays."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: x})
    last = outputs[-1]
    if isinstance(last, list):  # of maps from class to score
        last = np.array([[row[key] for key in row] for row in last])
    return np.asarray(last, np.float64).reshape(len(x), -1)


def others_of(expected, actual, tolerance):
    """In how many rows another class wins, but for classes that are as good as equal in `expected`."""
    chosen = expected[range(len(expected)), actual.argmax(1)]
    return int((expected.max(1) - chosen > tolerance).sum())


class Whit:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def call(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"whit {arguments[0]}: exit code {done.returncode}: {done.stderr.strip()}")

    def run(self, np, model, x):
        np.save(self.folder / "x.npy", x)
        self.call("run", model, "--input", self.folder / "x.npy", "-o", self.folder / "y.npy")
        return np.load(self.folder / "y.npy").reshape(len(x), -1)


def check(np, onnxruntime, whit, name, kind, proto):
    """What is wrong, or an empty string, and a line of figures."""
    path = whit.folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    x = np.random.default_rng(2).standard_normal((SAMPLES, 12)).astype(np.float32)
    x *= np.geomspace(0.01, 1000, 12, dtype=np.float32)
    expected = reference(np, onnxruntime, path, x)
    largest = np.abs(expected).max()
    faults = []

    def compare(what, actual):
        worst = np.abs(actual - expected).max() / largest
        others = others_of(expected, actual, TOLERANCE * largest) if kind == "classes" else 0
        if not worst <= TOLERANCE or others:
            faults.append(f"{what}: off by {worst:.1e}, {others} other classes")
        return worst

    worst = compare("imported", whit.run(np, path, x))
    whit.call("export", path, "-o", whit.folder / "again.onnx")
    compare("written as .onnx", reference(np, onnxruntime, whit.folder / "again.onnx", x))
    whit.call("import", path, "-o", whit.folder / "model.tflite")
    compare("written as .tflite", whit.run(np, whit.folder / "model.tflite", x))
    return "; ".join(faults), f"{worst:.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whit", required=True)
    parser.add_argument("--work", default=ROOT / "build" / "peer")
    arguments = parser.parse_args()
    enter_environment(Path(arguments.work) / "forests", PACKAGES, MODULES)
    import numpy as np
    import onnxruntime
    wrong = count = 0
    for name, kind, proto in models(np):
        with tempfile.TemporaryDirectory() as folder:
            try:
                fault, figures = check(np, onnxruntime, Whit(arguments.whit, Path(folder)), name, kind, proto)
            except RuntimeError as error:
                fault, figures = str(error), ""
        count += 1
        wrong += bool(fault)
        print(f"{name}: {fault or 'same, off by ' + figures}")
    print(f"{count} models, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
