// librnnlm: recurrent neural network language models, back-off n-gram models, and mixtures of them, for
// decoders and rescoring programs.
//
//   char error[RNNLM_ERROR_SIZE];
//   rnnlm_model *model = rnnlm_open("model", error, sizeof error);
//   void *before = malloc(rnnlm_state_size(model)), *after = malloc(rnnlm_state_size(model));
//   rnnlm_start(model, before);
//   double log10_prob = rnnlm_score(model, before, rnnlm_word_id(model, "hello", 5), after);
//   rnnlm_close(model);
//
// A model is immutable: any number of threads may use one at the same time. A state is what the
// model knows of the words so far, a plain value of rnnlm_state_size() bytes in memory that the
// caller owns, without pointers: copy it with memcpy(), keep it in a hypothesis, throw it away. Log
// probabilities are base 10.
#ifndef RNNLM_H
#define RNNLM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define RNNLM_API __attribute__((visibility("default")))
#else
#define RNNLM_API
#endif

enum {
    RNNLM_ERROR_SIZE = 1024,
    RNNLM_OOV = -1,         // id of every word that is not in the vocabulary
    RNNLM_SENTENCE_END = 0, // id of </s>
};

typedef struct rnnlm_model rnnlm_model;

// Opens a model file, whose kind is known by its content: a network in any format, an ARPA file, a binary
// n-gram model (gzip-compressed too). NULL on failure, and then one line in `error` (size > 0) that says
// what is wrong; it may be NULL.
RNNLM_API rnnlm_model *rnnlm_open(const char *path, char *error, size_t size);

// Opens several as one: P(word) = sum of weight[i] P_i(word). Its words are those of all of them; a model
// that does not know a word takes it as its word for unknown ones, and gives it 0 if it has none. The
// weights are from 0 to 1 and sum to 1; NULL: all the same. Returns as rnnlm_open().
RNNLM_API rnnlm_model *rnnlm_open_mixture(const char *const *path, const double *weight,
                                          size_t count, char *error, size_t size);

// Frees a model; NULL is allowed.
RNNLM_API void rnnlm_close(rnnlm_model *model);

// Words have the ids 0..rnnlm_vocabulary_size()-1.
RNNLM_API size_t rnnlm_vocabulary_size(const rnnlm_model *model);

// What the words of a model are: "word", runs of anything but blanks; or "char", code points of UTF-8 and, between
// two words of a line, U+2581 (rnnlm -unit). N-gram models do not tell, and are whatever networks beside
// them are.
RNNLM_API const char *rnnlm_unit(const rnnlm_model *model);

// Id of a word of `length` bytes, RNNLM_OOV if it is unknown.
RNNLM_API int32_t rnnlm_word_id(const rnnlm_model *model, const char *word, size_t length);

// Id of the word that the model has for unknown ones (<unk>, <UNK>, ...), RNNLM_OOV if it has none. Nobody
// takes it in place of RNNLM_OOV but the caller.
RNNLM_API int32_t rnnlm_unknown_id(const rnnlm_model *model);

// The word of an id, 0-terminated, valid until the model is closed; NULL for an id out of range.
RNNLM_API const char *rnnlm_word(const rnnlm_model *model, int32_t id);

// Bytes of a state, a multiple of 4. States want the alignment of a float.
RNNLM_API size_t rnnlm_state_size(const rnnlm_model *model);

// The state at the start of a sentence that nothing is known to stand before, as rnnlm -per-sentence,
// rnnlm-nbest and rnnlm-lattice have it. Of networks trained on running text: every unit of elman
// layers has put out 0.1 (as the reference's when a text begins), all other layers carry zeros; then
// </s> is taken in, and all words before are </s>. Of those trained with -independent: the same with 1
// instead of 0.1, where each of their sentences began.
// Of n-gram models: behind <s>.
RNNLM_API void rnnlm_start(const rnnlm_model *model, void *state);

// The state of which nothing is known, not even that a sentence begins: for scoring a part of one. Of
// n-gram models: no words before. Of networks: as above, but without </s>.
RNNLM_API void rnnlm_start_anywhere(const rnnlm_model *model, void *state);

// 0 if the bytes can be a state of the model, else -1: for those that come from elsewhere, files or other
// processes. What passes may be no state that any words lead to, but may be used.
RNNLM_API int rnnlm_state_check(const rnnlm_model *model, const void *state);

// Words of the longest n-grams of a model; INT_MAX with a network, which looks at all words before.
RNNLM_API int rnnlm_order(const rnnlm_model *model);

// Length of the n-gram that gives `word` its probability behind `before`; INT_MAX with a network, 0 if
// there is none.
RNNLM_API int rnnlm_matched(const rnnlm_model *model, const void *before, int32_t word);

// log10 P(word | before), and in `after` the state behind the word, unless `after` is NULL. `after`
// must not be `before`. An unknown word has the log probability -INFINITY; networks pass it by without
// input, n-gram models forget what was before. -INFINITY also if there is no memory for scratch (rnnlm_score_batch() tells the two
// apart).
RNNLM_API double rnnlm_score(const rnnlm_model *model, const void *before, int32_t word,
                             void *after);

// The same for n pairs of a state and a word: log10_prob[i] = log10 P(word[i] | before[i]),
// after[i] the state behind it. `after` or any after[i] may be NULL. Pairs that share a state (the
// same pointer) should stand together: what they have in common is computed once. Returns 0, or -1
// if memory ran out; then nothing is defined.
RNNLM_API int rnnlm_score_batch(const rnnlm_model *model, size_t n, const void *const *before,
                                const int32_t *word, void *const *after, double *log10_prob);

// prob[i] = P(word i | state) for all words [rnnlm_vocabulary_size()]; not log10. They sum to 1: in a
// mixture, a model gives nothing here to words that it does not know. Returns as rnnlm_score_batch().
RNNLM_API int rnnlm_distribution(const rnnlm_model *model, const void *state, double *prob);

// Scores `count` whole sentences, each from the start state: log10_prob[i][j], j < length[i], is that
// of word[i][j] behind the words before it, and log10_prob[i][length[i]] that of </s> behind them all,
// so that log10_prob[i] has room for length[i] + 1 numbers. Unknown words as in rnnlm_score(). Sentences
// are computed side by side, those of about the same length best. Returns as rnnlm_score_batch().
RNNLM_API int rnnlm_score_sentences(const rnnlm_model *model, size_t count,
                                    const int32_t *const *word, const size_t *length,
                                    double *const *log10_prob);

// ---- dynamic evaluation ---------------------------------------------------------------------------

// A model whose networks go on learning from what has been heard, in weights of their own: the files, and models
// that others have opened from them, stay as they are. Between two calls that write (learn, restart, close) any
// number of threads may score with rnnlm_adapter_model(), as with every model; during one nobody may. Different
// adapters have nothing to do with each other.
//
//   const char *const option[] = {"dynamic", "4e-4", "dynamic-rule", "rms"};
//   rnnlm_adapter *adapter = rnnlm_adapter_open(&path, NULL, 1, option, 2, error, sizeof error);
//   ... score the hypotheses of an utterance with rnnlm_adapter_model(adapter), choose the best ...
//   rnnlm_adapter_learn(adapter, best, length, NULL, error, sizeof error); // and so on; of another speaker
//   rnnlm_adapter_restart(adapter, 1);
typedef struct rnnlm_adapter rnnlm_adapter;

// Opens models as rnnlm_open_mixture() does; n-gram models do not learn, and a network is wanted. The options are
// those of rnnlm -test, given as in rnnlm_train(): dynamic (the rate, which is wanted), dynamic-rule,
// dynamic-decay, dynamic-words, dynamic-statistics (once for each network), beta, gradient-cutoff; what they name
// need not live on. NULL on failure, with a line in `error`.
RNNLM_API rnnlm_adapter *rnnlm_adapter_open(const char *const *path, const double *weight,
                                            size_t count, const char *const *option, size_t options,
                                            char *error, size_t size);

// Frees it and its model; NULL is allowed.
RNNLM_API void rnnlm_adapter_close(rnnlm_adapter *adapter);

// The model with the weights as they are now; it belongs to the adapter, and is not to be closed. Its states stay
// good for it when it has learnt, but are what the weights before made of the words.
RNNLM_API const rnnlm_model *rnnlm_adapter_model(const rnnlm_adapter *adapter);

// Goes on by `count` words, ids of its model or RNNLM_OOV, with RNNLM_SENTENCE_END where a sentence ends, and learns
// from them: a running text, from the start of a sentence on. log10_prob[i] is that of word[i] before anything
// is learnt from it, -INFINITY for RNNLM_OOV; it may be NULL. Returns 0, or -1 with a line in `error`: no memory,
// or weights that have blown up, which rnnlm_adapter_restart(adapter, 1) puts right.
RNNLM_API int rnnlm_adapter_learn(rnnlm_adapter *adapter, const int32_t *word, size_t count,
                                  double *log10_prob, char *error, size_t size);

// Stands at the start of a sentence again; with `forget` not 0 the weights are those of the files again.
// Returns 0, or -1 if memory ran out.
RNNLM_API int rnnlm_adapter_restart(rnnlm_adapter *adapter, int forget);

// ---- training -----------------------------------------------------------------------------------

// How far a training has come. Later versions may have more behind these.
typedef struct rnnlm_progress {
    int64_t epoch;        // from 0
    double learning_rate; // of this epoch
    uint64_t words;       // of the training text done in this epoch
    uint64_t total_words; // of the training text, 0 if not known
    double seconds;       // since the epoch began
    double train_bits;    // a word, of the words done
    double valid_bits;    // a word, of a finished epoch; NaN before, and without validation text
    int epoch_done;       // the epoch is over, validation included, and the model is saved
    const char *remark;   // not NULL: what no result says, in one line, in place of the figures
} rnnlm_progress;

// Called every 10,000 words, after each epoch and for each remark, by the thread that trains. Not 0: the
// training saves what it has learnt, and ends.
typedef int (*rnnlm_progress_function)(void *context, const rnnlm_progress *progress);

// Trains a network as the program rnnlm does. option[2 i] is the name of one of its options, option[2 i +
// 1] the value as on its command line, with 1 or 0 for those that have none there:
//
//   rnnlm (the model to be written), train, valid (or one-iter), independent; layers, hidden, output, class,
//   tied, direct, direct-order, min-count, vocab-size, format, rand-seed; alpha, beta, gradient-cutoff, bptt,
//   bptt-block, min-improvement, decay, epochs, max-iter; streams, threads, optimiser, clip-norm, dropout
//
// A model that is there goes on to be trained, and has no use for those of the second row. `progress` may be
// NULL. Returns 0; 1 if `progress` asked for the end; -1 with `error` on failure. Any number of
// trainings may run at the same time, of different models.
RNNLM_API int rnnlm_train(const char *const *option, size_t count, rnnlm_progress_function progress,
                          void *context, char *error, size_t size);

// OpenBLAS computes in one thread inside each of the caller's and of a training's, which is best where
// there are several; for the whole process, whoever else uses it.
RNNLM_API void rnnlm_one_thread(void);

// Library version, "1.0".
RNNLM_API const char *rnnlm_version(void);

#ifdef __cplusplus
}
#endif

#endif
