"""One thread for small products, and no other number of them for anybody else."""

import threading

import pytest
import torch

from voicemark.voice.threads import one_thread


def test_the_number_of_threads_is_what_it_was_also_after_an_error() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_another_thread_that_computes_already_keeps_its_own_number() -> None:
    seen: list[int] = []
    ready, within, asked = threading.Event(), threading.Event(), threading.Event()

    def other() -> None:
        assert torch.get_num_threads()
        torch.set_num_threads(2)
        ready.set()
        within.wait(30)
        seen.append(torch.get_num_threads())
        asked.set()

    thread = threading.Thread(target=other)
    thread.start()
    assert ready.wait(30)
    with one_thread():
        within.set()
        assert asked.wait(30)
    thread.join()
    assert seen == [2]
