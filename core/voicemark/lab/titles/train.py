"""`voicemark train titles`: one guide's programmes in, the title embedding and the type classifier out."""

from collections.abc import Callable, Iterable

from voicemark.errors import GuideError
from voicemark.lab.titles.titles_training import TitleTraining, labelled_titles, train_titles
from voicemark.lab.titles.types_training import TypeTraining, train_types, typed_texts
from voicemark.recording import Programme
from voicemark.titles.model_file import TextModel, text_model

Progress = Callable[[str], Callable[[int, int, float], None]]
"""Given what is being trained, what is called with steps done, steps in all, and the present loss."""


def train_text_model(
    programmes: Iterable[Programme],
    titles: TitleTraining | None = None,
    types: TypeTraining | None = None,
    progress: Progress | None = None,
) -> TextModel:
    """Learn both from programmes with categories. Raises GuideError where there is too little to learn from.

    Categories that are enough for the embedding may be too few for types; then there is no classifier.
    """
    known = list(programmes)
    embedding = train_titles(labelled_titles(known), None, titles, progress and progress("titles"))
    try:
        classifier = train_types(typed_texts(known), types, progress and progress("types"))
    except GuideError:
        classifier = None
    return text_model(embedding, classifier)
