// Parts of a line.
#include "text/span.h"

#include <string.h>

bool span_starts(struct span span, const char *text)
{
    size_t length = strlen(text);
    return span.length >= length && memcmp(span.text, text, length) == 0;
}

bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && span_starts(span, text);
}

struct span span_strip(struct span span)
{
    while (span.length > 0 && span_is_blank(*span.text))
        span = (struct span){span.text + 1, span.length - 1};
    while (span.length > 0 && span_is_blank(span.text[span.length - 1]))
        span.length--;
    return span;
}

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
