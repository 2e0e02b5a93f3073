// The words of rnnlm -train: -vocab, -min-count and -vocab-size.
#include "main.h"

bool main_cuts_words(void)
{
    return set.vocabulary != NULL || given.min_count || given.vocabulary_size;
}

bool main_words_check(struct error *error)
{
    const char *other = given.min_count ? "-min-count" : "-vocab-size";
    if (!main_cuts_words())
        return true;
    if (set.vocabulary != NULL && (given.min_count || given.vocabulary_size))
        return error_set(
            error, "-vocab and %s exclude each other: the list says which words there are", other);
    return set.train.count > 0 ||
           error_set(error, "%s is for training: a model that is there has its words",
                     set.vocabulary != NULL ? "-vocab" : other);
}

struct word_cut main_words_wanted(void)
{
    return (struct word_cut){.list = set.vocabulary,
                             .least = (uint64_t)set.min_count,
                             .most = (uint64_t)set.vocabulary_size,
                             .unknown = set.unk_word};
}

void main_words_tell(const struct word_cut *cut, struct output *output)
{
    struct error remark;
    if (cut->words_left_out == 0)
        options_warn(PROGRAM, "no word of the text is left out");
    else if (set.debug > 0)
        output_format(output, "Words left out: %llu, %llu times in train file: they are %s\n",
                      (unsigned long long)cut->words_left_out,
                      (unsigned long long)cut->tokens_left_out, word_cut_unknown(cut));
    if (cut->missing == 0)
        return;
    error_set(&remark, "%s: %llu of %llu words are not in the text, and not in the model",
              cut->list, (unsigned long long)cut->missing, (unsigned long long)cut->listed);
    options_warn(PROGRAM, remark.text);
}

static bool are_same(const struct vocabulary *found, const struct vocabulary *words)
{
    bool same = found->size == words->size;
    for (size_t i = 0; same && i < found->size; i++)
        same = vocabulary_has(words, vocabulary_word(found, (int32_t)i));
    return same;
}

bool main_words_are(const struct vocabulary *found, struct corpus *text, const char *name,
                    struct error *error)
{
    struct vocabulary words = {.size = 0};
    struct word_cut cut = main_words_wanted();
    uint64_t tokens;
    if (!main_cuts_words())
        return true;
    bool ok = vocabulary_init(&words, error) &&
              corpus_learn_vocabulary(text, &words, &cut, &tokens, error);
    if (ok && !are_same(found, &words))
        ok = error_set(error,
                       "%s: found %zu words, other than the %zu that -vocab, -min-count or "
                       "-vocab-size leave of %s: the same options as before, or another -rnnlm "
                       "FILE, are wanted",
                       first_model(), found->size, words.size, name);
    vocabulary_free(&words);
    return ok;
}
