"""Who may import whom is in pyproject.toml; here, that a breach of it is found."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
BREACHES = [
    ("core/voicemark/voice/match.py", "voicemark.pipeline", {"floors"}),
    ("core/voicemark/recorders/plain.py", "voicemark.pipeline", {"floors"}),
    ("core/voicemark/epg/event.py", "voicemark.cli.output", {"floors"}),
    ("core/voicemark/pipeline.py", "voicemark.cli.output", {"floors", "circles"}),
    ("core/voicemark/voice/match.py", "voicemark.store.schema", {"voice"}),
    ("core/voicemark/store/results.py", "voicemark.voice.turns", {"floors", "store"}),
    ("core/voicemark/actions/scan.py", "voicemark.lab.training.recipe", {"floors", "lab"}),
    ("core/voicemark/demo/compose.py", "voicemark.lab.corpus.noise", {"lab"}),
    ("core/voicemark/audio/demux.py", "voicemarkd.throttle", {"library"}),
    ("daemon/voicemarkd/worker.py", "voicemark.cli.output", {"service"}),
    ("core/voicemark/lab/batches/sampling.py", "voicemark.lab.training.triplets", {"circles"}),
    ("core/voicemark/without_a_floor.py", "voicemark.errors", {"floors"}),
]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source roots, without what is no Python, and the contracts."""
    folder = tmp_path_factory.mktemp("contracts")
    for root in ("core", "daemon"):
        for source in (REPOSITORY / root).rglob("*.py"):
            target = folder / source.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    shutil.copyfile(REPOSITORY / "pyproject.toml", folder / "pyproject.toml")
    return folder


def broken(sources: Path) -> set[str]:
    """The contracts that `lint-imports` finds broken, by their ids."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=sources,
        env={**os.environ, "PYTHONPATH": f"{sources}/core:{sources}/daemon", "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    found = {contract["id"] for contract in CONTRACTS if f"{contract['name']} BROKEN" in done.stdout}
    kept = {contract["id"] for contract in CONTRACTS if f"{contract['name']} KEPT" in done.stdout}
    assert found | kept == {contract["id"] for contract in CONTRACTS}, done.stdout + done.stderr
    assert done.returncode == bool(found)
    return found


def test_the_contracts_are_kept(sources: Path) -> None:
    assert broken(sources) == set()


@pytest.mark.parametrize(("importer", "imported", "contracts"), BREACHES)
def test_a_breach_is_found(sources: Path, importer: str, imported: str, contracts: set[str]) -> None:
    path = sources / importer
    before = path.read_text() if path.exists() else None
    try:
        path.write_text(f"{before or ''}\n\ndef breach() -> None:\n    import {imported}\n")
        assert broken(sources) & contracts == contracts
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
