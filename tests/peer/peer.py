#!/usr/bin/env python3
"""Runs every .tflite model of the shared index with whit and with TensorFlow Lite's reference kernels, and compares.

Integers have to be equal. Floats may differ by 1e-5 of the larger of the reference value and a tenth of the largest
value of that output: below that, what is left of a sum of larger terms is rounding on both sides.

The interpreter, and ONNX Runtime for onnx_models.py, come from PyPI into a virtual environment that this script makes
below --work. Without Python's venv, a registry or ../shared it prints "skipped: ..." and ends with exit code 77.
"""
import argparse
import csv
import importlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = 77
PACKAGES = ("ai-edge-litert", "numpy", "onnxruntime", "onnx")
MODULES = ("ai_edge_litert.interpreter", "numpy", "onnxruntime", "onnx")
TOLERANCE = 1e-5
RULES = ("lcg", "ramp", "zeros")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def enter_environment(work, packages=PACKAGES, modules=MODULES):
    """Restarts this program in a virtual environment below `work` that has the packages, whose modules are given."""
    try:
        for module in modules:
            importlib.import_module(module)
        return
    except ImportError:
        if os.environ.get("WHIT_PEER_ENVIRONMENT"):
            skip(f"{', '.join(packages)} cannot all be imported")
    venv = Path(work) / "venv"
    python = venv / "bin" / "python"
    ready = venv / ("ready: " + " ".join(packages))
    if not ready.exists():
        for command in ([sys.executable, "-m", "venv", str(venv)],
                        [str(python), "-m", "pip", "install", "--quiet", *packages]):
            try:
                done = subprocess.run(command, capture_output=True, text=True)
            except OSError as error:
                skip(str(error))
            if done.returncode != 0:
                lines = (done.stderr or done.stdout).strip().splitlines()
                skip(f"{' '.join(command[-4:])}: {lines[-1] if lines else 'failed'}")
        ready.touch()
    os.environ["WHIT_PEER_ENVIRONMENT"] = "1"
    os.execv(str(python), [str(python), *sys.argv])


def make_input(np, detail, rule, seed):
    """Deterministic values that suit the type. Small for integers that index a table."""
    shape, dtype = tuple(detail["shape"]), np.dtype(detail["dtype"])
    count = int(np.prod(shape, dtype=np.int64)) if shape else 1
    if rule == "zeros":
        return np.zeros(shape, dtype)
    if rule == "ramp":
        bits = (np.arange(count, dtype=np.uint64) * 37 + 11) & 0xFF
    else:
        state, values = 12345 + seed, []
        for _ in range(count):
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            values.append(state >> 24)
        bits = np.array(values, dtype=np.uint64)
    if dtype == np.float32:
        return ((bits.astype(np.float64) - 127.5) / 127.5).astype(np.float32).reshape(shape)
    if dtype.itemsize == 1:
        return bits.astype(np.uint8).view(dtype).reshape(shape) if dtype != np.bool_ else (bits & 1).astype(bool).reshape(shape)
    if dtype == np.int16:
        return ((bits.astype(np.int32) - 128) * 256).astype(np.int16).reshape(shape)
    return (bits & 15).astype(dtype).reshape(shape)


def read_model(path):
    from ai_edge_litert import schema_py_generated as schema
    return schema, schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(path.read_bytes(), 0))


def write_model(model, path):
    import flatbuffers
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))


def code_of(model, op):
    code = model.operatorCodes[op.opcodeIndex]
    return max(code.builtinCode, code.deprecatedBuiltinCode)


def new_buffer(schema, model, array):
    import numpy as np
    model.buffers.append(schema.BufferT())
    model.buffers[-1].data = np.frombuffer(array.tobytes(), np.uint8)
    return len(model.buffers) - 1


def dequantize_weights(path, target):
    """Writes the model with the integer weights of its float layers as floats. False when it has none.

    TFLite quantizes the activations of such layers at run time; whit computes them in float, so that is what it is
    compared with.
    """
    import numpy as np
    schema, model = read_model(path)
    layers = (schema.BuiltinOperator.FULLY_CONNECTED, schema.BuiltinOperator.CONV_2D,
              schema.BuiltinOperator.DEPTHWISE_CONV_2D)
    changed = False
    for graph in model.subgraphs:
        for op in graph.operators or []:
            if code_of(model, op) not in layers:
                continue
            data, weights = graph.tensors[op.inputs[0]], graph.tensors[op.inputs[1]]
            if data.type != schema.TensorType.FLOAT32 or weights.type != schema.TensorType.INT8:
                continue
            stored = np.frombuffer(bytes(model.buffers[weights.buffer].data), np.int8).reshape(weights.shape)
            q = weights.quantization
            along = [1] * stored.ndim
            if len(q.scale) > 1:
                along[q.quantizedDimension] = -1
            values = np.array(q.scale, np.float32).reshape(along) * stored.astype(np.float32)
            weights.buffer = new_buffer(schema, model, values.astype(np.float32))
            weights.type, weights.quantization = schema.TensorType.FLOAT32, None
            changed = True
    if changed:
        write_model(model, target)
    return changed


def dense_as_convolution(path, target):
    """Writes the model with its int8 fully connected layers as convolutions of one tap. False when it has none.

    The interpreter's fully connected layer rounds once where its convolutions, the int8 specification and TensorFlow
    Lite Micro round twice. docs/results/corpus.md says which models this was needed for.
    """
    import copy
    import numpy as np
    schema, model = read_model(path)
    graph = model.subgraphs[0]
    codes = {}
    for name in ("CONV_2D", "RESHAPE"):
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
        code.version = 3 if name == "CONV_2D" else 1
        model.operatorCodes.append(code)
        codes[name] = len(model.operatorCodes) - 1

    def tensor_like(index, shape):
        tensor = copy.deepcopy(graph.tensors[index])
        tensor.shape, tensor.shapeSignature, tensor.buffer = np.array(shape, np.int32), None, 0
        graph.tensors.append(tensor)
        return len(graph.tensors) - 1

    def reshape(source, result):
        shape = schema.TensorT()
        values = np.array(graph.tensors[result].shape, np.int32)
        shape.shape, shape.type = np.array([len(values)], np.int32), schema.TensorType.INT32
        shape.buffer, shape.name = new_buffer(schema, model, values), "shape"
        graph.tensors.append(shape)
        op = schema.OperatorT()
        op.opcodeIndex = codes["RESHAPE"]
        op.inputs, op.outputs = np.array([source, len(graph.tensors) - 1], np.int32), np.array([result], np.int32)
        return op

    ops = []
    for op in graph.operators or []:
        dense = code_of(model, op) == schema.BuiltinOperator.FULLY_CONNECTED
        if not dense or graph.tensors[op.inputs[0]].type != schema.TensorType.INT8:
            ops.append(op)
            continue
        depth, channels = int(graph.tensors[op.inputs[1]].shape[1]), int(graph.tensors[op.inputs[1]].shape[0])
        rows = int(np.prod(graph.tensors[op.inputs[0]].shape)) // depth
        data = tensor_like(op.inputs[0], [1, 1, rows, depth])
        result = tensor_like(op.outputs[0], [1, 1, rows, channels])
        buffer = graph.tensors[op.inputs[1]].buffer
        weights = tensor_like(op.inputs[1], [channels, 1, 1, depth])
        graph.tensors[weights].buffer = buffer
        bias = op.inputs[2] if len(op.inputs) > 2 else -1
        if bias < 0:
            bias = tensor_like(op.inputs[1], [channels])
            graph.tensors[bias].type = schema.TensorType.INT32
            graph.tensors[bias].buffer = new_buffer(schema, model, np.zeros(channels, np.int32))
        convolution = schema.OperatorT()
        convolution.opcodeIndex = codes["CONV_2D"]
        convolution.inputs = np.array([data, weights, bias], np.int32)
        convolution.outputs = np.array([result], np.int32)
        options = schema.Conv2DOptionsT()
        options.padding, options.strideW, options.strideH = schema.Padding.VALID, 1, 1
        options.fusedActivationFunction = op.builtinOptions.fusedActivationFunction
        convolution.builtinOptionsType, convolution.builtinOptions = schema.BuiltinOptions.Conv2DOptions, options
        ops += [reshape(op.inputs[0], data), convolution, reshape(result, op.outputs[0])]
    changed = len(ops) != len(graph.operators or [])
    graph.operators = ops
    if changed:
        write_model(model, target)
    return changed


class Reference:
    """One model in the interpreter, with its reference kernels."""

    def __init__(self, path):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
        self.interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF, num_threads=1)
        self.interpreter.allocate_tensors()
        self.inputs = self.interpreter.get_input_details()
        self.outputs = self.interpreter.get_output_details()

    def run(self, values):
        self.interpreter.reset_all_variables()
        for detail, value in zip(self.inputs, values):
            if value is not None:
                self.interpreter.set_tensor(detail["index"], value)
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(d["index"]) for d in self.outputs]


def distance(np, ours, reference):
    """0 when integers are equal, else how many differ; of floats the worst error in units of the tolerance."""
    if reference.dtype != np.float32:
        return float(np.count_nonzero(ours != reference))
    same = (ours == reference) | (np.isnan(ours) & np.isnan(reference))
    finite = np.isfinite(reference)
    if not np.array_equal(same[~finite], np.ones_like(same[~finite])):
        return float("inf")
    if not finite.any():
        return 0.0
    a, b = ours[finite].astype(np.float64), reference[finite].astype(np.float64)
    if not np.isfinite(a).all():
        return float("inf")
    allowed = TOLERANCE * np.maximum(np.abs(b), 0.1 * np.abs(b).max())
    return float(np.max(np.abs(a - b) / np.maximum(allowed, 1e-30)))


def error_of(done):
    lines = done.stderr.strip().splitlines()
    text = lines[0] if lines else f"exit code {done.returncode}"
    return text.split(".tflite: ", 1)[-1].removeprefix("whit: ")


def failure_of(whit, *arguments):
    """None when `whit arguments` does its work, else {"status": refused|crashed, "detail": ...}."""
    done = subprocess.run([whit, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return {"status": "refused" if done.returncode in (3, 4) else "crashed", "detail": error_of(done)}


def compare(whit, path, folder):
    """{"status": matches|differs|refused|no reference|crashed, "detail": ...} of one model."""
    blob = folder / "model.whit"
    if failure := failure_of(whit, "compile", path, "-o", blob):
        return failure
    other = folder / "other.tflite"
    try:
        if dequantize_weights(path, other):
            return noted(compare_with(whit, blob, path, other, folder), "integer weights of float layers computed in float")
        result = compare_with(whit, blob, path, path, folder)
        if result["status"] == "differs" and dense_as_convolution(path, other):
            second = compare_with(whit, blob, path, other, folder)
            if second["status"] == "matches":
                return noted(second, "fully connected layers rounded twice")
        return result
    except (ValueError, RuntimeError) as error:
        return {"status": "no reference", "detail": str(error).splitlines()[0]}


def noted(result, note):
    return {"status": result["status"], "detail": f"{result['detail']}; {note}"}


def compare_with(whit, blob, path, reference_path, folder):
    import numpy as np
    reference = Reference(reference_path)
    # whit takes inputs in the order of the file, without those that are constants.
    constant = {d["index"] for d in reference.inputs if is_constant(path, d["index"])}
    if len(constant) == len(reference.inputs):
        return {"status": "no reference", "detail": "nothing to compute: all inputs are constants"}
    worst = 0.0
    for rule in RULES:
        values = [make_input(np, d, rule, i) for i, d in enumerate(reference.inputs)]
        command = [whit, "run", str(blob)]
        for i, (detail, value) in enumerate(zip(reference.inputs, values)):
            if detail["index"] in constant:
                values[i] = None
                continue
            (folder / f"in{i}.bin").write_bytes(value.tobytes())
            command += ["--input", str(folder / f"in{i}.bin")]
        for i in range(len(reference.outputs)):
            command += ["-o", str(folder / f"out{i}.bin")]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return {"status": "crashed", "detail": error_of(done)}
        for i, want in enumerate(Reference(reference_path).run(values)):
            raw = (folder / f"out{i}.bin").read_bytes()
            if len(raw) != want.nbytes:
                return {"status": "differs", "detail": f"output {i} has {len(raw)} bytes, not {want.nbytes}"}
            far = distance(np, np.frombuffer(raw, want.dtype).reshape(want.shape), want)
            worst = max(worst, far)
            floating = want.dtype == np.float32
            if far > (1 if floating else 0):
                what = f"{far:.3g} times the tolerance" if floating else f"{int(far)} of {want.size} values"
                return {"status": "differs", "detail": f"input {rule}, output {i}: {what}"}
    return {"status": "matches", "detail": "bit for bit" if worst == 0 else f"within {worst * TOLERANCE:.1e}"}


def is_constant(path, index):
    from ai_edge_litert import schema_py_generated as schema
    model = schema.Model.GetRootAsModel(path.read_bytes(), 0)
    return model.Buffers(model.Subgraphs(0).Tensors(index).Buffer()).DataLength() > 0


def models_of(shared):
    with open(shared / "models" / "index.csv", newline="") as file:
        return [row for row in csv.DictReader(file) if row["format"] == "tflite"]


def compare_all(whit, shared, chosen=""):
    """[(row of the index, result)], each model compared in a process of its own: an interpreter may abort."""
    results = []
    for row in models_of(shared):
        if chosen not in row["file"]:
            continue
        command = [sys.executable, __file__, "--whit", str(whit), "--one", str(shared / "models" / row["file"])]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900)
            result = json.loads(done.stdout) if done.returncode == 0 else {
                "status": "no reference", "detail": "the interpreter ended: " + (done.stderr.strip().splitlines() or ["?"])[-1]}
        except subprocess.TimeoutExpired:
            result = {"status": "no reference", "detail": "took longer than 15 minutes"}
        results.append((row, result))
        print(f"{result['status']:<12} {row['file']}: {result['detail']}", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whit", required=True, help="the whit binary")
    parser.add_argument("--work", default=str(ROOT / "build" / "peer"), help="where the virtual environment is made")
    parser.add_argument("--only", default="", help="only models whose path contains this")
    parser.add_argument("--one", help="compare this model and print the result as JSON")
    arguments = parser.parse_args()
    if arguments.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(compare(arguments.whit, Path(arguments.one), Path(folder))))
        return 0
    shared = ROOT.parent / "shared"
    if not (shared / "models" / "index.csv").exists():
        skip("no ../shared")
    enter_environment(arguments.work)
    results = compare_all(arguments.whit, shared, arguments.only)
    count = {}
    for _, result in results:
        count[result["status"]] = count.get(result["status"], 0) + 1
    print(", ".join(f"{status}: {number}" for status, number in sorted(count.items())))
    bad = [row["file"] for row, result in results if result["status"] in ("differs", "crashed")]
    # What the project promises to build: refusing one of these is a failure too.
    bad += [row["file"] for row, result in results if "mlcommons-tiny" in row["file"] and result["status"] == "refused"]
    return 1 if bad or not count.get("matches") else 0


if __name__ == "__main__":
    sys.exit(main())
