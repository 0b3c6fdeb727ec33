"""Section of bench/learn.py: training speed beside plain libtorch."""
import subprocess

from learn_work import verdict


def section(work):
    done = subprocess.run([work.speed], capture_output=True, text=True)
    return f"""## Speed

`build/release/bench/learn_speed`: the same nets as plain libtorch modules with its own Adam and cross entropy, in one
process and in turns, so that what else the machine does slows both. The bound is 0.8 of libtorch's samples a second: {verdict(done.returncode == 0)}.

{done.stdout}"""
