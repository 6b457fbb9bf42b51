"""Batches made in one or two worker processes, each a pure function of (split, number of the batch)."""
import numpy as np
import torch

import world
from scenes import Composer, dense_targets, scene_rng

_composers = {}


def composer(bank="train"):
    if bank not in _composers:
        _composers[bank] = Composer(world.work_path(f"bank-{bank}.pkl"))
    return _composers[bank]


def to_pixels(images):
    """uint8 [B,H,W,3] -> float [B,3,H,W] in -1..1, as the preprocessor config says."""
    x = torch.from_numpy(np.ascontiguousarray(np.stack(images).transpose(0, 3, 1, 2)))
    return x.float().div_(127.5).sub_(1)


def stacked(targets):
    """Dense targets of many scenes: (classes, colours, letters)."""
    return tuple(torch.from_numpy(np.stack(column)) for column in zip(*targets))


def dense_batch(number, size, split):
    images, targets = [], []
    composer().many_words = True
    for i in range(size):
        image, items = composer().scene(scene_rng(split, number * size + i))
        images.append(image)
        targets.append(dense_targets(items))
    composer().many_words = False
    return to_pixels(images), stacked(targets)


class Numbers(torch.utils.data.IterableDataset):
    def __init__(self, make, size, first, split, rank, step):
        self.make, self.size, self.split = make, size, split
        self.first, self.step = first * step + rank, step

    def __iter__(self):
        n = self.first
        while True:
            yield self.make(n, self.size, self.split)
            n += self.step


def batches(make, size, first, split, pair):
    """An endless iterator over this process's batches, resumable at any step; a worker composes ahead."""
    data = Numbers(make, size, first, split, pair.rank, pair.size)
    return iter(torch.utils.data.DataLoader(data, batch_size=None, num_workers=1, prefetch_factor=4))
