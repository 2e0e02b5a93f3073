// Words taken out of a trained model.
#include "model/remove_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/model_file.h"
#include "model/resize.h"

struct work {
    struct model *model;
    const bool *removed;
    struct vocabulary vocabulary;
    struct classes classes;
    int32_t *old_word, *old_class, *of_word; // [words before], [classes before], [words before]
    size_t words, count;                     // that stay, words and classes
};

static void work_free(struct work *work)
{
    vocabulary_free(&work->vocabulary);
    classes_free(&work->classes);
    free(work->old_word);
    free(work->old_class);
    free(work->of_word);
}

// The words that stay, and their classes, those in which any stays.
static void choose(struct work *work)
{
    const struct classes *old = &work->model->network.classes;
    for (size_t i = 0; i < old->words; i++) {
        if (work->removed[i])
            continue;
        if (work->count == 0 || work->old_class[work->count - 1] != old->of_word[i])
            work->old_class[work->count++] = old->of_word[i];
        work->of_word[work->words] = (int32_t)work->count - 1;
        work->old_word[work->words++] = (int32_t)i;
    }
}

static bool keep_words(struct work *work, struct error *error)
{
    const struct vocabulary *old = &work->model->vocabulary;
    uint64_t lost = 0;
    if (!vocabulary_init(&work->vocabulary, error))
        return false;
    for (size_t i = 0; i < work->words; i++) {
        const char *word = vocabulary_word(old, work->old_word[i]);
        int32_t id = vocabulary_add(&work->vocabulary, word, strlen(word), error);
        if (id < 0)
            return false;
        work->vocabulary.count[id] = old->count[work->old_word[i]];
    }
    for (size_t i = 0; i < old->size; i++)
        lost += work->removed[i] ? old->count[i] : 0;
    int32_t unknown = vocabulary_unknown(&work->vocabulary, NULL);
    if (unknown >= 0)
        work->vocabulary.count[unknown] += lost;
    return true;
}

static bool hash_allows(const struct work *work, struct error *error)
{
    size_t last = work->words - 1;
    if (work->model->network.shape.maxent == 0 || (size_t)work->old_word[last] == last)
        return true;
    size_t i = 0;
    while (!work->removed[i])
        i++;
    return error_set(error,
                     "direct connections are found by the numbers of words, so that only the last "
                     "of the vocabulary can be removed: found \"%.60s\", behind which \"%.60s\" "
                     "would stay",
                     vocabulary_word(&work->model->vocabulary, (int32_t)i),
                     vocabulary_word(&work->model->vocabulary, work->old_word[last]));
}

static bool format_allows(const struct work *work, struct error *error)
{
    const struct model *model = work->model;
    bool follow = true;
    if (model->format == MODEL_NATIVE || model->format == MODEL_NATIVE_BFLOAT16)
        return true;
    if (!classes_follow_counts(model, &work->vocabulary, &work->classes, &follow, error))
        return false;
    return follow ||
           error_set(error,
                     "format %s makes classes of counts, and those that are left would move words "
                     "between classes: -format native is wanted",
                     model_format_name(model->format));
}

static bool remove_words(struct work *work, struct error *error)
{
    size_t words = work->model->vocabulary.size, classes = work->model->network.classes.count;
    if (!model_resizes(work->model, error) ||
        (work->old_word = memory_new(words, sizeof(int32_t), error)) == NULL ||
        (work->old_class = memory_new(classes, sizeof(int32_t), error)) == NULL ||
        (work->of_word = memory_new(words, sizeof(int32_t), error)) == NULL)
        return false;
    choose(work);
    if (work->words < 2)
        return error_set(error, "no word would be left but </s>");
    if (!hash_allows(work, error) || !keep_words(work, error) ||
        !classes_from_words(&work->classes, work->of_word, work->words, work->count, error) ||
        !format_allows(work, error))
        return false;
    const struct resizing resizing = {work->words, work->count, work->old_word, work->old_class};
    return model_resize(work->model, &resizing, &work->vocabulary, &work->classes, error);
}

bool model_remove_words(struct model *model, const bool *removed, struct error *error)
{
    struct work work = {.model = model, .removed = removed};
    bool ok = remove_words(&work, error);
    work_free(&work);
    return ok;
}
