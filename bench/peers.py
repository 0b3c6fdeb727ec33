#!/usr/bin/env python3
"""Measures the four MLPerf Tiny models on the emulated targets and writes docs/results/peers.md.

usage: bench/peers.py [--whit build/release/whit] [--models DIR] [--output docs/results/peers.md]

DIR is searched for the model files by their SHA-256; the default is ../shared/models beside the repository. The figures
of the peer stand in bench/peers.csv with their source. Needs Python 3 and nothing else.
"""
import argparse
import csv
import hashlib
import json
import pathlib
import platform
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = {
    "kws": "aeea436800704fce17b17292e4412630ad856e9d777c044c64ef748a880bd0ae",
    "vww": "597a384c8c2c8a1276f04702f25013b7838f2f814f1ca7c174d295b73e3d6b7b",
    "ic": "3c002613d1b2475eb51dd78dfb85a546c8ae658dee71cf6ade43b022fe205415",
    "ad": "87cf24194ef93d1d9b11a591d805526b98008e351655d29883c825c9c106ba24",
}
TARGETS = ["qemu-cortex-m4", "qemu-riscv32", "qemu-cortex-m0plus", "qemu-cortex-m3"]
# SHA-256 of the output that TFLM's reference kernels give for input rule ramp37.
OUTPUTS = {"kws": "048f67162d8b80be39f64b2e1d58d8eb775c7c17499acb993ae2c0e46eb4fb7e", "vww": "d5c7fda52321d2d57230d73b56f8dbfbc241aa78a12d8a8a6badd609851a36ba", "ic": "b93e68d3e9e5c0e0e07ac961f4abdf299465a82eb90c61f1f08f8ad29b72e963", "ad": "aae02e814c4f098965872f2b6bb8e58bd1a45a95c5cac40e9fcef07b4e1966f2"}
GOALS = {"qemu-cortex-m4": 2.0, "qemu-riscv32": 4.0, "qemu-cortex-m0plus": 1.5, "qemu-cortex-m3": 1.2}
CYCLES_GOAL = 1.8


def find_models(directory):
    wanted = {sha: name for name, sha in MODELS.items()}
    found = {}
    for path in sorted(directory.rglob("*.tflite")):
        name = wanted.get(hashlib.sha256(path.read_bytes()).hexdigest())
        if name and name not in found:
            found[name] = path
    missing = sorted(set(MODELS) - set(found))
    if missing:
        sys.exit(f"skipped: no {', '.join(missing)} below {directory}")
    return found


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def read_peers():
    lines = [line for line in (ROOT / "bench/peers.csv").read_text().splitlines() if not line.startswith("#")]
    return {(row["target"], row["model"]): row for row in csv.DictReader(lines)}


def bench(whit, model, target, more):
    command = [str(whit), "bench", str(model), "--target", target, "--json", *more]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def ratio(peer, own):
    return f"{int(peer) / own:.2f}" if peer else ""


def row(name, target, result, peer):
    cycles = f"{result['cycles_estimated']:,} ({result['cycles_estimated_low']:,}-{result['cycles_estimated_high']:,})"
    right = "yes" if result["output_sha256"] == OUTPUTS[name.split(",")[0]] else "NO"
    return (f"| {name} | {result['instructions']:,} | {ratio(peer['instructions'], result['instructions'])} | {cycles} | "
            f"{ratio(peer['cycles_estimated'], result['cycles_estimated'])} | {result['arena_bytes']:,} | "
            f"{result['stack_bytes']:,} | {result['code_bytes']:,} | {result['weights_bytes']:,} | {right} |")


def peer_row(name, peer):
    def figure(key):
        return f"{int(peer[key]):,}" if peer[key] else ""
    return (f"| {name}, {peer['runtime']} | {figure('instructions')} | | {figure('cycles_estimated')} | | "
            f"{figure('arena_bytes')} | {figure('stack_bytes')} | {figure('code_bytes')} | | |")


def section(whit, models, peers, target):
    lines = [f"## {target}", ""]
    goal = f"Goal: instructions at least {GOALS[target]} times fewer"
    lines.append(goal + (f", estimated cycles at least {CYCLES_GOAL} times fewer." if target == TARGETS[0] else "."))
    lines += ["", "| model | instructions | ratio | cycles, estimated (low-high) | ratio | arena | stack | code | weights "
              "| output right |", "|---|---|---|---|---|---|---|---|---|---|"]
    flags = ""
    for name, path in models.items():
        peer = peers[(target, name)]
        runs = [(name, [])]
        if name == "vww":
            runs = [("vww, constant-channel pass off", ["--skip", "fold_constant_channels"]),
                    ("vww, constant-channel pass on", [])]
        lines.append(peer_row(name, peer))
        for label, more in runs:
            result = bench(whit, path, target, more)
            flags = result["flags"]
            lines.append(row(label, target, result, peer))
    return lines + ["", f"Flags: `{flags}`", ""]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whit", type=pathlib.Path, default=ROOT / "build/release/whit")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT.parent / "shared/models")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "docs/results/peers.md")
    arguments = parser.parse_args()
    models = find_models(arguments.models)
    models = {name: models[name] for name in MODELS}
    peers = read_peers()
    lines = ["# One inference against TensorFlow Lite Micro", "",
             "Generated by `bench/peers.py`; do not edit. Instructions are exact, cycles are an estimate (docs/cycles.md). A ratio",
             "is the peer's figure over ours: larger is better. Arena, stack, code and weights in bytes; code is everything in flash",
             "that is not the model's weights and biases, start-up and runtime included. `output right`: the bytes that the",
             "reference kernels give for input rule ramp37. The figures of the peer and how they were made: `bench/peers.csv`.",
             "The constant-channel pass proves half of vww's channels constant, a property of that file: the goal counts without it.", ""]
    for target in TARGETS:
        print(target, file=sys.stderr)
        lines += section(arguments.whit, models, peers, target)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
