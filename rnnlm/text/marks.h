// The names by which recognisers mark the beginning and the end of a sentence.
#ifndef TEXT_MARKS_H
#define TEXT_MARKS_H

#include <stddef.h>

enum mark { MARK_NONE, MARK_START, MARK_END };

// What a word as files have it marks: <s>, !SENT_START and the like, or </s>, !SENT_END and the
// like.
enum mark mark_of(const char *word, size_t length);

#endif
