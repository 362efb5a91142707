"""Languages: one spelling for what broadcasters write in several."""

from hypothesis import given
from hypothesis import strategies as st

from voicemark.languages import language_code


def test_languages_have_one_spelling() -> None:
    assert {language_code(code) for code in ("DEU", "ger", "deu", "de", "de_DE", "de-AT")} == {"ger"}
    assert [language_code(code) for code in ("fra", "qad", "und", "", "x1", "deutsch")] == [
        "fre",
        "qad",
        None,
        None,
        None,
        None,
    ]


@given(st.text(max_size=8))
def test_a_code_is_its_own_code(text: str) -> None:
    code = language_code(text)
    assert code is None or (len(code) == 3 and language_code(code) == code)
