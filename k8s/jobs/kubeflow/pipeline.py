"""Retraining as a Kubeflow pipeline: `pip install 'kfp[kubernetes]'`, then `python k8s/jobs/kubeflow/pipeline.py pipeline.yaml`.

Before the first run: `kubectl apply -k k8s/jobs/orchestrated -n NAMESPACE`, where the runs are.
"""

import sys
from pathlib import Path

from kfp import compiler, dsl, kubernetes

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import retraining  # noqa: E402 - beside this folder

# Longest time for one step, seconds.
STEP_TIMEOUT = 4 * 60 * 60


def component(step: retraining.Step, image: str):
    """A step as a component; its name is what the graph shows."""

    def container():
        return dsl.ContainerSpec(image=image, command=step.command[:-1], args=step.command[-1:])

    container.__name__ = step.name
    return dsl.container_component(container)


def furnish(task: dsl.PipelineTask, step: retraining.Step, settings: dict[str, str]) -> None:
    """Gives a step what the CronJob's containers have."""
    # What it does depends on photographs and on Git, which no cache key of Kubeflow sees.
    task.set_caching_options(False)
    task.set_retry(step.retries, backoff_duration="30s")
    task.set_cpu_request(step.cpu).set_memory_request(step.memory).set_memory_limit(step.memory)
    for name, value in retraining.ENVIRONMENT.items():
        task.set_env_variable(name, value)
    kubernetes.use_config_map_as_env(task, retraining.SETTINGS, {name: name for name in settings})
    for claim, path in retraining.CLAIMS.items():
        kubernetes.mount_pvc(task, claim, path)
    for secret, path in retraining.SECRETS.items():
        kubernetes.use_secret_as_volume(task, secret, path, optional=True)
    kubernetes.set_security_context(
        task, run_as_user=retraining.USER, run_as_group=retraining.USER, run_as_non_root=True
    )
    kubernetes.set_timeout(task, STEP_TIMEOUT)


@dsl.pipeline(
    name="pawl-retrain",
    description="Photographs to a signed bundle, and a commit that offers it to staging",
)
def pawl_retrain():
    settings = retraining.read_settings()
    before = None
    for step in retraining.read_steps():
        task = component(step, settings["IMAGE"])()
        furnish(task, step, settings)
        if before is not None:
            task.after(before)
        before = task


if __name__ == "__main__":
    compiler.Compiler().compile(pawl_retrain, sys.argv[1] if len(sys.argv) > 1 else "pipeline.yaml")
