"""MLServer: `mlserver start FOLDER`. It has no binary form over REST, so pictures come as base64 in JSON."""

import common
from mlserver import MLModel
from mlserver.codecs import Base64Codec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse


class CatDog(MLModel):
    async def load(self) -> bool:
        self.run = common.load_graph()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        (encoded,) = Base64Codec.decode_input(payload.inputs[0])
        label = common.answer(self.run(common.decode(encoded)))["label"]
        return InferenceResponse(model_name=self.name, outputs=[StringCodec.encode_output("label", [label])])
