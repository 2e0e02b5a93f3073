// Text to ids: blocks of text, cut between words, are looked up side by side, while another thread
// reads the blocks that come behind. New words, few after the first blocks, and the structure of
// sentences are then seen to in the order of the text.
#include "ngram/text_ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "text/span.h"

// ---- words -------------------------------------------------------------------------------------

// Where the last word with a certain hash is: most tokens of a text are a few frequent words.
struct recent_word {
    size_t length; // 0: none
    int32_t id;
};

enum { RECENT_WORDS = 1 << 14 };

static bool take_vocabulary(struct text_ids *ids, const struct vocabulary *words,
                            struct error *error)
{
    for (size_t i = 0; i < words->size; i++) {
        const char *word = vocabulary_word(words, (int32_t)i);
        if (vocabulary_add(&ids->vocabulary, word, strlen(word), error) < 0)
            return false;
    }
    ids->closed = true;
    return true;
}

static bool begin_vocabulary(struct text_ids *ids, struct error *error)
{
    if (!vocabulary_init(&ids->vocabulary, error) ||
        vocabulary_add(&ids->vocabulary, "<s>", 3, error) != ID_START)
        return false;
    int32_t id = vocabulary_add(&ids->vocabulary, ids->unknown, strlen(ids->unknown), error);
    return id == ID_UNKNOWN ||
           (id != WORD_OOV &&
            error_set(error, "%s cannot be the word for unknown words", ids->unknown));
}

bool text_ids_init(struct text_ids *ids, const char *unknown, const struct vocabulary *words,
                   struct allowance *allowance, const char *temporary, struct error *error)
{
    *ids = (struct text_ids){.allowance = allowance};
    sequence_init(&ids->ids, sizeof(int32_t), allowance, temporary);
    word_runs_init(&ids->runs, allowance, temporary);
    ids->unknown = unknown;
    ids->words_most = allowance->limit;
    ids->recent =
        memory_new(pool_ready(allowance->pool), RECENT_WORDS * sizeof *ids->recent, error);
    return ids->recent != NULL && begin_vocabulary(ids, error) &&
           (words == NULL || take_vocabulary(ids, words, error));
}

static size_t words_take(const struct vocabulary *words)
{
    return words->count_capacity * sizeof *words->count +
           words->offset_capacity * sizeof *words->offset + words->letters_capacity +
           words->slots * sizeof *words->slot;
}

bool text_ids_put_aside(struct text_ids *ids, uint64_t upto, struct error *error)
{
    if (!word_runs_add(&ids->runs, &ids->vocabulary, upto, error))
        return false;
    vocabulary_free(&ids->vocabulary);
    memset(ids->recent, 0, pool_ready(ids->allowance->pool) * RECENT_WORDS * sizeof *ids->recent);
    return begin_vocabulary(ids, error);
}

bool text_ids_make_room(struct text_ids *ids, uint64_t upto, struct error *error)
{
    return ids->closed || words_take(&ids->vocabulary) <= ids->words_most ||
           text_ids_put_aside(ids, upto, error);
}

void text_ids_free(struct text_ids *ids)
{
    vocabulary_free(&ids->vocabulary);
    word_runs_free(&ids->runs);
    sequence_free(&ids->ids);
    free(ids->recent);
    ids->recent = NULL;
}

static struct recent_word *recent_word(struct recent_word *recent, const char *text, size_t length)
{
    uint64_t hash = length;
    for (size_t i = 0; i < length; i += sizeof hash) {
        uint64_t part = 0;
        size_t left = length - i;
        memcpy(&part, text + i, left < sizeof part ? left : sizeof part);
        hash = (hash ^ part) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    return &recent[hash % RECENT_WORDS];
}

// WORD_OOV for a new word, if words may enter.
static int32_t find_word(const struct text_ids *ids, struct recent_word *recents, const char *text,
                         size_t length)
{
    const struct vocabulary *vocabulary = &ids->vocabulary;
    struct recent_word *recent = recent_word(recents, text, length);
    if (recent->length == length &&
        memcmp(vocabulary_word(vocabulary, recent->id), text, length) == 0)
        return recent->id;
    int32_t id = vocabulary_find(vocabulary, text, length);
    if (id == WORD_OOV)
        return ids->closed ? ID_UNKNOWN : WORD_OOV;
    *recent = (struct recent_word){length, id};
    return id;
}

bool text_ids_word(struct text_ids *ids, const struct token *token, int32_t *id,
                   struct error *error)
{
    *id = find_word(ids, ids->recent, token->text, token->length);
    if (*id == WORD_OOV)
        *id = vocabulary_add(&ids->vocabulary, token->text, token->length, error);
    return *id != WORD_OOV;
}

// ---- blocks ------------------------------------------------------------------------------------

enum {
    SETS = 2,
    BLOCKS_A_THREAD = 2,
    BLOCK_BYTES = FILE_BUFFER / 4,
    LINE_END = -1,
    TOO_LONG = -2,
    NEW_WORD = -3 // and below: the first of a block, the second...
};

struct text_block {
    char *text; // ends behind a blank or newline, or with the file
    size_t size, capacity;
    int32_t
        *token; // ids and the numbers above; of several ends of lines that follow one another one
    size_t tokens, token_capacity;
    struct token *word; // the new words
    size_t words, word_capacity;
    uint64_t lines; // newlines
    bool failed;    // no memory
    struct error failure;
};

struct text_reading {
    struct text_ids *ids;
    struct input *input;
    struct text_block *block[SETS]; // [blocks]
    size_t blocks, set;             // set: whose words are looked up
    char *rest;                     // a word's beginning, for the next block
    size_t rest_size, rest_capacity;
    bool end;           // of the file
    uint64_t lines;     // whole ones in the blocks before
    bool inside, ended; // the sentence has words; it had a </s> before the line's end
};

static bool is_space(char byte)
{
    return byte == '\n' || span_is_blank(byte);
}

static bool append(char **text, size_t *size, size_t *capacity, const char *from, size_t more,
                   struct error *error)
{
    if (!memory_grow(text, capacity, *size + more + 1, 1, error))
        return false;
    if (more > 0)
        memcpy(*text + *size, from, more);
    *size += more;
    return true;
}

// A word that is too long ends its block anyhow; whoever looks it up says so.
static bool fill_block(struct text_reading *reading, struct text_block *block, struct error *error)
{
    size_t blank = 0; // bytes up to the last one
    block->size = 0;
    if (!append(&block->text, &block->size, &block->capacity, reading->rest, reading->rest_size,
                error))
        return false;
    reading->rest_size = 0;
    while (!reading->end && (block->size < BLOCK_BYTES || blank == 0)) {
        size_t size, before = block->size;
        const char *from = input_block(reading->input, &size);
        if (!append(&block->text, &block->size, &block->capacity, from, size, error))
            return false;
        input_skip(reading->input, size);
        for (size_t i = block->size; i > before && blank <= before; i--)
            if (is_space(block->text[i - 1]))
                blank = i;
        reading->end = size == 0 || block->size - blank > READER_LONGEST;
    }
    if (reading->end)
        return true;
    size_t rest = block->size - blank;
    block->size = blank;
    return append(&reading->rest, &reading->rest_size, &reading->rest_capacity, block->text + blank,
                  rest, error);
}

static void fill_blocks(struct text_reading *reading, struct text_block *block)
{
    for (size_t i = 0; i < reading->blocks; i++) {
        block[i].failed = false;
        block[i].size = 0;
        if (!reading->end || reading->rest_size > 0)
            block[i].failed = !fill_block(reading, &block[i], &block[i].failure);
    }
}

static bool keep_new(struct text_block *block, const char *text, size_t length)
{
    if (!memory_grow(&block->word, &block->word_capacity, block->words + 1, sizeof *block->word,
                     &block->failure))
        return false;
    block->word[block->words++] = (struct token){.text = text, .length = length};
    return true;
}

static void look_up(const struct text_ids *ids, struct recent_word *recent,
                    struct text_block *block)
{
    const char *at = block->text, *end = at + block->size;
    int32_t last = 0;
    block->tokens = block->words = 0;
    block->lines = 0;
    block->failed =
        block->failed || !memory_grow(&block->token, &block->token_capacity, block->size,
                                      sizeof *block->token, &block->failure);
    while (at < end && !block->failed) {
        int32_t token = LINE_END;
        const char *word = at;
        while (at < end && !is_space(*at))
            at++;
        size_t length = (size_t)(at - word);
        if (length > READER_LONGEST) {
            token = TOO_LONG;
        } else if (length > 0) {
            token = find_word(ids, recent, word, length);
            if (token == WORD_OOV) {
                token = NEW_WORD - (int32_t)block->words;
                block->failed = !keep_new(block, word, length);
            }
        } else if (*at++ != '\n') {
            continue;
        }
        block->lines += token == LINE_END;
        if (token != LINE_END || last != LINE_END)
            block->token[block->tokens++] = token;
        last = token;
    }
}

// Of a round: the first item reads, the others look up what the last round has read.
static void do_item(void *context, size_t worker, size_t item)
{
    struct text_reading *reading = context;
    struct text_ids *ids = reading->ids;
    if (item == 0)
        fill_blocks(reading, reading->block[(reading->set + 1) % SETS]);
    else
        look_up(ids, ids->recent + worker * RECENT_WORDS, &reading->block[reading->set][item - 1]);
}

// ---- sentences ---------------------------------------------------------------------------------

// The line of the word that is the block's token of this number.
static uint64_t line_of(const struct text_reading *reading, const struct text_block *block,
                        size_t wanted)
{
    const char *at = block->text, *end = at + block->size;
    uint64_t line = reading->lines + 1;
    bool at_line_end = false; // several of them are one token
    for (size_t token = 0; at < end; at++) {
        if (!is_space(*at)) {
            if (token++ == wanted)
                break;
            while (at + 1 < end && !is_space(at[1]))
                at++;
            at_line_end = false;
        } else if (*at == '\n') {
            token += !at_line_end;
            at_line_end = true;
            line++;
        }
    }
    return line;
}

static bool wrong(const struct text_reading *reading, const struct text_block *block, size_t token,
                  const char *what, struct error *error)
{
    return error_set(error, "%s: line %llu: %s", input_name(reading->input),
                     (unsigned long long)line_of(reading, block, token), what);
}

static bool end_line(struct text_reading *reading, struct error *error)
{
    static const int32_t sentence_end = ID_END;
    struct text_ids *ids = reading->ids;
    bool empty = !reading->inside;
    reading->inside = reading->ended = false;
    ids->sentences += !empty;
    ids->tokens += !empty;
    return empty || sequence_add(&ids->ids, &sentence_end, error);
}

static bool take_word(struct text_reading *reading, struct text_block *block, size_t i,
                      struct error *error)
{
    struct text_ids *ids = reading->ids;
    struct error full;
    int32_t id = block->token[i];
    if (id == TOO_LONG) {
        error_set(&full, "found a word of more than %d bytes, wanted a blank", READER_LONGEST);
        return wrong(reading, block, i, full.text, error);
    }
    if (id <= NEW_WORD && !text_ids_word(ids, &block->word[NEW_WORD - id], &id, &full))
        return wrong(reading, block, i, full.text, error);
    if (reading->ended)
        return wrong(reading, block, i, "</s> inside a sentence, a word is wanted", error);
    if (id == ID_START)
        return !reading->inside ||
               wrong(reading, block, i, "<s> inside a sentence, a word is wanted", error);
    reading->ended = id == ID_END;
    if (reading->ended)
        return true;
    reading->inside = true;
    ids->tokens++;
    return sequence_add(&ids->ids, &id, error);
}

// Words that are known, as nearly all are, and no marks.
static bool take_known(struct text_reading *reading, const struct text_block *block, size_t *taken,
                       struct error *error)
{
    const size_t begin = *taken;
    size_t end = begin;
    while (end < block->tokens && block->token[end] >= ID_UNKNOWN)
        end++;
    *taken = end;
    reading->inside = reading->inside || end > begin;
    reading->ids->tokens += end - begin;
    return sequence_add_all(&reading->ids->ids, block->token + begin, end - begin, error);
}

static bool take_block(struct text_reading *reading, struct text_block *block, struct error *error)
{
    if (block->failed && error != NULL)
        *error = block->failure;
    bool ok = !block->failed;
    for (size_t i = 0; ok && i < block->tokens; i++) {
        if (!reading->ended)
            ok = take_known(reading, block, &i, error);
        if (ok && i < block->tokens)
            ok = block->token[i] == LINE_END ? end_line(reading, error)
                                             : take_word(reading, block, i, error);
    }
    reading->lines += block->lines;
    return ok;
}

static bool take_blocks(struct text_reading *reading, struct error *error)
{
    struct text_block *block = reading->block[reading->set];
    uint64_t before = reading->ids->tokens;
    for (size_t i = 0; i < reading->blocks; i++)
        if (!take_block(reading, &block[i], error))
            return false;
    if (!text_ids_make_room(reading->ids, reading->ids->ids.count, error))
        return false;
    watch_add(reading->ids->allowance->watch, reading->ids->tokens - before);
    return true;
}

// ---- a text ------------------------------------------------------------------------------------

static void free_blocks(struct text_reading *reading)
{
    for (size_t s = 0; s < SETS; s++) {
        for (size_t i = 0; reading->block[s] != NULL && i < reading->blocks; i++) {
            free(reading->block[s][i].text);
            free(reading->block[s][i].token);
            free(reading->block[s][i].word);
        }
        free(reading->block[s]);
    }
    free(reading->rest);
}

static bool read_blocks(struct text_reading *reading, struct error *error)
{
    for (size_t s = 0; s < SETS; s++) {
        reading->block[s] = memory_new(reading->blocks, sizeof *reading->block[s], error);
        if (reading->block[s] == NULL)
            return false;
    }
    bool last = false;
    fill_blocks(reading, reading->block[0]);
    while (!last) {
        last = reading->end;
        pool_run(reading->ids->allowance->pool, do_item, reading, reading->blocks + 1);
        if (!take_blocks(reading, error))
            return false;
        reading->set = (reading->set + 1) % SETS;
    }
    return input_ok(reading->input, error) && end_line(reading, error);
}

bool text_ids_read(struct text_ids *ids, const char *path, struct error *error)
{
    size_t threads = pool_ready(ids->allowance->pool);
    struct text_reading reading = {
        .ids = ids,
        .input = input_open_text(path, error),
        .blocks = threads > 1 ? threads * BLOCKS_A_THREAD : 1,
    };
    bool ok = reading.input != NULL && read_blocks(&reading, error);
    input_close(reading.input);
    free_blocks(&reading);
    return ok;
}
