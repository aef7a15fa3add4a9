"""BentoML: `bentoml serve bento_app:CatDog`."""

import os

import bentoml
import common
from PIL.Image import Image


@bentoml.service(name="catdog", workers=int(os.environ["WORKERS"]), traffic={"timeout": 60})
class CatDog:
    def __init__(self):
        self.run = common.load_graph()

    @bentoml.api
    def predict(self, file: Image) -> dict:
        return common.answer(self.run(common.from_pillow(file)))
