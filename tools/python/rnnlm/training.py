"""Training."""

from __future__ import annotations

import math
import os
import warnings
from typing import Callable, NamedTuple

from . import _core
from .model import Path


class Progress(NamedTuple):
    """How far a training has come."""

    epoch: int  # from 0
    learning_rate: float
    words: int  # of the training text done in this epoch
    total_words: int  # of the training text, 0 if not known
    seconds: float  # since the epoch began
    train_bits: float  # a word, of the words done
    valid_bits: float  # a word, of a finished epoch; NaN before, and without validation text
    epoch_done: bool  # the epoch is over, and the model is saved

    @property
    def train_perplexity(self) -> float:
        return math.pow(2, self.train_bits)

    @property
    def valid_perplexity(self) -> float:
        return math.pow(2, self.valid_bits)


class TrainingWarning(UserWarning):
    """What a training has to say besides its figures."""


# Where the names of Python's are not the program's with _ for -.
_NAMES = {"model": "rnnlm", "seed": "rand-seed", "classes": "class", "one_epoch": "one-iter"}


def _option(name: str, value: object) -> tuple[str, str]:
    if isinstance(value, bool):
        text = "1" if value else "0"
    elif isinstance(value, (int, float, str)):
        text = str(value)
    elif isinstance(value, (bytes, os.PathLike)):
        text = os.fsdecode(value)
    else:
        raise TypeError(f"option {name}: found {type(value).__name__}, wanted str, int, float or bool")
    return _NAMES.get(name, name.replace("_", "-")), text


def train(
    *,
    train: Path,
    model: Path,
    valid: Path | None = None,
    layers: str | None = None,
    progress: Callable[[Progress], object] | None = None,
    **options: object,
) -> bool:
    """Trains a network, or goes on training it, and saves it after each epoch.

    train, valid: texts, one sentence a line; without valid one_epoch=True is wanted. model: the file. layers:
    as in "lstm:200,lstm:200". The other options are those of the program rnnlm, with _ for -: hidden, output,
    classes, tied, direct, direct_order, min_count, vocab_size, format, seed, independent; alpha, beta,
    gradient_cutoff, bptt, bptt_block, min_improvement, decay, epochs, max_iter; streams (batches, with
    optimiser, clip_norm and dropout), threads. None is as if an option were not there.

    progress(figures) is called every 10,000 words and after each epoch; if it returns something true the
    training saves what it has learnt, and ends. An exception, KeyboardInterrupt too, does the same and comes
    out of here. Returns False if progress has ended it, else True.

    OpenBLAS is set to one thread in each of the training's own, for the whole process. ValueError with the
    library's message if an option is wrong or a file cannot be used.
    """
    given: dict[str, object] = {"train": train, "model": model, "valid": valid, "layers": layers, **options}
    pairs = [part for name, value in given.items() if value is not None for part in _option(name, value)]

    def hear(figures: tuple[object, ...] | str) -> object:
        if isinstance(figures, str):
            warnings.warn(figures, TrainingWarning, stacklevel=3)
            return False
        return progress is not None and progress(Progress._make(figures))

    return not _core.train(tuple(pairs), hear)
