// rnnlm -test TEXT -report PAGE: a text as the models see it.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "main_scoring.h"
#include "model/model_file.h"
#include "report/text_page.h"
#include "score/text_view.h"

enum { PAGE_WORDS = 10000 };

// The networks as they are in their files, with their weights among themselves and nothing beside them.
struct plain_networks {
    struct blend blend;
    struct model *model; // [networks] once more, where those of the other blend learn; else NULL
};

static void plain_free(struct plain_networks *plain)
{
    main_free_sources(&plain->blend);
    free(plain->blend.network);
    for (size_t i = 0; plain->model != NULL && i < plain->blend.networks; i++)
        model_free(&plain->model[i]);
    free(plain->model);
}

static bool plain_start(struct plain_networks *plain, const struct evaluation *evaluation,
                        struct error *error)
{
    const struct blend *blend = &evaluation->blend;
    plain->blend = (struct blend){.networks = blend->networks,
                                  .weight = blend->weight,
                                  .lambda = 1,
                                  .unit = blend->unit,
                                  .per_sentence = blend->per_sentence};
    plain->blend.network = memory_new(blend->networks, sizeof(struct source *), error);
    if (set.dynamic > 0)
        plain->model = memory_new(blend->networks, sizeof *plain->model, error);
    if (plain->blend.network == NULL || (set.dynamic > 0 && plain->model == NULL))
        return false;
    for (size_t i = 0; i < blend->networks; i++) {
        struct network_use use = main_use_of(evaluation, i);
        use.per_sentence = blend->per_sentence;
        use.cache = (struct neural_cache_rule){.window = 0};
        if (plain->model != NULL && !model_open(&plain->model[i], set.models.item[i], error))
            return false;
        plain->blend.network[i] = source_network(
            plain->model != NULL ? &plain->model[i] : &evaluation->model[i], &use, error);
        if (plain->blend.network[i] == NULL)
            return false;
    }
    return true;
}

static void take_view(void *context, const struct text_view_word *word)
{
    text_page_add(context, &(struct text_page_word){.text = word->token->text,
                                                    .length = word->token->length,
                                                    .sentence_end = word->token->sentence_end,
                                                    .known = word->known,
                                                    .prob = word->prob,
                                                    .plain = word->plain,
                                                    .alternatives = word->alternatives,
                                                    .alternative = word->alternative,
                                                    .alternative_prob = word->alternative_prob});
}

// What is beside the networks.
static const char *helper_of(const struct blend *blend)
{
    int helpers = (blend->other != NULL) + (set.cache_window > 0) + (set.dynamic > 0);
    return helpers > 1            ? "what is beside them"
           : helpers == 0         ? NULL
           : set.ngrams.count > 0 ? "the n-gram model"
           : set.cache_window > 0 ? "the cache"
           : set.dynamic > 0      ? "learning from the text"
                                  : "the other model";
}

static bool write_page(struct evaluation *evaluation, struct output *output, struct reader *text,
                       struct error *error)
{
    struct blend *blend = &evaluation->blend;
    struct plain_networks plain = {.blend = {.networks = 0}};
    struct coverage coverage;
    const char *helper = helper_of(blend);
    bool ok = helper == NULL || plain_start(&plain, evaluation, error);
    struct text_page *page =
        ok ? text_page_new(output, set.test, helper != NULL, helper,
                           evaluation->blend.unit == UNIT_WORD, PAGE_WORDS, error)
           : NULL;
    ok = page != NULL && text_view(blend, set.dynamic > 0, helper != NULL ? &plain.blend : NULL,
                                   text, PAGE_WORDS, &coverage, take_view, page, error);
    ok = text_page_end(page, ok ? error : NULL) && ok;
    plain_free(&plain);
    return ok;
}

// Networks that have learnt from the text begin again.
bool main_draw_page(struct evaluation *evaluation, struct error *error)
{
    struct output *output = output_create(set.report, error);
    if (output == NULL)
        return false;
    if (set.dynamic > 0)
        main_restore_dynamic(evaluation);
    struct reader *text = main_open_text(evaluation, set.test, error);
    bool ok =
        text != NULL &&
        main_make_sources(evaluation, &set.lm_probs, set.per_sentence, set.dynamic > 0, error) &&
        write_page(evaluation, output, text, error);
    reader_close(text);
    return output_end(output, ok, error);
}
