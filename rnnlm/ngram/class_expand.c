// Class n-gram models as word n-gram models.
#include "ngram/class_expand.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/build.h"
#include "ngram/renormalise.h"

struct weighed {
    double weight; // N
    int32_t word[NGRAM_LONGEST];
};

struct list { // of n-grams of one length
    struct weighed *item;
    size_t count, capacity;
};

struct expanding {
    const struct ngram_model *model;
    const struct class_definitions *definitions;
    struct ngram_model *to;
    int order;
    int32_t *class; // [words of the model] WORD_OOV: a word
    int32_t *word;  // [words of the model] ids in `to` of those that are words
    int32_t *text;  // [words_used of the definitions] ids in `to`
    struct list list[NGRAM_LONGEST + 1];
    uint64_t left_out;
    struct error *error;
};

// ---- words -------------------------------------------------------------------------------------

static bool find_word(struct expanding *expanding, const struct vocabulary *words, int32_t word,
                      int32_t *id)
{
    const char *text = vocabulary_word(words, word);
    *id = vocabulary_find(&expanding->to->words, text, strlen(text));
    if (*id != WORD_OOV && (*id != WORD_END || expanding->to->has_end))
        return true;
    return ngram_add_word(expanding->to, text, -INFINITY, 0, id, expanding->error);
}

static bool find_words_of_class(struct expanding *expanding, int32_t class)
{
    const struct class_definitions *definitions = expanding->definitions;
    for (size_t i = definitions->begin[class]; i < definitions->begin[class + 1]; i++) {
        const struct class_expansion *expansion = &definitions->expansion[i];
        for (size_t j = expansion->first; j < expansion->first + expansion->length; j++)
            if (!find_word(expanding, &definitions->words, definitions->word[j],
                           &expanding->text[j]))
                return false;
    }
    return true;
}

static bool find_words(struct expanding *expanding)
{
    const struct ngram_model *model = expanding->model;
    struct ngram_walk walk;
    ngram_walk_start(&walk, model, 1);
    while (ngram_walk_next(&walk)) {
        int32_t word = walk.word[0];
        const char *text = vocabulary_word(&model->words, word);
        int32_t class = vocabulary_find(&expanding->definitions->classes, text, strlen(text));
        expanding->class[word] = class == WORD_END ? WORD_OOV : class;
        if (expanding->class[word] == WORD_OOV
                ? !find_word(expanding, &model->words, word, &expanding->word[word])
                : !find_words_of_class(expanding, class))
            return false;
    }
    return true;
}

// ---- expansions --------------------------------------------------------------------------------

// A class n-gram while its expansions are gone through.
struct class_ngram {
    int order;
    const int32_t *word;         // [order] classes, and words that are none
    int32_t text[NGRAM_LONGEST]; // expanded so far
    int length;
};

static bool add_ngram(struct expanding *expanding, const struct class_ngram *ngram, double weight)
{
    struct list *list = &expanding->list[ngram->length];
    if (!memory_grow(&list->item, &list->capacity, list->count + 1, sizeof *list->item,
                     expanding->error))
        return false;
    struct weighed *item = &list->item[list->count++];
    *item = (struct weighed){.weight = weight};
    memcpy(item->word, ngram->text, (size_t)ngram->length * sizeof *ngram->text);
    return true;
}

static bool expand_from(struct expanding *expanding, struct class_ngram *ngram, int at,
                        double weight);

// Puts words in the place `at` of the class n-gram; in its last place each of them ends an n-gram.
static bool place(struct expanding *expanding, struct class_ngram *ngram, int at,
                  const int32_t *word, size_t length, double weight)
{
    int before = ngram->length;
    bool ok = true, fits = true, last = at + 1 == ngram->order;
    for (size_t i = 0; ok && fits && i < length; i++) {
        fits = ngram->length < expanding->order;
        if (!fits)
            break;
        ngram->text[ngram->length++] = word[i];
        ok = !last || add_ngram(expanding, ngram, weight);
    }
    expanding->left_out += !fits;
    ok = ok && (last || !fits || expand_from(expanding, ngram, at + 1, weight));
    ngram->length = before;
    return ok;
}

// In its first place n-grams begin with each word of an expansion.
static bool expand_from(struct expanding *expanding, struct class_ngram *ngram, int at,
                        double weight)
{
    const struct class_definitions *definitions = expanding->definitions;
    int32_t class = expanding->class[ngram->word[at]];
    if (class == WORD_OOV)
        return place(expanding, ngram, at, &expanding->word[ngram->word[at]], 1, weight);
    for (size_t i = definitions->begin[class]; i < definitions->begin[class + 1]; i++) {
        const struct class_expansion *expansion = &definitions->expansion[i];
        const int32_t *text = expanding->text + expansion->first;
        size_t starts = at == 0 ? expansion->length : 1;
        for (size_t skip = 0; skip < starts; skip++)
            if (!place(expanding, ngram, at, text + skip, expansion->length - skip,
                       weight * expansion->probability))
                return false;
    }
    return true;
}

// Every beginning of a class n-gram is one of the model. <s> has probability 0 but as a context.
static double joint(const struct ngram_walk *walk)
{
    double log10_prob = 0;
    for (int k = 0; k < walk->order; k++)
        if (k > 0 || walk->word[0] != walk->model->start)
            log10_prob += (double)walk->model->level[k + 1].node[walk->path[k]].log10_prob;
    return pow(10, log10_prob);
}

static bool expand_all(struct expanding *expanding)
{
    for (int k = 1; k <= expanding->model->order; k++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, expanding->model, k);
        while (ngram_walk_next(&walk)) {
            struct class_ngram ngram = {.order = k, .word = walk.word};
            if (!expand_from(expanding, &ngram, 0, joint(&walk)))
                return false;
        }
    }
    return true;
}

// ---- the word model ----------------------------------------------------------------------------

static int compare(const void *left, const void *right)
{
    const struct weighed *a = left, *b = right;
    for (int k = 0; k < NGRAM_LONGEST; k++)
        if (a->word[k] != b->word[k])
            return a->word[k] < b->word[k] ? -1 : 1;
    return 0;
}

// Sorts the n-grams and makes one of those that are the same.
static void add_up(struct list *list)
{
    size_t kept = 0;
    if (list->count == 0)
        return;
    qsort(list->item, list->count, sizeof *list->item, compare);
    for (size_t i = 1; i < list->count; i++) {
        if (compare(&list->item[kept], &list->item[i]) == 0)
            list->item[kept].weight += list->item[i].weight;
        else
            list->item[++kept] = list->item[i];
    }
    list->count = kept + 1;
}

static void set_words(struct expanding *expanding)
{
    const struct list *list = &expanding->list[1];
    struct ngram_model *to = expanding->to;
    int32_t start = vocabulary_find(&to->words, "<s>", 3);
    double sum = 0;
    for (size_t i = 0; i < list->count; i++)
        sum += list->item[i].word[0] == start ? 0 : list->item[i].weight;
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].word[0] != start)
            to->level[1].node[list->item[i].word[0]].log10_prob =
                (float)log10(list->item[i].weight / sum);
}

// The n-grams of both orders stand in the same order, and what each begins with is there.
static bool add_order(struct expanding *expanding, int order)
{
    const struct list *list = &expanding->list[order], *shorter = &expanding->list[order - 1];
    uint32_t context = TRIE_NONE;
    for (size_t i = 0, j = 0, last = SIZE_MAX; i < list->count; i++) {
        const struct weighed *item = &list->item[i];
        size_t bytes = (size_t)(order - 1) * sizeof *item->word;
        while (memcmp(shorter->item[j].word, item->word, bytes) != 0)
            j++;
        if (j != last)
            context = ngram_find(expanding->to, item->word, order - 1);
        last = j;
        double share = item->weight > 0 ? item->weight / shorter->item[j].weight : 0;
        if (!ngram_add(expanding->to, order, context, item->word[order - 1],
                       (float)log10(share < 1 ? share : 1), 0, expanding->error))
            return false;
    }
    return ngram_end_order(expanding->to, order, expanding->error);
}

static bool expand(struct expanding *expanding)
{
    if (!find_words(expanding) || !expand_all(expanding))
        return false;
    for (int k = 1; k <= expanding->order; k++)
        add_up(&expanding->list[k]);
    set_words(expanding);
    for (int k = 2; k <= expanding->order; k++)
        if (!add_order(expanding, k))
            return false;
    ngram_ready(expanding->to);
    return ngram_renormalise(expanding->to, NULL, NULL, expanding->error);
}

struct ngram_model *class_expand(const struct ngram_model *model,
                                 const struct class_definitions *definitions, int order,
                                 uint64_t *left_out, struct error *error)
{
    struct expanding expanding = {
        .model = model, .definitions = definitions, .order = order, .error = error};
    expanding.class = memory_new(model->words.size, sizeof *expanding.class, error);
    expanding.word = memory_new(model->words.size, sizeof *expanding.word, error);
    expanding.text = memory_new(definitions->words_used, sizeof *expanding.text, error);
    if (expanding.class != NULL && expanding.word != NULL && expanding.text != NULL)
        expanding.to = ngram_new(order, error);
    bool ok = expanding.to != NULL && expand(&expanding);
    for (int k = 1; k <= NGRAM_LONGEST; k++)
        free(expanding.list[k].item);
    free(expanding.class);
    free(expanding.word);
    free(expanding.text);
    if (left_out != NULL)
        *left_out = expanding.left_out;
    if (ok)
        return expanding.to;
    ngram_close(expanding.to);
    return NULL;
}
