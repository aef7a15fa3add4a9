"""Compares exports of the log of predictions with Evidently: evidently-drift.py REFERENCE.parquet CURRENT.parquet...

Prints, as JSON, for each of CURRENT how pandas reads it, which columns of the report drifted, and what the tests say.
"""

import json
import sys

import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

NUMBERS = ["brightness", "confidence"]
WORDS = ["label"]


def dataset(path):
    frame = pandas.read_parquet(path)
    definition = DataDefinition(numerical_columns=NUMBERS, categorical_columns=WORDS)
    return frame, Dataset.from_pandas(frame[[*NUMBERS, *WORDS]], data_definition=definition)


def compare(path, reference):
    frame, current = dataset(path)
    report = Report([DataDriftPreset()], include_tests=True)
    run = json.loads(report.run(current, reference).json())
    drifts = [each for each in run["metrics"] if each["config"]["type"].endswith("ValueDrift")]
    return {
        "time": str(frame["time"].dtype),
        "rows": len(frame),
        "drifted": [each["config"]["column"] for each in drifts if each["value"] < each["config"]["threshold"]],
        "tests": {
            test["metric_config"]["params"]["column"]: test["status"] for test in run["tests"] if test["id"] == "drift"
        },
    }


_, reference = dataset(sys.argv[1])
print(json.dumps([compare(path, reference) for path in sys.argv[2:]]))
