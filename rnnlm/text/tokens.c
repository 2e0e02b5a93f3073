// Tokens that are kept.
#include "text/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"

enum { BLOCK = FILE_BUFFER / 4 };

static void free_blocks(struct tokens *tokens, size_t kept)
{
    while (tokens->blocks > kept)
        free(tokens->block[--tokens->blocks]);
}

void tokens_free(struct tokens *tokens)
{
    free_blocks(tokens, 0);
    free(tokens->block);
    free(tokens->token);
    free(tokens->line);
    memset(tokens, 0, sizeof *tokens);
}

void tokens_clear(struct tokens *tokens)
{
    free_blocks(tokens, 1);
    if (tokens->size != BLOCK)
        free_blocks(tokens, 0); // it was made for a long word
    tokens->size = tokens->blocks > 0 ? BLOCK : 0;
    tokens->count = tokens->used = 0;
}

// Room for the letters of a word. Blocks never move, so that tokens can point into them.
static char *letters(struct tokens *tokens, size_t length, struct error *error)
{
    if (tokens->size - tokens->used < length) {
        size_t size = length > BLOCK ? length : BLOCK;
        if (!memory_grow(&tokens->block, &tokens->block_capacity, tokens->blocks + 1,
                         sizeof *tokens->block, error))
            return NULL;
        char *block = memory_new(size, 1, error);
        if (block == NULL)
            return NULL;
        tokens->block[tokens->blocks++] = block;
        tokens->size = size;
        tokens->used = 0;
    }
    tokens->used += length;
    return tokens->block[tokens->blocks - 1] + tokens->used - length;
}

bool tokens_add(struct tokens *tokens, const struct token *token, uint64_t line,
                struct error *error)
{
    size_t count = tokens->count;
    if (!memory_grow(&tokens->token, &tokens->token_capacity, count + 1, sizeof *tokens->token,
                     error) ||
        !memory_grow(&tokens->line, &tokens->line_capacity, count + 1, sizeof *tokens->line, error))
        return false;
    char *copy = letters(tokens, token->length > 0 ? token->length : 1, error);
    if (copy == NULL)
        return false;
    memcpy(copy, token->text, token->length);
    tokens->token[count] = (struct token){copy, token->length, token->sentence_end};
    tokens->line[count] = line;
    tokens->count++;
    return true;
}
