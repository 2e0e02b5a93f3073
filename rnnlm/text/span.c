// Parts of a line.
#include "text/span.h"

bool span_take(struct span *rest, struct span *word)
{
    while (rest->length > 0 && span_is_blank(*rest->text))
        *rest = (struct span){rest->text + 1, rest->length - 1};
    word->text = rest->text;
    word->length = 0;
    while (word->length < rest->length && !span_is_blank(word->text[word->length]))
        word->length++;
    *rest = (struct span){rest->text + word->length, rest->length - word->length};
    return word->length > 0;
}
