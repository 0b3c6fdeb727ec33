#!/usr/bin/env python3
"""Sets what the cost model predicts beside what is known, and writes docs/results/cost_model.md.

usage: bench/cost_model.py [--build build/release] [--models DIR] [--output docs/results/cost_model.md]

Published times stand in bench/published.csv with their source. Needs the cross-compilers, QEMU, and Python 3.
"""
import argparse
import csv
import json
import math
import pathlib
import re
import subprocess
import tempfile
import time

from peers import ROOT, MODELS, find_models, read_peers

DEVICES = ["stm32l4r5", "stm32u575", "stm32u385", "stm32h7a3", "ra8d1", "stm32g0b1", "esp32-c3", "esp32", "esp32-s3"]
CIRCULAR = ["esp32", "esp32-s3"]
PASS_OFF = ["--skip", "fold_constant_channels"]

# Loops and what a turn of them takes by the core's manual: (target, body, lowest and highest cycles of a turn, why).
# Arm DDI 0439 (Cortex-M4), DDI 0484 (Cortex-M0+): the tables of instruction timing.
M4_STEP = "subs r0, #1\\n bne 1b\\n"
M0_STEP = "sub r0, #1\\n bne 1b\\n"
LOOPS = [
    ("cortex-m4", "nop", M4_STEP, 4, 6, "1, 1 and 1 + P, P from 1 to 3"),
    ("cortex-m4", "smlad r1, r2, r2, r1", M4_STEP, 4, 6, "multiply-accumulate 1"),
    ("cortex-m4", "smlal r1, r3, r2, r2", M4_STEP, 4, 6, "64-bit multiply-accumulate 1"),
    ("cortex-m4", "ldr r1, [r2]", M4_STEP, 5, 7, "LDR 2"),
    ("cortex-m4", "ldr r1, [r2]\\n ldr r3, [r2, #4]\\n ldr r4, [r2, #8]", M4_STEP, 7, 9, "LDR 2, each next one pipelined, 1"),
    ("cortex-m4", "ldm r2, {r1, r3, r4, r5}", M4_STEP, 8, 10, "LDM 1 + N"),
    ("cortex-m4", "udiv r1, r2, r2", M4_STEP, 5, 17, "UDIV 2 to 12"),
    ("cortex-m4", "vmul.f32 s1, s2, s2", M4_STEP, 4, 6, "VMUL 1"),
    ("cortex-m0plus", "nop", M0_STEP, 4, 4, "1, 1 and 2 taken"),
    ("cortex-m0plus", "mul r1, r2", M0_STEP, 4, 4, "single-cycle multiplier 1"),
    ("cortex-m0plus", "ldr r1, [r2]", M0_STEP, 5, 5, "LDR 2"),
    ("cortex-m0plus", "ldm r2!, {r1, r3, r4, r5}", M0_STEP, 8, 8, "LDM 1 + N"),
]


def whit_fit(whit, model, device, more):
    command = [str(whit), "fit", str(model), "--device", device, "--json", *more]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode not in (0, 1):
        raise SystemExit(run.stderr)
    return json.loads(run.stdout)


def read_published():
    lines = [line for line in (ROOT / "bench/published.csv").read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def digits(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def figures(estimate, scale):
    low, mid, high = (digits(scale * estimate[key]) for key in ("low", "estimated", "high"))
    return mid if low == high else f"{mid} ({low}-{high})"


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def device_section(device, predicted, published):
    lines = [f"## {device}", "",
             "| model | runtime | ms | published / whit predicted | uJ | published / whit predicted |", "|---|---|---|---|---|---|"]
    nearest = {}
    for label, result in predicted.items():
        name = label.split(",")[0]
        latency, energy = result["latency_s"], result["energy_j"]
        lines.append(f"| **{label}** | **whit, predicted** | **{figures(latency, 1e3)}** | | **{figures(energy, 1e6)}** | |")
        for row in published:
            if row["device"] != device or row["model"] != name or label.endswith("pass on"):
                continue
            ratio = float(row["ms"]) / latency["estimated"] / 1e3
            joules = f"{float(row['uj']) / energy['estimated'] / 1e6:.2f}" if row["uj"] else ""
            lines.append(f"| | {row['runtime']} ({row['source']}) | {float(row['ms']):g} | {ratio:.2f} | {row['uj']} | {joules} |")
            nearest[name] = (row["runtime"], ratio, latency["low"] <= float(row["ms"]) / 1e3 <= latency["high"])
    runtimes = ", ".join(sorted({runtime for runtime, _, _ in nearest.values()}))
    ratios = [ratio for _, ratio, _ in nearest.values()]
    circular = " (circular: the profile's MACs a cycle come from this time)" if device in CIRCULAR else ""
    summary = (f"| {device} | {runtimes}{circular} | {len(ratios)} | {geometric_mean(ratios):.2f} | {min(ratios):.2f} to {max(ratios):.2f} | "
               f"{sum(inside for _, _, inside in nearest.values())} |")
    return lines + [""], summary


def tflm_section(models, published, predicted):
    """TFLM + CMSIS-NN: its counted cycles without waits, and with as many waits per cycle as our firmware has."""
    peers = read_peers()
    lines = ["## The same library on the same board", "",
             "TFLM + CMSIS-NN has cycles counted by the same table (bench/peers.csv; its traffic to flash was not counted) and",
             "microTVM + CMSIS-NN a published time on the STM32L4R5 (v1.1). Both call CMSIS-NN, of different versions.", "",
             "| model | TFLM + CMSIS-NN, counted cycles / 120 MHz | microTVM + CMSIS-NN, published | published / predicted |",
             "|---|---|---|---|"]
    ratios = []
    for name in models:
        cycles = int(peers[("qemu-cortex-m4", name)]["cycles_estimated"])
        row = next(r for r in published if r["model"] == name and r["runtime"].startswith("microTVM"))
        milliseconds = cycles / 120e3
        ratios.append(float(row["ms"]) / milliseconds)
        lines.append(f"| {name} | {milliseconds:.1f} ms | {float(row['ms']):g} ms | {ratios[-1]:.2f} |")
    stalls = ", ".join(f"{name} {r['stall_cycles']['estimated'] / r['core_cycles']['estimated']:.2f}"
                       for name, r in predicted.items() if not name.endswith("pass on"))
    return lines + ["", f"Geometric mean of the ratio {geometric_mean(ratios):.2f}: what waiting for flash adds there, and the difference of the versions.",
                    f"For our own firmware the model adds, as a share of the core's cycles: {stalls}:", "the same size, without a constant fitted to it.", ""]


def loop_source(body, step):
    def function(name):
        return (f"extern \"C\" __attribute__((naked, used)) void {name}() {{ __asm__ volatile(\".p2align 2\\n1: {body}\\n {step} bx lr\"); }}\n")
    low = "push {r4, r5, lr}"
    return ("#include \"targets/common/support.h\"\n" + function("turns") +
            "static uint32_t words[1024];\n"
            "__attribute__((noinline)) static void call(uint32_t n) {\n"
            f"  __asm__ volatile(\"{low}\\n mov r0, %0\\n mov r2, %1\\n bl turns\\n pop {{r4, r5}}\\n pop {{r3}}\\n mov lr, r3\"\n"
            "                   : : \"r\"(n), \"r\"(words) : \"r0\", \"r1\", \"r2\", \"r3\", \"lr\", \"memory\");\n}\n"
            "int main() {\n  whit_profile_start();\n  WHIT_MARK_LAYER(0);\n  call(1);\n  WHIT_MARK_LAYER(1);\n  call(101);\n"
            "  WHIT_MARK_LAYER(2);\n  whit_profile_stop();\n  return 0;\n}\n")


def count(build, target, source):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "loop.cpp"
        path.write_text(source)
        run = subprocess.run([str(build / "bench/count_instructions"), target, str(path)], capture_output=True, text=True)
    found = {int(n): (int(m), int(l), int(h)) for n, m, l, h in
             re.findall(r"^layer (\d+)\s+\d+ instructions\s+(\d+) cycles \((\d+)-(\d+)\)", run.stdout, re.M)}
    if 0 not in found or 1 not in found:
        raise SystemExit(run.stdout + run.stderr)
    return [(found[1][i] - found[0][i]) / 100 for i in range(3)]


def loops_section(build):
    lines = ["## Cases whose cycles the manual gives", "",
             "Hand-written loops, body and `subs; bne`, 100 turns: cycles of one turn by the core's manual (Arm DDI 0439 and",
             "DDI 0484, instruction timing) and as the model predicts them. `tests/cycles_test.cpp` holds many more, exactly.", "",
             "| core | body of the loop | by the manual | predicted (low-high) | inside | why |", "|---|---|---|---|---|---|"]
    for target, body, step, low, high, why in LOOPS:
        mid, least, most = count(build, target, loop_source(body, step))
        known = f"{low}" if low == high else f"{low} to {high}"
        inside = "yes" if low <= least and most <= high else "NO"
        shown = body.replace("\\n ", "; ")
        lines.append(f"| {target} | `{shown}` | {known} | {mid:g} ({least:g}-{most:g}) | {inside} | {why} |")
    return lines + [""]


def timing_section(whit, models):
    def seconds():
        start = time.perf_counter()
        for path in models.values():
            run = subprocess.run([str(whit), "fit", str(path), "--all-devices"], capture_output=True, text=True)
            if run.returncode != 0:
                raise SystemExit(run.stderr)
        return time.perf_counter() - start
    seconds()
    devices = len(json.loads(subprocess.run([str(whit), "devices", "--json"], capture_output=True, text=True, check=True).stdout))
    return ["## How long the answer takes", "",
            f"`whit fit MODEL --all-devices` for the four models over {devices} devices, measured once before: {seconds():.1f} s in all "
            "(the goal: 10 s).", ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT.parent / "shared/models")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "docs/results/cost_model.md")
    arguments = parser.parse_args()
    whit = arguments.build / "whit"
    found = find_models(arguments.models)
    models = {name: found[name] for name in MODELS}
    published = read_published()
    lines = ["# What the cost model predicts, beside what is known", "",
             "Generated by `bench/cost_model.py`; do not edit. The model: docs/cycles.md. Predicted is whit's firmware on the device's",
             "profile, mid (low-high). Published are other runtimes on the board itself: nobody has run whit's firmware on these",
             "boards, and the runtimes run other kernels, so a ratio is a comparison: neither an error of the model nor its proof.",
             "Not even the fastest runtimes need be near 1. No constant of the model was fitted to these rows. The profiles' active",
             "power of the STM32 boards was taken from published runs of kws, so energies check times and the power's steadiness.",
             "vww is predicted without the constant-channel pass for comparison, since published runtimes compute all its channels.",
             "The RA8D1's runtime uses the vector instructions (MVE), whit's firmware does not; ESP-NN's person detection is of",
             "vww's kind but another network, and the MACs a cycle of the ESP32 and ESP32-S3 come from its times: those two rows are",
             "circular, and marked so. One published core has no profile and is left out: Andes D25F (RV32IMACP) with TFLM.", ""]
    sections, summaries = [], []
    for device in DEVICES:
        predicted = {}
        for name, path in models.items():
            if name == "vww":
                predicted["vww, constant-channel pass off"] = whit_fit(whit, path, device, PASS_OFF)
                predicted["vww, constant-channel pass on"] = whit_fit(whit, path, device, [])
            else:
                predicted[name] = whit_fit(whit, path, device, [])
        if device == DEVICES[0]:
            tflm = tflm_section(models, published, predicted)
        section, summary = device_section(device, predicted, published)
        sections += section
        summaries.append(summary)
    lines += ["## In short", "", "The last runtime of each section against the prediction of whit's own firmware.", "",
              "| device | runtime | models | published / whit predicted, geometric mean | from, to | inside the range |",
              "|---|---|---|---|---|---|", *summaries, ""]
    lines += tflm + loops_section(arguments.build) + timing_section(whit, models) + sections
    arguments.output.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
