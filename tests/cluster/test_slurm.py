"""The scripts for SLURM that the document shows: SLURM itself is not here, so bash runs them one beside the other."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cluster import Archive, Record, free_port
from support.ears import light_ear
from support.parsing import parsed

from voicemark.cli.main import app
from voicemark.voice.encoder import Encoder

DOCUMENT = Path(__file__).parents[2] / "docs/cluster.md"
SCRIPTS = re.findall(r"```bash\n(#!/bin/bash\n.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [
    line.rstrip("&").split(maxsplit=1)[1]
    for line in "\n".join(re.findall(r"^(?: {4,})?voicemark .*$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    .replace("$SLURM_CPUS_PER_TASK", "16")
    .splitlines()
]
HEARS = """#!{python}
from voicemark.cluster import post, serving
post.EAR = {ear!r}
from voicemark.cli.main import run
run()
"""


@pytest.mark.parametrize("script", SCRIPTS)
def test_bash_and_sbatch_can_read_it(script: str, tmp_path: Path) -> None:
    path = tmp_path / "job.sh"
    path.write_text(script)
    assert subprocess.run(["bash", "-n", path], capture_output=True, text=True).stderr == ""
    options = [line for line in script.splitlines() if line.startswith("#SBATCH")]
    assert options and all(re.fullmatch(r"#SBATCH( --[a-z-]+=\S+)+", line) for line in options)


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_a_command_of_the_document_is_one_that_there_is(command: str) -> None:
    words = re.split(r"\s+#\s", command)[0]
    parsed(app, [re.sub(r'^"|"$', "", word) for word in re.findall(r'"[^"]*"|\S+', words)])


def test_both_scripts_together_hear_what_there_is_and_end(
    tmp_path: Path,
    machine: Callable[..., Path],
    archive: Archive,
    record: Record,
    ears: Path,
    encoder: Encoder,
) -> None:
    for name in ("a.ts", "b.ts"):
        record(name)
    home, programs, port = tmp_path / "account", tmp_path / "bin", str(free_port())
    (home / "voicemark").mkdir(parents=True)
    config = machine("node").read_text().replace('"video"', f'"{archive.video}"')
    (home / "voicemark/config.toml").write_text(config.replace("voicemark.db", str(archive.database)))
    programs.mkdir()
    (programs / "voicemark").write_text(HEARS.format(python=sys.executable, ear=light_ear(ears, encoder.model_id)))
    (programs / "hostname").write_text("#!/bin/sh\necho 127.0.0.1\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    environment = os.environ | {
        "HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}", "SLURM_CPUS_PER_TASK": "1"
    }  # fmt: skip
    jobs = []
    first, workers = (script.replace("8786", port) for script in SCRIPTS)
    # SLURM starts the array minutes after the first job.
    behind = f"until (: > /dev/tcp/127.0.0.1/{port}) 2> /dev/null; do sleep 0.1; done\n"
    try:
        for script in (first, behind + workers):
            jobs.append(
                subprocess.Popen(
                    ["bash", "-c", script], env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
                )
            )
        said = [job.communicate(timeout=120)[1] for job in jobs]
    finally:
        for job in jobs:
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
    assert "2 heard; the queue: 2 done" in said[0], said
    assert "1 workers hear for" in said[1], said
    assert archive.jobs() == dict.fromkeys(("a.ts", "b.ts"), ("done", 1, None))
