"""LitServe: `python lit_app.py`."""

import os

import common
import litserve
from fastapi import Request


class CatDog(litserve.LitAPI):
    def setup(self, device):
        self.run = common.load_graph()

    def decode_request(self, request: Request):
        return common.decode(request["file"].file.read())

    def predict(self, tensor):
        return self.run(tensor)

    def encode_response(self, logit):
        return common.answer(logit)


if __name__ == "__main__":
    server = litserve.LitServer(
        CatDog(), accelerator="cpu", devices=1, workers_per_device=int(os.environ["WORKERS"]), timeout=60
    )
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False)
