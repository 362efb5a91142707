"""The sound of transport stream files, followed through all that changes in them, and sent to ffmpeg alone.

The stream to hear is chosen by preference, and chosen again where the program map changes, where another file begins,
where a stream that was listed but mute begins to sound, and where the chosen one has stopped while others go on. As
long as the choice is the same stream, decoding goes on without a seam. ffmpeg gets the packets of this one stream and
a map that lists nothing else: what is wrong with the picture is no concern of it, and what is wrong with the sound is
counted here, packet by packet.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voicemark.audio.account import Ledger
from voicemark.audio.choose import Choice
from voicemark.audio.packets import (
    NO_STAMP,
    TICKS,
    WRAP_TICKS,
    Run,
    begins,
    elapsed,
    is_scrambled,
    runs,
    stamps_of,
)
from voicemark.audio.program_map import Elementary, ProgramMaps, tables_for
from voicemark.audio.sieve import Sieve

PRESCAN_BYTES = 16 << 20
"""So far a program map is looked for at the beginning."""
SETTLED_BYTES = 2 << 20
"""So far behind the first map those of further programs are waited for."""
STARVED_TICKS = 10 * TICKS
"""The chosen stream has stopped when another is so far ahead of it."""
MOST_CHOICES = 500
"""In one recording; each costs a look of ffprobe."""


@dataclass(frozen=True)
class Stretch:
    """What is heard from one place on: a stream, and how."""

    stream: Elementary
    choice: Choice
    mono: str
    mute: frozenset[int] = frozenset()
    """PIDs that are listed and had nothing to decode."""

    def goes_on_as(self, other: "Stretch") -> bool:
        """Whether the same decoder can go on with `other`."""
        return self._decoding == other._decoding

    @property
    def codec(self) -> str | None:
        """ffmpeg's name of it."""
        return self.choice.stream.codec

    @property
    def _decoding(self) -> tuple[int, int, str | None, str]:
        return self.stream.pid, self.stream.kind, self.codec, self.mono


Choose = Callable[[Path, int, Sequence[Elementary]], Stretch | None]
"""The stretch that begins in a file at a byte, of the streams that are listed there; None where none can be decoded."""


def first_maps(files: Sequence[Path]) -> ProgramMaps | None:
    """The program maps at the beginning of a transport stream; None where `files` are none. Raises `OSError`."""
    maps, since = ProgramMaps(), None
    for run in runs(files[:1]):
        pids = run.pids
        for index in np.flatnonzero(np.isin(pids, maps.pids) & run.good):
            maps.feed(int(pids[index]), run.rows[index].tobytes())
        if not maps.complete:  # The PMT may lie before the PAT within these packets.
            for index in np.flatnonzero(np.isin(pids, maps.pids) & run.good):
                maps.feed(int(pids[index]), run.rows[index].tobytes())
        at = run.offset + len(run.rows) * run.stride
        since = at if since is None and maps.audio else since
        if maps.complete or at > PRESCAN_BYTES or (since is not None and at - since > SETTLED_BYTES):
            break
    return maps if maps.known else None


class TransportFeed:
    """Sends one stretch after another: `search` until there is one, then `pump` it, and again."""

    def __init__(
        self, files: Sequence[Path], maps: ProgramMaps, choose: Choose, start: tuple[int, int] = (0, 0)
    ) -> None:
        self.ledger = Ledger()
        self.passed = 0
        self.place = start
        """File number and byte where the present stretch begins."""
        self._files, self._maps, self._choose = tuple(files), maps, choose
        self._runs: Iterator[Run] = runs(files, start)
        self._rest: Run | None = None
        self._file = start[0]
        self._next: Stretch | None = None
        self._now: Stretch | None = None
        self._hopeless: dict[int, int] = {}
        """PIDs in which nothing could be decoded, and up to how many bytes they are not asked again."""
        self._choices = 0
        self._patient_until: int | None = None
        self._turned = self._is_starved = False
        self._sieve = Sieve(self.ledger, start)
        self._watch()

    def search(self) -> Iterator[Stretch | None]:
        """The next stretch, at the end; None after every run of packets that is looked through before. Ends without
        one where the files end. Raises `OSError`."""
        if self._next is not None:
            self._now, self._next = self._next, None
            yield self._now
            return
        while (run := self._take_run()) is not None:
            found = self._first_sound(run)
            if found is not None:
                self._now = found
                yield found
                return
            yield None

    def pump(self, pipe: int) -> None:
        """Write the stretch that `search` has found into `pipe`, to where another stream is to be heard."""
        assert self._now is not None
        self._sieve.begin()
        _write(pipe, tables_for(self._now.stream))
        while (run := self._take_run()) is not None:
            at = 0
            while at < len(run.rows):
                turn = self._next_map(run, at)
                piece, again = run.part(at, turn), self._turned
                for sooner in (self._beginning(piece), self._starved(piece)):
                    if sooner is not None and sooner < len(piece.rows):
                        piece, again = piece.part(0, sooner), True
                starved = self._is_starved
                _write(pipe, self._sieve.take(piece, self._now.stream.pid))
                at += len(piece.rows)
                if again and not self._stays(self._sieve.last if starved else run.place(at)):
                    self._rest = run.behind(at) if at < len(run.rows) else None
                    if starved and self._next is not None:  # The other one sounds since the present one stopped.
                        self._runs, self._rest = runs(self._files, self._sieve.last), None
                    return

    def _take_run(self) -> Run | None:
        if self._rest is not None:
            rest, self._rest = self._rest, None
            return rest
        run = next(self._runs, None)
        if run is not None:
            self.passed += run.rows.nbytes
            self._sieve.new_file |= run.file != self._file
            if run.file != self._file:
                self._hopeless.clear()
            self._file = run.file
        return run

    def _watch(self) -> None:
        """Look up tables of the PIDs that matter at present."""
        self._tables = np.zeros(1 << 13, bool)
        self._tables[list(self._maps.pids)] = True
        self._sounds = np.zeros(1 << 13, bool)
        self._sounds[[stream.pid for stream in self._maps.audio]] = True

    def _next_map(self, run: Run, at: int) -> int:
        """Index behind the next packet that changes what sound there is, else the run's length."""
        self._turned = False
        pids = run.pids[at:]
        for index in np.flatnonzero(self._tables[pids]):
            if not run.good[at + index] or run.rows[at + index, 1] & 0x80:
                continue
            if self._maps.feed(int(pids[index]), run.rows[at + index].tobytes()):
                self._hopeless.clear()
                self._watch()
                self._turned = True
                return at + int(index) + 1
        return len(run.rows)

    def _first_sound(self, run: Run) -> Stretch | None:
        """The stretch that begins in `run`, which is then at its beginning; None where nothing begins."""
        at = 0
        while at < len(run.rows):
            turn = self._next_map(run, at)
            piece = run.part(at, turn)
            pids = piece.pids
            candidates = self._sounds[pids] & piece.good & begins(piece.rows) & ~is_scrambled(piece.rows)
            self.ledger.others += len(piece.rows)
            self.ledger.scrambled += int((self._sounds[pids] & is_scrambled(piece.rows) & piece.good).sum())
            for index in np.flatnonzero(candidates):
                pid = int(pids[index])
                if self._is_hopeless(pid):
                    continue
                found = self._chosen(*run.place(at + int(index)))
                if found is not None:
                    self._rest = run.behind(at + int(index))
                    return found
                self._give_up(pid)
            at = turn
        return None

    def _is_hopeless(self, pid: int) -> bool:
        return self.passed < self._hopeless.get(pid, 0)

    def _give_up(self, pid: int) -> None:
        """For a while, twice as long each time."""
        self._hopeless[pid] = self.passed + max(PRESCAN_BYTES, self.passed)

    def _chosen(self, file: int, byte: int) -> Stretch | None:
        self._choices += 1
        if self._choices > MOST_CHOICES:
            return None
        self.place = file, byte
        return self._choose(self._files[file], byte, self._maps.audio)

    def _beginning(self, piece: Run) -> int | None:
        """Index of the packet in which a stream begins that was mute when the present one was chosen."""
        assert self._now is not None
        mute = [pid for pid in self._now.mute if not self._is_hopeless(pid)]
        if not mute:
            return None
        found = np.flatnonzero(np.isin(piece.pids, mute))
        rows = piece.rows[found]
        found = found[piece.good[found] & begins(rows) & ~is_scrambled(rows)]
        first = int(found[0]) if len(found) else None
        if first is not None:
            self._give_up(int(piece.pids[first]))
        return first

    def _starved(self, piece: Run) -> int | None:
        """Index of the packet that shows that the present stream has stopped while another goes on."""
        assert self._now is not None
        self._is_starved = False
        if len(self._maps.audio) < 2:
            return None
        pids = piece.pids
        units = np.flatnonzero(self._sounds[pids])
        units = units[piece.good[units] & begins(piece.rows[units])]
        stamps = stamps_of(piece.rows[units])
        last = self._sieve.stamp
        for index, stamp in zip(units[stamps != NO_STAMP], stamps[stamps != NO_STAMP], strict=True):
            if pids[index] == self._now.stream.pid:
                last = int(stamp)
            elif last is not None and STARVED_TICKS < elapsed(last, int(stamp)) < 100 * STARVED_TICKS:
                if self._patient_until is not None and elapsed(int(stamp), self._patient_until) > 0:
                    continue
                self._patient_until = (int(stamp) + STARVED_TICKS) % WRAP_TICKS
                self._is_starved = True
                return int(index)
        return None

    def _stays(self, place: tuple[int, int]) -> bool:
        """Choose again at `place`; whether decoding goes on as it is."""
        assert self._now is not None
        before = self.place
        found = self._chosen(*place)
        if found is not None and self._now.goes_on_as(found):
            self._now = found
            self.place = before
            return True
        listed = any(stream.pid == self._now.stream.pid for stream in self._maps.audio)
        if found is None and listed:
            self.place = before
            return True
        self._next = found
        return False


def _write(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
