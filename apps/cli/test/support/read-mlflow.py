"""
Tells what the real MLflow client reads of a tracking store. For each line [TRACKING_URI, EXPERIMENT, MODEL] of its input
it writes a line {"found": ...} or {"error": TEXT}: imports take seconds, so one process answers many questions.
"""

import json
import sys

from mlflow import MlflowClient


def files(client, run_id, path=None):
    found = []
    for entry in client.list_artifacts(run_id, path):
        found += files(client, run_id, entry.path) if entry.is_dir else [[entry.path, entry.file_size]]
    return found


def describe(client, run):
    run_id = run.info.run_id
    return {
        "id": run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "start": run.info.start_time,
        "end": run.info.end_time,
        "params": run.data.params,
        "tags": run.data.tags,
        "metrics": {
            name: [[m.timestamp, m.step, repr(m.value)] for m in client.get_metric_history(run_id, name)]
            for name in run.data.metrics
        },
        "artifacts": files(client, run_id),
        "datasets": [
            {"name": i.dataset.name, "digest": i.dataset.digest, "context": i.tags[0].value}
            for i in run.inputs.dataset_inputs
        ],
    }


def version(v):
    return {"version": str(v.version), "run_id": v.run_id, "tags": v.tags, "aliases": list(v.aliases)}


def read(uri, experiment_name, model):
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.get_experiment_by_name(experiment_name)
    versions = [client.get_model_version(model, v.version) for v in client.search_model_versions(f"name = '{model}'")]
    return {
        "runs": [describe(client, run) for run in client.search_runs([experiment.experiment_id])],
        "versions": sorted((version(v) for v in versions), key=lambda v: int(v["version"])),
        "candidate": str(client.get_model_version_by_alias(model, "candidate").version) if versions else None,
    }


for line in sys.stdin:
    try:
        answer = {"found": read(*json.loads(line))}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
