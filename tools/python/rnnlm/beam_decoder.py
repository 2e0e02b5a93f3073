"""Models as pyctcdecode takes them.

The package is not needed. Where it is installed, the class here is of its own kind, so that its checks of types
pass.
"""

from __future__ import annotations

import math
from typing import Any

from ._core import State
from .model import Model

try:
    from pyctcdecode.language_model import AbstractLanguageModel as _BeamDecoderBase
except ImportError:
    _BeamDecoderBase = object

LOG_10 = math.log(10)


class BeamDecoderModel(_BeamDecoderBase):  # type: ignore[misc]
    """The language model of pyctcdecode's BeamSearchDecoderCTC:

        decoder = BeamSearchDecoderCTC(Alphabet.build_alphabet(labels), BeamDecoderModel(model))

    A word adds alpha * ln(10) * (log10 P(word) + unk_score_offset if it is unknown) + beta to a beam. A part of
    a word that begins no word of the model costs unk_score_offset, and more where it is long.
    """

    def __init__(
        self,
        model: Model,
        alpha: float = 0.5,
        beta: float = 1.5,
        unk_score_offset: float = -10.0,
        score_boundary: bool = True,
    ) -> None:
        self.model = model
        self.alpha = alpha
        self.beta = beta
        self.unk_score_offset = unk_score_offset
        self.score_boundary = score_boundary
        self._beginnings: frozenset[str] | None = None

    def reset_params(
        self,
        alpha: float | None = None,
        beta: float | None = None,
        unk_score_offset: float | None = None,
        score_boundary: bool | None = None,
    ) -> None:
        """Sets those that are not None."""
        given = {
            "alpha": alpha,
            "beta": beta,
            "unk_score_offset": unk_score_offset,
            "score_boundary": score_boundary,
        }
        self.__dict__.update({name: value for name, value in given.items() if value is not None})

    @property
    def order(self) -> int:
        return self.model.order

    def get_start_state(self) -> State:
        return self.model.start_state(self.score_boundary)

    def score_partial_token(self, partial_token: str) -> float:
        if self._beginnings is None:
            self._beginnings = frozenset(
                word[:end] for word in self.model.vocabulary() for end in range(len(word) + 1)
            )
        if partial_token in self._beginnings:
            return 0.0
        return self.unk_score_offset * max(1.0, len(partial_token) / 6)

    def score(self, prev_state: State, word: str, is_last_word: bool = False) -> tuple[float, State]:
        """What the word adds to a beam's score, with the sentence's end if it is the last; the state behind."""
        state = State()
        log10_prob = self.model.BaseScore(prev_state, word, state)
        if word not in self.model:
            log10_prob += self.unk_score_offset
        if is_last_word and self.score_boundary:
            log10_prob += self.model.BaseScore(state, "</s>", State())
        return self.alpha * LOG_10 * log10_prob + self.beta, state

    def save_to_dir(self, filepath: str) -> None:
        raise NotImplementedError("the model has files of its own: Model.paths")

    @classmethod
    def load_from_dir(cls, filepath: str) -> BeamDecoderModel:
        raise NotImplementedError("the model has files of its own: BeamDecoderModel(Model(path))")

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_beginnings": None}
