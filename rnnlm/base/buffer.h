// How much is read and written at a time.
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

// Fuzzing takes small buffers: their ends come sooner, and so does the next input.
#ifndef FILE_BUFFER_BITS
#define FILE_BUFFER_BITS 18
#endif

enum { FILE_BUFFER = 1 << FILE_BUFFER_BITS };

#endif
