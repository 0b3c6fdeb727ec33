"""Section of bench/learn.py: input that cannot be learned from, and what whit says."""
import subprocess

from learn_har import DENSE
from learn_work import verdict
from page import table

DATA = """[data]
kind = "table"
path = "{file}"
columns = ["a", "b"]
label = "y"
classes = ["no", "yes"]
[data.split]
by = "stratified"
"""
ROWS = [f"{i},{i * i % 11},{'yes' if i * i % 11 > 5 else 'no'}" for i in range(1000)]


def with_row(number, text):
    return [*ROWS[:number - 1], text, *ROWS[number:]]


# Name in the table -> lines of the file.
FILES = {
    "ragged CSV": ["a,b,y", *with_row(57, "1,2")],
    "NaN": ["a,b,y", *with_row(57, "nan,3,yes")],
    "a number that is none": ["a,b,y", *with_row(57, "1.5.2,3,yes")],
    "wrong header": ["a,c,y", *ROWS],
    "empty file": [],
    "a header alone": ["a,b,y"],
    "one class only": ["a,b,y", *(row.replace("yes", "no") for row in ROWS)],
}


def attempt(work, *command):
    """The row of a command that must fail with one error, and whether it did."""
    done = subprocess.run([work.whit, *map(str, command)], capture_output=True, text=True, cwd=work.folder)
    message = done.stderr.strip().replace(str(work.folder) + "/", "")
    clear = done.returncode in (1, 2, 3, 4) and message.count("whit:") == 1
    return ["`" + " ".join(message.split()) + "`", done.returncode, verdict(clear)]


def section(work):
    rows = []
    for name, lines in FILES.items():
        stem = "bad_" + "_".join(name.split())
        (work.folder / f"{stem}.csv").write_text("".join(line + "\n" for line in lines))
        (work.folder / f"{stem}.toml").write_text(DATA.format(file=f"{stem}.csv") + DENSE)
        rows.append([name, *attempt(work, "train", f"{stem}.toml", "-o", f"{stem}.tflite")])
    (work.folder / "good.csv").write_text("a,b,y\n" + "\n".join(ROWS) + "\n")
    (work.folder / "good.toml").write_text(DATA.format(file="good.csv") + DENSE)
    work.run("train", "good.toml", "-o", "good.tflite")
    work.run("data", "good.toml", "-o", "good")
    rows.append(["a budget that nothing can meet",
                 *attempt(work, "quantize", "good.tflite", "-o", "tiny.tflite", "--data", "good", "--calibrate", "validation",
                          "--test", "test", "--force", "--max-weight-bytes", "10")])
    return f"""## Input that cannot be learned from

1,000 rows, one thing wrong with each file. What `whit` says, and its exit code.

{table(["input", "message", "exit code", "one clear error"], rows)}"""
