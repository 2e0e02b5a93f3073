// Fuzzing of mapping rules (wer/glm.c), and of what they make of a text.
#include "fuzz.h"

#include <string.h>

#include "wer/glm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    static const char sample[] = "a ab (a) { a / b } a-b c B ";
    struct error error = {""};
    unsigned way = fuzz_choice(&data, &size);
    struct glm *glm = glm_open(fuzz_write(&file, data, size), &error);
    if (glm == NULL) {
        fuzz_check_error(&error);
        return 0;
    }
    char text[200], *out = NULL;
    size_t end = size < 100 ? size : 100, room = 0, length;
    memcpy(text, sample, sizeof sample - 1);
    memcpy(text + sizeof sample - 1, data + size - end, end);
    struct span span = {text, sizeof sample - 1 + end};
    if (!glm_apply(glm, span, way & 1, way & 2, &out, &room, &length, &error))
        fuzz_check_error(&error);
    else
        fuzz_check(out[length] == '\0' &&
                       (length == 0 || (out[0] != ' ' && out[length - 1] != ' ')),
                   "words have single blanks between them");
    free(out);
    glm_close(glm);
    return 0;
}
