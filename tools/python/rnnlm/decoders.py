"""Models as the decoders of other packages take them: pyctcdecode, torchaudio and flashlight.

None of these packages is needed. Where one is installed, the classes here are its own kind of class, so that
its checks of types pass.
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

try:
    from torchaudio.models.decoder import CTCDecoderLM as _CTCDecoderBase
    from torchaudio.models.decoder import CTCDecoderLMState as _CTCState
except ImportError:
    try:
        from flashlight.lib.text.decoder import LM as _CTCDecoderBase
        from flashlight.lib.text.decoder import LMState as _CTCState
    except ImportError:
        _CTCDecoderBase = object

        class _CTCState:  # type: ignore[no-redef]
            """A tree of states by the tokens that lead to them, as the packages have it."""

            def __init__(self) -> None:
                self.children: dict[int, _CTCState] = {}

            def child(self, usr_index: int) -> _CTCState:
                return self.children.setdefault(usr_index, _CTCState())

            def compare(self, state: _CTCState) -> int:
                return (id(self) > id(state)) - (id(self) < id(state))


LOG_10 = math.log(10)


class BeamDecoderModel(_BeamDecoderBase):  # type: ignore[misc, valid-type]
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


class CTCDecoderModel(_CTCDecoderBase):  # type: ignore[misc, valid-type]
    """The language model of torchaudio's ctc_decoder(lm=..., lm_dict=...), and of flashlight's decoders.

    words[i] is the word of the index i that the decoder has: the lines of lm_dict. Scores are natural
    logarithms, which the decoder's lm_weight weighs.
    """

    def __init__(self, model: Model, words: list[str]) -> None:
        super().__init__()
        self.model = model
        self.words = list(words)
        self._known: dict[Any, tuple[State, float]] = {}  # states, and the scores of their last words

    def start(self, start_with_nothing: bool = False) -> Any:
        """The state where an utterance begins; those of the one before are forgotten."""
        state = _CTCState()
        self._known = {state: (self.model.start_state(not start_with_nothing), 0.0)}
        return state

    def _step(self, state: Any, token: int, word: str) -> tuple[Any, float]:
        child = state.child(token)
        if child not in self._known:
            behind = State()
            log10_prob = self.model.BaseScore(self._known[state][0], word, behind)
            self._known[child] = behind, LOG_10 * log10_prob
        return child, self._known[child][1]

    def score(self, state: Any, usr_token_idx: int) -> tuple[Any, float]:
        """The state behind a word, and the word's score."""
        if not 0 <= usr_token_idx < len(self.words):
            raise IndexError(f"found token {usr_token_idx}, wanted one of the {len(self.words)} words")
        return self._step(state, usr_token_idx, self.words[usr_token_idx])

    def finish(self, state: Any) -> tuple[Any, float]:
        """The state behind the sentence's end, and that end's score."""
        return self._step(state, -1, "</s>")
