"""Section of bench/learn.py: training killed at random moments and resumed."""
import hashlib
import json
import random
import signal
import subprocess
import time

from learn_har import DENSE
from learn_work import HarSeed, table, verdict

KILLS = 10
# Both trainings of one recipe: with zeros that a schedule puts, then as integers.
RECIPE = (DENSE.replace("epochs = 40", "epochs = 80") + '[prune]\nsparsity = "0.7"\nevery_steps = 20\n' +
          '[quantize]\nprecision = "int8_w4"\nepochs = 20\n')


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def section(work):
    har = HarSeed(work, 1, "resume")
    recipe = har.recipe("killed", RECIPE)
    whole, killed = work.folder / "resume_whole.tflite", work.folder / "resume_killed.tflite"
    start = time.monotonic()
    work.run("train", recipe, "-o", whole, "--json")
    seconds = time.monotonic() - start
    for file in work.folder.glob(f"{killed.name}*"):
        file.unlink()
    moments = random.Random(1)
    command = [work.whit, "train", recipe, "-o", killed, "--json", "--resume"]
    rows = []
    while len(rows) < KILLS:
        # On average a sixth of the whole, so that the kills are spread over it: what is undone is done again.
        after = moments.uniform(0.2, seconds / 3)
        process = subprocess.Popen(command, cwd=work.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            process.wait(after)
            break  # it was done before all kills were spent
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        epochs = [json.loads(line)["epoch"] for line in process.communicate()[0].splitlines() if line.endswith("}")]
        rows.append([len(rows) + 1, f"{after:.2f} s", f"{epochs[0]} to {epochs[-1]}" if epochs else "none"])
    if not killed.exists():
        work.run("train", recipe, "-o", killed, "--json", "--resume")
    same = digest(whole) == digest(killed)
    return f"""## Resume

One recipe, two trainings one after the other: 80 epochs in which a schedule puts 70 % zeros, then 20 as int4. It is killed
(SIGKILL) at {KILLS} moments drawn at random, and resumed with `--resume` after each. Alone it takes {seconds:.0f} s. Epochs 1 to 20
after 80 are those as int4.

{table(["kill", "after the start", "epochs that ended"], rows)}
{table(["bound", "measured", ""],
       [["ten kills, and the model is that of the run that was left alone, bit for bit",
         f"{len(rows)} kills, {'the same' if same else 'another'} SHA-256 ({digest(whole)[:16]}...)",
         verdict(same and len(rows) == KILLS)]])}"""
