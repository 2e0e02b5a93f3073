"""Models, with the methods that kenlm's have."""

from __future__ import annotations

import math
import os
from typing import Iterator, NamedTuple, Sequence, Union

from . import _core

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
Text = Union[str, bytes]


class FullScoreReturn(NamedTuple):
    """What is known of a word's score."""

    log_prob: float  # log10
    ngram_length: int  # of the n-gram that gave it; Model.order with a network, which looks at all words
    oov: bool  # not in the vocabulary


class LoadMethod:
    """kenlm's ways of reading a model. Ours are mapped where they can be; these change nothing."""

    LAZY, POPULATE_OR_LAZY, POPULATE_OR_READ, READ, PARALLEL_READ = range(5)


class ARPALoadComplain:
    """kenlm's ways of complaining of ARPA files. Ours are read in silence; these change nothing."""

    ALL, EXPENSIVE, NONE = range(3)


class Config:
    """kenlm's settings for reading a model, which have nothing to set here."""

    def __init__(self) -> None:
        self.show_progress = False
        self.arpa_complain = ARPALoadComplain.NONE
        self.load_method = LoadMethod.LAZY


class Model(_core.Model):
    """A network, an ARPA file or a binary n-gram model, known by its content; or a mixture of several.

        Model("model")
        Model("model", "kn5.arpa", weights=[0.7, 0.3])

    P(word) of a mixture is the sum of weights[i] P_i(word); without weights all count the same. A word that a
    model does not know counts as its word for unknown ones (<unk>); where it has none, and wherever a
    probability is 0, the score is `floor`: -100 as kenlm's (which adds back-off weights to it), -math.inf for
    what it is. `config` is kenlm's, and changes nothing.

    OSError if a file cannot be read; ModelError, a kind of it and of ValueError, if it holds no model.

    A model is pickled by its paths; a copy is the model itself, of which nothing changes. It is closed by
    close(), at the end of a `with`, or when nobody has it any more.
    """

    def __init__(
        self,
        *paths: Path | Config,
        weights: Sequence[float] | None = None,
        floor: float = -100.0,
        config: Config | None = None,
        path: Path | None = None,
    ) -> None:
        files = [name for name in paths if not isinstance(name, Config)]  # kenlm.Model(path, config)
        if path is not None:
            files.insert(0, path)
        self._open(files, weights, floor)

    def _open(
        self,
        files: Sequence[Path],
        weights: Sequence[float] | None,
        floor: float,
        options: tuple[str, ...] | None = None,
    ) -> None:
        self.paths: tuple[str, ...] = tuple(os.path.abspath(os.fsdecode(name)) for name in files)
        self.weights: tuple[float, ...] | None = None if weights is None else tuple(weights)
        if options is None:
            super().__init__(self.paths, self.weights, floor)
        else:
            super().__init__(self.paths, self.weights, floor, options)

    @property
    def path(self) -> bytes:
        """The (first) file, as kenlm has it."""
        return os.fsencode(self.paths[0])

    def full_scores(self, sentence: Text, bos: bool = True, eos: bool = True) -> Iterator[FullScoreReturn]:
        """For each word (and </s> with eos): log10 probability, n-gram length, whether it is unknown."""
        return map(FullScoreReturn._make, self._full_scores(sentence, bos, eos))

    def BaseFullScore(self, in_state: _core.State, word: Text, out_state: _core.State) -> FullScoreReturn:
        """BaseScore() with the n-gram's length and whether the word is unknown."""
        return FullScoreReturn._make(self._full_score(in_state, word, out_state))

    def perplexity(self, sentence: Text) -> float:
        """Of a sentence, </s> included; unknown words count as in score()."""
        scores = self._full_scores(sentence)
        try:
            return math.pow(10, -sum(score for score, _, _ in scores) / len(scores))
        except OverflowError:
            return float("inf")

    def start_state(self, bos: bool = True) -> _core.State:
        """A new state, at the start of a sentence or anywhere."""
        state = _core.State()
        (self.BeginSentenceWrite if bos else self.NullContextWrite)(state)
        return state

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def __copy__(self) -> Model:
        return self

    def __deepcopy__(self, memo: object) -> Model:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return _open, (type(self), self.paths, self.weights, self.floor)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} from {', '.join(map(os.path.basename, self.paths))}>"


def _open(kind: type[Model], paths: tuple[str, ...], weights: tuple[float, ...] | None, floor: float) -> Model:
    return kind(*paths, weights=weights, floor=floor)


LanguageModel = Model  # kenlm's old name
