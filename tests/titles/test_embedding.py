"""Title embedding: vectors, the triplet loss, and gradients scaled by inverse word frequency."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.errors import GuideError
from voicemark.lab.titles.titles_training import LabelledTitle, TitleTraining, labelled_titles, train_titles
from voicemark.recording import Programme
from voicemark.titles.embedding import leave_one_out_loss, scale_by_inverse_frequency
from voicemark.titles.title_model import TitleConfig, TitleModel
from voicemark.titles.vocabulary import PAD, Vocabulary

COOKING = ["Kochen mit Anna", "Kochen am Mittag", "Backen am Mittag", "Backen mit Anna", "Backen und Suppe"]
RACING = ["Rennen in Monza", "Rennen um Gold", "Grand Prix in Monza", "Grand Prix um Gold", "Gold und Reifen"]
QUICK = TitleTraining(epochs=200, categories=2, drawn=3)


def two_categories() -> list[LabelledTitle]:
    return [LabelledTitle(title, frozenset({"category:kochen"})) for title in COOKING] + [
        LabelledTitle(title, frozenset({"category:sport"})) for title in RACING
    ]


@pytest.fixture(scope="module")
def model() -> TitleModel:
    return train_titles(two_categories(), training=QUICK)


def cosine(model: TitleModel, one: str, other: str) -> float:
    vectors = model.embed([one, other])
    return float(vectors[0] @ vectors[1])


def test_titles_of_one_category_come_together_though_they_share_no_word(model: TitleModel) -> None:
    meaning = replace(model, config=replace(model.config, meaning_share=1.0))
    kin = cosine(meaning, "Kochen mit Anna", "Backen und Suppe")
    assert kin > cosine(meaning, "Kochen mit Anna", "Gold und Reifen") + 0.2
    untrained = train_titles(two_categories(), training=TitleTraining(epochs=1, categories=2, learning_rate=1e-9))
    assert kin > cosine(replace(untrained, config=meaning.config), "Kochen mit Anna", "Backen und Suppe") + 0.2


def test_vectors_have_length_one_and_do_not_depend_on_their_batch(model: TitleModel) -> None:
    titles = [*COOKING, "Etwas ganz Neues", "東京", "שלום עולם"]
    together = model.embed(titles)
    assert together.shape == (len(titles), model.dim) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(together, np.concatenate([model.embed([title]) for title in titles]), atol=1e-6)


@pytest.mark.parametrize("title", ["", "   ", "\x00\x07"])
def test_a_title_without_anything_to_read_is_a_row_of_zeros(model: TitleModel, title: str) -> None:
    assert not model.embed([title, "Kochen"])[0].any()


def test_a_text_of_ten_thousand_words_and_right_to_left_text_have_vectors(model: TitleModel) -> None:
    vectors = model.embed(["wort kochen " * 5000, "‏חדשות הערב‏"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_words_that_were_never_seen_are_compared_by_spelling(model: TitleModel) -> None:
    assert (
        cosine(model, "Zugspitzbahn heute", "Zugspitzbahnen")
        > cosine(model, "Zugspitzbahn heute", "Quarkauflauf") + 0.2
    )


def test_spelling_comes_near_tf_idf() -> None:
    texts = COOKING + RACING
    vocabulary = Vocabulary.build(texts)
    config = TitleConfig(spelling_dim=8192, meaning_dim=4, meaning_share=0.0)
    vectors = TitleModel(config, vocabulary, np.zeros((vocabulary.size, 4), np.float32)).embed(texts)
    exact = np.zeros((len(texts), vocabulary.size))
    weights = np.log((1 + len(texts)) / (1 + vocabulary.counts)) + 1
    weights[: vocabulary.first_ngram] *= config.word_weight
    for row, text in enumerate(texts):
        np.add.at(exact[row], vocabulary.bag([text]).ids, 1)
    exact *= weights
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors @ vectors.T, exact @ exact.T, atol=0.06)


def test_training_is_the_same_for_the_same_seed_and_never_moves_padding() -> None:
    one, again, other = (
        train_titles(two_categories(), training=TitleTraining(epochs=5, categories=2, seed=seed)) for seed in (1, 1, 2)
    )
    assert np.array_equal(one.meaning, again.meaning)
    assert not np.array_equal(one.meaning, other.meaning)
    assert not one.meaning[PAD].any()
    assert not one.meaning[one.vocabulary.counts == 0].any()


def naive_loss(titles: torch.Tensor, same: torch.Tensor, margin: float, hardest: int) -> float:
    """`leave_one_out_loss` by loops, as its docstring says."""
    categories, drawn, _ = titles.shape
    flat = titles.reshape(categories * drawn, -1)
    losses = []
    for category in range(categories):
        for left_out in range(drawn):
            rest = torch.stack([titles[category, n] for n in range(drawn) if n != left_out]).mean(dim=0)
            rest = rest / rest.norm()
            pos = float(rest @ titles[category, left_out])
            violations = [
                0.0 if same[category, n] else max(0.0, margin - pos + float(rest @ flat[n])) for n in range(len(flat))
            ]
            losses += sorted(violations, reverse=True)[:hardest]
    return sum(losses) / len(losses)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 4), st.integers(2, 4), st.integers(1, 20), st.integers(0, 1000))
def test_the_batched_triplet_loss_equals_the_one_by_loops(categories: int, drawn: int, hardest: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    titles = torch.nn.functional.normalize(
        torch.randn(categories, drawn, 5, generator=generator, dtype=torch.float64), dim=2
    )
    same = torch.rand(categories, categories * drawn, generator=generator) < 0.2
    for category in range(categories):
        same[category, category * drawn : (category + 1) * drawn] = True
    batched = leave_one_out_loss(titles, same, margin=0.2, hardest=hardest)
    assert float(batched) == pytest.approx(naive_loss(titles, same, 0.2, hardest), abs=1e-9)


def test_gradients_are_divided_by_the_count_in_the_whole_text_not_in_the_batch() -> None:
    counts = torch.tensor([0, 1, 4, 100])
    table = torch.ones(4, 2, requires_grad=True)
    batch = torch.tensor([[1, 2, 3], [3, 3, 0]])
    torch.nn.functional.embedding(batch, table, padding_idx=PAD, sparse=True).sum().backward()
    assert table.grad is not None
    scaled = scale_by_inverse_frequency(table.grad, counts)
    assert scaled.is_sparse
    expected = torch.tensor([[0.0], [1 / 1], [1 / 4], [3 / 100]]).expand(4, 2)
    torch.testing.assert_close(scaled.to_dense(), expected)
    by_batch = torch.ones(4, 2, requires_grad=True)
    torch.nn.functional.embedding(batch, by_batch, padding_idx=PAD, scale_grad_by_freq=True).sum().backward()
    assert by_batch.grad is not None
    torch.testing.assert_close(by_batch.grad, torch.tensor([[0.0], [1.0], [1.0], [1.0]]).expand(4, 2))


def test_power_zero_leaves_gradients_as_they_are() -> None:
    gradient = torch.sparse_coo_tensor(torch.tensor([[1, 1, 2]]), torch.ones(3, 2), (3, 2), check_invariants=True)
    scaled = scale_by_inverse_frequency(gradient, torch.tensor([0, 5, 9]), power=0.0)
    torch.testing.assert_close(scaled.to_dense(), gradient.to_dense())


def programme(title: str, *genres: str, subtitle: str | None = None) -> Programme:
    return Programme(title=title, source="test", subtitle=subtitle, genres=genres)


def test_a_title_is_learned_once_with_all_its_categories_and_its_series() -> None:
    titles = labelled_titles(
        [programme("Tatort: A", "Krimi"), programme("TATORT: A", "Drama"), programme("Tatort", "Krimi"), programme("")]
    )
    assert [title.title for title in titles] == ["Tatort: A", "Tatort"]
    assert titles[0].labels == {"category:krimi", "category:drama", "series:tatort"}


@pytest.mark.parametrize(
    "programmes",
    [
        [],
        [programme("Eins"), programme("Zwei"), programme("Drei")],
        [programme("Eins", "Film"), programme("Zwei", "Film"), programme("Drei", "Film")],
        [programme("Eins", "Film", "Krimi")],
    ],
    ids=["no programmes", "no category", "one category", "one title"],
)
def test_too_little_to_learn_from_is_said(programmes: list[Programme]) -> None:
    with pytest.raises(GuideError, match="too little to learn from"):
        train_titles(labelled_titles(programmes))


def test_progress_is_told_for_every_step() -> None:
    told: list[tuple[int, int]] = []
    train_titles(
        two_categories(),
        training=TitleTraining(epochs=4, categories=2, drawn=2),
        progress=lambda done, steps, loss: told.append((done, steps)),
    )
    assert told == [(n, 10) for n in range(1, 11)]
