// The words of epochs.
#include "train/epoch_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

// A run of lines of a text. Behind a text's last one stands one without lines, where the text ends.
struct block {
    uint64_t begin, line; // tokens and lines of the text before it
};

// A block that is read once in the epoch, or a share of its lines.
struct piece {
    uint64_t first; // words of the epoch before it
    uint64_t share : 1, block : 63;
};

struct epoch_text {
    struct corpus *corpus;
    struct epoch_rule rule;
    struct block *block; // [blocks], those of the first text first
    size_t blocks, block_capacity;
    size_t *text_block; // [texts + 1] the first block of each
    uint64_t *share;    // [texts] lines of a text that an epoch has besides whole copies
    bool draws;
    uint64_t epoch;
    struct piece *piece; // [pieces], and one behind them, where the epoch ends
    size_t pieces;
    uint64_t *offset; // [texts] of the systematic sample of lines
};

// ---- random numbers ---------------------------------------------------------------------------

enum drawn { ORDER, OFFSETS, LINES };

static uint64_t key_of(const struct epoch_text *text, enum drawn what, uint64_t which)
{
    uint64_t key = random_mix(text->rule.seed + RANDOM_STEP);
    key = random_mix(key + RANDOM_STEP + text->epoch);
    key = random_mix(key + RANDOM_STEP + (uint64_t)what);
    return random_mix(key + RANDOM_STEP + which);
}

// From 0 to n - 1.
static uint64_t draw(uint64_t *key, uint64_t n)
{
    return (uint64_t)((unsigned __int128)random_mix(*key += RANDOM_STEP) * n >> 64);
}

// ---- blocks -----------------------------------------------------------------------------------

static bool add_block(struct epoch_text *text, uint64_t begin, uint64_t line, struct error *error)
{
    if (!memory_grow(&text->block, &text->block_capacity, text->blocks + 1, sizeof *text->block,
                     error))
        return false;
    text->block[text->blocks++] = (struct block){begin, line};
    return true;
}

// Blocks of at least `words` words, but for the last one.
static bool cut_text(struct epoch_text *text, const struct id_text *ids, uint64_t words,
                     struct error *error)
{
    uint64_t begin = 0, line = 0;
    if (!add_block(text, 0, 0, error))
        return false;
    for (uint64_t i = 0; words < ids->tokens && i < ids->tokens; i++) {
        if (i % ID_TEXT_TOUCHED == 0)
            id_text_let_go(ids);
        if (ids->id[i] != WORD_END)
            continue;
        line++;
        if (i + 1 - begin < words || i + 1 == ids->tokens)
            continue;
        begin = i + 1;
        if (!add_block(text, begin, line, error))
            return false;
    }
    return add_block(text, ids->tokens, id_text_lines(ids), error);
}

// Where nothing is drawn, a text is one block.
static bool cut_texts(struct epoch_text *text, struct error *error)
{
    size_t texts = corpus_texts(text->corpus);
    for (size_t i = 0; i < texts; i++) {
        const struct corpus_text *of = corpus_text(text->corpus, i);
        bool whole = !text->rule.shuffle && text->share[i] == 0;
        text->text_block[i] = text->blocks;
        if (!cut_text(text, &of->ids, whole ? UINT64_MAX : text->rule.block, error))
            return false;
    }
    text->text_block[texts] = text->blocks;
    return true;
}

static size_t text_of(const struct epoch_text *text, uint64_t block)
{
    size_t low = 0, high = corpus_texts(text->corpus) - 1;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (text->text_block[middle] <= block)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

// ---- shares -----------------------------------------------------------------------------------

static uint64_t copies_of(const struct epoch_text *text, size_t i)
{
    return (uint64_t)corpus_text(text->corpus, i)->weight;
}

static bool find_shares(struct epoch_text *text, struct error *error)
{
    for (size_t i = 0; i < corpus_texts(text->corpus); i++) {
        const struct corpus_text *of = corpus_text(text->corpus, i);
        uint64_t lines = id_text_lines(&of->ids), copies = copies_of(text, i);
        text->share[i] = (uint64_t)llround((of->weight - (double)copies) * (double)lines);
        text->draws = text->draws || text->share[i] > 0;
        if (copies == 0 && text->share[i] == 0)
            return error_set(
                error,
                "%s: with weight %g none of its %llu lines is left in an epoch, wanted "
                "at least %g",
                of->name, of->weight, (unsigned long long)lines, 1 / (double)lines);
    }
    return true;
}

// Lines of a block that are chosen: those among its text's at which (line share + offset) / lines
// becomes another whole number, so that all blocks together have `share`, and those of each differ by one
// at most from what it should have. Which of a block's lines they are is drawn then.
static uint64_t wanted_lines(const struct epoch_text *text, size_t i, uint64_t block)
{
    const struct block *at = &text->block[block];
    uint64_t lines = text->block[text->text_block[i + 1] - 1].line;
    unsigned __int128 share = text->share[i], offset = text->offset[i];
    return (uint64_t)((at[1].line * share + offset) / lines -
                      (at[0].line * share + offset) / lines);
}

// Goes to the next run of lines of a share that are chosen (Knuth's algorithm S). There is one.
static void choose_lines(struct epoch_place *place)
{
    const int32_t *at = place->end;
    for (bool chosen = false; !chosen; place->lines--) {
        place->next = at;
        while (*at++ != WORD_END)
            ;
        chosen = draw(&place->key, place->lines) < place->wanted;
    }
    place->wanted--;
    place->end = at;
}

static void enter_piece(const struct epoch_text *text, size_t piece, struct epoch_place *place)
{
    *place = (struct epoch_place){.piece = piece};
    if (piece == text->pieces)
        return;
    uint64_t block = text->piece[piece].block;
    size_t i = text_of(text, block);
    const struct corpus_text *of = corpus_text(text->corpus, i);
    const struct block *at = &text->block[block];
    place->word = of->word;
    place->next = place->end = of->ids.id + at->begin;
    place->behind = of->ids.id + at[1].begin;
    if (!text->piece[piece].share) {
        place->end = place->behind;
        return;
    }
    place->key = key_of(text, LINES, block);
    place->lines = at[1].line - at->line;
    place->wanted = wanted_lines(text, i, block);
}

// Words of the chosen lines of a block.
static uint64_t share_words(const struct epoch_text *text, size_t piece)
{
    struct epoch_place place;
    uint64_t words = 0;
    for (enter_piece(text, piece, &place); place.wanted > 0;) {
        choose_lines(&place);
        words += (uint64_t)(place.end - place.next);
    }
    return words;
}

// ---- epochs -----------------------------------------------------------------------------------

// Pieces in the order of the texts; how many there are, where they have no room yet.
static size_t list_pieces(struct epoch_text *text)
{
    size_t count = 0;
    for (size_t i = 0; i < corpus_texts(text->corpus); i++) {
        uint64_t copies = copies_of(text, i);
        for (uint64_t copy = 0; copy < copies + (text->share[i] > 0); copy++)
            for (size_t b = text->text_block[i]; b + 1 < text->text_block[i + 1]; b++, count++)
                if (text->piece != NULL)
                    text->piece[count] = (struct piece){.share = copy == copies, .block = b};
    }
    return count;
}

// By Fisher and Yates.
static void shuffle(struct epoch_text *text)
{
    uint64_t key = key_of(text, ORDER, 0);
    for (size_t i = text->pieces; i > 1; i--) {
        size_t j = (size_t)draw(&key, i);
        struct piece kept = text->piece[i - 1];
        text->piece[i - 1] = text->piece[j];
        text->piece[j] = kept;
    }
}

static uint64_t place_pieces(struct epoch_text *text)
{
    uint64_t words = 0, touched = 0;
    for (size_t p = 0; p < text->pieces; p++) {
        struct piece *piece = &text->piece[p];
        const struct block *at = &text->block[piece->block];
        piece->first = words;
        if (!piece->share) {
            words += at[1].begin - at->begin;
            continue;
        }
        words += share_words(text, p);
        touched += at[1].begin - at->begin;
        if (touched >= ID_TEXT_TOUCHED) {
            corpus_let_go(text->corpus);
            touched = 0;
        }
    }
    text->piece[text->pieces].first = words;
    return words;
}

bool epoch_text_begin(struct epoch_text *text, uint64_t epoch, uint64_t *words, struct error *error)
{
    text->epoch = epoch;
    if (text->piece == NULL) {
        text->pieces = list_pieces(text);
        text->piece = memory_new(text->pieces + 1, sizeof *text->piece, error);
        if (text->piece == NULL)
            return false;
    }
    list_pieces(text);
    for (size_t i = 0; i < corpus_texts(text->corpus); i++) {
        uint64_t key = key_of(text, OFFSETS, i);
        text->offset[i] = draw(&key, id_text_lines(&corpus_text(text->corpus, i)->ids));
    }
    if (text->rule.shuffle)
        shuffle(text);
    *words = place_pieces(text);
    return true;
}

bool epoch_text_draws(const struct epoch_text *text)
{
    return text->draws;
}

struct epoch_text *epoch_text_new(struct corpus *corpus, const struct vocabulary *vocabulary,
                                  const struct epoch_rule *rule, struct error *error)
{
    size_t texts = corpus_texts(corpus);
    struct epoch_text *text = memory_new(1, sizeof *text, error);
    if (text == NULL)
        return NULL;
    text->corpus = corpus;
    text->rule = *rule;
    text->draws = rule->shuffle;
    text->text_block = memory_new(texts + 1, sizeof *text->text_block, error);
    text->share = memory_new(texts, sizeof *text->share, error);
    text->offset = memory_new(texts, sizeof *text->offset, error);
    if (text->text_block != NULL && text->share != NULL && text->offset != NULL &&
        corpus_start(corpus, vocabulary, error) && find_shares(text, error) &&
        cut_texts(text, error))
        return text;
    epoch_text_free(text);
    return NULL;
}

void epoch_text_free(struct epoch_text *text)
{
    if (text == NULL)
        return;
    free(text->block);
    free(text->text_block);
    free(text->share);
    free(text->offset);
    free(text->piece);
    free(text);
}

// ---- places -----------------------------------------------------------------------------------

// Goes on where a run of lines has ended: to the piece's next one, or that of the next piece.
static void next_run(const struct epoch_text *text, struct epoch_place *place)
{
    while (place->next == place->end && place->piece < text->pieces) {
        if (place->wanted > 0)
            choose_lines(place);
        else
            enter_piece(text, place->piece + 1, place);
    }
}

// The last piece that begins there or before, and has words.
static size_t piece_with(const struct epoch_text *text, uint64_t word)
{
    size_t low = 0, high = text->pieces;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (text->piece[middle].first <= word)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

void epoch_text_seek(const struct epoch_text *text, uint64_t word, struct epoch_place *place)
{
    size_t piece = piece_with(text, word);
    uint64_t left = word - text->piece[piece].first;
    enter_piece(text, piece, place);
    for (; left > 0; next_run(text, place)) {
        uint64_t there = (uint64_t)(place->end - place->next), taken = left < there ? left : there;
        place->next += taken;
        left -= taken;
    }
}

int32_t epoch_text_next(const struct epoch_text *text, struct epoch_place *place)
{
    if (place->next == place->end)
        next_run(text, place);
    return place->word[*place->next++];
}

void epoch_text_where(const struct epoch_text *text, uint64_t word, const char **name,
                      uint64_t *line)
{
    struct epoch_place place;
    epoch_text_seek(text, word, &place);
    if (place.next == place.end)
        next_run(text, &place);
    uint64_t block = text->piece[place.piece].block;
    const struct corpus_text *of = corpus_text(text->corpus, text_of(text, block));
    *name = of->name;
    *line = text->block[block].line + 1;
    for (const int32_t *at = of->ids.id + text->block[block].begin; at < place.next; at++)
        *line += *at == WORD_END;
}
