#!/usr/bin/env python3
"""Exports every model of the shared index as .onnx with `whit export`, checks the file with ONNX's checker, runs it with
ONNX Runtime, and compares with whit's own results for the original.

Floats may differ by 5e-5 of the largest value of the output. Quantized models may by 12 %: ONNX Runtime computes their
layers in float, so that logits fall a step beside, which a softmax behind them multiplies (one step of 0.17 is 0.05 of
a probability). Models of int16 and with state are refused. To the index come an LSTM and a GRU of bench/recurrent.py. The
environment is that of peer.py.
"""
import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from onnx_models import TOLERANCE
from peer import ROOT, enter_environment, error_of, make_input, skip

QUANTIZED_TOLERANCE = 0.12
AT_LEAST = 83  # of the 262 models of the index and two of our own
TYPES = {"f32": "float32", "i8": "int8", "u8": "uint8", "i16": "int16", "i32": "int32", "i64": "int64", "boolean": "bool"}


def compare(whit, path, folder):
    """(status, detail) of one model; status is equal, differs, refused or crashed."""
    import numpy as np
    import onnx
    import onnxruntime
    ours = folder / "ours.onnx"
    done = subprocess.run([whit, "export", str(path), "-o", str(ours)], capture_output=True, text=True)
    if done.returncode in (3, 4):
        return "refused", error_of(done)
    if done.returncode != 0:
        return "crashed", done.stderr
    model = json.loads(subprocess.run([whit, "inspect", "--json", str(path)], capture_output=True, text=True).stdout)
    try:
        onnx.checker.check_model(str(ours), full_check=True)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(ours), options)
    except Exception as error:  # noqa: BLE001: whatever it is, the file is not accepted
        return "differs", f"not accepted: {str(error)[:300]}"
    feeds, command = {}, [whit, "run", str(path)]
    for i, (info, tensor) in enumerate(zip(session.get_inputs(), model["inputs"])):
        detail = {"shape": tensor["shape"], "dtype": np.dtype(TYPES[tensor["type"]])}
        feeds[info.name] = make_input(np, detail, "lcg", i)
        np.save(folder / f"input_{i}.npy", feeds[info.name])
        command += ["--input", str(folder / f"input_{i}.npy")]
    for i in range(len(model["outputs"])):
        command += ["-o", str(folder / f"output_{i}.npy")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return "refused", error_of(done)
    try:
        results = session.run(None, feeds)
    except Exception as error:  # noqa: BLE001
        return "differs", f"does not run: {str(error)[:300]}"
    quantized = any(layer.get("scale") for layer in model["layers"])
    worst = 0.0
    for i, (tensor, actual) in enumerate(zip(model["outputs"], results)):
        expected = np.load(folder / f"output_{i}.npy")
        if actual.shape != expected.shape or actual.dtype != expected.dtype:
            return "differs", f"{actual.dtype}{actual.shape} instead of {expected.dtype}{expected.shape}"
        difference = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
        same = (actual == expected) | ((actual != actual) & (expected != expected))  # infinities and NaN too
        difference = np.where(same, 0, difference)
        whole = 255.0 if actual.dtype.itemsize == 1 else max(float(np.nanmax(np.abs(expected))), 1e-6)
        worst = max(worst, float(np.nan_to_num(difference, nan=np.inf).max()) / whole)
    return ("equal" if worst <= (QUANTIZED_TOLERANCE if quantized else TOLERANCE) else "differs"), f"{worst:.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whit", required=True)
    parser.add_argument("--work", default=ROOT / "build" / "peer")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    models = ROOT.parent / "shared" / "models"
    if not models.exists():
        skip("no ../shared")
    enter_environment(arguments.work)
    sys.path.insert(0, str(ROOT / "bench"))
    import recurrent
    own = []  # no model of the index has an LSTM or GRU that ONNX can say
    for kind in ("LSTM", "GRU"):
        own.append(Path(arguments.work) / f"{kind.lower()}.onnx")
        recurrent.write_model(kind, own[-1])
    counts = {}
    with open(models / "index.csv", newline="") as file:
        paths = own + [models / row["file"] for row in csv.DictReader(file)]
    for path in paths:
        with tempfile.TemporaryDirectory() as work:
            status, detail = compare(arguments.whit, path, Path(work))
        if path in own and status != "equal":
            status = "differs"
        counts[status] = counts.get(status, 0) + 1
        if status in ("differs", "crashed") or arguments.verbose:
            print(f"{path.relative_to(models) if path.is_relative_to(models) else path.name}: {status}: {detail}", flush=True)
    print(f"{len(paths)} models: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    return 0 if counts.get("equal", 0) >= AT_LEAST and not counts.get("differs") and not counts.get("crashed") else 1


if __name__ == "__main__":
    sys.exit(main())
