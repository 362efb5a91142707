"""A speaker network that is made and trained in a moment."""

from collections.abc import Sequence

from voicemark.voice.network import EncoderConfig


def tiny(dim: int = 16, *, blocks: Sequence[int] = (1,)) -> EncoderConfig:
    """The shape of one with embeddings of `dim` numbers, and these dilations in its stem and its trunk."""
    return EncoderConfig(
        dim=dim,
        stem_channels=16,
        stem_blocks=tuple(blocks),
        trunk_channels=16,
        trunk_blocks=tuple(blocks),
        head_channels=24,
        attention_channels=8,
    )
