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

// Segments for words with times.
static const struct transcript *segments(void)
{
    static const char stm[] = "a 1 s 0.0 1.0 x\na 1 t 2.0 4.0 y\na 1 s 3.0 3.5 z\n"
                              "a 1 s 5.0 6.0 IGNORE_TIME_SEGMENT_IN_SCORING\nb A t 0.0 9.0 x\n";
    static struct fuzz_file file;
    static struct transcript transcript;
    static struct vocabulary words;
    const struct transcript_rules rules = {.case_sensitive = true};
    struct error error = {""};
    if (transcript.count > 0)
        return &transcript;
    fuzz_write(&file, stm, sizeof stm - 1);
    fuzz_check(vocabulary_init(&words, &error) &&
                   transcript_read(&transcript, file.path, TRANSCRIPT_STM, TRANSCRIPT_ANY, &rules,
                                   &words, &error),
               "segments can be read");
    return &transcript;
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
                                           .characters = (way & 96) == 32,
                                           .split_hyphens = (way & 96) == 64,
                                           .segments = segments(),
                                           .marks = (way >> 3) % 3,
                                           .skip = way & 128 ? go_on : NULL};
    fuzz_check(vocabulary_init(&words, &error), "there is memory");
    fuzz_write(&file, data, size);
    memset(&transcript, 0, sizeof transcript);
    if (!transcript_read(&transcript, file.path, more % 7, more / 7 % 7, &rules, &words, &error))
        fuzz_check_error(&error);
    else
        for (size_t i = 0; i < transcript.count; i++)
            fuzz_check(transcript_find(&transcript, transcript_id(&transcript, i)) != NULL,
                       "each utterance is found by its name");
    transcript_free(&transcript);
    vocabulary_free(&words);
    return 0;
}
