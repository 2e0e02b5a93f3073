// What a file is, by its first bytes: readers that only look words up would take any bytes for a
// text of unknown words, and give it a perplexity.
#ifndef BASE_CONTENT_H
#define BASE_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

// Bytes that are looked at.
enum { CONTENT_SEEN = 256 };

// For content that no program here reads (other encodings and compressions, binary models of other
// toolkits, binary archives of Kaldi), what it is and what is wanted instead, as in "found UTF-16,
// wanted UTF-8: ...". NULL for everything else.
const char *content_refused(const char *data, size_t size);

// UTF-8's byte order mark stands at the beginning.
bool content_has_mark(const char *data, size_t size);

#endif
