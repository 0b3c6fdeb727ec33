#!/usr/bin/env python3
"""Writes every .tflite model of the shared index anew with `whit export` and runs both files with the interpreter.

Both files are run by TensorFlow Lite's reference kernels, and all outputs have to be equal, floats as well. How many
models are written is held too: what was written once stays so. Then opens and runs a file for each op and type that the
writer takes, made by write_ops. The environment is that of peer.py.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from peer import ROOT, RULES, Reference, dequantize_weights, enter_environment, failure_of, is_constant, make_input, models_of, skip

AT_LEAST_EQUAL = 200  # of the 224 models of the index
AT_LEAST_OPENED = 556  # ops by types
ORIGINAL = "the original"


def distance(np, ours, reference):
    """How many values differ. NaN equals NaN."""
    same = (ours == reference) | ((ours != ours) & (reference != reference))
    return ours.size - int(np.count_nonzero(same))


def values_for(np, path, details, rule):
    """By the position of an input. whit leaves out those that are constants of the file."""
    return [None if is_constant(path, d["index"]) else make_input(np, d, rule, i) for i, d in enumerate(details)]


def compare(whit, path, folder):
    """{"status": equal|differs|refused|no reference|crashed, "detail": ...} of one model."""
    import numpy as np
    ours = folder / "ours.tflite"
    if failure := failure_of(whit, "export", path, "-o", ours):
        return failure
    other = folder / "other.tflite"
    reference_path = other if dequantize_weights(path, other) else path
    try:
        Reference(reference_path)
    except (ValueError, RuntimeError) as error:
        return {"status": "no reference", "detail": str(error).splitlines()[0]}
    try:
        Reference(ours)
    except (ValueError, RuntimeError) as error:
        return {"status": "differs", "detail": "does not open: " + str(error).splitlines()[0]}
    for rule in RULES:
        reference = Reference(reference_path)
        values = values_for(np, path, reference.inputs, rule)
        print(ORIGINAL, file=sys.stderr, flush=True)  # the interpreter may abort: the parent sees which file it was
        try:
            wanted = reference.run(values)
        except RuntimeError as error:  # such as a shape given as data, which must be one
            return {"status": "no reference", "detail": str(error).splitlines()[0]}
        print("the file written", file=sys.stderr, flush=True)
        given = Reference(ours).run([v for v in values if v is not None])
        if len(given) != len(wanted):
            return {"status": "differs", "detail": f"{len(given)} outputs, not {len(wanted)}"}
        for i, (a, b) in enumerate(zip(given, wanted)):
            if a.dtype != b.dtype or a.size != b.size:
                return {"status": "differs", "detail": f"output {i} is {a.dtype}{list(a.shape)}, not {b.dtype}{list(b.shape)}"}
            far = distance(np, a.reshape(b.shape), b)
            if far > 0:
                return {"status": "differs", "detail": f"input {rule}, output {i}: {far} of {b.size} values"}
    return {"status": "equal", "detail": f"{path.stat().st_size} bytes became {ours.stat().st_size}"}


def aborted(stderr):
    lines = stderr.strip().splitlines() or ["?"]
    if ORIGINAL in lines and lines[-1] == ORIGINAL:
        return {"status": "no reference", "detail": "the interpreter ends while it runs the original"}
    return {"status": "crashed", "detail": "the interpreter ended: " + lines[-1]}


def open_ops(files):
    """Runs each file once and prints its name and what the interpreter says; it may abort."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    for file in files:
        try:
            # Of all kernels: the reference kernels lack some ops.
            interpreter = Interpreter(file, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
            interpreter.allocate_tensors()
            for detail in interpreter.get_input_details():
                # Indices are 0, numbers positive: roots and logarithms ask for that.
                real = np.dtype(detail["dtype"]).kind in "fb"
                value = 0 if detail["name"] == "i" else (0.5 if real else 100)
                interpreter.set_tensor(detail["index"], np.full(detail["shape"], value).astype(detail["dtype"]))
            interpreter.invoke()
            print(f"{Path(file).stem} opens", flush=True)
        except (ValueError, RuntimeError) as error:
            print(f"{Path(file).stem} FAILS: {str(error).splitlines()[0]}", flush=True)


def check_ops(write_ops):
    """(how many open, how many do not)"""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([write_ops, folder], check=True, stdout=subprocess.DEVNULL)
        files = sorted(str(f) for f in Path(folder).iterdir())
        done = subprocess.run([sys.executable, __file__, "--whit", "", "--open", *files], capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    opened = sum(line.endswith(" opens") for line in lines)
    for line in lines:
        if not line.endswith(" opens"):
            print(line)
    if len(lines) < len(files):
        print(f"the interpreter ends in {Path(files[len(lines)]).stem}")
    print(f"{opened} of {len(files)} ops by types open")
    return opened, len(files) - opened


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whit", required=True, help="the whit binary")
    parser.add_argument("--work", default=str(ROOT / "build" / "peer"), help="where the virtual environment is made")
    parser.add_argument("--only", default="", help="only models whose path contains this")
    parser.add_argument("--one", help="compare this model and print the result as JSON")
    parser.add_argument("--write-ops", help="the program that writes a file for each op and type")
    parser.add_argument("--open", nargs="+", help="run these files once")
    arguments = parser.parse_args()
    if arguments.open:
        open_ops(arguments.open)
        return 0
    if arguments.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(compare(arguments.whit, Path(arguments.one), Path(folder))))
        return 0
    shared = ROOT.parent / "shared"
    if not (shared / "models" / "index.csv").exists():
        skip("no ../shared")
    enter_environment(arguments.work)
    count, bad = {}, 0
    for row in models_of(shared):
        if arguments.only not in row["file"]:
            continue
        command = [sys.executable, __file__, "--whit", arguments.whit, "--one", str(shared / "models" / row["file"])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        result = json.loads(done.stdout) if done.returncode == 0 else aborted(done.stderr)
        print(f"{result['status']:<12} {row['file']}: {result['detail']}", flush=True)
        count[result["status"]] = count.get(result["status"], 0) + 1
        bad += result["status"] in ("differs", "crashed")
    print(", ".join(f"{status}: {number}" for status, number in sorted(count.items())))
    if arguments.write_ops:
        opened, failed = check_ops(arguments.write_ops)
        bad += failed + (opened < AT_LEAST_OPENED)
    return 1 if bad or (not arguments.only and count.get("equal", 0) < AT_LEAST_EQUAL) else 0


if __name__ == "__main__":
    sys.exit(main())
