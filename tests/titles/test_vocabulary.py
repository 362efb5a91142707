"""Words: what is kept whole, what is never lost, and that batches count only what is real."""

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicemark.titles.bags import flat_sum, padded, padded_bag, padded_sum
from voicemark.titles.vocabulary import (
    MAX_TEXT,
    PAD,
    Vocabulary,
    normalise,
    tokenize,
    word_form,
)

TITLES = ["Tatort: Der Fall", "heute-show", "Der Mann im Dschungel", "Tatort", "", "ZDF.reportage (3/10)", "東京 Story"]
ODD = st.text(alphabet="ab1:;.-'()+*#<3dp/ ,|&ß^=@İ\u0300\u200d\n\x00…½")


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("ZDF.reportage", ["zdf.reportage"]),
        ("heute-show", ["heute-show"]),
        ("C.S.I.", ["c.s.i."]),
        ("24h Berlin", ["24h", "berlin"]),
        ("#hashtag", ["#hashtag"]),
        ("Tatort: Unsichtbar", ["tatort:", "unsichtbar"]),
        ("Traumschiff (3/10)", ["traumschiff", "(", "3/10", ")"]),
        ("S01E05 um 20:15", ["s01e05", "um", "20:15"]),
        ("Gut so :-) <3", ["gut", "so", ":-)", "<3"]),
        ("Ärzte", ["ärzte"]),
        ("Canal+ Sport", ["canal+", "sport"]),
        ("Rock'n'Roll", ["rock'n'roll"]),
        ("Was?!...", ["was", "?", "!", "..."]),
        ("שלום עולם", ["שלום", "עולם"]),
        ("हिन्दी समाचार", ["हिन्दी", "समाचार"]),
        ("A – B", ["a", "–", "b"]),
    ],
)
def test_what_carries_meaning_in_a_title_stays_one_token(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_case_width_and_composition_do_not_make_another_word() -> None:
    assert tokenize("TATORT Straße") == tokenize("ｔａｔｏｒｔ strasse") == ["tatort", "strasse"]
    assert tokenize("A\u0308rzte") == tokenize("Ärzte")


def test_control_characters_and_direction_marks_separate_but_are_no_tokens() -> None:
    assert tokenize("\x00Nach\x07richten\u200f \u202eheute\u202c\ufeff") == ["nach", "richten", "heute"]


@settings(deadline=None)
@given(st.one_of(st.text(), ODD))
@example("Tatort:X")
@example("a++b :-)x ##tag ..a")
def test_no_visible_character_is_lost(text: str) -> None:
    assert "".join(tokenize(text)) == normalise(text).replace(" ", "")


@settings(deadline=None)
@given(st.one_of(st.text(), ODD))
def test_tokens_joined_by_spaces_are_the_same_tokens(text: str) -> None:
    tokens = tokenize(text)
    assert tokenize(" ".join(tokens)) == tokens


@settings(deadline=None)
@given(st.one_of(st.text(), ODD))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize("unit", ["a.", ":(", "(", "3/", "a-", "#", "wort ", ":", "-"])
def test_hostile_repetition_is_cut_at_the_limit_and_read_in_one_pass(unit: str) -> None:
    text = unit * (MAX_TEXT // len(unit) * 3)
    assert sum(map(len, tokenize(text))) <= MAX_TEXT


def test_words_are_counted_once_a_text_and_numbered_by_frequency() -> None:
    vocabulary = Vocabulary.build(["Tatort Tatort: X", "tatort", "Mord"])
    assert vocabulary.words[0] == "tatort"
    assert vocabulary.counts[vocabulary.number["tatort"]] == 2
    assert vocabulary.counts[PAD] == 0


def test_unknown_words_share_ngrams_with_known_ones() -> None:
    vocabulary = Vocabulary.build(["Krimiserie", "Wetter"])
    known, new = (set(vocabulary.word_features(word)) for word in ("krimiserie", "krimireihe"))
    assert len(known & new) >= 5
    assert vocabulary.number["krimiserie"] not in new


@settings(deadline=None, max_examples=50)
@given(st.lists(st.one_of(st.text(max_size=60), ODD), max_size=8))
def test_features_of_a_batch_are_those_of_its_words_one_by_one(texts: list[str]) -> None:
    vocabulary = Vocabulary.build(TITLES, unknown=16, buckets=64)
    bag = vocabulary.bag(texts)
    for number, text in enumerate(texts):
        plain = [feature for token in tokenize(text) for feature in vocabulary.word_features(word_form(token))]
        assert bag.ids[bag.offsets[number] : bag.offsets[number + 1]].tolist() == plain
    assert PAD not in bag.ids
    assert (bag.ids < vocabulary.size).all()


def table_of(vocabulary: Vocabulary) -> torch.Tensor:
    table = torch.randn(vocabulary.size, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    table[PAD] = 0
    return table.requires_grad_(True)


def test_padded_batches_equal_one_by_one_results_gradients_too() -> None:
    vocabulary = Vocabulary.build(TITLES, unknown=16, buckets=64)
    bags = [vocabulary.bag([title]).ids.tolist() for title in TITLES]
    together, alone = table_of(vocabulary), table_of(vocabulary)
    pooled = padded_sum(padded(bags), together)
    rows = [alone[bag].sum(dim=0) for bag in bags]
    torch.testing.assert_close(pooled, torch.stack(rows))
    weight = torch.arange(pooled.numel(), dtype=torch.float64).view_as(pooled)
    (pooled * weight).sum().backward()
    (torch.stack(rows) * weight).sum().backward()
    assert together.grad is not None and together.grad.is_sparse and alone.grad is not None
    torch.testing.assert_close(together.grad.to_dense(), alone.grad)


def test_the_padding_row_stays_zero_and_gets_no_gradient() -> None:
    vocabulary = Vocabulary.build(TITLES)
    table = table_of(vocabulary)
    optimiser = torch.optim.SGD([table], lr=0.5)
    for _ in range(3):
        optimiser.zero_grad()
        padded_sum(padded_bag(vocabulary.bag(TITLES)), table).square().sum().backward()
        assert table.grad is not None
        assert not table.grad.to_dense()[PAD].any()
        optimiser.step()
    assert not table[PAD].any()


def test_a_flat_batch_gives_what_a_padded_one_gives() -> None:
    vocabulary = Vocabulary.build(TITLES)
    bag, table = vocabulary.bag(TITLES), table_of(vocabulary).detach()
    torch.testing.assert_close(flat_sum(bag, table), padded_sum(padded_bag(bag), table))


def test_texts_without_words_are_rows_of_zeros() -> None:
    vocabulary = Vocabulary.build(TITLES)
    table = table_of(vocabulary).detach()
    bag = vocabulary.bag(["", "\x00 \n"])
    assert not flat_sum(bag, table).any()
    assert not padded_sum(padded_bag(bag), table).any()
    assert padded([]).shape == (0, 1)
    assert np.array_equal(vocabulary.bag([]).offsets, [0])
