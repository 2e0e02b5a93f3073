"""What is wrong is an exception with the library's message, and never a crash."""

import array
import pickle
import random
import unittest
from pathlib import Path

import rnnlm
import support


class Files(unittest.TestCase):
    def test_missing_and_unreadable(self):
        missing = str(support.DIRECTORY / "nothing-here")
        with self.assertRaisesRegex(FileNotFoundError, "nothing-here"):
            rnnlm.Model(missing)
        with self.assertRaisesRegex(OSError, "nothing-here"):
            rnnlm.Model(support.ARPA_PATH, missing)
        with self.assertRaises(OSError):
            rnnlm.Model(str(support.DIRECTORY))

    def test_no_model(self):
        for name, text in {"empty": "", "words": "no model\n", "cut": support.ARPA[:90]}.items():
            with self.subTest(name):
                path = support.file(name, text)
                with self.assertRaisesRegex(rnnlm.ModelError, name) as caught:
                    rnnlm.Model(path)
                self.assertIsInstance(caught.exception, OSError)
                self.assertIsInstance(caught.exception, ValueError)

    def test_damaged(self):
        draw = random.Random(6)
        for path in (support.NETWORK_PATH, support.BINARY_PATH, support.LSTM_PATH, support.ARPA_PATH):
            data = bytearray(Path(path).read_bytes())
            for i in range(15):
                damaged = bytearray(data[: len(data) // 2] if i == 0 else data)
                for _ in range(3):
                    damaged[draw.randrange(min(len(damaged), 5000))] = draw.randrange(256)
                broken = support.DIRECTORY / f"damaged{i}"
                broken.write_bytes(damaged)
                try:
                    model = rnnlm.Model(str(broken))
                    model.score("the dogs zebra a b")
                    model.distribution(model.start_state())
                except (rnnlm.ModelError, MemoryError):
                    pass

    def test_arguments(self):
        for wrong in (3, None, ["x"], 1.5):
            with self.assertRaises(TypeError):
                rnnlm.Model(wrong)
        with self.assertRaises(ValueError):
            rnnlm.Model("a\0b")
        with self.assertRaisesRegex(ValueError, "at least one"):
            rnnlm.Model()
        paths = (support.ARPA_PATH, support.WB3_PATH)
        for weights in ([0.5], [0.7, 0.7], [1.5, -0.5], [float("nan"), 1], [0.1, 0.2, 0.7]):
            with self.assertRaisesRegex(ValueError, "weight"):
                rnnlm.Model(*paths, weights=weights)
        with self.assertRaises(TypeError):
            rnnlm.Model(*paths, weights=["x", "y"])
        model = rnnlm.Model(support.ARPA_PATH)
        with self.assertRaisesRegex(ValueError, "open already"):
            model.__init__(support.ARPA_PATH)


class Calls(unittest.TestCase):
    def test_closed(self):
        with rnnlm.Model(support.NETWORK_PATH) as model:
            state = model.start_state()
            twin = pickle.dumps(state)
        self.assertTrue(model.closed)
        model.close()
        calls = [
            lambda: model.score("the"),
            lambda: list(model.full_scores("the")),
            lambda: model.perplexity("the"),
            lambda: model.BeginSentenceWrite(state),
            lambda: model.NullContextWrite(rnnlm.State()),
            lambda: model.BaseScore(state, "the", state),
            lambda: model.BaseFullScore(state, "the", state),
            lambda: model.score_batch([state], ["the"]),
            lambda: model.score_sentences(["the"]),
            lambda: model.distribution(state),
            lambda: rnnlm.surprisal(model, "the"),
            lambda: rnnlm.rescore(model, ["the"]),
            lambda: "the" in model,
            lambda: model.index("the"),
            lambda: model.vocabulary(),
            lambda: model.order,
            lambda: model.state_size,
            lambda: rnnlm.State.frombytes(model, state.tobytes()),
        ]
        for i, call in enumerate(calls):
            with self.subTest(i), self.assertRaisesRegex(ValueError, "the model is closed"):
                call()
        self.assertEqual(state, state)
        self.assertEqual(pickle.loads(twin).tobytes(), state.tobytes())

    def test_never_opened(self):
        model = rnnlm.Model.__new__(rnnlm.Model)
        with self.assertRaisesRegex(ValueError, "closed"):
            model.score("the")
        model.close()

    def test_types(self):
        for name, model in support.models():
            state = model.start_state()
            calls = [
                lambda: model.score(3),
                lambda: model.score(None),
                lambda: model.score(["the"]),
                lambda: 3 in model,
                lambda: model.BaseScore(None, "the", state),
                lambda: model.BaseScore(state, "the", None),
                lambda: model.BaseScore(state, 3, state),
                lambda: model.BaseScore(state, "the"),
                lambda: model.BeginSentenceWrite(b"state"),
                lambda: model.score_batch([state], "the"),
                lambda: model.score_batch([state], [1.5]),
                lambda: model.score_batch([None], ["the"]),
                lambda: model.score_batch([state], ["the"], [3]),
                lambda: model.score_batch(3, ["the"]),
                lambda: model.score_batch([state], array.array("d", [1])),
                lambda: model.score_sentences("the dog"),
                lambda: model.score_sentences([3]),
                lambda: model.distribution("state"),
                lambda: rnnlm.State.frombytes(3, b""),
                lambda: rnnlm.State(3),
            ]
            for i, call in enumerate(calls):
                with self.subTest(name, i=i), self.assertRaises(TypeError):
                    call()

    def test_values(self):
        for name, model in support.models():
            state = model.start_state()
            size = model.state_size
            calls = [
                lambda: model.score("a\0b"),
                lambda: model.score(b"a\0b"),
                lambda: model.score("\udc80"),
                lambda: "a\0b" in model,
                lambda: model.BaseScore(state, "\0", state),
                lambda: model.score_batch([state, state], ["the"]),
                lambda: model.score_batch([state], ["the"], []),
                lambda: model.score_batch(bytes(size + 1), ["the"]),
                lambda: model.score_batch(b"\x7f" * size, ["the"]),
                lambda: model.score_batch([state], ["the"], bytearray(size - 1)),
                lambda: rnnlm.State.frombytes(model, bytes(size + 1)),
                lambda: rnnlm.State.frombytes(model, b"\x7f" * size),
                lambda: model.BaseScore(rnnlm.State(), "the", state),
                lambda: model.distribution(rnnlm.State()),
            ]
            for i, call in enumerate(calls):
                with self.subTest(name, i=i), self.assertRaises(ValueError):
                    call()
            with self.assertRaises(BufferError):
                model.score_batch([state], ["the"], bytes(size))
            self.assertEqual(model.BaseScore(state, "the", state), model.score("the", eos=False))

    def test_states_of_another_model(self):
        opened = [model for _, model in support.models()] + [rnnlm.Model(support.ARPA_PATH)]
        for one in opened:
            for other in opened:
                if one is other:
                    continue
                state = other.start_state()
                for call in (
                    lambda: one.BaseScore(state, "the", state),
                    lambda: one.distribution(state),
                    lambda: one.score_batch([one.start_state(), state], ["the", "the"]),
                ):
                    with self.assertRaisesRegex(ValueError, "state of another model"):
                        call()
                self.assertEqual(state, other.start_state())
                one.BeginSentenceWrite(state)
                self.assertEqual(state, one.start_state())

    def test_bytes_that_are_no_states(self):
        draw = random.Random(7)
        for name, model in support.models():
            good = model.start_state().tobytes()
            for _ in range(200):
                bad = bytearray(good)
                for _ in range(draw.randrange(1, 4)):
                    bad[draw.randrange(len(bad))] = draw.choice([0, 1, 127, 128, 255])
                try:
                    state = rnnlm.State.frombytes(model, bad)
                    model.BaseScore(state, "the", state)
                    model.distribution(state)
                except ValueError:
                    pass

    def test_large(self):
        for name, model in support.models():
            many = "the dogs " * 2000
            self.assertLess(model.score(many), -100)
            self.assertEqual(len(list(model.full_scores(many))), 4001)
            self.assertLess(model.score("x" * 10**6), -0.5)
            self.assertNotIn("x" * 10**6, model)
            self.assertEqual(len(model.score_batch([model.start_state()] * 5000, [2**40, -(2**40)] * 2500)), 5000)
            with self.assertRaises(OverflowError):
                model.score_batch([model.start_state()], [2**70])


if __name__ == "__main__":
    unittest.main()
