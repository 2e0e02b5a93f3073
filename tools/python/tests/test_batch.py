"""Many scores at once, from lists and buffers; threads."""

import math
import threading
import unittest
from array import array

import rnnlm
import support

try:
    import numpy
except ImportError:
    numpy = None

WORDS = ["the", "dogs", "that", "sleep", "zebra", "mice", "</s>", "a"]


def pairs(model, count):
    """States one behind the other, each of which is used twice, and words."""
    states, words = [model.start_state()], [WORDS[i * i % 8] for i in range(count)]
    for word in words:
        behind = rnnlm.State()
        model.BaseScore(states[-1], word, behind)
        states.append(behind)
    return [states[i // 2] for i in range(count)], words


def close(test, found, wanted):
    test.assertEqual(len(found), len(wanted))
    for a, b in zip(found, wanted):
        test.assertAlmostEqual(a, b, 4)


class Batches(unittest.TestCase):
    def test_batches_are_single_scores(self):
        for name, model in support.models():
            with self.subTest(name):
                states, words = pairs(model, 300)
                behind = [rnnlm.State() for _ in words]
                found = model.score_batch(states, words, behind)
                self.assertIsInstance(found, array)
                wanted, state = [], rnnlm.State()
                for i, (before, word) in enumerate(zip(states, words)):
                    wanted.append(model.BaseScore(before, word, state))
                    next_found = model.BaseScore(behind[i], "dogs", rnnlm.State())
                    self.assertAlmostEqual(next_found, model.BaseScore(state, "dogs", rnnlm.State()), 4)
                close(self, found, wanted)
                close(self, model.score_batch(tuple(states), tuple(word.encode() for word in words)), wanted)

    def test_buffers(self):
        for name, model in support.models():
            with self.subTest(name):
                states, words = pairs(model, 100)
                wanted = model.score_batch(states, words)
                packed = bytearray(b"".join(state.tobytes() for state in states))
                ids = array("i", [model.index(word) for word in words])
                close(self, model.score_batch(packed, ids), wanted)
                close(self, model.score_batch(bytes(packed), array("q", ids)), wanted)
                close(self, model.score_batch(packed, list(ids)), wanted)
                behind = [rnnlm.State() for _ in words]
                model.score_batch(states, words, behind)
                model.score_batch(packed, ids, packed)  # in place
                for i, state in enumerate(behind):
                    piece = bytes(packed[i * model.state_size : (i + 1) * model.state_size])
                    moved = rnnlm.State.frombytes(model, piece)
                    self.assertAlmostEqual(
                        model.BaseScore(moved, "the", rnnlm.State()),
                        model.BaseScore(state, "the", rnnlm.State()),
                        4,
                    )

    @unittest.skipIf(numpy is None, "numpy is not installed")
    def test_numpy(self):
        for name, model in support.models():
            with self.subTest(name):
                states, words = pairs(model, 50)
                wanted = model.score_batch(states, words)
                rows = numpy.frombuffer(b"".join(s.tobytes() for s in states), dtype=numpy.uint8)
                rows = rows.reshape(50, model.state_size)
                ids = numpy.array([model.index(word) for word in words])
                behind = numpy.empty_like(rows)
                found = numpy.asarray(model.score_batch(rows, ids, behind))
                self.assertEqual((found.dtype, found.shape), (numpy.float64, (50,)))
                close(self, found, wanted)
                close(self, model.score_batch(rows, ids.astype(numpy.int32)), wanted)
                self.assertFalse((behind == rows).all())
                probs = numpy.asarray(model.distribution(states[0]))
                self.assertEqual(probs.shape, (model.vocabulary_size,))
                with self.assertRaises((TypeError, ValueError)):
                    model.score_batch(rows, ids.astype(float))
                with self.assertRaises((BufferError, ValueError)):
                    model.score_batch(rows[:, ::-1], ids)

    def test_none_at_all(self):
        for name, model in support.models():
            self.assertEqual(len(model.score_batch([], [], [])), 0)
            self.assertEqual(len(model.score_sentences([])), 0)

    def test_sentences(self):
        for name, model in support.models():
            with self.subTest(name):
                lines = support.sentences(150, 3) + ["", "zebra", "the"]
                close(self, model.score_sentences(lines), [model.score(line) for line in lines])
                close(self, model.score_sentences(line.encode() for line in lines[-3:]),
                      [model.score(line) for line in lines[-3:]])

    def test_distributions_sum_to_one(self):
        for name, model in support.models():
            if name in ("ARPA", "binary"):
                continue  # whose numbers were chosen
            with self.subTest(name):
                state = model.start_state()
                model.BaseScore(state, "the", state)
                probs = model.distribution(state)
                self.assertAlmostEqual(sum(probs), 1, 4)
                if name != "mixture":
                    for i, word in enumerate(model.vocabulary()):
                        if probs[i] > 0:
                            score = model.BaseScore(state, word, rnnlm.State())
                            self.assertAlmostEqual(math.log10(probs[i]), score, 4)


class Threads(unittest.TestCase):
    def test_threads_share_a_model(self):
        lines = support.sentences(8, 4)
        for name, model in support.models():
            wanted = [model.score(line) for line in lines]
            states, words = pairs(model, 20)
            batch = model.score_batch(states, words)
            wrong = []

            def work():
                for _ in range(3):
                    if [model.score(line) for line in lines] != wanted:
                        wrong.append("scores")
                    if model.score_batch(states, words) != batch:
                        wrong.append("batch")

            threads = [threading.Thread(target=work) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(wrong, [], name)

    def test_closing_waits_for_calls(self):
        model = rnnlm.Model(support.NETWORK_PATH)
        lines = support.sentences(200, 5)
        ended, begun = [], threading.Event()

        def work():
            try:
                while True:
                    model.score_sentences(lines)
                    begun.set()
            except ValueError as error:
                ended.append(str(error))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun.wait()
        model.close()
        for thread in threads:
            thread.join()
        self.assertEqual(ended, ["the model is closed"] * 4)


if __name__ == "__main__":
    unittest.main()
