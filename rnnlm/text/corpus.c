// Texts as ids of a vocabulary.
#include "text/corpus.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "text/id_cache.h"

struct source {
    struct corpus_text text; // since it was read
    struct reader *reader;   // until then
    char *path, *name;
    int32_t *word;
};

struct corpus {
    struct source *source; // [sources]
    size_t sources, capacity;
    enum text_unit unit;
    const char *unknown; // what words outside the vocabulary become; NULL: WORD_OOV
    const char *folder;  // of kept ids; NULL: none
    void (*tell)(void *context, const char *text);
    void *context;
    size_t at;           // the source that is being read
    uint64_t next, line; // its next token, and the line of the token before
    bool begins;         // that token was the end of a line
};

// ---- texts ------------------------------------------------------------------------------------

bool corpus_add(struct corpus *corpus, const char *path, double weight, struct error *error)
{
    if (!memory_grow(&corpus->source, &corpus->capacity, corpus->sources + 1,
                     sizeof *corpus->source, error))
        return false;
    struct source *source = &corpus->source[corpus->sources++];
    *source = (struct source){.text.weight = weight, .reader = reader_open(path, error)};
    if (source->reader == NULL)
        return false;
    const char *name = reader_name(source->reader);
    source->path = memory_text(path, strlen(path), error);
    source->name = memory_text(name, strlen(name), error);
    source->text.name = source->name;
    return source->path != NULL && source->name != NULL;
}

struct corpus *corpus_open(const char *path, struct error *error)
{
    struct corpus *corpus = memory_new(1, sizeof *corpus, error);
    if (corpus != NULL && corpus_add(corpus, path, 1, error))
        return corpus;
    corpus_close(corpus);
    return NULL;
}

void corpus_close(struct corpus *corpus)
{
    if (corpus == NULL)
        return;
    for (size_t i = 0; i < corpus->sources; i++) {
        struct source *source = &corpus->source[i];
        reader_close(source->reader);
        id_text_free(&source->text.ids);
        free(source->path);
        free(source->name);
        free(source->word);
    }
    free(corpus->source);
    free(corpus);
}

void corpus_set_weight(struct corpus *corpus, double weight)
{
    corpus->source[0].text.weight = weight;
}

void corpus_keep_ids(struct corpus *corpus, const char *folder,
                     void (*tell)(void *context, const char *text), void *context)
{
    corpus->folder = folder;
    corpus->tell = tell;
    corpus->context = context;
}

void corpus_set_unit(struct corpus *corpus, enum text_unit unit)
{
    corpus->unit = unit;
}

void corpus_take_unknown(struct corpus *corpus, const char *word)
{
    corpus->unknown = word;
}

// Standard input and pipes: from the reader that they were opened with.
static bool read_once(const struct corpus *corpus, struct source *source, struct error *error)
{
    if (source->reader == NULL)
        source->reader = reader_open(source->path, error);
    if (source->reader != NULL)
        reader_set_unit(source->reader, corpus->unit);
    return source->reader != NULL && id_text_read(&source->text.ids, source->reader, NULL, error);
}

// A file may be tried again after a failure.
static bool read_source(struct corpus *corpus, struct source *source, struct error *error)
{
    struct error remark = {.usage = false};
    bool ok;
    if (corpus->folder != NULL && id_cache_keeps(source->path)) {
        ok = id_cache_read(&source->text.ids, source->path, corpus->folder, &remark, error);
    } else {
        if (corpus->folder != NULL)
            error_set(&remark, "%s: its ids are not kept in %s: it is no regular file",
                      source->name, corpus->folder);
        ok = read_once(corpus, source, error);
    }
    reader_close(source->reader);
    source->reader = NULL;
    if (remark.text[0] != '\0')
        corpus->tell(corpus->context, remark.text);
    if (!ok)
        id_text_free(&source->text.ids);
    return ok;
}

static bool read_texts(struct corpus *corpus, struct error *error)
{
    for (size_t i = 0; i < corpus->sources; i++)
        if (corpus->source[i].text.ids.id == NULL &&
            !read_source(corpus, &corpus->source[i], error))
            return false;
    return true;
}

// ---- vocabulary -------------------------------------------------------------------------------

// Counts are sums of products with weights: exact below 2^53.
static bool add_words(const struct corpus_text *text, struct vocabulary *vocabulary, double **sum,
                      size_t *capacity, struct error *error)
{
    const struct vocabulary *words = &text->ids.words;
    for (size_t i = 0; i < words->size; i++) {
        const char *word = vocabulary_word(words, (int32_t)i);
        size_t before = vocabulary->size;
        int32_t id = vocabulary_add(vocabulary, word, strlen(word), error);
        if (id < 0)
            return error_prefix(error, "%s: ", text->name);
        if (!memory_grow(sum, capacity, vocabulary->size, sizeof **sum, error))
            return false;
        if (vocabulary->size > before)
            (*sum)[id] = 0;
        (*sum)[id] += text->weight * (double)words->count[i];
    }
    return true;
}

static bool count_words(struct corpus *corpus, struct vocabulary *vocabulary, uint64_t *tokens,
                        struct error *error)
{
    size_t capacity = 0;
    double *sum = NULL, all = 0;
    bool ok = memory_grow(&sum, &capacity, vocabulary->size, sizeof *sum, error);
    for (size_t i = 0; ok && i < vocabulary->size; i++)
        sum[i] = 0;
    for (size_t i = 0; ok && i < corpus->sources; i++) {
        const struct corpus_text *text = &corpus->source[i].text;
        all += text->weight * (double)text->ids.tokens;
        ok = add_words(text, vocabulary, &sum, &capacity, error);
    }
    for (size_t i = 0; ok && i < vocabulary->size; i++)
        vocabulary->count[i] = sum[i] > 1 ? (uint64_t)llround(sum[i]) : 1;
    *tokens = all > 1 ? (uint64_t)llround(all) : 1;
    free(sum);
    return ok;
}

static bool cut_words(struct vocabulary *vocabulary, struct word_cut *cut, struct error *error)
{
    size_t size = vocabulary->size;
    bool *kept = memory_new(size, sizeof *kept, error);
    int32_t *new_id = kept != NULL ? memory_new(size, sizeof *new_id, error) : NULL;
    bool ok = new_id != NULL && word_cut_choose(cut, vocabulary, kept, error) &&
              word_cut_apply(cut, vocabulary, kept, new_id, error);
    free(kept);
    free(new_id);
    return ok;
}

bool corpus_learn_vocabulary(struct corpus *corpus, struct vocabulary *vocabulary,
                             struct word_cut *cut, uint64_t *tokens, struct error *error)
{
    return read_texts(corpus, error) && count_words(corpus, vocabulary, tokens, error) &&
           (cut == NULL || cut_words(vocabulary, cut, error)) &&
           vocabulary_sort(vocabulary, NULL, error);
}

// ---- reading ----------------------------------------------------------------------------------

static bool map_words(struct source *source, const struct vocabulary *vocabulary, int32_t unknown,
                      struct error *error)
{
    const struct vocabulary *words = &source->text.ids.words;
    if (source->word == NULL)
        source->word = memory_new(words->size, sizeof *source->word, error);
    if (source->word == NULL)
        return false;
    for (size_t i = 0; i < words->size; i++) {
        const char *word = vocabulary_word(words, (int32_t)i);
        int32_t id = vocabulary_find(vocabulary, word, strlen(word));
        source->word[i] = id != WORD_OOV ? id : unknown;
    }
    source->text.word = source->word;
    return true;
}

bool corpus_start(struct corpus *corpus, const struct vocabulary *vocabulary, struct error *error)
{
    int32_t unknown = WORD_OOV;
    if (corpus->unknown != NULL)
        unknown = vocabulary_find(vocabulary, corpus->unknown, strlen(corpus->unknown));
    if (!read_texts(corpus, error))
        return false;
    for (size_t i = 0; i < corpus->sources; i++)
        if (!map_words(&corpus->source[i], vocabulary, unknown, error))
            return false;
    corpus->at = 0;
    corpus->next = 0;
    corpus->line = 0;
    corpus->begins = true;
    return true;
}

bool corpus_next(struct corpus *corpus, int32_t *id)
{
    const struct corpus_text *text = &corpus->source[corpus->at].text;
    if (corpus->next == text->ids.tokens) {
        id_text_let_go(&text->ids);
        if (corpus->at + 1 == corpus->sources)
            return false;
        text = &corpus->source[++corpus->at].text;
        corpus->next = corpus->line = 0;
    }
    int32_t own = text->ids.id[corpus->next++];
    if (corpus->next % ID_TEXT_TOUCHED == 0)
        id_text_let_go(&text->ids);
    corpus->line += corpus->begins;
    corpus->begins = own == WORD_END;
    *id = text->word[own];
    return true;
}

uint64_t corpus_line_number(const struct corpus *corpus)
{
    return corpus->line;
}

const char *corpus_name(const struct corpus *corpus)
{
    return corpus->source[corpus->at].name;
}

uint64_t corpus_checksum(const struct corpus *corpus)
{
    struct checksum checksum;
    checksum_start(&checksum);
    for (size_t i = 0; i < corpus->sources; i++) {
        const struct corpus_text *text = &corpus->source[i].text;
        const struct vocabulary *words = &text->ids.words;
        uint64_t of[CHECKSUM_LANES] = {text->ids.checksum,
                                       checksum_of(words->letters, words->letters_used)};
        memcpy(&of[2], &text->weight, sizeof of[2]);
        checksum_add(&checksum, of, sizeof of);
    }
    return checksum_end(&checksum);
}

size_t corpus_texts(const struct corpus *corpus)
{
    return corpus->sources;
}

const struct corpus_text *corpus_text(const struct corpus *corpus, size_t i)
{
    return &corpus->source[i].text;
}

void corpus_let_go(const struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->sources; i++)
        id_text_let_go(&corpus->source[i].text.ids);
}
