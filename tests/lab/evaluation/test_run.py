"""The whole evaluation on a small corpus: our encoder beside peers that are there or not, tables and JSON."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from voicemark.config import MatchSection
from voicemark.errors import ConfigError, ToolError
from voicemark.lab.evaluation import embedders, peers
from voicemark.lab.evaluation.peers import Peer, PeerMissingError, embed_with_peer
from voicemark.lab.evaluation.report import Report, detail_table, markers_table, voices_table
from voicemark.lab.evaluation.run import Plan, evaluate
from voicemark.lab.tables import markdown_table

WORKER = """
import json, sys
import numpy as np
windows = np.load(sys.argv[2])
rows = np.abs(np.fft.rfft(windows, axis=1)[:, 100:1200]).reshape(len(windows), -1, 10).mean(axis=2)
np.save(sys.argv[3], rows.astype(np.float32))
print(json.dumps({"cpu_s": 0.5, "windows": len(windows)}))
"""


@pytest.fixture(scope="module", autouse=True)
def brief() -> Iterator[None]:
    """What an hour costs is measured on a few seconds: that it is, not how much."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedders, "TIMED_S", 5)
        yield


@pytest.fixture(scope="module")
def report(small_corpus: Path, small_noise: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """This Python has no peers installed: their rows say so."""
    plan = Plan(
        corpus=small_corpus,
        noise=small_noise,
        split="dev",
        models=(None,),
        peers_python=Path(sys.executable),
        conditions=("clean", "music5", "ac3192"),
        markers=0,
        composers=(),
        scorer=None,
        cache=tmp_path_factory.mktemp("cache"),
        match=MatchSection(),
    )
    return evaluate(plan)


def test_our_encoder_is_measured_under_every_condition_asked_for(report: Report) -> None:
    own = report.rows[0]
    assert [cell.condition for cell in own.cells] == ["clean", "music 5 dB", "AC-3 192k"]
    assert own.cpu_s_per_hour is not None and own.cpu_s_per_hour > 0
    for cell in own.cells:
        assert cell.enrolment.pooled.positives == report.windows  # every window is asked of its own voice, once
        assert set(cell.verification.per_source) == {"a", "b"}
        assert cell.program is not None and set(cell.program.per_source) == {"a", "b"}


def test_a_peer_that_is_not_there_is_a_row_that_says_how_to_get_it(report: Report) -> None:
    missing = [row for row in report.rows if row.missing is not None]
    if not missing:
        pytest.skip("the peers are installed beside voicemark")
    assert all("pip install" in (row.missing or "") for row in missing)
    assert len(report.rows) == 1 + len(peers.PEERS)


def test_tables_have_a_line_for_every_row_and_equal_widths(report: Report) -> None:
    table = voices_table(report.rows)
    assert len(table) == 1 + len(report.rows) + 1  # ours once more, as the program scores
    assert table[2][0].endswith("as the program scores")
    assert len({len(line) for line in table}) == 1
    details = detail_table(report.rows)
    assert len({len(line) for line in details}) == 1
    assert markdown_table(table).count("\n") == len(table)
    assert markers_table(())[0][0] == "markers"


def test_json_holds_everything(report: Report) -> None:
    told = json.loads(json.dumps(report.as_json()))
    assert told["rows"][0]["cells"][0]["enrolment"]["pooled"]["eer"] == report.rows[0].cells[0].enrolment.pooled.eer
    assert told["speakers"] == 4


def test_without_noise_only_clean_and_codecs_are_measured(small_corpus: Path, tmp_path: Path) -> None:
    plan = Plan(small_corpus, None, "dev", (None,), None, (), 0, (), None, tmp_path, MatchSection())
    measured = evaluate(plan)
    assert [cell.condition for cell in measured.rows[0].cells] == ["clean", "MP2 128k", "AC-3 192k"]


def test_a_peers_embeddings_are_kept_and_not_asked_for_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setattr(peers, "WORKER", worker)
    peer = Peer("spectra", "spectra", "nothing to install")
    windows = np.random.default_rng(0).standard_normal((3, 32_000)).astype(np.float32)
    first = embed_with_peer(peer, windows, Path(sys.executable), tmp_path / "cache")
    again = embed_with_peer(peer, windows, tmp_path / "no-such-python", tmp_path / "cache")
    assert np.array_equal(first.embeddings, again.embeddings)
    assert (first.cpu_s, again.cpu_s) == (0.5, 0.5)
    with pytest.raises(PeerMissingError):
        embed_with_peer(peer, windows * 2, tmp_path / "no-such-python", tmp_path / "cache")


def test_a_worker_that_fails_is_an_error_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("raise RuntimeError('out of tune')")
    monkeypatch.setattr(peers, "WORKER", worker)
    with pytest.raises(ToolError, match="out of tune"):
        embed_with_peer(Peer("x", "x", ""), np.zeros((1, 32_000), np.float32), Path(sys.executable), tmp_path / "cache")


def test_an_unknown_condition_is_refused_before_anything_is_measured(small_corpus: Path, tmp_path: Path) -> None:
    plan = Plan(small_corpus, None, "dev", (None,), None, ("thunder",), 0, (), None, tmp_path, MatchSection())
    with pytest.raises(ConfigError, match="thunder"):
        evaluate(plan)
