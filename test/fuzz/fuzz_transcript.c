// Fuzzing of transcripts in all forms (wer/transcript*.c), and of their alignment with themselves.
#include "fuzz.h"

#include <string.h>

#include "wer/transcript.h"

static bool go_on(void *context, const struct error *problem)
{
    (void)context;
    fuzz_check_error(problem);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    struct transcript transcript;
    struct vocabulary words;
    unsigned way = fuzz_choice(&data, &size), more = fuzz_choice(&data, &size);
    const struct transcript_rules rules = {.case_sensitive = way & 1,
                                           .optional = way & 2,
                                           .fragments = way & 4,
                                           .marks = (way >> 3) % 3,
                                           .skip = way & 128 ? go_on : NULL};
    fuzz_check(vocabulary_init(&words, &error), "there is memory");
    fuzz_write(&file, data, size);
    memset(&transcript, 0, sizeof transcript);
    if (!transcript_read(&transcript, file.path, more % 5, more / 5 % 5, &rules, &words, &error))
        fuzz_check_error(&error);
    else
        for (size_t i = 0; i < transcript.count; i++)
            fuzz_check(transcript_find(&transcript, transcript_id(&transcript, i)) != NULL,
                       "each utterance is found by its name");
    transcript_free(&transcript);
    vocabulary_free(&words);
    return 0;
}
