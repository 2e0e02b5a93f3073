// What a training saves and when: before it speaks, nothing that has blown up, where a stop asks for
// it; and that one which has ended is left alone.
#include "model/model_file.h"
#include "testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "scratch.h"

#include "base/threads.h"
#include "train/new_model.h"
#include "train/trainer.h"
#include "train/validation.h"

// ---- texts and runs ---------------------------------------------------------------------------

// Of 16 words, each of which has four that follow it.
static void generate(const char *path, int words, uint32_t seed)
{
    struct random random;
    random_seed(&random, seed);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0, word = 0; i < words; i++) {
        word = (word * 5 + random_next(&random) % 4) % 16;
        fprintf(file, "w%d%c", word, random_next(&random) % 8 == 0 || i + 1 == words ? '\n' : ' ');
    }
    assert_int_equal(fclose(file), 0);
}

enum { EVENTS = TRAINING_UNWRITTEN + 1 };

// What a training tells, and when it is to stop.
struct watch {
    atomic_int stop;
    int stop_at; // the report within an epoch at which it is to; 0: none
    bool stop_behind_epoch;
    int reports, epochs;
    int told[EVENTS];
    char text[EVENTS][ERROR_SIZE];
    void (*begin)(void);
    bool saved_first;    // each epoch was on disk before it was reported
    bool look;           // at the model within the epoch:
    uint64_t saved;      // words that were done when it was saved last
    int64_t epochs_left; // as told within the epoch
};

static void load(struct model *model, const char *path)
{
    struct error error = {""};
    if (!model_load(model, path, &error))
        fail_msg("%s", error.text);
}

static void take_report(void *context, const struct progress *progress)
{
    struct watch *watch = context;
    if (!progress->epoch_done) {
        watch->epochs_left = progress->epochs_left;
        if (watch->look && access("model", F_OK) == 0) {
            struct model now;
            load(&now, "model");
            watch->saved = now.record.position;
            model_free(&now);
        }
        if (++watch->reports == watch->stop_at)
            atomic_store(&watch->stop, 1);
        return;
    }
    struct model saved;
    load(&saved, "model");
    bool there = saved.record.epochs == progress->epoch + 1 || saved.record.train_log10_prob != 0;
    watch->saved_first = (watch->epochs == 0 || watch->saved_first) && there;
    watch->epochs++;
    model_free(&saved);
    if (watch->stop_behind_epoch)
        atomic_store(&watch->stop, 1);
}

static void take_event(void *context, enum training_event event, const char *text)
{
    struct watch *watch = context;
    watch->told[event]++;
    snprintf(watch->text[event], ERROR_SIZE, "%s", text);
    if (event == TRAINING_BEGINS && watch->begin != NULL)
        watch->begin();
}

static const struct training plain = {.model_path = "model",
                                      .alpha = 0.1,
                                      .beta = 1e-7,
                                      .gradient_cutoff = 15,
                                      .min_improvement = 1.003};

// Trains the model in the file, which is made if need be.
static bool train_file(const struct training *how, const char *layers, const char *text,
                       const char *valid, struct watch *watch, struct error *error)
{
    struct new_model wanted = {.classes = 4,
                               .bptt = 3,
                               .bptt_block = 5,
                               .alpha = how->alpha,
                               .seed = 1,
                               .format = MODEL_NATIVE};
    struct training run = *how;
    struct model model = {0};
    run.train = corpus_open(text, error);
    run.valid = valid != NULL ? corpus_open(valid, error) : NULL;
    run.report = take_report;
    run.tell = take_event;
    run.context = watch;
    run.stop = &watch->stop;
    wanted.shape = new_shape(1, layers, 1, 1000, 3);
    bool ok = run.train != NULL && (valid == NULL || run.valid != NULL);
    if (access(run.model_path, F_OK) == 0)
        load(&model, run.model_path);
    else
        ok = ok && model_create(&model, &wanted, run.train, text, error);
    ok = ok && train_model(&model, &run, error);
    model_free(&model);
    corpus_close(run.train);
    corpus_close(run.valid);
    return ok;
}

static void train_well(const struct training *how, const char *layers, const char *text,
                       const char *valid, struct watch *watch)
{
    struct error error = {""};
    if (!train_file(how, layers, text, valid, watch, &error))
        fail_msg("%s", error.text);
}

static void keep(const char *from, const char *to)
{
    size_t size;
    char *data = read_whole(from, false, &size);
    write_file(to, data, size);
    free(data);
}

static void assert_same_files(const char *a, const char *b)
{
    size_t size[2];
    char *data[2] = {read_whole(a, false, &size[0]), read_whole(b, false, &size[1])};
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(data[0], data[1], size[0]);
    free(data[0]);
    free(data[1]);
}

static void start_anew(void)
{
    unlink("model");
    unlink("model.checkpoint");
    unlink("model.output.txt");
}

static int make_texts(void **state)
{
    if (scratch_enter(state) != 0)
        return -1;
    generate("train", 25003, 1); // two reports an epoch
    generate("uneven", 10001, 2);
    generate("short", 4000, 3);
    generate("valid", 1500, 4);
    generate("other", 4000, 5);
    return 0;
}

// ---- stops ------------------------------------------------------------------------------------

// Stops a training again and again, each time somewhere else; it becomes the same model.
static void stops_change_nothing(const struct training *how, const char *layers, const char *text,
                                 const char *valid)
{
    struct watch whole = {.stop = 0};
    int stops = 0;
    start_anew();
    train_well(how, layers, text, valid, &whole);
    keep("model", "whole");
    start_anew();
    for (bool ended = false; !ended; stops++) {
        struct watch watch = {.stop_at = stops % 3 == 2 ? 0 : stops % 3 + 1,
                              .stop_behind_epoch = stops % 3 == 2};
        struct training other = *how;
        other.threads = (size_t)stops % 2 + 1;
        train_well(&other, layers, text, valid, &watch);
        ended = watch.told[TRAINING_STOPPED] == 0;
        if (!ended) {
            assert_contains(watch.text[TRAINING_STOPPED], "model holds the model after ");
            assert_contains(watch.text[TRAINING_STOPPED], "; the same command goes on from there");
        }
        assert_int_equal(access("model.checkpoint", F_OK) == 0, !ended);
        assert_true(stops < 20);
    }
    assert_true(stops > 1);
    assert_same_files("model", "whole");
}

static void stops_online(void **state)
{
    (void)state;
    struct training training = plain;
    training.most_epochs = 2;
    stops_change_nothing(&training, "elman:8", "train", "valid");
    training.epochs = 2;
    stops_change_nothing(&training, "lstm:5", "train", "valid");
    stops_change_nothing(&plain, "elman:6", "train", NULL);
}

static void stops_in_batches(void **state)
{
    (void)state;
    for (size_t i = 0; optimiser_table[i] != NULL; i++) {
        struct training training = plain;
        training.streams = 7;
        training.optimiser = optimiser_table[i];
        training.alpha = training.optimiser->alpha;
        training.most_epochs = 2;
        training.min_improvement = 2; // the second stage begins at once, with its averages
        stops_change_nothing(&training, "lstm:6", "train", "valid");
    }
}

static void stops_with_dropout(void **state)
{
    (void)state;
    for (int each_word = 0; each_word < 2; each_word++) {
        struct training training = plain;
        training.streams = 5;
        training.optimiser = optimiser_named("adam", NULL);
        training.alpha = 0.002;
        training.epochs = 2;
        training.dropout = (struct dropout_rule){.words = 0.1F,
                                                 .layers = 0.2F,
                                                 .output = 0.2F,
                                                 .recurrent = 0.2F,
                                                 .each_word = each_word,
                                                 .seed = 1};
        training.penalty = (struct penalty_rule){.activation = 1, .change = 1};
        stops_change_nothing(&training, "lstm:6,elman:5", "train", "valid");
    }
}

// In the last block not every stream has a word for each step; the report comes in it.
static void stop_in_the_last_block(void **state)
{
    (void)state;
    for (size_t streams = 0; streams < 9; streams += 4) {
        struct training training = plain;
        training.streams = streams;
        training.optimiser = optimiser_named("rows", NULL);
        training.most_epochs = 1;
        stops_change_nothing(&training, "elman:6", "uneven", "valid");
    }
}

// ---- saves -------------------------------------------------------------------------------------

// Saved whenever there was time, and never but at the end.
static void saves_by_time(void **state)
{
    (void)state;
    struct training training = plain;
    training.streams = 200; // blocks of 1000 words
    training.optimiser = optimiser_named("adam", NULL);
    training.alpha = training.optimiser->alpha;
    training.epochs = 2;
    training.most_epochs = 1;
    for (int often = 0; often < 2; often++) {
        struct watch watch = {.look = true, .epochs_left = 7};
        start_anew();
        training.save_seconds = often ? 1e-9 : 1e6;
        train_well(&training, "elman:4", "train", "valid", &watch);
        assert_true(often ? watch.saved >= 19000 && watch.saved <= 20000 : watch.saved == 0);
        assert_int_equal(watch.epochs_left, 0);
        if (!often)
            keep("model", "whole");
    }
    assert_same_files("model", "whole");
}

// The time left is of all epochs and what is between them, where it is known how many there are.
static void time_left(void **state)
{
    (void)state;
    char line[PROGRESS_LINE];
    struct progress progress = {.words = 25000,
                                .total_words = 100000,
                                .seconds = 10,
                                .words_this_run = 20000, // 2000 a second
                                .between = 60,
                                .epochs_left = -1};
    progress_line(&progress, line);
    assert_contains(line, "   25.0%  epoch 0:00:38 left");
    progress.epochs_left = 0;
    progress_line(&progress, line);
    assert_contains(line, "   25.0%  0:01:38 left");
    progress.epochs_left = 99; // 37.5 + 99 * 50 + 100 * 60 seconds
    progress_line(&progress, line);
    assert_contains(line, "   25.0%  3:03:08 left");
    progress.total_words = 0;
    progress_line(&progress, line);
    assert_null(strstr(line, "left"));
}

static atomic_int *alarm_stops;

static void take_alarm(int number)
{
    (void)number;
    atomic_store(alarm_stops, 1);
}

static void stop_in(atomic_int *stop, long microseconds)
{
    struct sigaction action = {.sa_handler = take_alarm, .sa_flags = SA_RESTART};
    const struct itimerval once = {{0, 0}, {microseconds / 1000000, microseconds % 1000000}};
    alarm_stops = stop;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &once, NULL), 0);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec * 1e-3;
}

// Trains on, to be stopped after each further part of the time that the whole has taken. Returns how
// often a stop met validation: there the epoch has been learnt, and the next run begins with it.
static int stop_by_time(const struct training *how, double first, double microseconds)
{
    static atomic_int never;
    int in_validation = 0;
    bool ended = false;
    for (double part = first; !ended; part += 0.15) {
        struct watch watch = {.stop = 0};
        struct model model;
        stop_in(&watch.stop, (long)(part * microseconds) + 1);
        train_well(how, "elman:8", "short", "long", &watch);
        stop_in(&never, 0);
        ended = watch.told[TRAINING_STOPPED] == 0;
        load(&model, "model");
        in_validation += model.record.position == model.record.train_words;
        model_free(&model);
    }
    return in_validation;
}

// Anywhere at all: the validation text is so long that stops meet it, too.
static void stops_anywhere(void **state)
{
    (void)state;
    struct training training = plain;
    int in_validation = 0;
    training.most_epochs = 3;
    training.optimiser = optimiser_named("average", NULL);
    training.min_improvement = 2;
    generate("long", 40000, 6);
    for (int rounds = 0; rounds < 60 && in_validation < 3; rounds++) {
        struct watch whole = {.stop = 0};
        double begin = now();
        training.streams = (size_t)rounds % 2 * 6;
        start_anew();
        train_well(&training, "elman:8", "short", "long", &whole);
        double microseconds = now() - begin;
        keep("model", "whole");
        start_anew();
        in_validation += stop_by_time(&training, 0.2 + rounds * 17 % 50 * 0.01, microseconds);
        assert_same_files("model", "whole");
    }
    assert_true(in_validation >= 3);
}

static void validation_that_stops(void **state)
{
    (void)state;
    struct model model;
    struct error error = {""};
    float value[8] = {42};
    atomic_int stop = 1;
    start_anew();
    struct training training = plain;
    struct watch watch = {.stop = 0};
    training.most_epochs = 1;
    train_well(&training, "elman:8", "short", "valid", &watch);
    load(&model, "model");
    struct corpus *text = corpus_open("valid", &error);
    struct pool *pool = pool_new(1, &error);
    struct validation validation = {.stop = &stop};
    assert_true(validation_run(&model.network, false, &model.vocabulary, text, pool, value,
                               &validation, &error));
    assert_true(validation.stopped && validation.words == 0 && value[0] == 42);
    validation = (struct validation){.most = 100};
    assert_true(validation_run(&model.network, false, &model.vocabulary, text, pool, NULL,
                               &validation, &error));
    assert_int_equal(validation.words, 100);
    pool_free(pool);
    corpus_close(text);
    model_free(&model);
}

// ---- the guard --------------------------------------------------------------------------------

static double bits_of_model(void)
{
    struct model model;
    struct error error = {""};
    struct validation validation = {.most = 0};
    load(&model, "model");
    struct corpus *text = corpus_open("valid", &error);
    struct pool *pool = pool_new(1, &error);
    assert_true(validation_run(&model.network, false, &model.vocabulary, text, pool, NULL,
                               &validation, &error));
    pool_free(pool);
    corpus_close(text);
    model_free(&model);
    return validation.wrong_line != 0 ? INFINITY
                                      : entropy_bits(validation.log10_prob, validation.words);
}

// Rates from good ones to those that ruin a model: whatever a save within an epoch puts in the place
// of the good model is no worse than guessing, and what is said of the file is so.
static void no_ruin_is_saved_within_an_epoch(void **state)
{
    (void)state;
    struct training training = plain;
    struct watch first = {.stop = 0};
    int errors = 0, kept = 0, saved = 0;
    double uniform = log2(17);
    start_anew();
    training.most_epochs = 1;
    train_well(&training, "elman:8", "train", "valid", &first);
    keep("model", "good");
    for (int valid = 0; valid < 2; valid++)
        for (double alpha = 0.05; alpha < 1e7; alpha *= 3) {
            struct watch watch = {.stop_at = 2};
            struct error error = {""};
            start_anew();
            keep("good", "model");
            struct model model;
            load(&model, "model");
            model.record.alpha = alpha;
            assert_true(model_save(&model, "model", &error));
            model_free(&model);
            keep("model", "before");
            struct training ruin = plain;
            ruin.most_epochs = 5;
            ruin.save_every = 3000;
            ruin.gradient_cutoff = 0;
            bool ok = train_file(&ruin, "elman:8", "train", valid ? "valid" : NULL, &watch, &error);
            const char *said = ok ? watch.text[TRAINING_STOPPED] : error.text;
            assert_true(bits_of_model() < uniform + 1.5);
            errors += !ok;
            kept += watch.told[TRAINING_WARNING] > 0;
            saved += strstr(said, "model holds the model after word ") != NULL;
            if (strstr(said, "model is as it was found") != NULL)
                assert_same_files("model", "before");
            else
                assert_contains(said, "model holds the model after word ");
        }
    assert_true(errors > 2 && kept > 0 && saved > 2);
}

// ---- what else cannot be written --------------------------------------------------------------

static void block_the_log(void)
{
    assert_int_equal(mkdir("model.output.txt", 0777), 0);
}

static void block_the_checkpoint(void)
{
    assert_int_equal(mkdir("model.checkpoint", 0777), 0);
}

static void only_the_model_ends_a_training(void **state)
{
    (void)state;
    struct training training = plain;
    struct watch whole = {.stop = 0};
    start_anew();
    training.most_epochs = 3;
    train_well(&training, "elman:8", "short", "valid", &whole);
    assert_true(whole.saved_first && whole.epochs == 3);
    keep("model", "whole");
    start_anew();
    struct watch log = {.begin = block_the_log};
    train_well(&training, "elman:8", "short", "valid", &log);
    assert_same_files("model", "whole");
    assert_int_equal(log.told[TRAINING_UNWRITTEN], 1);
    assert_contains(log.text[TRAINING_UNWRITTEN], "cannot write model.output.txt: ");
    assert_int_equal(rmdir("model.output.txt"), 0);
    start_anew();
    struct watch checkpoint = {.begin = block_the_checkpoint};
    train_well(&training, "elman:8", "short", "valid", &checkpoint);
    assert_same_files("model", "whole");
    assert_int_equal(checkpoint.told[TRAINING_WARNING], 1);
    assert_contains(checkpoint.text[TRAINING_WARNING], "cannot write model.checkpoint: ");
    assert_contains(checkpoint.text[TRAINING_WARNING], "the model is saved, but ");
    assert_int_equal(rmdir("model.checkpoint"), 0);
}

// An older checkpoint does not stay beside a newer model, with which it would not fit.
static void block_later_checkpoints(void)
{
    struct stat status;
    assert_int_equal(stat("model.checkpoint", &status), 0);
    assert_int_equal(chmod("model.checkpoint", 0400), 0);
}

static void no_old_checkpoint_beside_a_new_model(void **state)
{
    (void)state;
    struct training training = plain;
    struct watch first = {.stop_behind_epoch = true}, second = {.stop_behind_epoch = true},
                 rest = {.stop = 0};
    start_anew();
    training.most_epochs = 3;
    train_well(&training, "elman:8", "short", "valid", &first);
    second.begin = block_later_checkpoints; // write-protected
    train_well(&training, "elman:8", "short", "valid", &second);
    assert_true(second.told[TRAINING_STOPPED] == 1 && second.told[TRAINING_WARNING] == 1);
    assert_true(access("model.checkpoint", F_OK) != 0);
    train_well(&training, "elman:8", "short", "valid", &rest);
    assert_int_equal(rest.told[TRAINING_RESUMED], 0);
    assert_int_equal(rest.epochs, 1);
}

// A format that has no such network is refused before the first epoch.
static void format_that_cannot_hold_it(void **state)
{
    (void)state;
    struct training training = plain;
    struct model model = {0};
    struct error error = {""};
    struct new_model wanted = {
        .classes = 4, .bptt_block = 5, .alpha = 0.1, .seed = 1, .format = MODEL_BINARY};
    start_anew();
    wanted.shape = new_shape(1, "lstm:5", 1, 0, 0);
    training.train = corpus_open("short", &error);
    training.valid = corpus_open("valid", &error);
    assert_true(model_create(&model, &wanted, training.train, "short", &error));
    struct watch watch = {.stop = 0};
    training.report = take_report;
    training.tell = take_event;
    training.context = &watch;
    assert_false(train_model(&model, &training, &error));
    assert_contains(error.text, "format binary holds one logistic elman layer");
    assert_true(watch.told[TRAINING_BEGINS] == 0 && watch.epochs == 0);
    model_free(&model);
    corpus_close(training.train);
    corpus_close(training.valid);
}

// ---- trainings that have ended ----------------------------------------------------------------

static void finished(const struct training *how, const char *text, const char *first,
                     const char *second)
{
    struct watch watch = {.stop = 0};
    struct stat before, after;
    keep("model", "ended");
    assert_int_equal(stat("model", &before), 0);
    train_well(how, "elman:8", text, "valid", &watch);
    assert_int_equal(stat("model", &after), 0);
    assert_int_equal(watch.epochs, 0);
    assert_int_equal(watch.told[TRAINING_FINISHED], 1);
    assert_contains(watch.text[TRAINING_FINISHED], "model: the training is finished: ");
    assert_contains(watch.text[TRAINING_FINISHED], first);
    assert_contains(watch.text[TRAINING_FINISHED], second);
    assert_true(before.st_ino == after.st_ino);
    assert_same_files("model", "ended");
}

static void an_end_is_an_end(void **state)
{
    (void)state;
    for (int decays = 0; decays < 2; decays++) {
        struct training training = plain;
        struct watch watch = {.stop = 0}, more = {.stop = 0};
        start_anew();
        training.min_improvement = 1.01;
        training.decay = decays ? 0.3 : 0;
        train_well(&training, "elman:8", "short", "valid", &watch);
        assert_true(watch.epochs > 2);
        finished(&training, "short", "another -alpha than 0.1 begins again", "-epochs");
        training.most_epochs = 100; // the bound is not what ended it
        finished(&training, "short", "another -alpha than 0.1 begins again", "-epochs");
        training.decay = 0;
        training.epochs = watch.epochs + 1;
        train_well(&training, "elman:8", "short", "valid", &more);
        assert_true(more.epochs > 0);
    }
}

static void a_bound_is_a_bound(void **state)
{
    (void)state;
    struct training training = plain;
    struct watch watch = {.stop = 0}, more = {.stop = 0};
    start_anew();
    training.most_epochs = 2;
    train_well(&training, "elman:8", "short", "valid", &watch);
    finished(&training, "short", "as many as -max-iter 2 allows", "a larger number goes on");
    training.most_epochs = 0;
    training.epochs = 2;
    finished(&training, "short", "as many as -epochs 2 allows", "a larger number goes on");
    training.epochs = 3;
    train_well(&training, "elman:8", "short", "valid", &more);
    assert_int_equal(more.epochs, 1);
}

// A checkpoint within an epoch that is not allowed this time stays for another.
static void a_bound_keeps_the_checkpoint(void **state)
{
    (void)state;
    struct training training = plain;
    struct watch watch = {.stop_at = 3}, rest = {.stop = 0};
    start_anew();
    training.most_epochs = 2;
    train_well(&training, "elman:8", "train", "valid", &watch);
    assert_int_equal(watch.told[TRAINING_STOPPED], 1);
    training.most_epochs = 1;
    struct watch bounded = {.stop = 0};
    train_well(&training, "elman:8", "train", "valid", &bounded);
    assert_int_equal(bounded.told[TRAINING_FINISHED], 1);
    assert_int_equal(access("model.checkpoint", F_OK), 0);
    training.most_epochs = 2;
    train_well(&training, "elman:8", "train", "valid", &rest);
    assert_true(rest.told[TRAINING_RESUMED] == 1 && rest.epochs == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saves_by_time),
        cmocka_unit_test(time_left),
        cmocka_unit_test(stops_online),
        cmocka_unit_test(stops_in_batches),
        cmocka_unit_test(stops_with_dropout),
        cmocka_unit_test(stop_in_the_last_block),
        cmocka_unit_test(stops_anywhere),
        cmocka_unit_test(validation_that_stops),
        cmocka_unit_test(no_ruin_is_saved_within_an_epoch),
        cmocka_unit_test(only_the_model_ends_a_training),
        cmocka_unit_test(no_old_checkpoint_beside_a_new_model),
        cmocka_unit_test(format_that_cannot_hold_it),
        cmocka_unit_test(an_end_is_an_end),
        cmocka_unit_test(a_bound_is_a_bound),
        cmocka_unit_test(a_bound_keeps_the_checkpoint),
    };
    return cmocka_run_group_tests_name("train_saving", tests, make_texts, scratch_leave);
}
