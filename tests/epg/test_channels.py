"""Names of channels: what recorders and guides call one channel has one key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.channels import channel_key, channel_keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Das Erste HD", "Das Erste"), ("ZDF HD", "zdf.de"), ("Das.Erste.de", "Das Erste"), ("SAT.1", "Sat.1 HD"),
        ("ARD-alpha", "ARD alpha"), ("Canal+ Cinéma", "Canal+ Cinema"), ("3sat HD", "3sat"), ("BBC One", "BBC.One.de"),
        ("Das Erste HD,ARD;ARD", "Das Erste"), ("ZDF neo", "ZDFneo"),
    ],
)  # fmt: skip
def test_names_of_one_channel(one: str, other: str) -> None:
    assert channel_keys(one) & channel_keys(other)


@pytest.mark.parametrize(("one", "other"), [("3+", "3"), ("RTL", "RTL 2"), ("HD", "UHD"), ("Das Erste", "Das Zweite")])
def test_names_of_different_channels(one: str, other: str) -> None:
    assert not channel_keys(one) & channel_keys(other)


@given(st.text(max_size=60))
def test_a_key_is_its_own_key(name: str) -> None:
    key = channel_key(name)
    assert channel_key(key) == key
