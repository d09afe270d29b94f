"""The Job in deploy/kubernetes as Kubernetes would start it.

Shared by the checks of the manifests and by those that run the Job's pods as
local processes, so that what is run is what is written there.
"""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "deploy" / "kubernetes"
VARIABLE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)")


def read(text):
    """The documents of a manifest, by kind."""
    return {document["kind"]: document for document in yaml.safe_load_all(text) if document}


def as_written():
    """The manifests as they stand in the folder, by kind."""
    paths = sorted(FOLDER.glob("*.yaml"))
    return {kind: doc for path in paths for kind, doc in read(path.read_text()).items()}


def container(job):
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return only


def environments(job):
    """What each pod's container has in its environment, by completion index."""
    for index in range(job["spec"]["completions"]):
        given = {entry["name"]: entry["value"] for entry in container(job).get("env", [])}
        # The Job's controller appends it.
        yield given | {"JOB_COMPLETION_INDEX": str(index)}


def filled_in(text, environment):
    """`$(NAME)` filled in as the kubelet does it: `$$` is a dollar, an unknown name stays."""
    def value(match):
        if match[0] == "$$":
            return "$"
        return environment.get(match[1], match[0])
    return VARIABLE.sub(value, text)


def pods(job):
    """The arguments of each pod's container, by completion index."""
    arguments = container(job)["args"]
    return [[filled_in(text, env) for text in arguments] for env in environments(job)]


def option(arguments, name):
    """The value of `--NAME=VALUE`, which has to stand there once."""
    (value,) = [text.split("=", 1)[1] for text in arguments if text.startswith(f"--{name}=")]
    return value


def writable(job):
    """The folders of the container that it can write."""
    spec = job["spec"]["template"]["spec"]
    names = [volume["name"] for volume in spec["volumes"] if "emptyDir" in volume or "persistentVolumeClaim" in volume]
    found = [mount for mount in container(job)["volumeMounts"] if mount["name"] in names]
    return [mount["mountPath"] for mount in found if not mount.get("readOnly")]


def mounts(job, config_map):
    """What is mounted from the ConfigMap: {path in the container: text}."""
    spec = job["spec"]["template"]["spec"]
    (volume,) = [v for v in spec["volumes"] if v.get("configMap", {}).get("name") == config_map["metadata"]["name"]]
    (mount,) = [m for m in container(job)["volumeMounts"] if m["name"] == volume["name"]]
    return {f"{mount['mountPath']}/{name}": text for name, text in config_map["data"].items()}
