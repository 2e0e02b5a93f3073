// Training on small generated texts: epochs, the rate schedule, saving and resuming, blow-ups.
#include "model/model_file.h"
#include "testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "scratch.h"

#include "learn/optimisers/kinds.h"
#include "train/new_model.h"
#include "train/trainer.h"

// ---- texts and runs ---------------------------------------------------------------------------

// Sentences of the form "d n v d n" or "d n v", with preferences of verbs for nouns; with
// `backwards` the same words in the opposite order.
static void generate(const char *path, int sentences, uint32_t seed, bool backwards)
{
    static const char *const word[3][4] = {{"the", "a", "this", "no"},
                                           {"dog", "cat", "bird", "tree"},
                                           {"sees", "hears", "likes", "sleeps"}};
    struct random random;
    random_seed(&random, seed);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < sentences; i++) {
        int form[5] = {0, 1, 2, 0, 1}, pick[5], length = random_next(&random) % 3 ? 5 : 3;
        for (int j = 0; j < length; j++) {
            int x = random_next(&random) % 8;
            pick[j] = x < 5 ? (j > 0 ? pick[j - 1] : 0) : x % 4;
        }
        for (int j = 0; j < length; j++) {
            int at = backwards ? length - 1 - j : j;
            fprintf(file, "%s%s", j > 0 ? " " : "", word[form[at]][pick[at]]);
        }
        fprintf(file, "\n");
    }
    assert_int_equal(fclose(file), 0);
}

enum { MOST_REPORTS = 64 };

struct log {
    int epochs;
    struct progress epoch[MOST_REPORTS];
    const char *copy_to; // at the first report within an epoch, the model file is copied there
};

static void copy_file(const char *from, const char *to)
{
    size_t size;
    char *data = read_whole(from, false, &size);
    write_file(to, data, size);
    free(data);
}

static void keep_report(void *context, const struct progress *progress)
{
    struct log *log = context;
    if (progress->epoch_done && log->epochs < MOST_REPORTS)
        log->epoch[log->epochs++] = *progress;
    if (!progress->epoch_done && log->copy_to != NULL) {
        copy_file("model", log->copy_to);
        log->copy_to = NULL;
    }
}

static struct new_model new_plain_model(const char *layers, size_t maxent)
{
    struct new_model wanted = {
        .classes = 3, .bptt = 2, .bptt_block = 5, .alpha = 0.1, .seed = 1, .format = MODEL_TEXT};
    wanted.shape = new_shape(1, layers, 1, maxent, 3); // words and classes aside
    return wanted;
}

static struct new_model plain_model; // with 8 logistic units

static const struct training plain_training = {
    .model_path = "model", .beta = 1e-7, .gradient_cutoff = 15, .min_improvement = 1.003};

static struct corpus *open_corpus(const char *path)
{
    struct error error = {""};
    struct corpus *corpus = path != NULL ? corpus_open(path, &error) : NULL;
    if (path != NULL && corpus == NULL)
        fail_msg("%s", error.text);
    return corpus;
}

// Trains a model on the files, from nothing if it is empty.
static bool train(struct model *model, const struct new_model *wanted,
                  const struct training *training, const char *text, const char *valid,
                  struct log *log, struct error *error)
{
    struct training run = *training;
    run.train = open_corpus(text);
    run.valid = open_corpus(valid);
    run.report = keep_report;
    run.context = log;
    if (model->network.parameters == 0 && !model_create(model, wanted, run.train, text, error))
        fail_msg("%s", error->text);
    bool ok = train_model(model, &run, error);
    corpus_close(run.train);
    corpus_close(run.valid);
    return ok;
}

static void train_well(struct model *model, const struct new_model *wanted,
                       const struct training *training, const char *text, const char *valid,
                       struct log *log)
{
    struct error error = {""};
    if (!train(model, wanted, training, text, valid, log, &error))
        fail_msg("%s", error.text);
}

static void load(struct model *model, const char *path)
{
    struct error error = {""};
    if (!model_load(model, path, &error))
        fail_msg("%s", error.text);
}

// All parameters but the hash.
static bool same_dense_weights(const struct model *a, const struct model *b)
{
    const struct network *x = &a->network, *y = &b->network;
    for (size_t p = 0; p < x->parameters; p++)
        if (x->parameter[p].use != PARAMETER_HASH &&
            memcmp(x->parameter[p].data, y->parameter[p].data, parameter_bytes(&x->parameter[p])))
            return false;
    return memcmp(a->state, b->state, x->state * sizeof *a->state) == 0;
}

static const float *hash_of(const struct model *model)
{
    return network_parameter(&model->network, "output.hash")->data;
}

static int make_texts(void **state)
{
    if (scratch_enter(state) != 0)
        return -1;
    plain_model = new_plain_model("elman:8", 0);
    generate("train", 400, 1, false);
    generate("valid", 60, 2, false);
    generate("backwards", 60, 3, true);
    return 0;
}

// ---- new models -------------------------------------------------------------------------------

static void new_model_for_a_text(void **state)
{
    (void)state;
    struct new_model wanted = plain_model;
    struct model model;
    struct error error = {""};
    struct corpus *text = open_corpus("train");
    wanted.classes = 1000; // more than words: as many as words
    assert_true(model_create(&model, &wanted, text, "train", &error));
    assert_int_equal(model.vocabulary.size, 13);
    assert_int_equal(model.network.shape.classes, 13);
    assert_int_equal(model.record.bptt, 2);
    assert_true(model.record.alpha == 0.1 && model.record.starting_alpha == 0.1);
    assert_true(model.record.valid_log10_prob == NO_VALIDATION);
    assert_string_equal(model.record.train_file, "train");
    uint64_t words = 0;
    for (size_t i = 0; i < 13; i++)
        words += model.vocabulary.count[i];
    assert_int_equal(model.record.train_words, words);
    assert_int_equal(model.vocabulary.count[0], 400);
    model_free(&model);
    corpus_close(text);
    for (int64_t count = 0;; count++) {
        text = open_corpus("train");
        memory_fail_after(count);
        bool ok = model_create(&model, &wanted, text, "train", &error);
        memory_fail_after(-1);
        if (ok)
            break;
        corpus_close(text);
        assert_contains(error.text, "not enough memory");
        assert_null(model.state);
    }
    model_free(&model);
    corpus_close(text);
}

static void new_biases_are_frequencies(void **state)
{
    (void)state;
    struct new_model wanted = new_plain_model("lstm:4", 0);
    struct model model;
    struct corpus *text = open_corpus("train");
    assert_true(model_create(&model, &wanted, text, "train", NULL));
    const struct parameter *bias = network_parameter(&model.network, "output.bias");
    for (size_t i = 0; i < 13; i++)
        assert_near(*parameter_weight(bias, i), log((double)model.vocabulary.count[i] + 1), 1e-6);
    model_free(&model);
    corpus_close(text);
}

static void methods_of_classes(void **state)
{
    (void)state;
    struct model model[2];
    struct new_model wanted = plain_model;
    for (int old = 0; old < 2; old++) {
        struct corpus *text = open_corpus("train");
        wanted.old_classes = old;
        assert_true(model_create(&model[old], &wanted, text, "train", NULL));
        corpus_close(text);
        assert_int_equal(model[old].record.old_classes, old);
    }
    assert_memory_not_equal(model[0].network.classes.of_word, model[1].network.classes.of_word,
                            13 * sizeof(int32_t));
    model_free(&model[0]);
    model_free(&model[1]);
}

// ---- schedule ---------------------------------------------------------------------------------

static void entropy_falls(void **state)
{
    (void)state;
    for (int independent = 0; independent < 2; independent++) {
        struct new_model wanted = plain_model;
        struct training training = plain_training;
        struct model model = {0};
        struct log log = {0};
        training.most_epochs = 6;
        wanted.independent = independent;
        train_well(&model, &wanted, &training, "train", "valid", &log);
        assert_int_equal(log.epochs, 6);
        double first = entropy_bits(log.epoch[0].valid_log10_prob, log.epoch[0].valid_words);
        double last = entropy_bits(log.epoch[5].valid_log10_prob, log.epoch[5].valid_words);
        assert_true(last < first - 0.2);
        assert_true(log.epoch[5].train_log10_prob > log.epoch[0].train_log10_prob);
        assert_int_equal(log.epoch[0].words, model.record.train_words);
        assert_int_equal(log.epoch[5].total_words, model.record.train_words);
        model_free(&model);
    }
}

// Batches, with every optimiser: entropy falls, and threads change nothing.
static void entropy_falls_in_batches(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++)
        for (int independent = 0; independent < 2; independent++) {
            struct new_model wanted = new_plain_model("elman:8,compression:5", 500);
            struct model model[2] = {{.state = NULL}, {.state = NULL}};
            for (size_t threads = 1; threads <= 2; threads++) {
                struct training training = plain_training;
                struct log log = {0};
                training.most_epochs = 4;
                training.optimiser = optimiser_table[i];
                training.clip_norm = i == 2 ? 1 : 0;
                training.streams = 7;
                training.threads = threads;
                wanted.independent = independent;
                wanted.alpha = optimiser_table[i]->alpha;
                train_well(&model[threads - 1], &wanted, &training, "train", "valid", &log);
                assert_int_equal(log.epochs, 4);
                assert_true(log.epoch[3].valid_log10_prob > log.epoch[0].valid_log10_prob);
                assert_int_equal(log.epoch[0].words, model[threads - 1].record.train_words);
            }
            assert_true(same_dense_weights(&model[0], &model[1]));
            assert_memory_equal(hash_of(&model[0]), hash_of(&model[1]), 500 * sizeof(float));
            model_free(&model[0]);
            model_free(&model[1]);
        }
}

// Rates, halving and the end, as the validation log probabilities that were reported call for.
static void check_schedule(const struct log *log, const struct model *model, double improvement,
                           bool *halved)
{
    double last = NO_VALIDATION, alpha = 0.1;
    bool halving = false;
    for (int i = 0; i < log->epochs; i++) {
        const struct progress *epoch = &log->epoch[i];
        assert_int_equal(epoch->epoch, i);
        assert_true(epoch->alpha == alpha);
        if (epoch->valid_log10_prob * improvement < last && halving) {
            assert_int_equal(i, log->epochs - 1);
            assert_int_equal(model->record.epochs, i);
            assert_true(model->record.alpha == alpha && model->record.valid_log10_prob == last);
            *halved = true;
            return;
        }
        halving = halving || epoch->valid_log10_prob * improvement < last;
        alpha = halving ? alpha / 2 : alpha;
        last = epoch->valid_log10_prob;
        assert_true(log->epochs > i + 1);
    }
    fail_msg("training has not ended");
}

static void schedule_until_the_end(void **state)
{
    (void)state;
    const double improvement[] = {1.003, 1.05};
    for (int i = 0; i < 2; i++) {
        struct training training = plain_training;
        struct model model = {0}, saved;
        struct log log = {0};
        bool halved = false;
        training.min_improvement = improvement[i];
        train_well(&model, &plain_model, &training, "train", "valid", &log);
        check_schedule(&log, &model, improvement[i], &halved);
        assert_true(halved && model.record.halving && log.epochs > 2);
        load(&saved, "model");
        assert_int_equal(saved.record.epochs, model.record.epochs);
        assert_true(saved.record.halving);
        assert_int_equal(saved.record.position, 0);
        model_free(&saved);
        model_free(&model);
    }
}

// A validation text that is nothing like the training text gets worse with every epoch: then the
// dense weights and the hidden layer are those of the epoch before, the hash is not.
static void fallback_of_dense_weights(void **state)
{
    (void)state;
    struct new_model wanted = new_plain_model("elman:8", 1000);
    struct training training = plain_training;
    struct model model = {0}, before;
    struct log log = {0};
    training.most_epochs = 1;
    train_well(&model, &wanted, &training, "train", "backwards", &log);
    copy_file("model", "before");
    load(&before, "before");
    training.most_epochs = 2;
    train_well(&model, &wanted, &training, "train", "backwards", &log);
    assert_int_equal(log.epochs, 2);
    assert_true(log.epoch[1].valid_log10_prob < log.epoch[0].valid_log10_prob);
    struct model after;
    load(&after, "model");
    assert_true(same_dense_weights(&before, &after));
    assert_memory_not_equal(hash_of(&before), hash_of(&after), 1000 * sizeof(float));
    assert_true(after.record.halving && after.record.alpha == 0.05);
    assert_true(after.record.epochs == 2);
    model_free(&before);
    model_free(&after);
    model_free(&model);
}

static void one_epoch_without_validation(void **state)
{
    (void)state;
    struct model model = {0}, saved, old = {0};
    struct log log = {0};
    unlink("model.output.txt");
    train_well(&model, &plain_model, &plain_training, "train", NULL, &log);
    assert_int_equal(log.epochs, 1);
    assert_false(log.epoch[0].has_validation);
    load(&saved, "model");
    assert_true(same_dense_weights(&saved, &model));
    assert_true(saved.record.alpha == 0.1 && !saved.record.halving);
    assert_true(access("model.output.txt", F_OK) != 0);
    struct corpus *text = open_corpus("train");
    assert_true(model_create(&old, &plain_model, text, "train", NULL));
    assert_false(same_dense_weights(&saved, &old));
    corpus_close(text);
    model_free(&old);
    model_free(&saved);
    model_free(&model);
}

// ---- saving and resuming ----------------------------------------------------------------------

// A network that goes on without what kept its sums near 1 has no such sums any more, whoever trains it.
static void sums_of_the_last_training(void **state)
{
    (void)state;
    static const double weights[] = {0.25, 0, 0.5};
    struct model model = {0};
    struct log log = {0};
    struct new_model wanted = new_plain_model("lstm:4", 0);
    struct training training = plain_training;
    training.streams = 2;
    training.optimiser = &optimiser_adam;
    generate("short", 30, 1, false);
    wanted.format = MODEL_NATIVE;
    remove("model");
    for (size_t i = 0; i < 3; i++) {
        training.self_normalise = weights[i];
        train_well(&model, &wanted, &training, "short", NULL, &log);
        assert_true(model.record.self_normalise == weights[i]);
        assert_true(model_has_scores(&model, NULL) == (weights[i] > 0));
    }
    model_free(&model);
}

static void model_and_log_after_each_epoch(void **state)
{
    (void)state;
    struct training training = plain_training;
    struct model model = {0}, saved;
    struct log log = {0};
    char wanted[1024] = "";
    unlink("model.output.txt");
    for (int i = 0; i < 3; i++) {
        training.most_epochs = i + 1;
        train_well(&model, &plain_model, &training, "train", "valid", &log);
        load(&saved, "model");
        assert_int_equal(saved.record.epochs, i + 1);
        assert_near(saved.record.valid_log10_prob, log.epoch[i].valid_log10_prob, 1e-6);
        assert_true(same_dense_weights(&saved, &model));
        model_free(&saved);
        double log10_prob = log.epoch[i].valid_log10_prob;
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used,
                 "\niter: %d\nvalid log probability: %f\nPPL net: %f\n", i, log10_prob,
                 pow(10, -log10_prob / (double)log.epoch[i].valid_words));
    }
    assert_file_holds("model.output.txt", wanted);
    model_free(&model);
}

// A run that is cut off within an epoch and goes on from the file saved there gives the same model
// without back-propagation through time, whose kept errors the file does not hold, and else nearly
// the same.
static void resumed_run(void **state)
{
    (void)state;
    generate("long", 2500, 4, false);
    for (int round = 0; round < 2; round++) {
        struct new_model wanted = new_plain_model("elman:4", 2000);
        struct training training = plain_training;
        struct model whole = {0}, resumed;
        struct log log = {.copy_to = "interrupted"}, rest = {0};
        wanted.bptt = round == 0 ? 0 : 2;
        wanted.format = MODEL_BINARY;
        training.save_every = 3001;
        training.most_epochs = 1;
        train_well(&whole, &wanted, &training, "long", "valid", &log);
        assert_null(log.copy_to);
        load(&resumed, "interrupted");
        assert_int_equal(resumed.record.position, 3 * 3001);
        assert_int_equal(resumed.record.save_every, 3001);
        assert_true(resumed.record.train_log10_prob < 0);
        train_well(&resumed, NULL, &training, "long", "valid", &rest);
        assert_int_equal(rest.epochs, 1);
        assert_int_equal(rest.epoch[0].words, log.epoch[0].words);
        assert_int_equal(rest.epoch[0].words_this_run, log.epoch[0].words - 3 * 3001);
        assert_int_equal(resumed.record.position, 0);
        if (round == 0) {
            assert_true(same_dense_weights(&whole, &resumed));
            assert_memory_equal(hash_of(&whole), hash_of(&resumed), 2000 * sizeof(float));
        }
        // the file has six decimals of the log probability
        assert_near(rest.epoch[0].train_log10_prob, log.epoch[0].train_log10_prob,
                    round == 0 ? 1e-8 : 1e-3);
        assert_near(rest.epoch[0].valid_log10_prob, log.epoch[0].valid_log10_prob,
                    round == 0 ? 1e-8 : 1e-3);
        model_free(&whole);
        model_free(&resumed);
    }
}

static void text_shorter_than_the_position(void **state)
{
    (void)state;
    struct model model = {0};
    struct log log = {0};
    struct error error = {""};
    struct corpus *text = open_corpus("train");
    assert_true(model_create(&model, &plain_model, text, "train", NULL));
    corpus_close(text);
    model.record.position = 1000000;
    assert_false(train(&model, NULL, &plain_training, "train", "valid", &log, &error));
    assert_contains(error.text, "the model was saved after word 1000000");
    model_free(&model);
}

// A text that comes through a pipe is read once, and trains the same model.
static void text_from_a_pipe(void **state)
{
    (void)state;
    struct training training = plain_training;
    struct model model[2] = {{.state = NULL}, {.state = NULL}};
    struct log log[2] = {{0}, {0}};
    training.most_epochs = 2;
    train_well(&model[0], &plain_model, &training, "train", "valid", &log[0]);
    assert_int_equal(mkfifo("pipe", 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        size_t size;
        char *data = read_whole("train", false, &size);
        FILE *pipe = fopen("pipe", "w");
        bool ok = pipe != NULL && fwrite(data, 1, size, pipe) == size && fclose(pipe) == 0;
        free(data);
        _exit(!ok);
    }
    assert_true(child > 0);
    train_well(&model[1], &plain_model, &training, "pipe", "valid", &log[1]);
    int status;
    assert_true(waitpid(child, &status, 0) == child && status == 0);
    assert_true(same_dense_weights(&model[0], &model[1]));
    assert_true(log[0].epoch[1].valid_log10_prob == log[1].epoch[1].valid_log10_prob);
    model_free(&model[0]);
    model_free(&model[1]);
}

// ---- failures ---------------------------------------------------------------------------------

static void blow_up_keeps_the_old_file(void **state)
{
    (void)state;
    struct training training = plain_training;
    struct model model = {0};
    struct log log = {0};
    struct error error = {""};
    training.most_epochs = 1;
    train_well(&model, &plain_model, &training, "train", "valid", &log);
    copy_file("model", "good");
    training.most_epochs = 5;
    training.gradient_cutoff = 0;
    model.record.alpha = 1e38;
    assert_false(train(&model, NULL, &training, "train", "valid", &log, &error));
    assert_contains(error.text, "epoch 1, word ");
    assert_contains(error.text, "blown up");
    size_t size;
    char *good = read_whole("good", false, &size);
    assert_file_holds("model", good);
    free(good);
    model_free(&model);
}

// Weights that overflow at the very end of a text spoil no prediction, but must not be saved.
static void blow_up_at_the_last_word(void **state)
{
    (void)state;
    struct new_model wanted = plain_model;
    struct training training = plain_training;
    const char text[] = "b c d e f g h\n";
    training.gradient_cutoff = 0;
    training.beta = 0;
    write_file("tiny", text, sizeof text - 1);
    write_file("model", "old", 3);
    wanted.classes = 1;
    int refused = 0;
    for (wanted.alpha = 1; wanted.alpha < 1e38; wanted.alpha *= 10) {
        struct model model = {0}, saved;
        struct log log = {0};
        struct error error = {""};
        unlink("model");
        if (train(&model, &wanted, &training, "tiny", NULL, &log, &error)) {
            load(&saved, "model");
            model_free(&saved);
        } else {
            refused++;
            assert_contains(error.text, "epoch 0");
            assert_true(access("model", F_OK) != 0);
        }
        model_free(&model);
    }
    assert_true(refused > 5);
}

static void texts_that_cannot_be_trained_on(void **state)
{
    (void)state;
    struct model model = {0};
    struct log log = {0};
    struct error error = {""};
    write_file("empty", "", 0);
    struct corpus *empty = open_corpus("empty");
    assert_false(model_create(&model, &plain_model, empty, "empty", &error));
    assert_contains(error.text, "empty");
    corpus_close(empty);
    assert_false(train(&model, &plain_model, &plain_training, "train", "empty", &log, &error));
    assert_contains(error.text, "empty: the text is empty");
    model_free(&model);
    write_file("foreign", "x y z", 5); // its </s> is known
    struct log known = {0};
    struct training one_epoch = plain_training;
    one_epoch.most_epochs = 1;
    train_well(&model, &plain_model, &one_epoch, "train", "foreign", &known);
    assert_int_equal(known.epoch[0].valid_words, 1);
    model_free(&model);
    struct training training = plain_training;
    training.model_path = "no/directory/model";
    assert_false(train(&model, &plain_model, &training, "train", "valid", &log, &error));
    assert_contains(error.text, "no/directory/model");
    model_free(&model);
}

static void count_warnings(void *context, enum training_event event, const char *text)
{
    int *warnings = context;
    *warnings += event == TRAINING_WARNING && strstr(text, "not enough memory") != NULL;
}

static void failed_allocations(void **state)
{
    (void)state;
    struct error error = {""};
    struct model model = {0};
    generate("short", 3, 1, false);
    struct training training = plain_training;
    struct corpus *text = open_corpus("short"), *valid = open_corpus("short");
    training.train = text;
    training.valid = valid;
    training.most_epochs = 1;
    assert_true(model_create(&model, &plain_model, text, "short", &error));
    int64_t count = 0;
    int warnings = 1; // a checkpoint that cannot be written is one, and no failure
    training.tell = count_warnings;
    training.context = &warnings;
    for (bool ok = false; !ok || warnings > 0; count++) {
        warnings = 0;
        model.record.epochs = 0;
        memory_fail_after(count);
        ok = train_model(&model, &training, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
    }
    assert_true(count > 10);
    corpus_close(text);
    corpus_close(valid);
    model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_model_for_a_text),
        cmocka_unit_test(new_biases_are_frequencies),
        cmocka_unit_test(methods_of_classes),
        cmocka_unit_test(entropy_falls),
        cmocka_unit_test(entropy_falls_in_batches),
        cmocka_unit_test(schedule_until_the_end),
        cmocka_unit_test(fallback_of_dense_weights),
        cmocka_unit_test(one_epoch_without_validation),
        cmocka_unit_test(sums_of_the_last_training),
        cmocka_unit_test(model_and_log_after_each_epoch),
        cmocka_unit_test(resumed_run),
        cmocka_unit_test(text_shorter_than_the_position),
        cmocka_unit_test(text_from_a_pipe),
        cmocka_unit_test(blow_up_keeps_the_old_file),
        cmocka_unit_test(blow_up_at_the_last_word),
        cmocka_unit_test(texts_that_cannot_be_trained_on),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests_name("train", tests, make_texts, scratch_leave);
}
