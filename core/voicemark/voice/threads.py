"""One thread for products that are too small to share.

Threads that meet for a product of a few megaflops cost more than it does: whoever has done its part spins until the
others have, ten times the product where others use the machine (docs/performance.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it, torch computes in the calling thread alone. Other threads that compute already are left as they are;
    one that computes for the first time just then gets one thread, too: nothing long is to be done within it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
