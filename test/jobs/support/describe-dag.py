"""Prints what Airflow makes of a folder of DAGs, as one line of JSON behind `RESULT `."""

import json
import sys

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(sys.argv[1])
dags = {
    name: {
        "max_active_runs": dag.max_active_runs,
        "catchup": dag.catchup,
        "schedule": dag.schedule,
        "tasks": [
            {
                "name": task.task_id,
                "command": [*task.cmds, *task.arguments],
                "downstream": sorted(task.downstream_task_ids),
                "image": task.image,
                "retries": task.retries,
                "token": task.automount_service_account_token,
                "mounts": sorted(mount.mount_path for mount in task.volume_mounts),
            }
            for task in dag.topological_sort()
        ],
    }
    for name, dag in bag.dags.items()
}
print("RESULT", json.dumps({"errors": bag.import_errors, "dags": dags}))
