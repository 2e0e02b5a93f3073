// What teachers say of a training text.
#include "train/lessons.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bfloat16.h"
#include "base/descriptor.h"
#include "base/memory.h"
#include "net/forward.h"
#include "text/vocabulary.h"
#include "train/fingerprint.h"

// Parts of the text, or so many words each; those that are asked for together, whatever the threads; steps that
// are read at a time.
enum { PARTS = 256, PART_WORDS = 2000, GROUP = 64, STEPS = 64 };

struct lessons {
    const struct network *network; // not owned
    uint64_t words;
    uint64_t *offset; // [words + 1] where each word's answer begins, in numbers
    uint16_t *answer; // mapped; NULL where there is none
};

// ---- who can teach ------------------------------------------------------------------------------

static bool same_classes(const struct classes *a, const struct classes *b)
{
    return a->words == b->words &&
           memcmp(a->of_word, b->of_word, a->words * sizeof *a->of_word) == 0;
}

static bool can_teach(const struct teacher *teacher, const struct model *model, struct error *error)
{
    const struct network_shape *shape = &model->network.shape,
                               *own = &teacher->model->network.shape;
    if (own->output != shape->output)
        return error_set(error, "%s: found output %s, wanted %s, as the network that learns has it",
                         teacher->path, own->output->name, shape->output->name);
    if (own->classes != shape->classes)
        return error_set(
            error,
            "%s: found %zu classes, the network that learns has %zu: a teacher trained with "
            "the same -class is wanted",
            teacher->path, own->classes, shape->classes);
    return (fingerprint_vocabulary(&teacher->model->vocabulary) ==
                fingerprint_vocabulary(&model->vocabulary) &&
            same_classes(&teacher->model->network.classes, &model->network.classes)) ||
           error_set(error,
                     "%s: found other words or classes than those of the network that learns: a "
                     "teacher trained on the same -train with the same -class-by is wanted",
                     teacher->path);
}

bool lessons_can_be(const struct teacher *teacher, size_t count, const struct model *model,
                    struct error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!can_teach(&teacher[i], model, error))
            return false;
    return true;
}

// ---- where answers lie --------------------------------------------------------------------------

static size_t answer_size(const struct network *network, int32_t target)
{
    return target < 0
               ? 0
               : network->shape.classes +
                     classes_words(&network->classes, (size_t)network->classes.of_word[target]);
}

static uint16_t *answer_to(const struct lessons *lessons, uint64_t place)
{
    return lessons->answer + lessons->offset[place];
}

struct output_lesson lessons_at(const struct lessons *lessons, uint64_t place, int32_t target)
{
    if (target < 0)
        return (struct output_lesson){NULL, NULL};
    const uint16_t *classes = answer_to(lessons, place);
    return (struct output_lesson){classes, classes + lessons->network->shape.classes};
}

uint64_t lessons_words(const struct lessons *lessons)
{
    return lessons->words;
}

uint64_t lessons_bytes(const struct lessons *lessons)
{
    return lessons->offset[lessons->words] * sizeof *lessons->answer;
}

// The folder of a path, in memory of its own.
static char *folder_of(const char *path, struct error *error)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 2;
    char *folder = memory_new(length + 1, 1, error);
    if (folder != NULL)
        memcpy(folder, slash != NULL ? path : "./", length);
    return folder;
}

// All of the file is there before anything is written: a disk without room is told of.
static bool map_answers(struct lessons *lessons, const char *folder, struct error *error)
{
    size_t bytes = lessons_bytes(lessons);
    if (bytes == 0)
        return true;
    int descriptor = descriptor_nameless(folder), problem = descriptor < 0 ? errno : 0;
    if (problem == 0)
        do
            problem = posix_fallocate(descriptor, 0, (off_t)bytes);
        while (problem == EINTR);
    void *data = MAP_FAILED;
    if (problem == 0) {
        data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
        problem = data == MAP_FAILED ? errno : 0;
    }
    if (descriptor >= 0)
        close(descriptor);
    lessons->answer = problem == 0 ? data : NULL;
    return problem == 0 || error_set(error, "cannot keep what teachers say, %zu MB, in %s: %s",
                                     bytes / 1000000 + 1, folder, strerror(problem));
}

void lessons_free(struct lessons *lessons)
{
    if (lessons == NULL)
        return;
    if (lessons->answer != NULL)
        munmap(lessons->answer, lessons_bytes(lessons));
    free(lessons->offset);
    free(lessons);
}

// ---- the text -----------------------------------------------------------------------------------

// The next steps of all streams.
struct stretch {
    struct text_streams *text;
    size_t streams, steps;
    uint64_t *place;        // [streams] of each one's first target
    int32_t *word, *target; // [steps][streams]
};

static bool stretch_init(struct stretch *stretch, struct text_streams *text, size_t streams,
                         struct error *error)
{
    *stretch = (struct stretch){.text = text, .streams = streams};
    stretch->place = memory_new(streams, sizeof *stretch->place, error);
    stretch->word = memory_new(STEPS * streams, sizeof *stretch->word, error);
    stretch->target = memory_new(STEPS * streams, sizeof *stretch->target, error);
    return stretch->place != NULL && stretch->word != NULL && stretch->target != NULL;
}

static void stretch_free(struct stretch *stretch)
{
    free(stretch->place);
    free(stretch->word);
    free(stretch->target);
}

// False at the end of the epoch.
static bool stretch_next(struct stretch *stretch)
{
    for (size_t b = 0; b < stretch->streams; b++)
        stretch->place[b] = text_streams_place(stretch->text, b);
    stretch->steps = text_streams_read(stretch->text, STEPS, stretch->word, stretch->target);
    return stretch->steps > 0;
}

// How long each word's answer is, behind its place; then where it begins.
static bool lay_out(struct lessons *lessons, struct stretch *stretch, struct error *error)
{
    if (!text_streams_start(stretch->text, 0, 0, error))
        return false;
    lessons->words = text_streams_words(stretch->text);
    lessons->offset = memory_new(lessons->words + 1, sizeof *lessons->offset, error);
    if (lessons->offset == NULL)
        return false;
    while (stretch_next(stretch))
        for (size_t r = 0; r < stretch->steps * stretch->streams; r++)
            if (stretch->target[r] >= 0)
                lessons->offset[stretch->place[r % stretch->streams] + r / stretch->streams + 1] =
                    answer_size(lessons->network, stretch->target[r]);
    for (uint64_t i = 0; i < lessons->words; i++)
        lessons->offset[i + 1] += lessons->offset[i];
    return text_streams_start(stretch->text, 0, 0, error);
}

// ---- asking -------------------------------------------------------------------------------------

// A teacher at work.
struct chair {
    double weight;
    struct forward_crew crew;
    struct state **now, **next; // [streams]
};

// What one thread works with.
struct desk {
    float *classes; // [GROUP][C] sums over teachers
    float *words;   // [GROUP][largest class]
    size_t *state;  // [GROUP * largest class] pairs
    int32_t *word;
    double *prob;
};

enum asking_end { ASKING, NO_MEMORY, NO_PROBABILITIES };

struct asking {
    struct lessons *lessons;
    struct stretch stretch;
    struct chair *chair;
    size_t chairs;
    struct desk *desk;    // [threads]
    enum asking_end *end; // [groups]
};

static bool chair_init(struct chair *chair, const struct teacher *teacher, size_t streams,
                       struct pool *pool, struct error *error)
{
    const struct network *network = &teacher->model->network;
    chair->weight = teacher->weight;
    chair->now = memory_new(streams, sizeof *chair->now, error);
    chair->next = memory_new(streams, sizeof *chair->next, error);
    bool ok =
        chair->now != NULL && chair->next != NULL &&
        forward_crew_init(&chair->crew, network, teacher->model->record.independent, pool, error);
    for (size_t b = 0; ok && b < streams; b++) {
        chair->now[b] = state_new(network, error);
        chair->next[b] = state_new(network, error);
        ok = chair->now[b] != NULL && chair->next[b] != NULL;
        if (ok)
            state_values(network, STATE_TEXT, NULL, chair->now[b]->value);
    }
    return ok;
}

static void chair_free(struct chair *chair, size_t streams)
{
    for (size_t b = 0; b < streams; b++) {
        if (chair->now != NULL)
            free(chair->now[b]);
        if (chair->next != NULL)
            free(chair->next[b]);
    }
    free(chair->now);
    free(chair->next);
    forward_crew_free(&chair->crew);
}

static bool desk_init(struct desk *desk, const struct network *network, struct error *error)
{
    size_t pairs = GROUP * network->classes.largest;
    desk->classes = memory_new(GROUP * network->shape.classes, sizeof *desk->classes, error);
    desk->words = memory_new(pairs, sizeof *desk->words, error);
    desk->state = memory_new(pairs, sizeof *desk->state, error);
    desk->word = memory_new(pairs, sizeof *desk->word, error);
    desk->prob = memory_new(pairs, sizeof *desk->prob, error);
    return desk->classes != NULL && desk->words != NULL && desk->state != NULL &&
           desk->word != NULL && desk->prob != NULL;
}

static void desk_free(struct desk *desk)
{
    free(desk->classes);
    free(desk->words);
    free(desk->state);
    free(desk->word);
    free(desk->prob);
}

// Streams first..first+count-1 at one step.
struct places {
    size_t first, count;
    const int32_t *word, *target; // [count]
};

// All classes of the places with a target, into the desk's sums.
static void ask_for_classes(const struct asking *asking, const struct chair *chair,
                            const struct forward *forward, const struct desk *desk,
                            const struct places *at)
{
    const struct network *network = asking->lessons->network;
    size_t classes = network->shape.classes;
    for (size_t i = 0; i < at->count; i++)
        for (size_t k = 0; k < classes && at->target[i] >= 0; k++)
            if (classes_words(&network->classes, k) > 0)
                desk->classes[i * classes + k] +=
                    (float)(chair->weight *
                            forward_first_factor(forward, i,
                                                 (int32_t)classes_first(&network->classes, k)));
}

// The words of the classes of the targets: P(class) P(word | class).
static bool ask_for_words(const struct asking *asking, const struct chair *chair,
                          struct forward *forward, const struct desk *desk, const struct places *at)
{
    const struct network *network = asking->lessons->network;
    size_t pairs = 0, most = network->classes.largest;
    for (size_t i = 0; i < at->count; i++) {
        if (at->target[i] < 0)
            continue;
        size_t k = (size_t)network->classes.of_word[at->target[i]];
        double of_class = forward_first_factor(forward, i, at->target[i]);
        for (size_t j = 0; j < classes_words(&network->classes, k); j++, pairs++) {
            desk->state[pairs] = i;
            desk->word[pairs] = (int32_t)(classes_first(&network->classes, k) + j);
            desk->prob[pairs] = of_class;
        }
    }
    if (!forward_other_factors(forward, pairs, desk->state, desk->word, desk->prob, NULL))
        return false;
    for (size_t p = 0; p < pairs; p++) {
        size_t k = (size_t)network->classes.of_word[desk->word[p]];
        desk->words[desk->state[p] * most + (size_t)desk->word[p] -
                    classes_first(&network->classes, k)] += (float)(chair->weight * desk->prob[p]);
    }
    return true;
}

// A distribution that is in proportion to `sum`; false if there is none.
static bool keep(const float *sum, size_t n, uint16_t *to)
{
    float all = 0;
    for (size_t i = 0; i < n; i++)
        all += sum[i];
    if (!(all > 0 && all <= FLT_MAX))
        return false;
    for (size_t i = 0; i < n; i++)
        to[i] = bfloat16_from(sum[i] / all);
    return true;
}

static bool keep_answers(const struct asking *asking, const struct desk *desk,
                         const struct places *at, size_t step)
{
    const struct network *network = asking->lessons->network;
    size_t classes = network->shape.classes, most = network->classes.largest;
    for (size_t i = 0; i < at->count; i++) {
        if (at->target[i] < 0)
            continue;
        size_t k = (size_t)network->classes.of_word[at->target[i]];
        uint16_t *to =
            answer_to(asking->lessons, asking->stretch.place[at->first + i] + (uint64_t)step);
        if (!keep(desk->classes + i * classes, classes, to) ||
            !keep(desk->words + i * most, classes_words(&network->classes, k), to + classes))
            return false;
    }
    return true;
}

static enum asking_end ask(const struct asking *asking, size_t worker, const struct places *at,
                           size_t step)
{
    const struct network *network = asking->lessons->network;
    const struct desk *desk = &asking->desk[worker];
    memset(desk->classes, 0, GROUP * network->shape.classes * sizeof *desk->classes);
    memset(desk->words, 0, GROUP * network->classes.largest * sizeof *desk->words);
    for (size_t c = 0; c < asking->chairs; c++) {
        struct chair *chair = &asking->chair[c];
        struct forward *forward = &chair->crew.forward[worker];
        struct state **now = chair->now + at->first, **next = chair->next + at->first;
        forward_advance(forward, at->count, (const struct state *const *)now, at->word, next);
        for (size_t i = 0; i < at->count; i++) {
            struct state *other = now[i];
            now[i] = next[i];
            next[i] = other;
        }
        forward_load(forward, at->count, (const struct state *const *)now);
        ask_for_classes(asking, chair, forward, desk, at);
        if (!ask_for_words(asking, chair, forward, desk, at))
            return NO_MEMORY;
    }
    return keep_answers(asking, desk, at, step) ? ASKING : NO_PROBABILITIES;
}

static void ask_group(void *context, size_t worker, size_t item)
{
    struct asking *asking = context;
    const struct stretch *stretch = &asking->stretch;
    size_t first = item * GROUP, left = stretch->streams - first;
    for (size_t t = 0; t < stretch->steps && asking->end[item] == ASKING; t++) {
        size_t row = t * stretch->streams + first;
        struct places at = {first, left < GROUP ? left : GROUP, stretch->word + row,
                            stretch->target + row};
        asking->end[item] = ask(asking, worker, &at, t);
    }
}

static size_t groups_of(size_t streams)
{
    return (streams + GROUP - 1) / GROUP;
}

static bool ask_all(struct asking *asking, struct pool *pool, struct error *error)
{
    size_t groups = groups_of(asking->stretch.streams);
    while (stretch_next(&asking->stretch)) {
        pool_run(pool, ask_group, asking, groups);
        for (size_t i = 0; i < groups; i++)
            if (asking->end[i] != ASKING)
                return error_set(error, asking->end[i] == NO_MEMORY
                                            ? "not enough memory for what teachers say"
                                            : "a teacher has probabilities that are no numbers");
    }
    return true;
}

static bool take_seats(struct asking *asking, const struct teacher *teacher, size_t count,
                       struct pool *pool, struct error *error)
{
    size_t streams = asking->stretch.streams, threads = pool_threads(pool);
    asking->chair = memory_new(count, sizeof *asking->chair, error);
    asking->desk = memory_new(threads, sizeof *asking->desk, error);
    asking->end = memory_new(groups_of(streams), sizeof *asking->end, error);
    bool ok = asking->chair != NULL && asking->desk != NULL && asking->end != NULL;
    for (size_t i = 0; ok && i < threads; i++)
        ok = desk_init(&asking->desk[i], asking->lessons->network, error);
    for (; ok && asking->chairs < count; asking->chairs++)
        ok = chair_init(&asking->chair[asking->chairs], &teacher[asking->chairs], streams, pool,
                        error);
    return ok;
}

static void leave_seats(struct asking *asking, struct pool *pool)
{
    for (size_t i = 0; i < asking->chairs; i++)
        chair_free(&asking->chair[i], asking->stretch.streams);
    for (size_t i = 0; asking->desk != NULL && i < pool_threads(pool); i++)
        desk_free(&asking->desk[i]);
    free(asking->chair);
    free(asking->desk);
    free(asking->end);
    stretch_free(&asking->stretch);
}

static bool fill(struct lessons *lessons, const struct teacher *teacher, size_t count,
                 struct text_streams *text, size_t parts, const char *folder, struct pool *pool,
                 struct error *error)
{
    struct asking asking = {.lessons = lessons};
    bool ok = stretch_init(&asking.stretch, text, parts, error) &&
              lay_out(lessons, &asking.stretch, error) && map_answers(lessons, folder, error) &&
              take_seats(&asking, teacher, count, pool, error) && ask_all(&asking, pool, error);
    leave_seats(&asking, pool);
    return ok;
}

// In a folder.
static struct lessons *ask_in(const char *folder, const struct teacher *teacher, size_t count,
                              const struct network *network, struct text_streams *text,
                              size_t parts, struct pool *pool, struct error *error)
{
    if (text_streams_draw(text)) {
        error_set(error, "teachers are asked once: texts that are drawn anew for each epoch, by "
                         "-shuffle or a part of a weight, exclude -teach");
        return NULL;
    }
    struct lessons *lessons = memory_new(1, sizeof *lessons, error);
    if (lessons == NULL)
        return NULL;
    lessons->network = network;
    if (fill(lessons, teacher, count, text, parts, folder, pool, error))
        return lessons;
    lessons_free(lessons);
    return NULL;
}

struct lessons *lessons_new(const struct teacher *teacher, size_t count, const struct model *model,
                            struct corpus *texts, const struct epoch_rule *order,
                            const char *model_path, struct pool *pool, struct error *error)
{
    uint64_t parts = model->record.train_words / PART_WORDS + 1;
    parts = parts < PARTS ? parts : PARTS;
    struct text_streams *text =
        text_streams_open(texts, &model->vocabulary, order, (size_t)parts, error);
    char *folder = folder_of(model_path, error);
    struct lessons *lessons =
        text != NULL && folder != NULL
            ? ask_in(folder, teacher, count, &model->network, text, (size_t)parts, pool, error)
            : NULL;
    free(folder);
    if (text != NULL)
        text_streams_close(text);
    return lessons;
}
