"""What the sections of bench/learn.py share: running whit without doing a step twice, recipes, and figures of several
seeds as text."""
import concurrent.futures
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HAR_RECIPE = ROOT / "examples" / "har" / "recipe.toml"
# How the nets of the activities are trained; the rate is the one that validation subjects liked best.
TRAIN = """
[train]
epochs = 40
batch_size = 64
learning_rate = 0.003
optimizer = "adamw"
weight_decay = 0.05
schedule = "cosine"
label_smoothing = 0.1
noise = 0.3
"""


def net(architecture, **options):
    """[model] of a recipe."""
    return "".join([f'[model]\narchitecture = "{architecture}"\n', *(f"{k} = {v}\n" for k, v in options.items())])


class Work:
    """The program, the data, and a folder of models where a step that is done stays done."""

    def __init__(self, arguments):
        self.whit = arguments.whit.resolve()
        self.speed = arguments.speed.resolve()
        self.shared = arguments.shared.resolve()
        self.folder = arguments.work.resolve()
        self.seeds = range(1, arguments.seeds + 1)
        self.folder.mkdir(parents=True, exist_ok=True)
        programs = [self.whit, self.whit.parent / "whit-learn"]
        self.programs = [hashlib.sha256(program.read_bytes()).hexdigest() for program in programs]

    def run(self, *command, codes=(0,)):
        """What the verb printed on its output."""
        done = subprocess.run([self.whit, *map(str, command)], capture_output=True, text=True, cwd=self.folder)
        if done.returncode not in codes:
            sys.exit(f"whit {' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
        return done.stdout

    def once(self, output, *command, reads=(), codes=(0,)):
        """The same for a command that writes `output`; not again when the same programs have done so from the same files."""
        digest = hashlib.sha256(json.dumps([str(c) for c in command] + self.programs).encode())
        for file in reads:
            digest.update(Path(file).read_bytes())
        note = self.folder / f"{output.name}.done"
        if note.is_file() and output.exists():
            done = json.loads(note.read_text())
            if done["digest"] == digest.hexdigest():
                return done["printed"]
        printed = self.run(*command, codes=codes)
        note.write_text(json.dumps({"digest": digest.hexdigest(), "printed": printed}))
        return printed

    def for_seeds(self, function):
        """[function(seed)], two at a time on two cores."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(function, self.seeds))

    def bench(self, model, *options):
        """What it costs on the Cortex-M4."""
        cost = json.loads(self.run("bench", model, "--json", *options))
        return {"flash": cost["code_bytes"] + cost["weights_bytes"], "weights": cost["weights_bytes"],
                "arena": cost["arena_bytes"], "instructions": cost["instructions"]}


class HarSeed:
    """Models of one seed, which decides who is tested and every random number of the training."""

    def __init__(self, work, seed, name="har", raw=False):
        self.work, self.seed, self.name = work, seed, f"{name}{seed}"
        text = HAR_RECIPE.read_text().split("[model]")[0]
        path = tomllib.loads(text)["data"]["path"]
        text = text.replace(path, str(work.shared / "data" / "har_spsw" / Path(path).name))
        if raw:
            text = text.replace('[data.features]\nkind = "motion"\n', "")
        self.data_text = text.replace("seed = 1", f"seed = {seed}")
        self.data = work.folder / f"{self.name}_data"
        work.once(self.data, "data", self.recipe("data", ""), "-o", self.data, reads=[self.recipe("data", "")])

    def recipe(self, name, text):
        path = self.work.folder / f"{self.name}_{name}.toml"
        path.write_text(self.data_text + text)
        return path

    def train(self, name, text, verb="train", suffix=".tflite", reads=()):
        """(file, the last line of JSON)"""
        file = self.work.folder / f"{self.name}_{name}{suffix}"
        recipe = self.recipe(name, text)
        printed = self.work.once(file, verb, recipe, "-o", file, "--seed", self.seed, "--json", reads=[recipe, *reads])
        return file, [json.loads(line) for line in printed.splitlines()]

    def quantize(self, file, name, *options):
        out = self.work.folder / f"{self.name}_{name}.tflite"
        self.work.once(out, "quantize", file, "-o", out, "--data", self.data, "--calibrate", "validation", "--test", "test",
                       "--max-drop", "100", "--force", *options, reads=[file])
        return out

    def score(self, file, part="test"):
        result = json.loads(self.work.run("evaluate", file, "--data", self.data, "--split", part, "--json"))
        return {"accuracy": 100 * result["value"], "f1": 100 * result["macro_f1"]}


def spread(values, digits=1):
    """Mean and range of what the seeds gave."""
    values = list(values)
    return f"{statistics.mean(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def count(values):
    return f"{round(statistics.mean(list(values))):,}"


def verdict(met):
    return "met" if met else "**missed**"
