"""Recurrent neural network language models, back-off n-gram models, and mixtures of them.

    import rnnlm

    model = rnnlm.Model("model")                 # a network, an ARPA file, a binary n-gram model
    model.score("this is a sentence")            # log10 P(words, </s> | sentence start)
    mixed = rnnlm.Model("model", "kn5.arpa", weights=[0.7, 0.3])
    rnnlm.rescore(mixed, ["a hypothesis", "another"])
    rnnlm.AdaptiveModel("model", rate=0.1).learn("what is heard")
    rnnlm.train(train="train.txt", valid="valid.txt", model="new", layers="lstm:200", streams=20)

Programs that `import kenlm` run with `import rnnlm as kenlm`. Scores are log10 probabilities. Any number of
threads may use a model at the same time; what takes long gives up the GIL.
"""

from typing import TYPE_CHECKING

from ._core import ModelError, State, version as __version__
from .adaptive import AdaptiveModel
from .model import ARPALoadComplain, Config, FullScoreReturn, LanguageModel, LoadMethod, Model
from .nbest import Hypothesis, Surprisal, rescore, surprisal
from .training import Progress, TrainingWarning, train

if TYPE_CHECKING:
    from .beam_decoder import BeamDecoderModel
    from .ctc_decoder import CTCDecoderModel

__all__ = [
    "ARPALoadComplain",
    "AdaptiveModel",
    "BeamDecoderModel",
    "CTCDecoderModel",
    "Config",
    "FullScoreReturn",
    "Hypothesis",
    "LanguageModel",
    "LoadMethod",
    "Model",
    "ModelError",
    "Progress",
    "State",
    "Surprisal",
    "TrainingWarning",
    "__version__",
    "rescore",
    "surprisal",
    "train",
]


def __getattr__(name: str) -> object:
    """Classes that look for other packages are not made before they are asked for."""
    if name == "BeamDecoderModel":
        from .beam_decoder import BeamDecoderModel

        return BeamDecoderModel
    if name == "CTCDecoderModel":
        from .ctc_decoder import CTCDecoderModel

        return CTCDecoderModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
