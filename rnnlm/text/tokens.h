// Tokens that are kept: a part of a text, or a list of hypotheses, held in memory.
#ifndef TEXT_TOKENS_H
#define TEXT_TOKENS_H

#include "text/reader.h"

struct tokens {
    struct token *token; // [count]; their letters stay where they are until tokens_clear()
    uint64_t *line;      // [count] where each stands in its file
    size_t count, token_capacity, line_capacity;
    char **block; // [blocks] of letters
    size_t blocks, block_capacity, used, size;
};

// Starts as {0}. tokens_free() in any case.
void tokens_free(struct tokens *tokens);

// Forgets the tokens; their memory is used again.
void tokens_clear(struct tokens *tokens);

// Keeps a copy. Error: no memory.
bool tokens_add(struct tokens *tokens, const struct token *token, uint64_t line,
                struct error *error);

#endif
