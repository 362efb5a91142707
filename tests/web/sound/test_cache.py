"""Clips that are kept: bounded, private, and never in the way."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from voicemark.web.sound.cache import OLDEST_S, ClipCache

KEYS = [f"{number:064x}" for number in range(20)]


def there(cache: ClipCache, key: str) -> bytes | None:
    file = cache.get(key)
    if file is None:
        return None
    with file:
        return file.read()


def test_what_was_put_there_is_given_back(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path / "clips", 100)
    assert there(cache, KEYS[0]) is None
    cache.put(KEYS[0], b"sound")
    assert there(cache, KEYS[0]) == b"sound"
    assert there(ClipCache(tmp_path / "clips", 100), KEYS[0]) == b"sound", "another process finds it"


def test_folder_and_files_are_their_users_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        ClipCache(tmp_path / "clips", 100).put(KEYS[0], b"sound")
    finally:
        os.umask(before)
    (file,) = (tmp_path / "clips").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 30)
    for number, key in enumerate(KEYS[:3]):
        cache.put(key, b"0123456789")
        os.utime(tmp_path / f"{key}.wav", (time.time() - 100 + number, time.time() - 100 + number))
    assert there(cache, KEYS[0]) is not None, "used now"
    cache.put(KEYS[3], b"0123456789")
    assert [there(cache, key) is not None for key in KEYS[:4]] == [True, False, True, True]
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 30


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 10)
    cache.put(KEYS[0], b"0123456789a")
    assert there(cache, KEYS[0]) is None


def test_nothing_stays_for_long(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 1000)
    cache.put(KEYS[0], b"old")
    old = time.time() - OLDEST_S - 1
    os.utime(tmp_path / f"{KEYS[0]}.wav", (old, old))
    cache.put(KEYS[1], b"new")
    assert [there(cache, key) for key in KEYS[:2]] == [None, b"new"]


def test_a_clip_that_is_being_read_stays_whole_when_it_makes_room(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 10)
    cache.put(KEYS[0], b"0123456789")
    file = cache.get(KEYS[0])
    assert file is not None
    cache.put(KEYS[1], b"9876543210")
    with file:
        assert file.read() == b"0123456789"


def test_files_of_others_are_neither_read_nor_removed(tmp_path: Path) -> None:
    mine = tmp_path / "photo.wav"
    mine.write_bytes(b"x" * 1000)
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (tmp_path / f"{KEYS[0]}.wav").symlink_to(secret)
    cache = ClipCache(tmp_path, 10)
    assert there(cache, KEYS[0]) is None, "a link is not followed"
    cache.put(KEYS[0], b"sound")
    assert there(cache, KEYS[0]) == b"sound"
    assert mine.exists() and secret.read_bytes() == b"secret"


@pytest.mark.parametrize("key", ["", "../x", "/etc/passwd", "A" * 64, f"{KEYS[0]}\n"])
def test_only_keys_are_names(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError):
        ClipCache(tmp_path, 10).get(key)


def test_a_folder_that_cannot_be_made_is_only_remarked_upon(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ClipCache(tmp_path / "file" / "clips", 100)
    cache.put(KEYS[0], b"sound")
    assert there(cache, KEYS[0]) is None
    assert "not kept" in caplog.text


def test_many_at_once_stay_within_the_bound(tmp_path: Path) -> None:
    cache = ClipCache(tmp_path, 1000)

    def put(number: int) -> None:
        for key in KEYS:
            cache.put(key, bytes([number]) * 100)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cache.put(KEYS[0], b"x" * 100)
    sizes = [file.stat().st_size for file in tmp_path.iterdir()]
    assert sum(sizes) <= 1000 and set(sizes) == {100}
