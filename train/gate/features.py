"""Features of all pictures under the frozen network, in two processes, kept in a file: minutes, once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from octcore.quality import network_input
from train.gate.views import Item, views_of

_worker: dict[str, Any] = {}


@dataclass(frozen=True)
class Table:
    """One row a view. ``features``: float32 (N, F); ``target``: int (N,); ``view``: 0 for the picture as it is; ``source``,
    ``group``, ``split``, ``name``: str (N,)."""

    features: NDArray[np.float32]
    target: NDArray[np.int64]
    view: NDArray[np.int64]
    source: NDArray[np.str_]
    group: NDArray[np.str_]
    split: NDArray[np.str_]
    name: NDArray[np.str_]

    def where(self, keep: NDArray[np.bool_]) -> Table:
        """The rows that ``keep`` (bool (N,)) says."""
        return Table(**{key: value[keep] for key, value in self.__dict__.items()})


def table(items: Sequence[Item], network: Path, keep: Path, seed: int = 0, processes: int = 2) -> Table:
    """The features of every view of ``items`` under the ONNX feature network; read from ``keep`` where it exists."""
    if not keep.exists():
        rows: list[tuple[int, int, NDArray[np.float32]]] = []
        with multiprocessing.get_context("fork").Pool(processes, _start, (list(items), str(network), seed)) as pool:
            for found in tqdm(pool.imap_unordered(_features, range(len(items)), chunksize=16), total=len(items), mininterval=10):
                rows += found
        rows.sort(key=lambda row: row[:2])
        chosen = [items[k] for k, _, _ in rows]
        np.savez(
            keep,
            features=np.stack([f for _, _, f in rows]),
            target=np.array([i.target for i in chosen]),
            view=np.array([v for _, v, _ in rows]),
            source=np.array([i.source for i in chosen]),
            group=np.array([i.group for i in chosen]),
            split=np.array([i.split for i in chosen]),
            name=np.array([i.picture.name if i.picture else str(i.file or i.group) for i in chosen]),
        )
    with np.load(keep) as saved:
        return Table(**{key: saved[key] for key in saved.files})


def _start(items: list[Item], network: str, seed: int) -> None:
    import cv2
    import onnxruntime

    cv2.setNumThreads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    _worker.update(items=items, session=session, seed=seed)


def _features(k: int) -> list[tuple[int, int, NDArray[np.float32]]]:
    views = views_of(_worker["items"][k], np.random.default_rng((_worker["seed"], k)))
    if not views:
        return []
    features = _worker["session"].run(None, {"picture": np.concatenate([network_input(v) for v in views])})[0]
    return [(k, v, f) for v, f in enumerate(features)]
