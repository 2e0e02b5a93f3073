// Text as tokens and as word ids.
#include "text/reader.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "text/span.h"

// ---- tokens -----------------------------------------------------------------------------------

struct reader {
    struct input *input;
    char *word;
    size_t capacity;
    uint64_t line; // of the token read last
    bool inside;   // the current line has begun but its newline is not read yet
    bool failed;
    struct error failure;
};

struct reader *reader_open(const char *path, struct error *error)
{
    struct reader *reader = memory_new(1, sizeof *reader, error);
    if (reader == NULL)
        return NULL;
    reader->input = input_open_text(path, error);
    if (reader->input == NULL) {
        reader_close(reader);
        return NULL;
    }
    return reader;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL)
        return;
    input_close(reader->input);
    free(reader->word);
    free(reader);
}

const char *reader_name(const struct reader *reader)
{
    return input_name(reader->input);
}

uint64_t reader_line_number(const struct reader *reader)
{
    return reader->line;
}

bool reader_ok(const struct reader *reader, struct error *error)
{
    if (reader->failed && error != NULL)
        *error = reader->failure;
    return !reader->failed && input_ok(reader->input, error);
}

// Takes blanks; false at the end of the text.
static bool skip_blanks(struct reader *reader)
{
    for (;;) {
        size_t size, i = 0;
        const char *block = input_block(reader->input, &size);
        while (i < size && span_is_blank(block[i]))
            i++;
        bool found = i < size;
        input_skip(reader->input, i);
        if (found || size == 0)
            return found;
    }
}

static bool too_long(struct reader *reader)
{
    reader->failed = true;
    return error_set(
        &reader->failure, "%s: line %llu: found a word of more than %d bytes, wanted a blank",
        reader_name(reader), (unsigned long long)input_line_number(reader->input), READER_LONGEST);
}

// Gathers bytes up to the next blank or newline into reader->word. False if memory ran out, or if
// none comes.
static bool gather_word(struct reader *reader, size_t *length)
{
    *length = 0;
    for (;;) {
        size_t size, i = 0;
        const char *block = input_block(reader->input, &size);
        while (i < size && block[i] != '\n' && !span_is_blank(block[i]))
            i++;
        if (*length + i > READER_LONGEST)
            return too_long(reader);
        if (!memory_grow(&reader->word, &reader->capacity, *length + i + 1, 1, &reader->failure)) {
            reader->failed = true;
            return false;
        }
        memcpy(reader->word + *length, block, i);
        *length += i;
        bool complete = i < size || size == 0;
        input_skip(reader->input, i);
        if (complete)
            return true;
    }
}

static bool end_sentence(struct reader *reader, struct token *token)
{
    reader->inside = false;
    *token = (struct token){"</s>", 4, true};
    return true;
}

bool reader_next(struct reader *reader, struct token *token)
{
    if (reader->failed)
        return false;
    if (!skip_blanks(reader))
        return reader->inside && input_ok(reader->input, NULL) && end_sentence(reader, token);
    if (input_peek(reader->input) == '\n') {
        input_skip(reader->input, 1);
        reader->line = input_line_number(reader->input);
        return end_sentence(reader, token);
    }
    reader->inside = true;
    size_t length;
    if (!gather_word(reader, &length))
        return false;
    reader->line = input_line_number(reader->input);
    *token = (struct token){reader->word, length, false};
    return input_ok(reader->input, NULL);
}

// ---- ids --------------------------------------------------------------------------------------

struct corpus {
    char *path;
    struct reader *reader;
    const struct vocabulary *vocabulary;
    const char *unknown; // what words outside the vocabulary become; NULL: WORD_OOV
    int32_t unknown_id;  // in the vocabulary
    bool hold;    // cannot be read twice
    bool held;    // ids[] is complete
    int32_t *ids; // [count]
    size_t count, capacity, next;
    bool failed;
    struct error failure;
};

struct corpus *corpus_open(const char *path, struct error *error)
{
    struct corpus *corpus = memory_new(1, sizeof *corpus, error);
    if (corpus == NULL)
        return NULL;
    corpus->path = memory_text(path, strlen(path), error);
    if (corpus->path != NULL)
        corpus->reader = reader_open(path, error);
    if (corpus->reader == NULL) {
        corpus_close(corpus);
        return NULL;
    }
    struct stat status;
    corpus->hold = strcmp(path, "-") == 0 || stat(path, &status) != 0 || !S_ISREG(status.st_mode);
    return corpus;
}

void corpus_close(struct corpus *corpus)
{
    if (corpus == NULL)
        return;
    reader_close(corpus->reader);
    free(corpus->path);
    free(corpus->ids);
    free(corpus);
}

bool corpus_ok(const struct corpus *corpus, struct error *error)
{
    if (corpus->failed && error != NULL)
        *error = corpus->failure;
    return !corpus->failed;
}

uint64_t corpus_line_number(const struct corpus *corpus)
{
    return corpus->held ? 0 : reader_line_number(corpus->reader);
}

static bool hold_id(struct corpus *corpus, int32_t id, struct error *error)
{
    if (!corpus->hold)
        return true;
    if (!memory_grow(&corpus->ids, &corpus->capacity, corpus->count + 1, sizeof *corpus->ids,
                     error))
        return false;
    corpus->ids[corpus->count++] = id;
    return true;
}

static bool count_tokens(struct corpus *corpus, struct vocabulary *vocabulary, uint64_t *tokens,
                         struct error *error)
{
    struct token token;
    *tokens = 0;
    while (reader_next(corpus->reader, &token)) {
        int32_t id = vocabulary_add(vocabulary, token.text, token.length, error);
        if (id < 0)
            return error_prefix(error, "%s: line %llu: ", reader_name(corpus->reader),
                                (unsigned long long)reader_line_number(corpus->reader));
        if (!hold_id(corpus, id, error))
            return false;
        vocabulary->count[id]++;
        ++*tokens;
    }
    if (!reader_ok(corpus->reader, error))
        return false;
    return *tokens > 0 || error_set(error, "%s: the text is empty", reader_name(corpus->reader));
}

static void renumber(struct corpus *corpus, const int32_t *new_id)
{
    for (size_t i = 0; i < corpus->count; i++)
        if (corpus->ids[i] >= 0)
            corpus->ids[i] = new_id[corpus->ids[i]];
}

static bool cut_words(struct corpus *corpus, struct vocabulary *vocabulary, struct word_cut *cut,
                      struct error *error)
{
    size_t size = vocabulary->size;
    bool *kept = memory_new(size, sizeof *kept, error);
    int32_t *new_id = kept != NULL ? memory_new(size, sizeof *new_id, error) : NULL;
    bool ok = new_id != NULL && word_cut_choose(cut, vocabulary, kept, error) &&
              word_cut_apply(cut, vocabulary, kept, new_id, error);
    if (ok)
        renumber(corpus, new_id);
    free(kept);
    free(new_id);
    return ok;
}

void corpus_take_unknown(struct corpus *corpus, const char *word)
{
    corpus->unknown = word;
}

bool corpus_learn_vocabulary(struct corpus *corpus, struct vocabulary *vocabulary,
                             struct word_cut *cut, uint64_t *tokens, struct error *error)
{
    if (!count_tokens(corpus, vocabulary, tokens, error) ||
        (cut != NULL && !cut_words(corpus, vocabulary, cut, error)))
        return false;
    int32_t *new_id;
    if (!vocabulary_sort(vocabulary, &new_id, error))
        return false;
    renumber(corpus, new_id);
    free(new_id);
    corpus->held = corpus->hold;
    return true;
}

bool corpus_reorder_vocabulary(struct corpus *corpus, struct vocabulary *vocabulary,
                               const int32_t *order, struct error *error)
{
    int32_t *new_id = memory_new(vocabulary->size, sizeof *new_id, error);
    bool ok = new_id != NULL && vocabulary_reorder(vocabulary, order, new_id, error);
    if (ok)
        renumber(corpus, new_id);
    free(new_id);
    return ok;
}

// What a pass that stopped early has left of a text that cannot be read twice.
static bool hold_rest(struct corpus *corpus, struct error *error)
{
    int32_t id;
    while (corpus_next(corpus, &id))
        ;
    return corpus_ok(corpus, error);
}

bool corpus_start(struct corpus *corpus, const struct vocabulary *vocabulary, struct error *error)
{
    bool begun = corpus->vocabulary != NULL || reader_line_number(corpus->reader) > 0;
    corpus->vocabulary = vocabulary;
    corpus->unknown_id = corpus->unknown != NULL
                             ? vocabulary_find(vocabulary, corpus->unknown, strlen(corpus->unknown))
                             : WORD_OOV;
    if (begun && corpus->hold && !corpus->held && !hold_rest(corpus, error))
        return false;
    corpus->next = 0;
    if (corpus->held || !begun)
        return true;
    struct reader *reader = reader_open(corpus->path, error);
    if (reader == NULL)
        return false;
    reader_close(corpus->reader);
    corpus->reader = reader;
    return true;
}

bool corpus_next(struct corpus *corpus, int32_t *id)
{
    if (corpus->held) {
        if (corpus->next == corpus->count)
            return false;
        *id = corpus->ids[corpus->next++];
        return true;
    }
    struct token token;
    if (!reader_next(corpus->reader, &token)) {
        corpus->failed = !reader_ok(corpus->reader, &corpus->failure);
        corpus->held = corpus->hold && !corpus->failed;
        corpus->next = corpus->count;
        return false;
    }
    *id = vocabulary_find(corpus->vocabulary, token.text, token.length);
    if (*id == WORD_OOV)
        *id = corpus->unknown_id;
    corpus->failed = !hold_id(corpus, *id, &corpus->failure);
    return !corpus->failed;
}

const char *corpus_name(const struct corpus *corpus)
{
    return reader_name(corpus->reader);
}
