"""A guide's XML taken apart as it is read: what is kept, what is unpacked and what is read at once have an end.

Entity declarations are refused (defusedxml), so no entity bomb goes off and no file outside the guide is opened. Only
the element at hand is kept, and of it so many characters and children; a tag or a comment has a length that real ones
never reach (a parser that waits for its end looks at it again with every block); how it is unpacked: `packed`.
"""

from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from voicemark.epg.packed import unpacked
from voicemark.errors import GuideError
from voicemark.foreign import ANYWHERE, opened

MAX_ELEMENT = 1 << 20  # characters kept of one programme, attributes included; real ones have a few thousand
MAX_CHILDREN = 5000  # elements kept of one programme
MAX_DEPTH = 32
MAX_PASSED_OVER = 1_000_000  # elements of one programme that are not kept
MAX_STRAYS = 100_000  # elements beside channels and programmes
MAX_ATTRIBUTE = 1024  # characters
MAX_SILENCE = 1 << 20  # bytes of a single tag or comment
ATTRIBUTES = frozenset({"id", "channel", "start", "stop", "lang", "system", "units"})
"""Those that are looked at."""


def elements(path: Path) -> Iterator[Element]:
    """The `<channel>` and `<programme>` elements of the guide at `path`, as they come.

    What is whole is given before the one `GuideError` that says where it breaks off, or that it is no guide.
    """
    target = _Target()
    parser = DefusedXMLParser(target=target)
    try:
        with opened(path, ANYWHERE) as raw:
            for block in unpacked(raw, path):
                before, silent = target.events, target.silence
                parser.feed(block)
                target.silence = 0 if target.events > before else silent + len(block)
                if target.root not in (None, "tv"):
                    raise GuideError("is no XMLTV guide", path=path)
                if target.silence > MAX_SILENCE:
                    raise GuideError(f"is no XMLTV guide: a tag or comment of more than {MAX_SILENCE} bytes", path=path)
                yield from target.taken()
            parser.close()
        yield from target.taken()
        if target.root is None:
            raise GuideError("is no XMLTV guide", path=path)
    except DefusedXmlException:
        raise GuideError("declares entities, which is refused", path=path) from None
    except ParseError as error:
        yield from target.taken()
        raise GuideError(f"is broken or not complete ({error})", path=path) from None
    except GuideError:
        yield from target.taken()
        raise
    except OSError as error:
        raise GuideError(f"cannot be read: {error.strerror}", path=path) from error
    except (ValueError, LookupError) as error:  # an encoding that Python or expat does not know
        raise GuideError(f"cannot be read: {error}", path=path) from None


class _Target:
    """Receives the parser's events and keeps the `<channel>` or `<programme>` at hand, no more."""

    def __init__(self) -> None:
        self.events = self.silence = 0
        self.root: str | None = None
        self._done: list[Element] = []
        self._depth = 0
        self._builder: TreeBuilder | None = None
        self._room = self._children = self._skipped = self._strays = 0

    def taken(self) -> list[Element]:
        """What is whole since the last call."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.events += 1
        self._depth += 1
        if self._depth == 1:
            self.root = tag
        if self._depth == 2 and tag in ("channel", "programme"):
            self._builder, self._room, self._children = TreeBuilder(), MAX_ELEMENT, MAX_CHILDREN
        elif self._builder is None:
            self._strays += 1
            if self._strays > MAX_STRAYS:
                raise ValueError(f"more than {MAX_STRAYS} elements are neither channels nor programmes")
        if self._builder is not None:
            self._children -= 1
            if self._children < -MAX_PASSED_OVER:
                raise ValueError(f"a programme holds more than {MAX_PASSED_OVER} elements")
            self._room -= len(tag)
            if self._skipped or self._children < 0 or self._room < 0 or self._depth > MAX_DEPTH:
                self._skipped += 1
            else:
                kept = {name: value[:MAX_ATTRIBUTE] for name, value in attributes.items() if name in ATTRIBUTES}
                self._room -= sum(map(len, kept.values()))
                self._builder.start(tag, kept)

    def end(self, tag: str) -> None:
        """An element ends."""
        self.events += 1
        if self._builder is not None:
            if self._skipped:
                self._skipped -= 1
            else:
                self._builder.end(tag)
            if self._depth == 2:
                self._done.append(self._builder.close())
                self._builder = None
        self._depth -= 1

    def data(self, text: str) -> None:
        """Text between tags."""
        self.events += 1
        if self._builder is not None and not self._skipped and self._room > 0:
            self._builder.data(text[: self._room])
            self._room -= len(text)

    def close(self) -> None:
        """The document ends."""
