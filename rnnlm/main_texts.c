// The texts of rnnlm -train: -train itself, -shuffle and -cache-ids.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "main.h"
#include "text/text_list.h"

bool main_texts_check(struct error *error)
{
    if (set.train.count == 0 && (set.shuffle || given.shuffle_block || set.cache_ids != NULL))
        return error_set(error, "-%s is for training: -train FILE is wanted",
                         set.shuffle           ? "shuffle"
                         : given.shuffle_block ? "shuffle-block"
                                               : "cache-ids");
    return true;
}

struct epoch_rule main_texts_order(void)
{
    return (struct epoch_rule){
        .shuffle = set.shuffle, .block = (uint64_t)set.shuffle_block, .seed = (uint32_t)set.seed};
}

char *main_texts_name(struct error *error)
{
    size_t length = 0;
    for (size_t i = 0; i < set.train.count; i++)
        length += strlen(set.train.item[i]) + 1;
    char *name = memory_new(length + 1, 1, error);
    for (size_t i = 0; name != NULL && i < set.train.count; i++) {
        strcat(name, i > 0 ? " " : "");
        strcat(name, set.train.item[i]);
    }
    return name;
}

static void tell(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, PROGRAM ": %s\n", text);
}

static struct corpus *open_texts(const struct text_list *list, struct error *error)
{
    struct corpus *corpus = corpus_open(list->text[0].path, error);
    bool ok = corpus != NULL;
    if (ok)
        corpus_set_weight(corpus, list->text[0].weight);
    for (size_t i = 1; ok && i < list->count; i++)
        ok = corpus_add(corpus, list->text[i].path, list->text[i].weight, error);
    if (ok)
        return corpus;
    corpus_close(corpus);
    return NULL;
}

struct corpus *main_texts_open(struct error *error)
{
    struct text_list list = {.text = NULL};
    struct corpus *corpus = NULL;
    bool ok = true;
    for (size_t i = 0; ok && i < set.train.count; i++)
        ok = text_list_add(&list, set.train.item[i], error) ||
             (error->usage && error_option(error, "train"));
    if (ok)
        corpus = open_texts(&list, error);
    if (corpus != NULL && set.cache_ids != NULL)
        corpus_keep_ids(corpus, set.cache_ids, tell, NULL);
    text_list_free(&list);
    return corpus;
}
