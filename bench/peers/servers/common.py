"""What the Python servers share: settings by environment, decoding, the graph, the shape of the answer.

MODEL   path of the ONNX graph: uint8 NHWC in, a logit out
INPUT   its name, SIZE its width and height, OUTPUT the name of the logit
LABELS  two, separated by a comma
"""

import io
import math
import os

import numpy as np
from PIL import Image, ImageOps

MODEL = os.environ["MODEL"]
INPUT = os.environ.get("INPUT", "image")
OUTPUT = os.environ.get("OUTPUT", "logit")
SIZE = int(os.environ["SIZE"])
LABELS = os.environ.get("LABELS", "cat,dog").split(",")


def from_pillow(image: Image.Image, gap: float | None = None) -> np.ndarray:
    """A picture as the input tensor: upright, RGB, Lanczos to the size of the input."""
    upright = ImageOps.exif_transpose(image).convert("RGB")
    small = upright.resize((SIZE, SIZE), Image.Resampling.LANCZOS, reducing_gap=gap)
    return np.asarray(small)[np.newaxis]


def decode_pillow(encoded: bytes) -> np.ndarray:
    """As a tutorial does it."""
    return from_pillow(Image.open(io.BytesIO(encoded)))


def decode_draft(encoded: bytes) -> np.ndarray:
    """As an expert does it with Pillow: libjpeg scales while it decodes, down to twice the input at the least."""
    image = Image.open(io.BytesIO(encoded))
    image.draft("RGB", (2 * SIZE, 2 * SIZE))
    return from_pillow(image, gap=2.0)


def decode_turbo(encoded: bytes) -> np.ndarray:
    """The fastest of PyPI: libjpeg-turbo's scaled decode and OpenCV's area resize. What is no plain JPEG goes to Pillow."""
    import cv2
    import simplejpeg

    cv2.setNumThreads(1)
    if encoded.startswith(b"\xff\xd8") and b"Exif\0\0" not in encoded[:4096]:
        try:
            pixels = simplejpeg.decode_jpeg(
                encoded, "RGB", fastdct=True, fastupsample=True, min_height=SIZE, min_width=SIZE, min_factor=1
            )
            return cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_AREA)[np.newaxis]
        except ValueError:
            pass
    return decode_draft(encoded)


DECODERS = {"pillow": decode_pillow, "draft": decode_draft, "turbo": decode_turbo}
decode = DECODERS[os.environ.get("DECODE", "pillow")]


def onnxruntime_graph():
    """The graph as a function from a tensor to its logit, in a session of one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(MODEL, options, providers=["CPUExecutionProvider"])
    return lambda tensor: float(session.run([OUTPUT], {INPUT: tensor})[0].ravel()[0])


def openvino_graph():
    """The same in OpenVINO. One request at a time: a server calls it from several threads."""
    import threading

    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    compiled = core.compile_model(core.read_model(MODEL), "CPU", settings)
    request, output, lock = compiled.create_infer_request(), compiled.output(OUTPUT), threading.Lock()

    def run(tensor: np.ndarray) -> float:
        with lock:
            return float(request.infer({INPUT: tensor})[output].ravel()[0])

    return run


def load_graph():
    """The graph in the engine that ENGINE names, warm."""
    run = openvino_graph() if os.environ.get("ENGINE") == "openvino" else onnxruntime_graph()
    run(np.zeros((1, SIZE, SIZE, 3), np.uint8))
    return run


def answer(logit: float) -> dict:
    """What every server says of a picture."""
    second = 1 / (1 + math.exp(-logit))
    values = (1 - second, second)
    index = int(second >= 0.5)
    named = {f"{label}_probability": round(value, 4) for label, value in zip(LABELS, values)}
    return {"label": LABELS[index], "confidence": round(values[index], 4), **named}
