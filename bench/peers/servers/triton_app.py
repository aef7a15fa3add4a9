"""NVIDIA Triton with instances of a Python callable, by PyTriton: `python triton_app.py`."""

import os

import common
import numpy as np
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig


def instance():
    run = common.load_graph()

    def infer(requests):
        answers = [common.answer(run(common.decode(request["image"].ravel()[0]))) for request in requests]
        return [{"label": np.array([each["label"].encode()])} for each in answers]

    return infer


if __name__ == "__main__":
    config = TritonConfig(
        http_address="127.0.0.1", http_port=int(os.environ["PORT"]), allow_grpc=False, allow_metrics=False
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="catdog",
            infer_func=[instance() for _ in range(int(os.environ["WORKERS"]))],
            inputs=[Tensor(name="image", dtype=bytes, shape=(1,))],
            outputs=[Tensor(name="label", dtype=bytes, shape=(1,))],
            config=ModelConfig(batching=False),
        )
        triton.serve()
