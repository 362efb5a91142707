"""Types: what a category means, how a text is read, when the classifier abstains."""

from dataclasses import replace

import pytest
import torch

from voicemark.errors import GuideError
from voicemark.lab.titles.types_training import TypedText, TypeTraining, split_by_title, train_types, typed_texts
from voicemark.recording import Programme
from voicemark.titles.type_names import TYPES, type_of_categories, type_of_category
from voicemark.titles.types import DESCRIPTION, MAX_TOKENS, SUBTITLE, ProgrammeText, Reader, TypeConfig, TypeNet
from voicemark.titles.vocabulary import Vocabulary

QUICK = TypeTraining(epochs=6, buckets=512, fewest=5)
NEWS = ["Nachrichten", "Abendnachrichten", "Kurznachrichten", "Spätnachrichten", "Nachrichten am Mittag"]
SPORT = ["Fußball heute", "Fußball live", "Fußballabend", "Frauenfußball", "Hallenfußball"]


def examples() -> list[TypedText]:
    """Ten titles and their numbered kin."""
    return [
        TypedText(ProgrammeText(f"{title} {number}", f"Ausgabe {number}"), name)
        for name, titles in (("news", NEWS), ("sport", SPORT))
        for title in titles
        for number in range(8)
    ]


@pytest.fixture(scope="module")
def net() -> TypeNet:
    return train_types(examples(), QUICK)


@pytest.mark.parametrize(
    "category, name",
    [
        ("Nachrichten", "news"),
        ("Krimiserie", "series"),
        ("Kriminalfilm", "film"),
        ("Dokumentationsreihe", "documentary"),
        ("Zeichentrickserie", "children"),
        ("Série d'animation", "children"),
        ("Fußball", "sport"),
        ("Fußballmagazin", "sport"),
        ("Rock + Pop", "music"),
        ("Wirtschaftsmagazin", "magazine"),
        ("Quizshow", "show"),
        ("Gottesdienst", "religion"),
        ("movie", "film"),
        ("DOKU", "documentary"),
        ("Weltuntergang", None),
        ("", None),
    ],
)
def test_a_category_in_words_means_a_type(category: str, name: str | None) -> None:
    assert type_of_category(category) == name
    assert name is None or name in TYPES


def test_the_finer_category_decides() -> None:
    assert type_of_categories(("movie", "Krimiserie")) == "series"
    assert type_of_categories(("Seltsames", "Sport")) == "sport"
    assert type_of_categories(()) is None


def test_the_fields_of_a_programme_are_marked_and_the_title_is_never_cut_off() -> None:
    text = ProgrammeText("Titel", "Unter", "lang " * 10_000)
    tokens = text.tokens()
    assert tokens[:5] == ["titel", SUBTITLE, "unter", DESCRIPTION, "lang"]
    assert len(tokens) == MAX_TOKENS


def untrained(reader: Reader) -> TypeNet:
    torch.manual_seed(3)
    vocabulary = Vocabulary.build(["eins zwei drei vier"])
    return TypeNet(TypeConfig(("news", "sport"), reader, word_dim=8, hidden_dim=8), vocabulary).eval()


def test_the_reverse_reader_is_the_forward_reader_on_the_reversed_text() -> None:
    reverse, forward = untrained("reverse"), untrained("forward")
    forward.load_state_dict(reverse.state_dict())
    tokens = [["eins", "zwei", "drei"], ["vier"]]
    torch.testing.assert_close(reverse(tokens), forward([t[::-1] for t in tokens]))
    assert not torch.allclose(reverse(tokens[:1]), forward(tokens[:1]))


def test_a_bag_does_not_see_the_order_and_the_recurrent_readers_do() -> None:
    there, back = [["eins", "zwei", "drei"]], [["drei", "zwei", "eins"]]
    torch.testing.assert_close(untrained("bag")(there), untrained("bag")(back))
    for reader in ("reverse", "forward", "both"):
        assert not torch.allclose(untrained(reader)(there), untrained(reader)(back))


@pytest.mark.parametrize("reader", ["reverse", "forward", "both", "bag"])
def test_padding_does_not_change_what_is_read(reader: Reader) -> None:
    net = untrained(reader)
    texts = [["eins"], ["eins", "zwei", "drei", "vier"], []]
    with torch.no_grad():
        together, alone = net(texts), torch.cat([net([text]) for text in texts])
    torch.testing.assert_close(together, alone)


def test_types_of_new_titles_are_guessed_from_their_words(net: TypeNet) -> None:
    texts = [ProgrammeText("Nachrichten extra", "Ausgabe 3"), ProgrammeText("Fußball aktuell", "Ausgabe 3")]
    assert [net.config.types[best] for best in net.probabilities(texts).argmax(dim=1)] == ["news", "sport"]


def test_what_is_unsure_or_empty_gets_no_type_but_a_probability(net: TypeNet) -> None:
    doubtful = replace(net.config, sure=1.01)
    net.config, kept = doubtful, net.config
    try:
        guess = net.guess([ProgrammeText("Nachrichten")])[0]
    finally:
        net.config = kept
    assert guess.type is None and 0.5 <= guess.probability <= 1
    assert net.guess([ProgrammeText("")])[0].type is None
    assert net.guess([]) == []


def test_odd_texts_are_read(net: TypeNet) -> None:
    odd = [ProgrammeText("חדשות"), ProgrammeText("\x00\x01"), ProgrammeText("a", None, "wort " * 10_000)]
    assert all(0 < guess.probability <= 1 for guess in net.guess(odd))


def test_the_temperature_comes_from_titles_that_were_not_learned_from(net: TypeNet) -> None:
    learned, held = split_by_title(examples(), QUICK)
    assert held and {text.title for text in learned}.isdisjoint(text.title for text in held)
    assert net.temperature.item() != 1.0


def test_texts_to_learn_from_have_a_type_and_come_few_times_a_title() -> None:
    programmes = [Programme("Tagesschau", "test", subtitle=str(n), genres=("News",)) for n in range(9)]
    programmes += [Programme("Ohne", "test"), Programme("", "test", genres=("News",)), programmes[0]]
    assert [text.text.subtitle for text in typed_texts(programmes)] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("texts", [[], examples()[:40]], ids=["nothing", "one type"])
def test_fewer_than_two_types_cannot_be_learned(texts: list[TypedText]) -> None:
    with pytest.raises(GuideError, match="too little to learn types from"):
        train_types(texts, QUICK)
