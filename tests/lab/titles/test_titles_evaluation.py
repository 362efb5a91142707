"""The titles table: its measures against plain loops, its split, and what a poor guide does to it."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.guides import made_up_programmes, write_guide

from voicemark.errors import GuideError
from voicemark.lab.titles.rare_words import without_rarest
from voicemark.lab.titles.report import as_plain, markdown
from voicemark.lab.titles.retrieval import fine_categories, first_ten, rank_metrics, right_answers, split_titles
from voicemark.lab.titles.titles_evaluation import evaluate_titles
from voicemark.lab.titles.titles_training import LabelledTitle, TitleTraining, labelled_titles, train_titles
from voicemark.lab.titles.types_evaluation import calibration_error, macro_f1
from voicemark.recording import Programme


def labelled(title: str, *labels: str) -> LabelledTitle:
    return LabelledTitle(title, frozenset(labels))


def test_a_title_always_falls_on_one_side_of_the_split_whatever_its_spelling() -> None:
    titles = [labelled(f"Titel {n}") for n in range(200)]
    learned, held = split_titles(titles)
    assert len(learned) + len(held) == 200 and 40 < len(held) < 80
    upper = split_titles([labelled(title.title.upper()) for title in titles])
    assert [t.title.upper() for t in held] == [t.title for t in upper[1]]


def test_coarse_words_are_no_right_answers_where_there_is_a_finer_category() -> None:
    assert fine_categories(labelled("a", "category:movie", "category:krimi", "series:a")) == {"category:krimi"}
    assert fine_categories(labelled("a", "category:news")) == {"category:news"}


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 25), st.integers(0, 999))
def test_recall_and_mrr_equal_those_by_loops(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    titles = [labelled(str(n), f"category:{rng.integers(4)}") for n in range(count)]
    similarity = rng.random((count, count), dtype=np.float32)
    ranks = []
    for row in range(count):
        others = sorted((n for n in range(count) if n != row), key=lambda n: -similarity[row, n])
        right = [n for n in others if titles[n].labels == titles[row].labels]
        if right:
            ranks.append(next((r for r, n in enumerate(others[:10], start=1) if n in right), None))
    hits = rank_metrics(first_ten(similarity), right_answers(titles, fine_categories))
    assert hits.queries == len(ranks)
    if ranks:
        assert hits.recall == pytest.approx(sum(rank is not None for rank in ranks) / len(ranks))
        assert hits.mrr == pytest.approx(sum(1 / rank for rank in ranks if rank) / len(ranks))


def test_macro_f1_is_the_mean_over_the_true_types() -> None:
    truth, guessed = np.array(["a", "a", "b", "c"]), np.array(["a", "b", "b", "b"])
    assert macro_f1(truth, guessed) == pytest.approx((2 / 3 + 2 / 4 + 0) / 3)


def test_calibration_error_is_the_distance_of_probability_and_accuracy() -> None:
    right, probability = np.array([True, True, False, False]), np.array([0.95, 0.95, 0.55, 0.55])
    assert calibration_error(right, probability) == pytest.approx((0.05 + 0.55) / 2)


def test_the_rarest_known_word_is_taken_out_of_a_title() -> None:
    titles = labelled_titles([*made_up_programmes(), Programme("Soko Leipzig", "test", genres=("Krimiserie",))])
    model = train_titles(titles, training=TitleTraining(epochs=1))
    assert without_rarest(model, "Die Soko Leipzig!") == "die soko !"
    assert without_rarest(model, "Leipzig") is None
    assert without_rarest(model, "Neues Wort") is None


def test_a_small_guide_is_measured_with_the_peers_that_are_there(tmp_path: Path) -> None:
    guide = write_guide(tmp_path / "guide.xml", made_up_programmes())
    result = evaluate_titles(guide, guide, ("retrieval", "rare"))
    assert result.titles_learned + result.titles_held == 48
    ours, *peers = result.retrieval
    assert ours.category is not None and ours.category.recall > 0.5
    assert all(peer.category is not None or (peer.missing or "").startswith("not installed") for peer in peers)
    assert [(row.inverse_frequency, row.seed) for row in result.rare_words[::2]] == [
        (power, seed) for seed in range(3) for power in (1.0, 0.0)
    ]
    assert json.loads(json.dumps(as_plain(result), allow_nan=False))["titles_learned"] == result.titles_learned
    assert markdown(result).count("| voicemark titles |") == 1


def test_of_two_guides_only_titles_that_the_first_lacks_are_judged(tmp_path: Path) -> None:
    programmes = made_up_programmes()
    train = write_guide(tmp_path / "train.xml", programmes[:80])
    test = write_guide(tmp_path / "test.xml", programmes[60:])
    result = evaluate_titles(train, test, ("retrieval",))
    assert (result.titles_learned, result.titles_held) == (40, 8)


def test_types_are_left_out_with_a_word_where_no_title_to_judge_has_one(tmp_path: Path) -> None:
    train = write_guide(tmp_path / "train.xml", made_up_programmes())
    test = write_guide(tmp_path / "test.xml", [Programme(f"Neu {n}", "test") for n in range(5)])
    told: list[str] = []
    result = evaluate_titles(train, test, ("retrieval", "types"), 1, told.append)
    assert result.types is None and any("types are not measured" in line for line in told)
    assert result.retrieval[0].category is not None and result.retrieval[0].category.queries == 0


@pytest.mark.parametrize("genres", [(), ("Film",)], ids=["no category", "one category"])
def test_a_guide_that_teaches_nothing_is_said(tmp_path: Path, genres: tuple[str, ...]) -> None:
    programmes = [Programme(f"Titel {n}", "test", genres=genres) for n in range(20)]
    guide = write_guide(tmp_path / "guide.xml", programmes)
    with pytest.raises(GuideError, match="too little"):
        evaluate_titles(guide, guide, ("retrieval",))


def test_one_title_and_a_cut_off_guide_are_said(tmp_path: Path) -> None:
    one = write_guide(tmp_path / "one.xml", [Programme("Allein", "test", genres=("Film",))])
    with pytest.raises(GuideError):
        evaluate_titles(one, one, ("retrieval",))
    cut = write_guide(tmp_path / "cut.xml", made_up_programmes())
    cut.write_bytes(cut.read_bytes()[:5000])
    with pytest.raises(GuideError, match=r"cut\.xml"):
        evaluate_titles(cut, cut, ("retrieval",))
