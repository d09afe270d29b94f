"""Runs the pods of the Job in deploy/kubernetes as processes of this machine.

usage: pods.py FALSETRAIL EVENTS BOOTSTRAP TOPIC [login=CA] [repeated=I:N] [continued=I:N]
       pods.py FALSETRAIL EVENTS FOLDER

Each process gets the arguments that the Job's pod gets, but for where the
broker is and how many events the run has, and a rate at which these are long
stories. Prints how many records were acknowledged more than the run has events.

With `login=CA` the brokers are found by TLS, and the lines for a login, which
are comments in kafka.properties, are none: KAFKA_USERNAME and KAFKA_PASSWORD
are those of this program's environment, as a Secret gives them to a pod.

`repeated=I:N` is a pod with index I that ended within the run's first N events
and was replaced by another, which repeats the shard; `continued=I:N` one whose
replacement skips these N.

With FOLDER the same run is written there undivided, a file for each story.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import manifests


# 20,000 events are 400 seconds: time for stories of many events.
RATE = "--rate=50/s"


class Program:
    """The binary in the place of the image, with the files where the Job mounts them."""

    def __init__(self, binary, events, folder, change=lambda properties: properties):
        self.binary = Path(binary).resolve()
        self.events = events
        self.folder = Path(folder)
        self.lists = 0
        documents = manifests.as_written()
        self.pods = manifests.pods(documents["Job"])
        self.paths = {}
        for path, text in manifests.mounts(documents["Job"], documents["ConfigMap"]).items():
            if path.endswith(".properties"):
                text = change(text)
            self.paths[path] = self.mount(Path(path).name, text)

    def mount(self, name, text):
        """A file as the kubelet mounts it: a link into a folder that is itself reached through a link."""
        data = self.folder / "..2026_01_05"
        data.mkdir(exist_ok=True)
        (data / name).write_text(text)
        if not (self.folder / "..data").is_symlink():
            (self.folder / "..data").symlink_to(data.name)
        (self.folder / name).symlink_to(Path("..data", name))
        return str(self.folder / name)

    def start(self, arguments, *more, **values):
        """Starts it with these arguments, the values of some options replaced; each pod has a folder for its list."""
        arguments = [self.there(text) for text in arguments]
        if any(text.startswith("--topic=") for text in arguments):
            self.lists += 1
            values["undelivered"] = self.folder / f"undelivered-{self.lists}.ndjson"
        for name, value in {"events": self.events, **values}.items():
            before = f"--{name}={manifests.option(arguments, name)}"
            arguments[arguments.index(before)] = f"--{name}={value}"
        return subprocess.Popen([self.binary, *arguments, RATE, *more], stderr=subprocess.PIPE, text=True)


    def there(self, argument):
        """An argument, with the path of a mounted file on this machine."""
        option, equals, path = argument.rpartition("=")
        return option + equals + self.paths.get(path, path)


def finished(process):
    """What it said on standard error; it has to end well."""
    _, said = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"exit status {process.returncode}:\n{said}")
    return said


def acknowledged(process):
    said = finished(process)
    return int(re.search(r"^topic \S+: ([\d,]+) acknowledged, 0 failed, 0 unknown$", said, re.M)[1].replace(",", ""))


def brokers(bootstrap, authority):
    """What is changed in kafka.properties."""
    def change(text):
        text, changed = re.subn(r"^bootstrap\.servers=.*$", f"bootstrap.servers={bootstrap}", text, flags=re.M)
        if changed != 1:
            raise SystemExit("`bootstrap.servers` was not found")
        if authority:
            text, changed = re.subn(r"^#(s\w+\.\w+=)", r"\1", text, flags=re.M)
            if changed != 4:
                raise SystemExit("the lines for a login were not found")
            text += f"ssl.ca.location={authority}\n"
        return text
    return change


def emit(program, topic, ended):
    """Runs all pods at once, after those that ended before; returns the number of records."""
    there = {"topic": topic}
    records = 0
    more = {}
    for how, index, events in ended:
        records += acknowledged(program.start(program.pods[index], **there | {"events": events}))
        more[index] = [f"--skip={events}"] if how == "continued" else []
    pods = [program.start(pod, *more.get(index, []), **there) for index, pod in enumerate(program.pods)]
    return records + sum(acknowledged(pod) for pod in pods)


def write(program, folder):
    """Writes the undivided run: the arguments of any pod, without its shard and its broker."""
    divided = ("--shard=", "--kafka-config=", "--topic=", "--key=", "--undelivered=")
    arguments = [text for text in program.pods[0] if not text.startswith(divided)]
    finished(program.start(arguments, "--split=instance", f"--output={folder}/"))


def main(binary, events, *rest):
    with tempfile.TemporaryDirectory() as folder:
        if len(rest) == 1:
            write(Program(binary, events, folder), rest[0])
            return
        bootstrap, topic, *more = rest
        authority = "".join(text.removeprefix("login=") for text in more if text.startswith("login="))
        restarts = [text for text in more if not text.startswith("login=")]
        program = Program(binary, events, folder, brokers(bootstrap, authority))
        ended = [re.fullmatch(r"(repeated|continued)=(\d+):(\d+)", text).groups() for text in restarts]
        ended = [(how, int(index), int(first)) for how, index, first in ended]
        print(emit(program, topic, ended) - int(events))


if __name__ == "__main__":
    main(*sys.argv[1:])
