// Tables of words and their numbers.
#include "lattice/symbols.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static bool take_symbol(struct symbols *symbols, struct input *input, char *line,
                        struct error *error)
{
    struct piece piece[MOST_PIECES];
    size_t pieces = pieces_cut(line, piece), known = symbols->words.size, index;
    uint64_t number;
    if (pieces == 0)
        return true;
    if (pieces != 2 || !piece_number(&piece[1], &number))
        return piece_complain(input, input_line_number(input), &piece[pieces > 1], "WORD NUMBER",
                              error);
    int32_t word = vocabulary_add(&symbols->words, piece[0].text, piece[0].length, error);
    bool added = false;
    if (word < 0 || !memory_grow(&symbols->number, &symbols->number_capacity, symbols->words.size,
                                 sizeof *symbols->number, error))
        return false;
    index = (size_t)word;
    if (!pair_map_add(&symbols->by_number, number, 0, &index, &added, error))
        return false;
    bool repeated = index < known && (index != WORD_END || symbols->number[WORD_END] != UINT64_MAX);
    if (!added || repeated)
        return piece_complain(input, input_line_number(input), &piece[0],
                              "a word and a number that have not been there before", error);
    symbols->number[word] = number;
    return true;
}

bool symbols_read(struct symbols *symbols, const char *path, struct error *error)
{
    memset(symbols, 0, sizeof *symbols);
    struct input *input = input_open_text(path, error);
    bool ok =
        input != NULL && vocabulary_init(&symbols->words, error) &&
        memory_grow(&symbols->number, &symbols->number_capacity, 1, sizeof *symbols->number, error);
    if (ok)
        symbols->number[WORD_END] = UINT64_MAX; // until the file has it
    for (char *line; ok && (line = input_line(input, NULL)) != NULL;)
        ok = take_symbol(symbols, input, line, error);
    ok = ok && input_ok(input, error);
    input_close(input);
    return ok;
}

void symbols_free(struct symbols *symbols)
{
    vocabulary_free(&symbols->words);
    pair_map_free(&symbols->by_number);
    free(symbols->number);
    memset(symbols, 0, sizeof *symbols);
}

bool symbols_set_word(const struct symbols *symbols, struct lattice *lattice,
                      struct lattice_link *link, const struct piece *piece,
                      const struct input *input, struct error *error)
{
    if (symbols == NULL)
        return lattice_set_word(lattice, link, piece->text, piece->length, error);
    uint64_t number;
    const size_t *index = NULL;
    if (piece_number(piece, &number))
        index = pair_map_find(&symbols->by_number, number, 0);
    if (index == NULL)
        return piece_complain(input, link->line, piece,
                              "the number of a word in the table of words", error);
    const char *word = vocabulary_word(&symbols->words, (int32_t)*index);
    return lattice_set_word(lattice, link, word, strlen(word), error);
}

bool symbols_write(const struct symbols *symbols, const struct lattice *lattice, const char *word,
                   struct output *output, struct error *error)
{
    if (symbols == NULL) {
        output_text(output, word != NULL ? word : "<eps>");
        return true;
    }
    int32_t index = word != NULL ? vocabulary_find(&symbols->words, word, strlen(word)) : WORD_OOV;
    if (word != NULL && (index < 0 || symbols->number[index] == UINT64_MAX))
        return error_set(error, "%s: %s: the table of words does not have \"%.60s\"", lattice->file,
                         lattice->id, word);
    output_format(output, "%" PRIu64, word != NULL ? symbols->number[index] : 0);
    return true;
}
