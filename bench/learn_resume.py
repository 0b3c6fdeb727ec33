"""Section of bench/learn.py: training killed at random moments and resumed."""
import hashlib
import random
import signal
import subprocess
import time

from learn_har import DENSE
from learn_work import HarSeed, verdict
from page import table

KILLS, EPOCHS = 10, 100
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
    for epoch in sorted(moments.sample(range(1, EPOCHS), KILLS)):
        process = subprocess.Popen(command, cwd=work.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(epoch):  # resumed, it first prints the epochs that it has
            process.stdout.readline()
        after = moments.uniform(0, seconds / EPOCHS)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            rows.append([len(rows) + 1, f"{after:.2f} s after epoch {epoch}"])
    if not killed.exists():
        work.run("train", recipe, "-o", killed, "--json", "--resume")
    same = digest(whole) == digest(killed)
    return f"""## Resume

One recipe, two trainings one after the other: 80 epochs in which a schedule puts 70 % zeros, then 20 as int4. It is killed
(SIGKILL) {KILLS} times, each time a random while after one of the {EPOCHS} epochs drawn at random, and resumed with `--resume`.

{table(["kill", "at"], rows)}
{table(["bound", "measured", ""],
       [["ten kills, and the model is that of the run that was left alone, bit for bit",
         f"{len(rows)} kills, {'the same' if same else 'another'} SHA-256 ({digest(whole)[:16]}...)",
         verdict(same and len(rows) == KILLS)]])}"""
