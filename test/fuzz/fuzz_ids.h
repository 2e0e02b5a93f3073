// The text whose kept ids are fuzzed.
#ifndef FUZZ_IDS_H
#define FUZZ_IDS_H

static const char fuzz_ids_text[] = "a b a\n\nc </s> a\n";

#endif
