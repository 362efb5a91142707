"""What a person said is so, whatever the score."""

from hypothesis import given
from hypothesis import strategies as st

from voicemark.result import Marker, NamedTurn, Recognised, SpeakerTurn
from voicemark.store.overrides import as_said
from voicemark.store.statements import Said

TURNS = (SpeakerTurn(0, 30, 1), SpeakerTurn(30, 40, 2), SpeakerTurn(40, 90, 1), SpeakerTurn(90, 100, 3))
HEARD = Recognised(
    (Marker("Anna", 0, 30, 0.7), Marker("Bert", 30, 40, 0.6)),
    (NamedTurn(0, "Anna", 0.7), NamedTurn(1, "Bert", 0.6)),
    2.0,
)


def said(voice: str | None, is_so: bool, *spans: tuple[float, float], speaker: bool = False) -> Said:
    return Said(1, voice, is_so, speaker, spans)


def spans(recognised: Recognised, voice: str) -> list[tuple[float, float]]:
    return [(one.start_s, one.end_s) for one in recognised.markers if one.voice == voice]


def test_a_span_that_is_not_hers_is_cut_out_and_one_that_is_put_in() -> None:
    cut = as_said(HEARD, TURNS, [said("Anna", False, (10, 20))])
    assert spans(cut, "Anna") == [(0, 10), (20, 30)] and spans(cut, "Bert") == [(30, 40)]
    put = as_said(HEARD, TURNS, [said("Bert", True, (60, 70))])
    assert [one for one in put.markers if one.start_s == 60] == [Marker("Bert", 60, 70, 1.0)]


def test_the_later_answer_counts() -> None:
    both = [said("Anna", False, (0, 30)), said("Anna", True, (5, 10))]
    assert spans(as_said(HEARD, TURNS, both), "Anna") == [(5, 10)]
    assert spans(as_said(HEARD, TURNS, both[::-1]), "Anna") == []


def test_who_is_said_to_be_somebody_is_nobody_else_in_any_turn() -> None:
    named = as_said(HEARD, TURNS, [said("Clara", True, (1, 20), (41, 80), speaker=True)])
    assert spans(named, "Clara") == [(0, 30), (40, 90)]
    assert spans(named, "Anna") == []
    assert [(one.turn, one.voice) for one in named.named] == [(0, "Clara"), (1, "Bert"), (2, "Clara")]


def test_a_span_is_more_exact_than_a_speaker_whichever_was_said_first() -> None:
    answers = [said("Clara", False, (50, 60)), said("Clara", True, (1, 20), (41, 80), speaker=True)]
    assert spans(as_said(HEARD, TURNS, answers), "Clara") == [(0, 30), (40, 50), (60, 90)]


def test_a_turn_that_is_mostly_cut_out_has_the_name_no_more() -> None:
    cut = as_said(HEARD, TURNS, [said("Anna", False, (5, 30))])
    assert [one.voice for one in cut.named] == ["Bert"]


def test_who_has_no_name_changes_no_marker() -> None:
    assert as_said(HEARD, TURNS, [said(None, True, (0, 100), speaker=True)]) is HEARD


TIMES = st.tuples(st.integers(0, 100), st.integers(1, 40)).map(lambda t: (float(t[0]), float(t[0] + t[1])))
ANSWERS = st.lists(
    st.builds(
        Said, st.just(1), st.sampled_from(["Anna", "Bert"]), st.booleans(), st.just(False), TIMES.map(lambda t: (t,))
    ),
    max_size=6,
)


@given(ANSWERS)
def test_it_is_as_if_every_moment_had_been_asked_for_by_itself(answers: list[Said]) -> None:
    """The slow way: of each half second the last answer about it, else what was heard."""
    heard = Recognised(HEARD.markers, HEARD.named, 0.0)
    found = as_said(heard, TURNS, answers)
    for voice in ("Anna", "Bert"):
        for moment in (0.25 + 0.5 * k for k in range(300)):
            expected = any(start <= moment < end for start, end in spans(heard, voice))
            for one in answers:
                if one.voice == voice and one.spans[0][0] <= moment < one.spans[0][1]:
                    expected = one.is_so
            assert any(start <= moment < end for start, end in spans(found, voice)) == expected
