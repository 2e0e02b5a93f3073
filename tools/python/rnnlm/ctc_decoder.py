"""Models as the CTC decoders of torchaudio and flashlight take them.

None of them is needed. Where one is installed, the class here is of its own kind, so that its checks of types
pass.
"""

from __future__ import annotations

import math
from typing import Any

from ._core import State
from .model import Model

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


class CTCDecoderModel(_CTCDecoderBase):  # type: ignore[misc]
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
