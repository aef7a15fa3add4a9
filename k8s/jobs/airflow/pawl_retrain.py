"""Retraining as an Airflow DAG (Airflow 3, apache-airflow-providers-cncf-kubernetes): the steps of the CronJob, a pod each.

Put the repository, or the folder k8s/jobs, into the DAG bundle. Before the first run:
`kubectl apply -k k8s/jobs/orchestrated -n NAMESPACE`, where Airflow runs its pods.
"""

import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG, chain
from kubernetes.client import models as k8s

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import retraining  # noqa: E402 - beside this folder

settings = retraining.read_settings()

volumes = [
    *(
        k8s.V1Volume(name=name, persistent_volume_claim=k8s.V1PersistentVolumeClaimVolumeSource(claim_name=name))
        for name in retraining.CLAIMS
    ),
    *(
        k8s.V1Volume(name=name, secret=k8s.V1SecretVolumeSource(secret_name=name, optional=True))
        for name in retraining.SECRETS
    ),
    k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="2Gi")),
]
mounts = [
    *(
        k8s.V1VolumeMount(name=name, mount_path=path, read_only=name == "retrain-data")
        for name, path in retraining.CLAIMS.items()
    ),
    *(k8s.V1VolumeMount(name=name, mount_path=path, read_only=True) for name, path in retraining.SECRETS.items()),
    k8s.V1VolumeMount(name="tmp", mount_path="/tmp"),
]


def pod(step: retraining.Step) -> KubernetesPodOperator:
    """A step as a task."""
    return KubernetesPodOperator(
        task_id=step.name,
        name=f"retrain-{step.name}",
        image=settings["IMAGE"],
        cmds=step.command[:-1],
        arguments=step.command[-1:],
        env_from=[
            k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name=retraining.SETTINGS)),
            k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=retraining.CREDENTIALS, optional=True)),
        ],
        env_vars=[k8s.V1EnvVar(name=name, value=value) for name, value in retraining.ENVIRONMENT.items()],
        volumes=volumes,
        volume_mounts=mounts,
        container_resources=k8s.V1ResourceRequirements(
            requests={"cpu": step.cpu, "memory": step.memory}, limits={"memory": step.memory}
        ),
        service_account_name=retraining.SERVICE_ACCOUNT,
        automount_service_account_token=False,
        security_context=k8s.V1PodSecurityContext(
            run_as_non_root=True,
            run_as_user=retraining.USER,
            run_as_group=retraining.USER,
            fs_group=retraining.USER,
            seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
        ),
        container_security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
        retries=step.retries,
        retry_delay=timedelta(seconds=30),
        execution_timeout=timedelta(hours=4),
        on_finish_action="delete_succeeded_pod",
    )


with DAG(
    dag_id="pawl_retrain",
    description="Photographs to a signed bundle, and a commit that offers it to staging",
    schedule=settings["SCHEDULE"],
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    # One at a time: they share a folder, and would race for the same version.
    max_active_runs=1,
    tags=["pawl"],
):
    chain(*(pod(step) for step in retraining.read_steps()))
