"""What Dask runs on a worker: two functions, which take and give bytes, and the plugin that gives a worker its post."""

from typing import Any

from distributed import WorkerPlugin, get_worker

from voicemark.cluster.post import Post
from voicemark.cluster.wire import Settings

PLUGIN = "voicemark"


class Hearing(WorkerPlugin):
    """Gives each worker that it is set up in a post of its own."""

    name = PLUGIN

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def setup(self, worker: Any) -> None:
        worker.voicemark_post = Post(self._settings)

    def teardown(self, worker: Any) -> None:
        worker.voicemark_post.close()


def introduce() -> bytes:
    """Who hears on this worker: see `Post.introduce`."""
    worker: Any = get_worker()
    answer: bytes = worker.voicemark_post.introduce(_unwanted(worker))
    return answer


def hear(order: bytes) -> bytes:
    """The answer to an order: see `Post.hear`."""
    worker: Any = get_worker()
    answer: bytes = worker.voicemark_post.hear(order, _unwanted(worker))
    return answer


def _unwanted(worker: Any) -> Any:
    """Whether nobody waits for the present task any more: it was cancelled, or the worker ends."""
    key = worker.get_current_task()

    def unwanted() -> bool:
        task = worker.state.tasks.get(key)
        closing = worker.status.name not in ("running", "paused", "init")
        return task is None or task.state == "cancelled" or closing

    return unwanted
