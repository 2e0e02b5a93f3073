// The program rnnlm in parts: its command line (main_options.c, main_check.c); training (main_training.c), of which the
// network, texts, words, teachers and processes are in main_network.c, main_texts.c, main_words.c, main_teachers.c and
// main_peers.c; the use of models (main_scoring.c); and who calls them (main.c).
#ifndef MAIN_H
#define MAIN_H

#include <stdatomic.h>

#include "base/file.h"
#include "base/peers.h"
#include "dynamic_options.h"
#include "model/model_file.h"
#include "options.h"
#include "train/trainer.h"

#define PROGRAM "rnnlm"

// What the command line says, or else the defaults.
struct settings {
    const char *valid, *test, *lambda, *weights, *mixing, *tune;
    const char *vocabulary, *cache_ids, *unk_word, *unk_probs, *prefix, *format, *write, *layers,
        *activation, *output, *optimiser, *dropout_mask, *products, *class_by;
    struct option_list train, teach, models, ngrams, lm_probs, tune_lm_probs;
    int64_t classes, hidden, embedding, compression, direct, direct_order, bptt, bptt_block, seed;
    int64_t shuffle_block, most_epochs, save_every, words_to_generate, debug;
    int64_t streams, threads, epochs, min_count, vocabulary_size, unk_count;
    int64_t sentences_to_generate, longest_sentence, noise;
    int64_t pieces, peers_words;
    double peers_momentum, peers_step;
    const char *peers;
    const char *report, *embedding_from, *unit, *hidden_states;
    const char *dynamic_text;
    bool dynamic_auto; // the rate is to be found
    struct dynamic_options dynamic_by;
    int64_t snapshot;
    double alpha, beta, gradient_cutoff, clip_norm, min_improvement, decay, dynamic;
    double dropout, dropout_words, dropout_input, dropout_layers, dropout_output, dropout_recurrent;
    double temperature, cache_theta, cache_lambda, save_minutes, most_minutes, noise_power;
    int64_t cache_window;
    double penalty_activation, penalty_change, self_normalise, teach_share;
    bool old_classes, independent, binary, one_epoch, nbest, unk, fast, tied, per_sentence, shuffle,
        unnormalised;
};

// Whether it does.
struct given {
    bool debug, most_epochs, classes, lambda, gradient_cutoff, dynamic, generate, alpha, beta,
        min_improvement, save_every, hidden, embedding, compression, direct, direct_order, bptt,
        bptt_block, seed, streams, threads, epochs, clip_norm, dropout, dropout_input,
        dropout_layers, dropout_output, output, min_count, vocabulary_size, sentences, temperature,
        longest, shuffle_block, cache_theta, cache_lambda, noise, noise_power, pieces, peers_words,
        peers_momentum, peers_step, teach_share;
};

// -unit, which main_check() has found to be one.
enum text_unit main_unit(void);

extern struct settings set;
extern struct given given;
extern enum model_format model_format; // that -format names

// What -test prints: totals and the table of -debug 2; or what -write names.
extern enum test_form { TEST_TOTALS, TEST_SRILM, TEST_SCORES, TEST_SURPRISAL } main_form;

extern const struct options main_options;

// The command line as a shell takes it; free() it. NULL: no memory.
char *main_command(struct error *error);

// The signal that asks for an end, 0 for none; while nobody waits for it, it ends the program at
// once.
extern atomic_int *const main_asked;
extern atomic_bool *const main_waited;

// So many minutes after the program began SIGALRM asks for an end; 0: it does not.
void main_time(double minutes);

static inline const char *first_model(void)
{
    return set.models.item[0];
}

// Reads the command line, and echoes what it says. main_check() says what does not go together in
// it.
enum options_result main_parse(int argc, char **argv);
void main_echo(struct output *output);
bool main_check(struct error *error);

// The texts of -train: whether the options about them go together; the order in which epochs read them;
// as they were given, with blanks between (free() it); open, with their weights.
bool main_texts_check(struct error *error);
struct epoch_rule main_texts_order(void);
char *main_texts_name(struct error *error);
struct corpus *main_texts_open(struct error *error);

// The networks of -teach: whether the options about them go together; open, before it is found what a training
// may replace; and what a training has of them, if a network of this shape can be taught.
bool main_teachers_check(struct error *error);
bool main_teachers_open(struct error *error);
void main_teachers_close(void);
bool main_teachers_ask(struct training *training, const struct network_shape *shape,
                       struct error *error);

// Words of a training text are to be left out: -vocab, -min-count or -vocab-size, which main_words_check()
// has found to go together.
bool main_cuts_words(void);
bool main_words_check(struct error *error);
struct word_cut main_words_wanted(void);

// Tells what has been left out.
void main_words_tell(const struct word_cut *cut, struct output *output);

// If words are to be left out: those that stay are those of a model that is there. Messages
// call the texts `name`.
bool main_words_are(const struct vocabulary *found, struct corpus *text, const char *name,
                    struct error *error);

// The network to be trained (main_network.c): a new one by the options, for a text of this name, or the one
// of the model file, which they must fit. Both choose the optimiser, and with it rates that are not given.
bool main_create_model(struct model *model, struct corpus *text, const char *train_name,
                       struct output *output, struct error *error);
bool main_continue_model(struct model *model, struct corpus *text, const char *train_name,
                         struct output *output, struct error *error);
extern const struct optimiser_type *main_optimiser;

// -streams, or -fast without it.
bool main_in_batches(void);

// An option that is for learning against noise, NULL if none is given.
const char *main_noise_option(void);

// Which of two names an option has.
bool main_one_of_two(const char *option, const char *value, const char *first_name,
                     const char *second_name, bool *second, struct error *error);

// -train. Stopped by *main_asked it has saved what it has learnt, and tells so. What it could not
// write besides the model is told, and kept in `main_unwritten`.
bool main_train(struct output *output, struct error *error);
extern bool main_unwritten;

// The processes that a training runs on: this one alone, or those that MPI has started. Error: several
// have been started, and the program is built without MPI.
extern struct peers main_peers;
bool main_peers_open(struct error *error);
void main_peers_close(void);

// The other processes say nothing but what is wrong: before a training begins, not even that.
void main_peers_quiet(bool quiet);

// What went wrong ends all processes; where all know it, the first one tells. Returns the exit status.
int main_peers_fail(const struct error *error);

// -gen or -gen-sentences is wanted.
bool main_generates(void);

// -test, -gen and -gen-sentences.
bool main_use(struct output *output, struct error *error);

// -lambda or -weights: a number from 0 to 1; or "auto".
bool main_weight(const char *option, const char *text, size_t length, double *weight,
                 struct error *error);
bool main_is_auto(const char *text);

// -mixing log-linear.
bool main_is_log_linear(void);

#endif
