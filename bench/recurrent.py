"""Recurrent regressions for bench/compress.py: a series, and an LSTM and a GRU that forecast it, as .onnx.

The series is the swing of a damped oscillator (period 24 steps, 5 % lost a step) that random kicks drive, measured with
noise. A model sees 32 steps of kick and measurement and forecasts the swing 2 steps after the last. Its recurrent layer is
a reservoir (Jaeger, 2001): random weights, recurrent ones of spectral radius 0.9; the readout is fitted to 4,000 windows by
ridge regression. So every number follows from the seeds.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

STEPS, UNITS, AHEAD = 32, 32, 2


def windows(count, seed):
    """[count, STEPS, 2] of kick and measurement, and the swing AHEAD steps later, [count]. Windows do not overlap."""
    random = np.random.default_rng(seed)
    stride = STEPS + AHEAD
    total = 200 + count * stride
    kicks = random.normal(0, 1, total) * (random.random(total) < 0.2)
    pole = 0.95 * np.exp(2j * np.pi / 24)
    state, swing = 0j, np.zeros(total)
    for t in range(total):
        state = pole * state + kicks[t]
        swing[t] = state.imag
    measured = swing + random.normal(0, 0.1, total)
    first = 200 + stride * np.arange(count)
    rows = first[:, None] + np.arange(STEPS)
    x = np.stack([kicks[rows], measured[rows]], axis=2).astype(np.float32)
    return x, swing[first + STEPS - 1 + AHEAD].astype(np.float32)


def weights(gates, random):
    w = random.uniform(-0.7, 0.7, (1, gates * UNITS, 2))
    parts = [random.normal(0, 1, (UNITS, UNITS)) for _ in range(gates)]
    r = np.concatenate([0.9 * part / np.abs(np.linalg.eigvals(part)).max() for part in parts])[None]
    b = random.uniform(-0.3, 0.3, (1, 2 * gates * UNITS))
    return [array.astype(np.float32) for array in (w, r, b)]


def logistic(x):
    return 1 / (1 + np.exp(-x))


def last_hidden(kind, x, w, r, b):
    """The layer's last hidden state by ONNX's formulas (GRU: linear_before_reset=1)."""
    h = c = np.zeros((len(x), UNITS))
    wb, rb = np.split(b[0], 2)
    for t in range(x.shape[1]):
        a, s = x[:, t] @ w[0].T + wb, h @ r[0].T + rb
        if kind == "LSTM":
            i, o, f, g = np.split(a + s, 4, axis=1)
            c = logistic(f) * c + logistic(i) * np.tanh(g)
            h = logistic(o) * np.tanh(c)
        else:
            (az, ar, an), (sz, sr, sn) = np.split(a, 3, axis=1), np.split(s, 3, axis=1)
            z = logistic(az + sz)
            h = (1 - z) * np.tanh(an + logistic(ar + sr) * sn) + z * h
    return h


def write_model(kind, path):
    """Fits and writes the model: x [1,STEPS,2] to y [1,1]."""
    w, r, b = weights(4 if kind == "LSTM" else 3, np.random.default_rng(7))
    x, y = windows(4000, seed=1)
    h = np.concatenate([last_hidden(kind, x, w, r, b), np.ones((len(x), 1))], axis=1)
    readout = np.linalg.solve(h.T @ h + 1.0 * np.eye(UNITS + 1), h.T @ y).astype(np.float32)
    constants = {"w": w, "r": r, "b": b, "readout": readout[:-1, None], "offset": readout[-1:],
                 "flat": np.array([1, UNITS])}
    layer = helper.make_node(kind, ["steps", "w", "r", "b"], ["", "last"], "recurrent", hidden_size=UNITS,
                             **({"linear_before_reset": 1} if kind == "GRU" else {}))
    nodes = [helper.make_node("Transpose", ["x"], ["steps"], perm=[1, 0, 2]), layer,
             helper.make_node("Reshape", ["last", "flat"], ["features"]),
             helper.make_node("Gemm", ["features", "readout", "offset"], ["y"])]
    graph = helper.make_graph(
        nodes, kind.lower(), [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, STEPS, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))


def write_data(folder, count):
    """Windows that the fit has not seen: x.npy and y.npy. The spread of y."""
    x, y = windows(count, seed=2)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    return float(y.std())
