// Lines of text cut into pieces at blanks, and what pieces hold.
#include "lattice/pieces.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "lattice/lattice.h"

bool piece_complain(const struct input *input, uint64_t line, const struct piece *piece,
                    const char *wanted, struct error *error)
{
    return error_set(error, "%s: line %" PRIu64 ": found \"%.*s\", wanted %s", input_name(input),
                     line, (int)(piece->length < 60 ? piece->length : 60), piece->text, wanted);
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r';
}

size_t pieces_cut(char *line, struct piece piece[MOST_PIECES])
{
    size_t pieces = 0;
    for (char *at = line; pieces < MOST_PIECES; pieces++) {
        while (is_blank(*at))
            at++;
        if (*at == '\0')
            break;
        piece[pieces].text = at;
        while (*at != '\0' && !is_blank(*at))
            at++;
        piece[pieces].length = (size_t)(at - piece[pieces].text);
        if (*at != '\0')
            *at++ = '\0';
    }
    return pieces;
}

void pieces_skip(struct input *input)
{
    struct piece piece[MOST_PIECES];
    for (char *line; (line = input_line(input, NULL)) != NULL && pieces_cut(line, piece) > 0;)
        ;
}

bool piece_number(const struct piece *piece, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < piece->length; i++) {
        if (piece->text[i] < '0' || piece->text[i] > '9' || *number > UINT64_MAX / 10 - 1)
            return false;
        *number = *number * 10 + (uint64_t)(piece->text[i] - '0');
    }
    return piece->length > 0;
}

bool piece_cost(const struct piece *piece, double *score)
{
    double cost;
    bool infinite = piece->length == 8 && memcmp(piece->text, "Infinity", 8) == 0;
    if (!infinite &&
        !(number_parse(piece->text, piece->length, &cost) && fabs(cost) < -LATTICE_ZERO))
        return false;
    *score = infinite ? LATTICE_ZERO : -cost * log10(exp(1));
    *score = *score < LATTICE_ZERO ? LATTICE_ZERO : *score;
    return true;
}
