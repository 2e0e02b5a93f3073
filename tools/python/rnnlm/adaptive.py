"""Models that go on learning from what is heard."""

from __future__ import annotations

import os
from array import array
from typing import NoReturn, Sequence

from .model import Model, Path, Text


class AdaptiveModel(Model):
    """A Model whose networks learn from what learn() is given, in weights of their own (rnnlm -dynamic).

        model = AdaptiveModel("model", rate=4e-4, rule="rms")
        best = rnnlm.rescore(model, hypotheses)[0].sentence
        model.learn(best)

    rate, rule ("sgd" or "rms"), decay, words and statistics (a file for each network; by default that beside it)
    are rnnlm's options -dynamic, -dynamic-rule and so on. Models that others have opened of the same files stay as
    they are. Threads may score at the same time, but while learn() or restart() begins nobody may: RuntimeError.
    """

    def __init__(
        self,
        *paths: Path,
        rate: float,
        rule: str = "sgd",
        decay: float | None = None,
        words: int | None = None,
        statistics: Sequence[Path] = (),
        weights: Sequence[float] | None = None,
        floor: float = -100.0,
    ) -> None:
        options = ["dynamic", repr(float(rate)), "dynamic-rule", rule]
        if decay is not None:
            options += ["dynamic-decay", repr(float(decay))]
        if words is not None:
            options += ["dynamic-words", str(int(words))]
        for file in statistics:
            options += ["dynamic-statistics", os.fsdecode(file)]
        self._open(paths, weights, floor, tuple(options))

    def learn(self, sentence: Text) -> array[float]:
        """Goes on by a sentence and learns from it; log10 P of its words and </s>, each before it was learnt from.

        Sentences follow one another as in a text. ValueError if the rate is so high that the weights blow up, which
        restart(forget=True) puts right.
        """
        return self._learn(sentence)

    def restart(self, forget: bool = True) -> None:
        """Stands at the start of a sentence; with `forget` the weights are those of the files again."""
        self._restart(forget)

    def __copy__(self) -> NoReturn:
        raise TypeError("a model that learns has no copies: what it has learnt is its own")

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a model that learns is not pickled: what it has learnt is its own")
