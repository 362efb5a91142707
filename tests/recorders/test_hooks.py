"""Requests: what a hook leaves is what the service takes, once, whatever the name; junk never stops it."""

import contextlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.errors import VoicemarkError
from voicemark.recorders import hooks
from voicemark.recorders.hooks import MAX_BYTES, Request, RequestKind, leave_request, parse_request, take_requests

path_bytes = st.binary(min_size=1, max_size=80).filter(
    lambda raw: b"\0" not in raw and raw.strip(b"/") == raw and raw not in (b".", b"..") and b"//" not in raw
)


def as_path(raw: bytes) -> Path:
    return Path("/" + os.fsdecode(raw))


@settings(deadline=None)
@given(raw=path_bytes, other=st.none() | path_bytes)
def test_a_request_survives_any_bytes_in_its_paths(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, other: bytes | None
) -> None:
    folder = tmp_path_factory.mktemp("requests")
    request = Request("plain", "moved", as_path(raw), None if other is None else as_path(other))
    leave_request(folder, request)
    assert take_requests(folder) == [request]
    assert list(folder.iterdir()) == []


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_a_request_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(parse_request(data), Request)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["path_hex", "event", "recorder"]), inner),
    )
)
def test_fields_of_any_type_are_a_request_or_a_value_error(fields: object) -> None:
    with contextlib.suppress(ValueError):
        parse_request(json.dumps({"voicemark": 1, "recorder": "vdr", "event": "after", "path_hex": fields}).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"voicemark": 2, "recorder": "vdr", "event": "after", "path_hex": "2f61"}',
        b'{"voicemark": 1, "recorder": "vdr", "event": "after", "path_hex": "61"}',
        b'{"voicemark": 1, "recorder": "vdr", "event": "after", "path_hex": "2f0061"}',
        b'{"voicemark": 1, "recorder": "vdr", "event": "after"}',
        b'{"voicemark": 1, "recorder": 5, "event": "after", "path_hex": "2f61"}',
        b"[" * 20_000,
        b" " * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_request_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_request(data)


def test_junk_is_cleared_away_and_what_is_good_comes_through(tmp_path: Path) -> None:
    (tmp_path / "junk.json").write_bytes(b"\xff\x00{")
    (tmp_path / "long.json").write_bytes(b"x" * (MAX_BYTES * 2))
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "README").write_text("not a request")
    good = Request("tvheadend", "finished", Path("/srv/a.ts"))
    leave_request(tmp_path, good)
    assert take_requests(tmp_path) == [good]
    assert {entry.name for entry in tmp_path.iterdir()} == {"pipe.json", "link.json", "folder.json", "README"}
    assert take_requests(tmp_path) == []


def test_half_written_requests_are_left_alone_and_removed_when_they_are_old(tmp_path: Path) -> None:
    fresh, old = tmp_path / "a.part", tmp_path / "b.part"
    fresh.write_text("{")
    old.write_text("{")
    os.utime(old, (0, 0))
    assert take_requests(tmp_path) == []
    assert fresh.exists() and not old.exists()


def test_the_same_request_twice_counts_once_and_the_oldest_comes_first(tmp_path: Path) -> None:
    first, second = Request("vdr", "after", Path("/v/a.rec")), Request("vdr", "after", Path("/v/b.rec"))
    for age, request in enumerate((first, second, first)):
        os.utime(leave_request(tmp_path, request), (1000 + age, 1000 + age))
    assert take_requests(tmp_path) == [first, second]


def test_a_folder_that_is_not_there_holds_no_requests_but_cannot_be_written(tmp_path: Path) -> None:
    assert take_requests(tmp_path / "none") == []
    with pytest.raises(VoicemarkError, match="cannot be left there"):
        leave_request(tmp_path / "none", Request("vdr", "after", Path("/v/a.rec")))


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("before", RequestKind.BUSY),
        ("started", RequestKind.BUSY),
        ("after", RequestKind.LOOK),
        ("editing", RequestKind.BUSY),
        ("edited", RequestKind.LOOK),
        ("deleted", RequestKind.GONE),
        ("copying", RequestKind.BUSY),
        ("copied", RequestKind.LOOK),
        ("renamed", RequestKind.MOVED),
        ("moved", RequestKind.MOVED),
        ("something-new", RequestKind.LOOK),
    ],
)
def test_every_state_of_the_recorder_asks_for_the_right_thing(event: str, kind: RequestKind) -> None:
    assert Request("vdr", event, Path("/v/a.rec")).kind is kind


def test_vdrs_own_spelling_of_a_path_is_the_same_recording() -> None:
    """VDR joins its video directory and a name with two slashes when a recording is moved."""
    data = json.dumps({"voicemark": 1, "recorder": "vdr", "event": "moved", "path_hex": b"/v//a.rec/".hex()}).encode()
    assert parse_request(data).path == Path("/v/a.rec")


def test_a_thousand_things_that_are_no_files_do_not_stand_in_the_way(tmp_path: Path) -> None:
    for number in range(1200):
        (tmp_path / f"0-{number}.json").symlink_to("/nonexistent")
    (tmp_path / "folder.json").mkdir()
    good = Request("plain", "finished", Path("/srv/tv/News.ts"))
    leave_request(tmp_path, good)
    assert take_requests(tmp_path) == [good]
    assert take_requests(tmp_path) == []


def test_what_can_neither_be_read_nor_removed_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a folder in which the service may not write: its requests count once."""
    monkeypatch.setattr(hooks, "MAX_REQUESTS", 10)
    for number in range(30):
        left = leave_request(tmp_path, Request("plain", "finished", Path(f"/srv/{number}.ts")))
        os.utime(left, ns=(number, number))

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refused)
    taken = [request.path.name for _ in range(5) for request in take_requests(tmp_path)]
    assert taken == [f"{number}.ts" for number in range(30)]
    assert caplog.text.count("cannot be removed") == 30


def test_of_very_many_requests_each_look_takes_some_until_all_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MAX_REQUESTS", 10)
    monkeypatch.setattr(hooks, "MAX_SEEN", 25)
    for number in range(100):
        leave_request(tmp_path, Request("plain", "finished", Path(f"/srv/{number}.ts")))
    counts = []
    while taken := take_requests(tmp_path):
        counts.append(len(taken))
    assert counts == [10] * 10


@pytest.mark.parametrize(
    "raw",
    [b"/srv/" + b"a" * 300, b"/srv" + b"/abc" * 1100, b"/srv/../etc/x.ts", b"/srv/" + "ä".encode() * 128],
)
def test_a_path_that_linux_cannot_have_or_that_leads_back_up_is_no_request(raw: bytes) -> None:
    fields = {"voicemark": 1, "recorder": "plain", "event": "finished", "path_hex": raw.hex(), "source_hex": ""}
    with pytest.raises(ValueError, match="path"):
        parse_request(json.dumps(fields).encode())
    with pytest.raises(ValueError, match="path"):
        parse_request(json.dumps({**fields, "path_hex": b"/a".hex(), "source_hex": raw.hex()}).encode())


@pytest.mark.parametrize("word", ["", "x" * 40, "a b", "\ud800", "../x", "VDR\n"])
def test_words_of_a_request_are_words(word: str) -> None:
    fields = {"voicemark": 1, "recorder": "plain", "event": word, "path_hex": b"/a".hex(), "source_hex": ""}
    with pytest.raises(ValueError, match="words"):
        parse_request(json.dumps(fields).encode())
