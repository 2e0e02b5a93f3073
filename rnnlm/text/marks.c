// Marks of the beginning and the end of a sentence: SRILM's, HTK's, Sphinx's and others'.
#include "text/marks.h"

#include <string.h>

static const struct {
    const char *word;
    enum mark mark;
} marks[] = {
    {"<s>", MARK_START},     {"!SENT_START", MARK_START}, {"!ENTER", MARK_START},
    {"<S>", MARK_START},     {"SENT-START", MARK_START},  {"</s>", MARK_END},
    {"!SENT_END", MARK_END}, {"!EXIT", MARK_END},         {"</S>", MARK_END},
    {"SENT-END", MARK_END},
};

enum mark mark_of(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (strlen(marks[i].word) == length && memcmp(marks[i].word, word, length) == 0)
            return marks[i].mark;
    return MARK_NONE;
}
