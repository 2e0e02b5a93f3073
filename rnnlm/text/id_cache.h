// A folder in which the ids of texts are kept, for trainings to come: they map a text's file instead of
// reading the text.
//
// A text's file is NAME-KEY.ids, NAME that of the text and KEY made of its whole path. It is a file of
// sections (base/sections.h), "text ids": `text`, the size, time of writing (seconds and nanoseconds, 0
// where the text was so new that it may have been written to since) and checksum of the text's file;
// `words`, its words in the order in which they come, each with a 0 byte behind it; `ids`, one for each
// token. It knows of no other vocabulary: one is looked up for each training, and so the file serves all.
// Nothing in it is believed before it has been looked at, all of it, each time.
#ifndef TEXT_ID_CACHE_H
#define TEXT_ID_CACHE_H

#include "text/id_text.h"

// Whether a text can be known again: it is a regular file.
bool id_cache_keeps(const char *path);

// The ids of the text at `path`, from its file, if it has one that is whole and of this text as it is now:
// by size and time, or where the time is another, by checksum. Otherwise the text is read, and its file
// made (and the folder, if it is not there); where there was one, `remark` says why, else it is empty.
// Error: that of the text; it changes while it is read; the file cannot be written; no memory.
// id_text_free() in any case.
bool id_cache_read(struct id_text *text, const char *path, const char *folder, struct error *remark,
                   struct error *error);

// Takes the ids from `file`. Error, without that name: it is no such file, damaged or forged, or not of the
// text at `path` as that is now; no memory. id_text_free() in any case.
bool id_cache_load(struct id_text *text, const char *file, const char *path, struct error *error);

#endif
