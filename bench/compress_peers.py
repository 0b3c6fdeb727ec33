"""What bench/compress.py needs of other people's tools: their post-training quantization on the same data, a fault written
into a .tflite file, log-mel features. Peers are for comparison; whit itself uses none of them."""
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import peer

PACKAGES = ["ai-edge-litert", "ai-edge-quantizer", "onnx", "onnxruntime", "numpy", "pillow", "soundfile"]


def enter_environment(work):
    """Restarts this program in a virtual environment that has the peers."""
    if os.environ.get("WHIT_COMPRESS_ENVIRONMENT"):
        return
    venv = Path(work).resolve() / "venv"
    python = venv / "bin" / "python"
    if not (venv / "ready").exists():
        for command in ([sys.executable, "-m", "venv", str(venv)], [str(python), "-m", "pip", "install", "-q", *PACKAGES]):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                peer.skip(f"{' '.join(command[:4])}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        (venv / "ready").touch()
    os.environ["WHIT_COMPRESS_ENVIRONMENT"] = "1"
    os.execv(str(python), [str(python), *sys.argv])


def versions():
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("ai-edge-quantizer", "onnxruntime"))


def samples(model):
    """The data of a model as whit reads it: [N, ...] float32 and labels."""
    import csv
    import numpy as np
    options = dict(zip(map(str, model.options[::1]), map(str, model.options[1:])))
    path = Path(options["--data"])
    labels_file, _, column = options["--labels"].partition(":")
    with open(labels_file, newline="") as file:
        rows = list(csv.DictReader(file))
    column = column or "label"
    if path.is_dir():
        from PIL import Image
        labels = {row["file"]: int(row[column]) for row in rows}
        names = sorted(path.rglob("*.jpg"))
        x = np.stack([np.asarray(Image.open(name).convert("RGB"))[:, :, ::-1] for name in names])
        y = np.array([labels[name.name] for name in names])
    else:
        shape = [int(dim) for dim in options["--shape"].split(",")]
        x = np.fromfile(path, {"i8": np.int8, "u8": np.uint8}[options["--type"]]).reshape([-1, *shape])
        y = np.array([int(row[column]) for row in rows])
    mean, std = float(options.get("--mean", 0)), float(options.get("--std", 1))
    return ((x.astype(np.float32) - mean) / std).astype(np.float32), y


def litert_accuracy(content, x, y):
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(model_content=bytes(content))
    interpreter.allocate_tensors()
    given, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    right = 0
    for sample, label in zip(x, y):
        if given["dtype"] != np.float32:
            scale, zero = given["quantization"]
            info = np.iinfo(given["dtype"])
            sample = np.clip(np.round(sample / scale) + zero, info.min, info.max).astype(given["dtype"])
        interpreter.set_tensor(given["index"], sample.reshape(given["shape"]))
        interpreter.invoke()
        right += int(np.argmax(interpreter.get_tensor(result["index"]))) == label
    return right


def quantize_ai_edge(file, x, y, halves):
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_quantizer import quantizer, recipe
    interpreter = Interpreter(model_path=str(file))
    key = next(iter(interpreter.get_signature_list()), None)
    name = interpreter.get_input_details()[0]["name"]
    if key is not None:
        name = interpreter.get_signature_list()[key]["inputs"][0]
    shape = interpreter.get_input_details()[0]["shape"]
    right = 0
    for calibrate, test in halves:
        worker = quantizer.Quantizer(str(file), recipe.static_wi8_ai8())
        data = {key or "serving_default": [{name: sample.reshape(shape)} for sample in x[calibrate]]}
        content = worker.quantize(worker.calibrate(data)).quantized_model
        right += litert_accuracy(content, x[test], y[test])
    return right / len(y)


def quantize_onnxruntime(bench, model, x, y, halves):
    import logging
    import numpy as np
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    logging.disable(logging.WARNING)
    source = bench.work / f"{model.name}.onnx"
    subprocess.run([str(bench.whit), "export", str(model.float_file), "-o", str(source)], check=True, capture_output=True)
    session = onnxruntime.InferenceSession(str(source))
    given = session.get_inputs()[0]

    def shaped(sample):
        if len(given.shape) == 4 and sample.ndim == 3 and list(given.shape[1:]) != list(sample.shape):
            sample = sample.transpose(2, 0, 1)
        return sample.reshape([1, *given.shape[1:]])

    class Reader(CalibrationDataReader):
        def __init__(self, data):
            self.data = iter([{given.name: shaped(sample)} for sample in data])

        def get_next(self):
            return next(self.data, None)

    right = 0
    for calibrate, test in halves:
        target = bench.work / f"{model.name}_ort.onnx"
        quantize_static(str(source), str(target), Reader(x[calibrate]), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
        session = onnxruntime.InferenceSession(str(target))
        for sample, label in zip(x[test], y[test]):
            right += int(np.argmax(session.run(None, {given.name: shaped(sample)})[0])) == label
    return right / len(y)


def quantize(bench, model):
    """Accuracy of each peer's int8 model on the same halves."""
    x, y = samples(model)
    halves = []
    for calibrate, test in model.halves():
        halves.append([slice(*map(int, part.split(":"))) for part in (calibrate, test)])
    plain = bench.work / f"{model.name}_float.tflite"
    subprocess.run([str(bench.whit), "export", str(model.float_file), "-o", str(plain)], check=True, capture_output=True)
    return {"ai-edge-quantizer": quantize_ai_edge(plain, x, y, halves),
            "onnxruntime": quantize_onnxruntime(bench, model, x, y, halves)}


def plant_fault(source, target, factor=1000.0, channels=(1, 5, 9)):
    """Makes channels of the second convolution's output `factor` times smaller and the third's weights for them as much
    larger. Returns the name of the third convolution's output."""
    import flatbuffers
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(Path(source).read_bytes(), 0))
    graph = model.subgraphs[0]
    codes = [code.builtinCode for code in model.operatorCodes]
    convolutions = [op for op in graph.operators if codes[op.opcodeIndex] == schema.BuiltinOperator.CONV_2D]
    first, second = convolutions[1], convolutions[2]

    def scale(op, index, change):
        tensor = graph.tensors[op.inputs[index]]
        values = np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.float32).reshape(tensor.shape).copy()
        change(values)
        model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)

    picked = list(channels)

    def shrink(values):
        values[picked] /= factor

    def grow(values):
        values[..., picked] *= factor

    scale(first, 1, shrink)
    scale(first, 2, shrink)
    scale(second, 1, grow)
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    Path(target).write_bytes(bytes(builder.Output()))
    name = graph.tensors[second.outputs[0]].name
    return name.decode() if isinstance(name, bytes) else name


def write_mel_windows(data, target):
    """1,000 windows of five frames of 128 log-mel bands (16 kHz, 1,024 points, hop 512), as the ad model takes them."""
    import numpy as np
    import soundfile
    rng = np.random.default_rng(1)
    files = sorted((data / "esc10_16k").rglob("*.flac"))
    points = 1024
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 130) / 2595) - 1)
    bins = np.fft.rfftfreq(points, 1 / 16000)
    rising = (bins[None, :] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins[None, :]) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    window = np.hanning(points + 1)[:-1]
    rows = []
    for number in range(1000):
        signal, _ = soundfile.read(files[number % len(files)])
        start = int(rng.integers(0, len(signal) - points - 4 * 512))
        frames = np.stack([signal[start + i * 512:][:points] * window for i in range(5)])
        power = np.abs(np.fft.rfft(frames)) ** 2 @ bank.T
        rows.append(10 * np.log10(np.maximum(power, 1e-10)).reshape(-1))
    np.save(target, np.array(rows, np.float32))
