"""Runs a model as MLflow loads it: check-mlflow-model.py TRACKING_URI MODEL_URI PIXELS SHAPE; prints logits as JSON."""

import json
import sys

import mlflow
import numpy
import onnxruntime

tracking_uri, model_uri, pixels, shape = sys.argv[1:]
mlflow.set_tracking_uri(tracking_uri)
mlflow.set_registry_uri(tracking_uri)
batch = numpy.fromfile(pixels, dtype=numpy.uint8).reshape([int(n) for n in shape.split(",")])

graph = mlflow.onnx.load_model(model_uri)
session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
by_flavour = session.run(["logit"], {"image": batch})[0]

function = mlflow.pyfunc.load_model(model_uri)
by_pyfunc = function.predict(batch)["logit"]
metadata = function.metadata.metadata["pawl"]
try:
    function.predict(batch.astype(numpy.float32))
    refused = ""
except mlflow.exceptions.MlflowException as error:
    refused = str(error)

print(
    json.dumps(
        {
            "flavour": by_flavour.ravel().tolist(),
            "pyfunc": by_pyfunc.ravel().tolist(),
            "metadata": metadata,
            "refused": refused,
        }
    )
)
