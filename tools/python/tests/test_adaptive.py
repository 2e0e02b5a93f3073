"""Models that learn from what is heard."""

import copy
import pickle
import threading
import unittest

import rnnlm
import support


class Adaptive(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.path = str(support.DIRECTORY / "adapted")
        rnnlm.train(model=cls.path, hidden=8, **{**support.SMALL, "max_iter": 1})
        support.program("rnnlm-model", "-rnnlm", cls.path, "-statistics", support.TRAIN_PATH)

    def test_learns_and_forgets(self):
        fixed = rnnlm.Model(self.path)
        heard = "mice mice mice"
        for rule, rate in (("sgd", 0.3), ("rms", 0.01)):
            words = {"words": 4} if rule == "rms" else {}
            with rnnlm.AdaptiveModel(self.path, rate=rate, rule=rule, **words) as model:
                before = model.score(heard)
                self.assertAlmostEqual(before, fixed.score(heard), 5)
                for _ in range(5):
                    last = model.score(heard)
                    scores = model.learn(heard)
                    self.assertEqual(len(scores), 4)
                    self.assertGreater(model.score(heard), last)
                self.assertAlmostEqual(before, fixed.score(heard), 5)
                model.restart()
                self.assertAlmostEqual(model.score(heard), before, 5)

    def test_is_dynamic_evaluation(self):
        alone = str(support.DIRECTORY / "alone")
        rnnlm.train(model=alone, hidden=8, independent=True, **{**support.SMALL, "max_iter": 1})
        told = support.program("rnnlm", "-rnnlm", alone, "-test", support.VALID_PATH, "-dynamic", "0.1", "-debug", "0")
        wanted = float(told.split("test log probability: ")[1].split()[0])
        model = rnnlm.AdaptiveModel(alone, rate=0.1)
        with open(support.VALID_PATH) as lines:
            scores = [score for line in lines for score in model.learn(line)]
        self.assertAlmostEqual(sum(score for score in scores if score > -100), wanted, 3)

    def test_bad_uses(self):
        with self.assertRaisesRegex(ValueError, "rate above 0"):
            rnnlm.AdaptiveModel(self.path, rate=0)
        with self.assertRaisesRegex(ValueError, "wanted sgd or rms"):
            rnnlm.AdaptiveModel(self.path, rate=1, rule="adam")
        with self.assertRaisesRegex(ValueError, "cannot open missing"):
            rnnlm.AdaptiveModel(self.path, rate=1, rule="rms", statistics=["missing"])
        with self.assertRaisesRegex(ValueError, "does not learn"):
            rnnlm.Model(self.path)._learn("mice")
        model = rnnlm.AdaptiveModel(self.path, rate=0.1)
        for wrong in (copy.copy, copy.deepcopy, pickle.dumps):
            with self.assertRaises(TypeError):
                wrong(model)
        model.close()
        with self.assertRaisesRegex(ValueError, "closed"):
            model.learn("mice")

    def test_threads(self):
        model = rnnlm.AdaptiveModel(self.path, rate=0.1)
        sentences = ["the dog chases mice"] * 300
        scores = []
        threads = [threading.Thread(target=lambda: scores.append(model.score_sentences(sentences))) for _ in range(3)]
        for thread in threads:
            thread.start()
        refused = 0
        for _ in range(20):
            try:
                model.learn("mice")
            except RuntimeError:
                refused += 1
        for thread in threads:
            thread.join()
        self.assertEqual(len(scores), 3)
        self.assertLessEqual(refused, 20)
        model.learn("mice")
