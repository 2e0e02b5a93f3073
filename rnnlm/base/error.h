// One-line error messages: the only way in which the library reports a failure.
//
// A function that can fail returns false (or NULL) and fills a `struct error` with one line that
// says where, what was found and what was wanted. The library never prints and never exits.
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

// Texts, counts and models may have any size, and files are mapped whole.
#if defined(__SIZEOF_SIZE_T__) && __SIZEOF_SIZE_T__ < 8
#error "rnnlm wants a 64-bit system: here sizes have fewer than 64 bits"
#endif

#include <stdbool.h>

enum { ERROR_SIZE = 1024 };

struct error {
    char text[ERROR_SIZE]; // one line, without newline; longer messages lose their end
    bool usage;            // the command line is wrong, not what it names
};

// Fills `error` (which may be NULL) and returns false, so that a failure reads
// `return error_set(error, ...)`.
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

// The same for what is wrong with a command line itself: with the values of its options, or with
// options that do not go together.
bool error_usage(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Puts "option -NAME: " before a message about an option's value, which is wrong usage. Returns
// false.
bool error_option(struct error *error, const char *name);

// Whether a message is about memory, by the words "not enough memory" that all of those have: what
// fails for want of it may go well another time.
bool error_is_of_memory(const struct error *error);

// Puts something behind a message that is already there. Returns false.
bool error_add(struct error *error, const char *text);

// Puts "what: " before a message that is already there: the place where the lower floor failed.
// Returns false.
bool error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
