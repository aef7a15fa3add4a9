"""What the Kubeflow pipeline and the Airflow DAG have in common with the CronJob: the steps, the settings, what is mounted."""

from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parent

# Objects of k8s/jobs/orchestrated, and Secrets that may be there.
SETTINGS = "retrain-settings"
CREDENTIALS = "retrain-credentials"
SERVICE_ACCOUNT = "retrain"
CLAIMS = {"retrain-data": "/data", "retrain-work": "/work"}
SECRETS = {"retrain-git": "/secrets/git", "retrain-registry": "/secrets/registry", "retrain-signing": "/secrets/signing"}

# Of the image; also the group of the volumes.
USER = 1000

# The same in every installation.
ENVIRONMENT = {
    "DOCKER_CONFIG": "/secrets/registry",
    "GIT_TERMINAL_PROMPT": "0",
}


@dataclass(frozen=True)
class Step:
    """One container of the `cli` image."""

    name: str
    # Lines for `sh -euc`.
    run: str
    # How often it is tried again: a network may be down for a moment, a gate says no for good.
    retries: int
    # Kubernetes quantities.
    cpu: str
    memory: str

    @property
    def command(self) -> list[str]:
        return ["sh", "-euc", self.run]


def read_steps() -> list[Step]:
    """The steps of steps.yaml, in order."""
    return [Step(**step) for step in yaml.safe_load((FOLDER / "steps.yaml").read_text())["steps"]]


def read_settings() -> dict[str, str]:
    """The lines of base/settings.env, as kustomize reads them: NAME=value, without quotes."""
    lines = (FOLDER / "base" / "settings.env").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in pairs}
