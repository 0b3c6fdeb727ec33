#!/usr/bin/env python3
"""Measures what compression costs and saves on the MLPerf Tiny models, beside the published int8 files and two peers'
post-training quantization, and writes docs/results/compress.md.

    bench/compress.py [--whit build/release/whit] [--shared ../shared] [--only SECTION ...]

Calibration and test data are two halves; then they change places. So every sample is tested once, by a model that has
not seen it. The peers (ai-edge-quantizer, onnxruntime) come from PyPI into a virtual environment below --work. Without
../shared it prints "skipped: ..." and ends with exit code 77.
"""
import argparse
import json
import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "peer"))
sys.path.insert(0, str(ROOT / "bench"))
import compress_peers  # noqa: E402
import peer  # noqa: E402
from page import table  # noqa: E402

TINY = "models/tflite/mlcommons-tiny"
DENSE_AD_BYTES = 270880  # ad in int8: 264,192 weights and 1,672 biases of four bytes
MOST_SPARSE_BYTES = 0.45  # of them


class Model:
    """A float model of MLPerf Tiny, the published int8 file, and its data as options of whit's verbs."""

    def __init__(self, name, float_file, int8_file, options, count):
        self.name, self.options, self.count = name, options, count
        self.float_file, self.int8_file = float_file, int8_file

    def halves(self):
        half = self.count // 2
        yield f"0:{half}", f"{half}:{self.count}"
        yield f"{half}:{self.count}", f"0:{half}"


class Bench:
    def __init__(self, whit, shared, work):
        self.whit, self.shared, self.work = whit, shared, work
        work.mkdir(parents=True, exist_ok=True)

    def run(self, *arguments):
        """What the verb printed as JSON. Exit code 1: a gate failed, which is a result too."""
        command = [str(self.whit), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout)

    def models(self):
        data, tiny = self.shared / "data", self.shared / TINY
        kws = data / "kws_mlperf_1000"
        yield Model("kws", tiny / "keyword_spotting__trained_models__kws_ref_model_float32.tflite",
                    tiny / "keyword_spotting__trained_models__kws_ref_model.tflite",
                    ["--data", kws / "inputs_int8_1000x49x10.bin", "--shape", "49,10,1", "--type", "i8", "--mean", "83",
                     "--std", "1.710268", "--labels", kws / "labels.csv"], 1000)
        yield Model("vww", tiny / "visual_wake_words__trained_models__vww_96_float.tflite",
                    tiny / "visual_wake_words__trained_models__vww_96_int8.tflite",
                    ["--data", self.vww_images(), "--swap-red-blue", "--std", "255", "--labels",
                     f"{data / 'vww_mlperf_1000' / 'labels.csv'}:person"], 1000)
        yield Model("ic", tiny / "image_classification__trained_models__pretrainedResnet.tflite",
                    tiny / "image_classification__trained_models__pretrainedResnet_quant.tflite",
                    ["--data", self.cifar(), "--shape", "32,32,3", "--type", "u8", "--labels",
                     data / "cifar10_subset" / "test500_index.csv:label"], 500)

    def vww_images(self):
        folder = self.work / "vww"
        if not folder.is_dir():
            with tarfile.open(self.shared / "data/vww_mlperf_1000/images.tar") as archive:
                archive.extractall(folder)
        return folder

    def cifar(self):
        """Records of 1 label byte and 3072 pixels become pixels alone."""
        path = self.work / "cifar.bin"
        if not path.exists():
            with lzma.open(self.shared / "data/cifar10_subset/test500_exact_rgb_hwc.bin.xz") as packed:
                records = packed.read()
            path.write_bytes(b"".join(records[i + 1:i + 3073] for i in range(0, len(records), 3073)))
        return path

    def evaluate(self, model_file, model):
        return self.run("evaluate", model_file, *model.options, "--json")["value"]

    def quantize(self, model, *options):
        """Accuracy over both halves, and the file of the first."""
        correct, files = 0.0, []
        for number, (calibrate, test) in enumerate(model.halves()):
            path = self.work / f"{model.name}_{number}.tflite"
            result = self.run("quantize", model.float_file, "-o", path, *model.options, "--calibrate", calibrate, "--test",
                              test, "--force", "--json", *options)
            correct += result["quantized"] / 2
            files.append(path)
        return correct, files[0]

    def measure(self, file, target="qemu-cortex-m4", optimize="balanced"):
        result = self.run("bench", file, "--target", target, "--optimize", optimize, "--json")
        return {key: result[key] for key in ("instructions", "weights_bytes", "code_bytes", "arena_bytes")}


def percent(value):
    return "-" if value is None else f"{100 * value:.2f} %"


def section_int8(bench):
    rows, failures = [], []
    for model in bench.models():
        own, _ = bench.quantize(model)
        published = bench.evaluate(model.int8_file, model)
        peers = compress_peers.quantize(bench, model)
        rows.append([model.name, model.count, percent(bench.evaluate(model.float_file, model)), f"**{percent(own)}**",
                     percent(published), percent(peers["ai-edge-quantizer"]), percent(peers["onnxruntime"])])
        if own < published - 1e-9:
            failures.append(f"{model.name}: {percent(own)} is less than {percent(published)}")
    return f"""## INT8: the same accuracy or better

Float models, quantized with the defaults of `whit quantize`, beside the published int8 files (whose calibration data was
chosen by their authors) and two other tools on the same halves ({compress_peers.versions()}). Accuracy.

{table(["model", "samples", "float32", "whit int8", "published int8", "ai-edge-quantizer int8", "onnxruntime int8"], rows)}""", failures


def section_observers(bench):
    variants = [("percentile 99.99 (default)", []), ("min_max", ["--observer", "min_max"]),
                ("moving_average", ["--observer", "moving_average"]), ("entropy", ["--observer", "entropy"]),
                ("mse", ["--observer", "mse"]), ("one weight scale a layer", ["--weight-scales", "per_tensor"]),
                ("the same, equalized", ["--weight-scales", "per_tensor", "--equalize"]),
                ("adaround", ["--adaround"]), ("bias correction", ["--bias-correction"])]
    kws = next(bench.models())
    rows = [[name, percent(bench.quantize(kws, *options)[0])] for name, options in variants]
    return f"""## What each option does

INT8 accuracy of kws with one option changed.

{table(["option", "accuracy"], rows)}""", []


def autoencoder(bench):
    features = bench.work / "ad.npy"
    if not features.exists():
        compress_peers.write_mel_windows(bench.shared / "data", features)
    return Model("ad", bench.shared / TINY / "baseline_tf23__model__model_ToyCar.tflite", None, ["--data", features], 1000)


def section_int4(bench):
    rows, failures = [], []
    for model in bench.models():
        if model.name == "vww":
            continue
        before = bench.evaluate(model.float_file, model)
        _, int8_file = bench.quantize(model)
        int8 = bench.measure(int8_file)
        elsewhere = {target: bench.measure(int8_file, target)["instructions"]
                     for target in ("cortex-m3", "cortex-m0plus", "riscv32")}
        nearest, _ = bench.quantize(model, "--precision", "int8_w4")
        own, file = bench.quantize(model, "--precision", "int8_w4", "--adaround", "--weight-range", "least_error",
                                   "--bias-correction")
        int4 = bench.measure(file)
        ratio = int4["instructions"] / int8["instructions"]
        rows.append([model.name, percent(before), percent(nearest), f"**{percent(own)}**",
                     f"{int8['weights_bytes']:,}", f"{int4['weights_bytes']:,}",
                     f"{int8['weights_bytes'] + int8['code_bytes']:,}", f"{int4['weights_bytes'] + int4['code_bytes']:,}",
                     f"{int8['instructions']:,}",
                     f"{int4['instructions']:,}", f"{ratio:.2f}"])
        if before - own > 0.015:
            failures.append(f"{model.name} with int4 weights loses {100 * (before - own):.2f} points")
        if ratio > 1.25:
            failures.append(f"{model.name} with int4 weights takes {ratio:.2f} times the instructions")
        if model.name == "kws":
            others = [f"{bench.measure(file, target)['instructions'] / count:.1f} ({target})"
                      for target, count in elsewhere.items()]
    header = ["model", "float32", "int4, rounded to nearest", "int4, AdaRound", "weights int8, bytes", "weights int4, bytes",
              "flash int8, bytes", "flash int4, bytes",
              "instructions int8", "instructions int4", "ratio"]
    return f"""## INT4 weights

Weights of four bits, two a byte, executed packed; activations int8. AdaRound with the scale of least error and bias
correction. Weights are weights and biases; flash is all of the linked image for qemu-cortex-m4; instructions are those of
one inference.

{table(header, rows)}
The other cores have portable kernels for int4 weights: kws takes {", ".join(others)} times the instructions of int8.
""", failures


def section_mixed(bench):
    kws, rows, failures = next(bench.models()), [], []
    exact = ["--adaround", "--weight-range", "least_error", "--bias-correction"]

    def row(asked, limit, key, model, value, file, drop):
        measured = bench.measure(file)
        rows.append([model, asked, value, f"{measured['weights_bytes']:,}", f"{measured['instructions']:,}"])
        if key and measured[key] > limit:
            failures.append(f"{asked}: {measured[key]:,} {key} are more than {limit:,}")
        if drop > 1.0:
            failures.append(f"{asked}: {drop:.2f} % or points lost")

    float_accuracy = bench.evaluate(kws.float_file, kws)
    for asked, limit, key, options in (
            ("int8", 0, "", []),
            ("size: 18,000 bytes of weights", 18000, "weights_bytes", ["--max-weight-bytes", "18000", *exact]),
            ("accuracy: int4, --auto", 0, "", ["--precision", "int8_w4", "--auto"]),
            ("int4", 0, "", ["--precision", "int8_w4", *exact])):
        accuracy, file = bench.quantize(kws, *options)
        row(asked, limit, key, "kws", percent(accuracy), file, 100 * (float_accuracy - accuracy))
    ad = autoencoder(bench)
    for asked, limit, key, options in (
            ("16x8", 0, "", []),
            ("latency: 800,000 instructions", 800000, "instructions", ["--max-instructions", "800000"]),
            ("latency: 400,000 instructions", 400000, "instructions", ["--max-instructions", "400000"])):
        file = bench.work / "ad_mixed.tflite"
        result = bench.run("quantize", ad.float_file, "-o", file, *ad.options, "--calibrate", "0:500", "--test", "500:1000",
                           "--precision", "int16x8", "--adaround", "--force", "--json", *options)
        difference = bench.run("compare", ad.float_file, file, *ad.options, "--json")["outputs"][0]["sqnr_db"]
        row(asked, limit, key, "ad", f"{difference:.1f} dB", file, result["drop"])
    return f"""## Mixed precision under a budget

A type for each layer: int8 or int4 weights under a budget of bytes or of accuracy, int16 or int8 activations under a budget of
instructions (counted on qemu-cortex-m4). kws: accuracy; ad: SQNR of the outputs against float, with AdaRound.

{table(["model", "asked for", "accuracy or SQNR", "weights, bytes", "instructions"], rows)}""", failures


def section_wide(bench):
    model = autoencoder(bench)
    rows, errors = [], {}
    better = ["--adaround", "--bias-correction"]
    for name, options in (("int8", []), ("16x8", ["--precision", "int16x8"]), ("int8, AdaRound", better),
                          ("16x8, AdaRound", ["--precision", "int16x8", *better])):
        path = bench.work / f"ad_{name}.tflite"
        result = bench.run("quantize", model.float_file, "-o", path, *model.options, "--calibrate", "0:500", "--test",
                           "500:1000", "--force", "--json", *options)
        difference = bench.run("compare", model.float_file, path, *model.options, "--split", "500:1000", "--json")
        measured = bench.measure(path)
        errors[name] = difference["outputs"][0]["sqnr_db"]
        if not rows:
            rows.append(["float32", f"{result['float']:.4f}", "", "", "", ""])
        rows.append([name, f"{result['quantized']:.4f}", f"{result['drop']:+.3f} %",
                     f"{difference['outputs'][0]['sqnr_db']:.1f} dB", f"{measured['weights_bytes']:,}",
                     f"{measured['instructions']:,}"])
    failures = [f"{wide} is further from float than int8 on ad" for wide, narrow in
                (("16x8", "int8"), ("16x8, AdaRound", "int8, AdaRound")) if errors[wide] < errors[narrow] - 0.1]
    return f"""## INT16 activations

ad, the autoencoder: mean squared reconstruction error and its change against float32. The data are windows of five log-mel
frames of everyday sounds, which the model was not trained on: what counts is the distance from the float model.

{table(["precision", "reconstruction error", "change", "outputs' SQNR against float", "weights, bytes", "instructions"], rows)}""", failures


def section_fault(bench):
    model = next(m for m in bench.models() if m.name == "ic")
    broken = Model("ic_fault", bench.work / "ic_fault_float.tflite", None, model.options, model.count)
    layer = compress_peers.plant_fault(model.float_file, broken.float_file)
    before = bench.evaluate(broken.float_file, broken)
    plain = bench.run("quantize", broken.float_file, "-o", bench.work / "fault.tflite", *broken.options, "--calibrate",
                      "0:250", "--test", "250:500", "--force", "--json")
    found = bench.run("blame", broken.float_file, bench.work / "fault.tflite", *broken.options, "--split", "250:500", "--json")
    worst = found["layers"][0]
    mended = bench.run("quantize", broken.float_file, "-o", bench.work / "mended.tflite", *broken.options, "--calibrate",
                       "0:250", "--test", "250:500", "--force", "--auto", "--max-drop", "0.8", "--json")
    failures = []
    if plain["drop"] < 10:
        failures.append("the planted fault costs less than 10 points")
    if worst["name"] != layer:
        failures.append(f"blame points at {worst['name']}, not at {layer}")
    if mended["drop"] > 1:
        failures.append(f"--auto leaves a drop of {mended['drop']:.2f}")
    steps = [[step["change"], percent(step["value"]), f"{step['drop']:.2f}", "yes" if step["kept"] else "no"]
             for step in mended["steps"]]
    return f"""## A planted fault, found and mended

In ic a few weights of one layer were made a thousand times larger, and the channels that they read a thousand times smaller,
so that the float model still computes the same ({percent(before)} on all 500 samples). In int8 the layer's other weights
vanish. On the 250 held-out samples: float {percent(plain['float'])}, int8 {percent(plain['quantized'])}, after `--auto`
{percent(mended['quantized'])}.

`whit blame` ranks that layer first: alone quantized it costs {worst['drop']:.1f} points, SQNR {worst['sqnr_db']:.1f} dB; the
next one costs {found['layers'][1]['drop']:.1f}. What `--auto` tried, judged on the calibration half:

{table(["change", "accuracy", "drop", "kept"], steps)}""", failures


def section_temperature(bench):
    rows = []
    for model in bench.models():
        calibrate, test = next(model.halves())
        common = ["quantize", model.float_file, "-o", bench.work / "t.tflite", *model.options, "--calibrate", calibrate,
                  "--test", test, "--force", "--json"]
        bench.run(*common)
        without = bench.run("evaluate", bench.work / "t.tflite", *model.options, "--split", test, "--json")
        scaled = bench.run(*common, "--temperature")
        rows.append([model.name, f"{scaled['temperature']:.3f}", f"{without['expected_calibration_error']:.4f}",
                     f"{scaled['expected_calibration_error']:.4f}", percent(scaled["quantized"])])
    return f"""## Temperature scaling

The temperature is fitted on the calibration half; expected calibration error of the int8 model on the other half.

{table(["model", "temperature", "error before", "error after", "accuracy"], rows)}""", []


def section_sparse(bench):
    model = autoencoder(bench)
    kinds = {"none": [], "70 %": ["--sparsity", "0.7"], "70 % in 1x4": ["--sparsity", "1x4:0.7"],
             "4:16": ["--sparsity", "4:16"]}
    files, quality, costs, measured, failures = {}, [], [], {}, []
    for number, (kind, options) in enumerate(kinds.items()):
        files[kind] = bench.work / f"ad_sparse_{number}.tflite"
        result = bench.run("quantize", model.float_file, "-o", files[kind], *model.options, "--calibrate", "0:500",
                           "--test", "500:1000", "--force", "--json", *options)
        difference = bench.run("compare", model.float_file, files[kind], *model.options, "--split", "500:1000", "--json")
        quality.append([kind, f"{result['quantized']:.1f}", f"{difference['outputs'][0]['sqnr_db']:.1f} dB"])
    for target in ("qemu-cortex-m4", "qemu-cortex-m3", "qemu-cortex-m0plus", "qemu-riscv32"):
        for optimize in ("balanced", "size"):
            for kind in kinds:
                own = bench.measure(files[kind], target, optimize)
                if kind == "none":
                    dense = own
                measured[target.removeprefix("qemu-"), optimize, kind] = own
                share, times = (own["weights_bytes"] / DENSE_AD_BYTES, own["instructions"] / dense["instructions"])
                flash = own["weights_bytes"] + own["code_bytes"]
                costs.append([target.removeprefix("qemu-"), optimize, kind, f"{own['weights_bytes']:,}", f"{share:.3f}",
                              f"{flash:,}", f"{own['instructions']:,}", f"{times:.2f}", f"{own['arena_bytes']:,}"])
                where = f"{kind} on {target}, --optimize {optimize}"
                if kind != "none" and share > MOST_SPARSE_BYTES:
                    failures.append(f"{where}: {share:.3f} of the bytes of dense int8")
                if times > 1:
                    failures.append(f"{where}: {times:.2f} times the instructions of dense")
    def slower(target, optimize, kind):
        times = measured[target, optimize, kind]["instructions"] / measured[target, optimize, "none"]["instructions"]
        return f"{times:.2f}"

    def arena(kind):
        return measured["cortex-m4", "balanced", kind]["arena_bytes"]

    header = ["target", "--optimize", "zeros", "weights, bytes", "of dense int8", "flash of the image, bytes", "instructions",
              "of dense", "arena, bytes"]
    return f"""## Sparse weights

ad, ten fully connected layers, pruned by magnitude and not retrained: reconstruction error and the outputs' SQNR against
float32, as above. A model whose accuracy counts is pruned while it is trained; here it is about cost.

{table(["zeros", "reconstruction error", "outputs' SQNR against float"], quality)}

What the linked image takes. Weights are weights, what says where they stand, and biases; dense int8 has one byte a weight
and four a bias, {DENSE_AD_BYTES:,}. Flash is all of the image: weights, code, requantization, start-up. The balanced mode
stores a layer sparse where that saves a quarter of its bytes and takes no more instructions than the dense kernel that the
same layer would get; `--optimize size` takes the smallest. Layers of 8 by 128 weights stay dense in both, as the kernel's code
would cost more than they save.

4:16 is smaller and faster in every row. Blocks of 1x4 are smaller; on Cortex-M4 with `--optimize size` they take
{slower("cortex-m4", "size", "70 % in 1x4")} times the instructions of dense, in the balanced mode on Cortex-M0+ {slower("cortex-m0plus", "balanced", "70 % in 1x4")} and on RISC-V {slower("riscv32", "balanced", "70 % in 1x4")}:
units that pruning silenced are removed, and where that leaves a width that is no multiple of 8, the fastest dense kernel of
these cores does not take the layer. Both formats need working memory: on Cortex-M4 the arena grows from {arena("none"):,} bytes to
{arena("4:16"):,} (4:16) and {arena("70 % in 1x4"):,} (1x4).

Zeros anywhere take {MOST_SPARSE_BYTES} of the bytes only as a bitmap: to find the next weight by it and to load one input for it takes
6.9 instructions on Cortex-M4, where the dense kernel takes 0.96 for each weight, zero or not. So 70 % of zeros cost
{slower("cortex-m4", "size", "70 %")} times the instructions of dense there, and only `--optimize size` pays that: the balanced mode keeps such layers
dense on cores whose dense kernel is fast.

{table(header, costs)}""", failures


def section_float16(bench):
    rows, failures = [], []
    for model in [*bench.models(), autoencoder(bench)]:
        path = bench.work / f"{model.name}_float16.tflite"
        result = bench.run("quantize", model.float_file, "-o", path, *model.options, "--precision", "float16", "--test",
                           f"0:{model.count}", "--force", "--json")
        score = percent if result["metric"] == "accuracy" else "{:.4f}".format
        wide = bench.work / f"{model.name}_float32.tflite"
        subprocess.run([str(bench.whit), "export", str(model.float_file), "-o", str(wide)], check=True, stdout=subprocess.DEVNULL)
        measured = [(name, value, file, bench.measure(file))
                    for name, value, file in (("float32", result["float"], wide), ("float16", result["quantized"], path))]
        whole = measured[0][3]
        for name, value, file, own in measured:
            rows.append([model.name, name, score(value), f"{file.stat().st_size:,}", f"{own['weights_bytes']:,}",
                         f"{own['code_bytes']:,}", f"{own['instructions']:,}",
                         f"{own['instructions'] / whole['instructions']:.2f}"])
        if measured[1][3]["weights_bytes"] > 0.52 * whole["weights_bytes"]:
            failures.append(f"float16 does not halve the weights of {model.name} in flash")
    return f"""## Float16 weights

Weights rounded to half precision, arithmetic in float32, no calibration: all samples are test samples, ad's score is its
reconstruction error. Biases stay float32. File: the `.tflite`, as whit writes it. Flash and instructions on an emulated
Cortex-M4 with its FPU, which converts a weight in one instruction.

{table(["model", "weights", "score", "file, bytes", "weights in flash, bytes", "code, bytes", "instructions",
        "of float32"], rows)}""", failures


def section_recurrent(bench):
    import recurrent
    spread = recurrent.write_data(bench.work, 1000)
    rows, failures = [], []
    for kind in ("LSTM", "GRU"):
        float_file = bench.work / f"{kind.lower()}.onnx"
        recurrent.write_model(kind, float_file)
        model = Model(kind, float_file, None,
                      ["--data", bench.work / "x.npy", "--labels", bench.work / "y.npy", "--metric", "rmse"], 1000)
        for precision in ("float32", "int8", "int16x8"):
            path, drop, away = float_file, 0.0, 0.0
            if precision != "float32":
                path = bench.work / f"{kind.lower()}_{precision}.tflite"
                result = bench.run("quantize", float_file, "-o", path, *model.options, "--calibrate", "0:500", "--test",
                                   "500:1000", "--precision", precision, "--max-drop", "2", "--force", "--json")
                difference = bench.run("compare", float_file, path, *model.options[:2], "--split", "500:1000", "--json")
                drop, away = result["drop"], difference["outputs"][0]["mean_abs_difference"] / spread
                if drop > 2 or away > 0.02:
                    failures.append(f"{kind} in {precision} is not within 2 % of float32: {drop:.2f} %, {percent(away)}")
            value = bench.run("evaluate", path, *model.options, "--split", "500:1000", "--json")["value"]
            measured = bench.run("bench", path, "--target", "qemu-cortex-m4", "--json")
            layer = next(row for row in measured["layers"] if row["op"] == kind.lower())
            rows.append([kind, precision, f"{value:.4f}", f"{100 * value / spread:.2f} %", f"{drop:+.2f} %",
                         percent(away), f"{measured['weights_bytes']:,}", f"{measured['code_bytes']:,}",
                         f"{layer['instructions'] / recurrent.STEPS:,.0f}"])
    return f"""## Recurrent layers

A forecast: 32 steps of the kicks and noisy measurements of a damped oscillator go in, its swing {recurrent.AHEAD} steps later comes out. One
layer of {recurrent.UNITS} units and a readout, float32 as ONNX (`bench/recurrent.py` makes series and models), then quantized
with the defaults. Error on 500 held-out sequences; the spread of what is to be forecast is {spread:.3f}, and coming kicks
cannot be known. Of five settings of the task that were tried in float, this is the one with the least noise. Instructions of
one step of the layer on an emulated Cortex-M4: in layers this small, int8 saves bytes and takes more instructions than float32.

{table(["layer", "precision", "root mean squared error", "of the spread", "change",
        "outputs beside float32, of the spread", "weights, bytes", "code, bytes",
        "instructions a step"], rows)}""", failures


SECTIONS = {"int8": section_int8, "observers": section_observers, "int4": section_int4, "mixed": section_mixed,
            "wide": section_wide, "float16": section_float16, "sparse": section_sparse, "fault": section_fault,
            "temperature": section_temperature,
            "recurrent": section_recurrent}

HEADER = """# Compression: what it saves and what it costs

Generated by `bench/compress.py`; do not edit. Every accuracy is measured on samples that calibration did not see: the data
are two halves that change places. kws: 1,000 inputs of MLPerf Tiny; vww: 1,000 images; ic: 500 images of CIFAR-10's test
set. [What the options mean](../quantization.md).

"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whit", type=Path, default=ROOT / "build/release/whit")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--work", type=Path, default=ROOT / "build/compress", help="for files in between")
    parser.add_argument("--only", nargs="*", choices=list(SECTIONS), help="print these sections instead of writing the page")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/results/compress.md")
    arguments = parser.parse_args()
    if not arguments.shared.is_dir():
        peer.skip("no ../shared")
    compress_peers.enter_environment(arguments.work)
    bench = Bench(arguments.whit.resolve(), arguments.shared.resolve(), arguments.work.resolve())
    texts, failures = [], []
    for name, section in SECTIONS.items():
        if arguments.only and name not in arguments.only:
            continue
        print(f"{name} ...", file=sys.stderr)
        text, failed = section(bench)
        texts.append(text)
        failures += failed
    if arguments.only:
        print("\n".join(texts))
    else:
        arguments.output.write_text(HEADER + "\n".join(texts))
    for failure in failures:
        print(f"missed: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
