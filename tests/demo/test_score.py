"""The demo counts honestly."""

import pytest

from voicemark.demo.compose import Turn
from voicemark.demo.score import score
from voicemark.store.queries import MarkerView

TURNS = (Turn("A", True, 10, 20), Turn("B", False, 20, 30), Turn("A", True, 40, 50))


def marker(start_s: float, end_s: float, speaker: str = "A") -> MarkerView:
    return MarkerView("r", "t", None, None, None, speaker, start_s, end_s, 0, 1)


def test_exact_markers_are_perfect() -> None:
    told = score(TURNS, [marker(10, 20), marker(40, 50)])
    assert (told.found, told.turns, told.precision, told.recall, told.false_s) == (2, 2, 1, 1, 0)


def test_a_missed_turn_costs_recall() -> None:
    told = score(TURNS, [marker(10, 20)])
    assert (told.found, told.precision) == (1, 1)
    assert told.recall == pytest.approx(0.5, abs=0.01)


def test_a_marker_on_someone_else_costs_precision() -> None:
    told = score(TURNS, [marker(10, 30), marker(40, 50)])
    assert told.false_s == pytest.approx(9.5, abs=0.2)
    assert told.precision == pytest.approx(18 / 27.5, abs=0.01)


def test_half_a_second_at_a_border_is_forgiven() -> None:
    assert score(TURNS, [marker(9.6, 20.4), marker(40.4, 49.6)]).precision == 1


def test_no_markers_are_no_division_by_zero() -> None:
    told = score(TURNS, [])
    assert (told.found, told.precision, told.recall) == (0, 0, 0)
