"""Section of bench/learn.py: activities from a phone's sensors, with every way to make the model small."""
import itertools
import statistics

from learn_work import TRAIN, HarSeed, count, net, spread, verdict
from page import table

DENSE = net("dense", sizes=[128, 64]) + TRAIN
TEACHER = net("dense", sizes=[256, 128]) + TRAIN
# A small net learns slowly: more epochs, with a teacher and without.
STUDENT = net("dense", sizes=[16]) + TRAIN.replace("epochs = 40", "epochs = 100")
# 0.72 of the two layers that are pruned are 0.70 of all weights: the last layer, of 320, stays as it is.
PRUNED = DENSE + '[prune]\nsparsity = "0.72"\ninitial_sparsity = 0.3\n'
# A teacher that generalises better than the dense net of its size.
PRUNED_TEACHER = TEACHER + '[prune]\nsparsity = "1x4:0.8"\ninitial_sparsity = 0.3\n'
TEMPERATURES, ALPHAS = (2, 4), (0.5, 0.9)

NAMES = {
    "dense": "dense 27-128-64-5, float32",
    "float16": "... float16 weights",
    "int8": "... int8",
    "int4": "... int4 weights, after training",
    "qat": "... int4 weights, trained as such",
    "pruned": "... 70 % zeros, int8, for size",
    "teacher": "teacher 27-256-128-5, 80 % zeros in 1x4, float32",
    "student": "student 27-16-5 on labels, float32",
    "student_int8": "... int8",
    "distilled": "student 27-16-5 distilled, float32",
    "distilled_int8": "... int8",
    "forest": "forest of 100 trees, float32",
    "forest_int8": "... int8",
    "logistic": "logistic regression, float32",
    "logistic_int8": "... int8",
}


def distil(har, teacher):
    """The student of the temperature and share of the teacher that this seed's validation subjects like best."""
    best = None
    for temperature, alpha in itertools.product(TEMPERATURES, ALPHAS):
        soft = f'[distill]\nteacher = "{teacher.name}"\ntemperature = {temperature}\nalpha = {alpha}\n'
        file, _ = har.train(f"distilled_{temperature}_{alpha}", STUDENT + soft, "distill", reads=[teacher])
        accuracy = har.score(file, "validation")["accuracy"]
        if best is None or accuracy > best[0]:
            best = (accuracy, file)
    return best[1]


def models(har):
    """Key of NAMES -> file."""
    dense, _ = har.train("dense", DENSE)
    pruned, _ = har.train("pruned", PRUNED, "prune")
    teacher, _ = har.train("teacher", PRUNED_TEACHER, "prune")
    student, _ = har.train("student", STUDENT)
    distilled = distil(har, teacher)
    forest, _ = har.train("forest", '[model]\nkind = "random_forest"\ntrees = 100\n', suffix=".onnx")
    logistic, _ = har.train("logistic", '[model]\nkind = "logistic"\n', suffix=".onnx")
    files = {"dense": dense, "teacher": teacher, "student": student, "distilled": distilled, "forest": forest,
             "logistic": logistic}
    for name in ("student", "distilled", "forest", "logistic"):
        files[f"{name}_int8"] = har.quantize(files[name], f"{name}_int8")
    files["int8"] = har.quantize(dense, "int8")
    files["float16"] = har.quantize(dense, "float16", "--precision", "float16")
    files["int4"] = har.quantize(dense, "int4", "--precision", "int8_w4")
    files["qat"], _ = har.train("qat", DENSE + '[quantize]\nprecision = "int8_w4"\n')
    files["pruned"] = har.quantize(pruned, "pruned_int8")
    return files


def measure(work, seed):
    har = HarSeed(work, seed)
    result = {}
    for name, file in models(har).items():
        size = ("--optimize", "size") if name == "pruned" else ()
        result[name] = {**har.score(file), **work.bench(file, *size)}
    return result


def gap(seeds, better, worse):
    """Points of accuracy by which `better` is above `worse`, seed by seed."""
    return [seed[better]["accuracy"] - seed[worse]["accuracy"] for seed in seeds]


def bounds(seeds):
    mean = statistics.mean
    int8, qat, pruned = (gap(seeds, "dense", name) for name in ("int8", "qat", "pruned"))
    distilled = gap(seeds, "distilled", "student")
    distilled_int8 = gap(seeds, "distilled_int8", "student_int8")
    bytes_left = [seed["pruned"]["weights"] / seed["int8"]["weights"] for seed in seeds]
    wins = sum(value > 0 for value in distilled)
    return [
        ["int8 loses at most 0.5 points of float32", spread(int8, 2), verdict(mean(int8) <= 0.5)],
        ["int4 weights, trained as such, lose at most 1 point", spread(qat, 2), verdict(mean(qat) <= 1)],
        ["70 % zeros and int8 lose at most 1 point", spread(pruned, 2), verdict(mean(pruned) <= 1)],
        ["... in at most half the bytes of the weights of dense int8", spread(bytes_left, 3), verdict(max(bytes_left) <= 0.5)],
        ["the distilled student is above the one on labels: points gained",
         f"{spread(distilled, 2)}, standard error {statistics.stdev(distilled) / len(distilled) ** 0.5:.2f}, "
         f"better in {wins} of {len(distilled)} seeds", verdict(mean(distilled) > 0)],
        ["... as int8", spread(distilled_int8, 2), verdict(mean(distilled_int8) > 0)],
    ]


def section(work):
    seeds = work.for_seeds(lambda seed: measure(work, seed))
    rows = []
    for key, name in NAMES.items():
        of = {figure: [seed[key][figure] for seed in seeds] for figure in seeds[0][key]}
        rows.append([name, spread(of["accuracy"]), spread(of["f1"]), count(of["weights"]), count(of["flash"]),
                     count(of["arena"]), count(of["instructions"])])
    return f"""## Activities from a phone's sensors (HAR)

27 features of windows of six axes, five activities, 19 subjects. A seed decides who is tested (about five subjects, whom
neither training nor validation saw) and every random number. The rate of learning, the same for all nets, was chosen by
validation subjects, of whom some are tested by other seeds. Weights are weights, what says where they stand, and biases; flash
is all of the linked image; instructions are those of one inference on qemu-cortex-m4.

Zeros stand where the schedule of Zhu and Gupta put them while training: 72 % of the two layers that are pruned, 70 % of all.
Their image is built with `--optimize size`; without it the dense kernel is taken, which is faster. The teacher has 40,709
parameters, 76 times the student's 533. The student is trained alike with it and without; each seed takes the temperature
({TEMPERATURES[0]} or {TEMPERATURES[1]}) and the share of the teacher in the loss ({ALPHAS[0]} or {ALPHAS[1]}) that its validation subjects liked best.

{table(["model", "accuracy, %", "macro F1, %", "weights, bytes", "flash, bytes", "arena, bytes", "instructions"], rows)}
{table(["bound", "measured", ""], bounds(seeds))}"""
