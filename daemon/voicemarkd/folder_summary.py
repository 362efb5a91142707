"""What a look at a watched folder found: how many recordings, of which recorders, and what is known of them."""

from collections import Counter
from dataclasses import dataclass, field

from voicemark.store.findings import Outcome


@dataclass
class Census:
    """Numbers of recordings."""

    present: int = 0
    recorders: Counter[str] = field(default_factory=Counter)
    """Of those whose metadata were read, which at the first look are all."""
    unchanged: int = 0
    """As the job table has them already."""
    unsettled: int = 0
    """Still being written, or not quiet for long enough."""
    unreadable: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    """Of those that were written down as settled."""
    gone: int = 0

    @property
    def known(self) -> int:
        """Recordings that need nothing."""
        return self.unchanged + self.outcomes[Outcome.KNOWN]

    def numbers(self) -> dict[str, int]:
        """Each number by its name."""
        changes = (Outcome.NEW, Outcome.CHANGED, Outcome.MOVED, Outcome.RESTORED)
        return {
            **{outcome.value: self.outcomes[outcome] for outcome in changes},
            "known": self.known,
            "unsettled": self.unsettled,
            "unreadable": self.unreadable,
            "gone": self.gone,
        }

    def __str__(self) -> str:
        """In words: `12 recordings (10 vdr, 2 plain): 3 new, 9 known`; what there is none of is left out."""
        kinds = ", ".join(f"{count} {name}" for name, count in self.recorders.most_common())
        numbers = ", ".join(f"{count} {name}" for name, count in self.numbers().items() if count)
        return f"{self.present} recordings" + (f" ({kinds})" if kinds else "") + (f": {numbers}" if numbers else "")
