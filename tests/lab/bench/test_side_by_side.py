"""What two at once gain is told without what every scan takes at its start."""

from voicemark.lab.bench.side_by_side import figures
from voicemark.lab.bench.usage import Usage


def test_start_up_is_taken_off_before_anything_is_compared() -> None:
    start, one, two = Usage(3, 4, 400), Usage(43, 44, 400), Usage(47, 26, 400)
    told = {figure.name: figure.value for figure in figures("eight", start, (one, two))}
    assert told["by the clock, one / two at once"] == 40 / 22
    assert told["CPU seconds, two / one at once"] == 44 / 40
    assert told["2 at once, cores that it got"] == 2
