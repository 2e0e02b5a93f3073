"""Training from Python."""

import math
import os
import unittest
import warnings

import rnnlm
import support


def path(name):
    return str(support.DIRECTORY / name)


class Training(unittest.TestCase):
    def test_progress_and_result(self):
        figures = []
        options = {**support.SMALL, "max_iter": 4, "alpha": 0.3}
        self.assertTrue(rnnlm.train(model=path("new"), hidden=8, progress=figures.append, **options))
        epochs = [item for item in figures if item.epoch_done]
        self.assertEqual([item.epoch for item in epochs], [0, 1, 2, 3])
        self.assertLess(epochs[-1].valid_bits, epochs[0].valid_bits)
        self.assertEqual(epochs[0].learning_rate, 0.3)
        self.assertGreater(epochs[0].words, 1000)
        self.assertAlmostEqual(epochs[0].valid_perplexity, 2 ** epochs[0].valid_bits)
        report = support.program("rnnlm", "-rnnlm", path("new"), "-test", support.VALID_PATH)
        self.assertGreater(float(report.split("PPL net: ")[1].split()[0]), 1)
        model = rnnlm.Model(path("new"))
        self.assertGreater(model.score("the dog chases mice"), model.score("mice mice mice mice"))

    def test_the_program_does_the_same(self):
        arguments = ["-train", support.TRAIN_PATH, "-valid", support.VALID_PATH, "-class", 3, "-max-iter", 2]
        support.program("rnnlm", "-rnnlm", path("by-program"), "-hidden", 9, "-direct", 1, "-bptt", 2, *arguments)
        for line in support.sentences(20, 8):
            self.assertAlmostEqual(
                rnnlm.Model(path("by-program")).score(line), rnnlm.Model(support.NETWORK_PATH).score(line), 5
            )

    def test_ended_by_progress(self):
        calls = []
        done = rnnlm.train(
            model=path("ended"), hidden=5, progress=lambda item: calls.append(item) or item.epoch_done,
            **{**support.SMALL, "max_iter": 9},
        )
        self.assertFalse(done)
        self.assertEqual(max(item.epoch for item in calls), 0)
        self.assertTrue(os.path.exists(path("ended")))
        self.assertTrue(rnnlm.train(model=path("ended"), **{"train": support.TRAIN_PATH,
                                                          "valid": support.VALID_PATH, "max_iter": 2}))

    def test_an_exception_comes_out(self):
        class Stop(Exception):
            pass

        def progress(item):
            raise Stop(item.epoch)

        for _ in range(2):
            with self.assertRaises(Stop):
                rnnlm.train(model=path("raised"), hidden=5, progress=progress, **support.SMALL)
            os.path.exists(path("raised")) and os.remove(path("raised"))

    def test_batches(self):
        bits = []
        rnnlm.train(
            model=path("batches"), layers="lstm:8,gru:8", output="full", streams=4, dropout=0.1, clip_norm=1,
            optimiser="adam", epochs=3, threads=2, train=support.TRAIN_PATH, valid=support.VALID_PATH,
            progress=lambda item: bits.append(item.valid_bits) if item.epoch_done else None,
        )
        self.assertEqual(len(bits), 3)
        self.assertLess(bits[2], bits[0])

    def test_without_validation(self):
        figures = []
        rnnlm.train(model=path("one"), train=support.TRAIN_PATH, one_epoch=True, hidden=5, progress=figures.append)
        self.assertTrue(math.isnan(figures[-1].valid_bits))

    def test_wrong_options(self):
        wrong = {
            "hiden": (5, "did you mean hidden"),
            "hidden": (0, "option -hidden: found \"0\""),
            "layers": ("lstn:5", "lstm"),
            "output": ("ful", "full"),
            "alpha": ("fast", "a number"),
            "dropout": (0.5, "streams"),
            "optimiser": ("adam", "streams"),
            "format": ("json", "native"),
            "tied": ("yes", "0 or 1"),
            "valid": (None, "validation"),
        }
        for name, (value, message) in wrong.items():
            with self.subTest(name), self.assertRaisesRegex(ValueError, message):
                rnnlm.train(**{**support.SMALL, "model": path("wrong"), name: value})
            self.assertFalse(os.path.exists(path("wrong")))
        with self.assertRaises(TypeError):
            rnnlm.train(model=path("wrong"), hidden=[5], **support.SMALL)
        with self.assertRaises(TypeError):
            rnnlm.train(model=path("wrong"))
        with self.assertRaisesRegex(ValueError, "zero byte"):
            rnnlm.train(model="a\0b", **support.SMALL)
        with self.assertRaisesRegex(ValueError, "options of a new one"):
            rnnlm.train(model=support.NETWORK_PATH, **support.SMALL)
        with self.assertRaisesRegex(ValueError, "nothing-here"):
            rnnlm.train(model=path("wrong"), **{**support.SMALL, "train": path("nothing-here")})

    def test_remarks_are_warnings(self):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            rnnlm.train(model=support.NETWORK_PATH, train=support.TRAIN_PATH, valid=support.VALID_PATH, max_iter=2)
        for item in caught:
            self.assertIs(item.category, rnnlm.TrainingWarning)


if __name__ == "__main__":
    unittest.main()
