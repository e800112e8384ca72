"""Which data a sweep has given to a cluster."""

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from nettrain.sweep.cluster.sent_data import SentData
from nettrain.sweep.shared_data import SharedData

if TYPE_CHECKING:
    from distributed import Client, Future

KEPT = 1 << 30  # bytes of data that stay on the cluster for chunks to come


class DataOnCluster:
    """Sends each file of data once, to one worker, from which Dask moves it to those that need it.

    The data that were used last stay there, as far as they fit `KEPT`; tasks keep those that they need.
    """

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._sent: OrderedDict[Path, Future] = OrderedDict()
        self._sizes: dict[Path, int] = {}

    def future(self, shared: SharedData, worker: str) -> "Future":
        """These data on the cluster. Raises OSError when they cannot be sent."""
        path = shared.path
        if path not in self._sent or self._sent[path].status != "finished":
            data = SentData.read(shared)
            self._sizes[path] = data.content.nbytes
            try:
                self._sent[path] = self._client.scatter(data, workers=[worker], hash=False)
            except KeyError:  # that worker has gone meanwhile: any other
                self._sent[path] = self._client.scatter(data, hash=False)
        self._sent.move_to_end(path)
        while len(self._sent) > 1 and sum(self._sizes[one] for one in self._sent) > KEPT:
            self._sent.popitem(last=False)
        return self._sent[path]

    def lose(self, shared: SharedData) -> None:
        """Forget data that are perhaps lost, so that they are sent again."""
        self._sent.pop(shared.path, None)

    def clear(self) -> None:
        """Let the cluster forget all of them."""
        self._sent.clear()
