// The main program of a harness without a fuzzer: "fuzz_NAME [-damage N] PATH..." gives it each of
// the files, and each N times more with some bytes changed or cut off, the same ones at each run.
// For findings, and to see what a corpus covers. Folders are gone through.
#include <dirent.h>
#include <string.h>

#include "fuzz.h"

static long copies; // damaged ones

static uint32_t draw(uint32_t below)
{
    static uint64_t state = 88172645463325252u; // xorshift (Marsaglia 2003)
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32) % below;
}

static void run(const uint8_t *data, size_t size)
{
    // In memory of its own size, so that a byte too many is seen.
    uint8_t *bytes = malloc(size + (size == 0));
    fuzz_check(bytes != NULL, "there is memory");
    memcpy(bytes, data, size);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
}

static void run_damaged(uint8_t *data, size_t size)
{
    uint8_t kept[4];
    uint32_t place[4];
    size_t end = draw(4) == 0 ? draw((uint32_t)size) : size;
    for (int i = 0; i < 4; i++) {
        place[i] = draw((uint32_t)size);
        kept[i] = data[place[i]];
        data[place[i]] = (uint8_t)(draw(2) == 0 ? draw(256) : data[draw((uint32_t)size)]);
    }
    run(data, end);
    for (int i = 3; i >= 0; i--)
        data[place[i]] = kept[i];
}

static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0, room = 1 << 16, got;
    bool ok = file != NULL && (data = malloc(room)) != NULL;
    while (ok && (got = fread(data + size, 1, room - size, file)) > 0) {
        size += got;
        if (size == room) {
            uint8_t *more = realloc(data, room *= 2);
            ok = more != NULL;
            data = ok ? more : data;
        }
    }
    if (file != NULL)
        fclose(file);
    if (ok) {
        run(data, size);
        for (long i = 0; size > 0 && i < copies; i++)
            run_damaged(data, size);
    }
    free(data);
    return ok;
}

static bool replay(const char *path)
{
    DIR *folder = opendir(path);
    bool ok = true;
    if (folder == NULL)
        return replay_file(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        char inside[4096];
        int length = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && length < (int)sizeof inside)
            ok = replay_file(inside) && ok;
    }
    closedir(folder);
    return ok;
}

int main(int argc, char **argv)
{
    bool ok = true;
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-damage") == 0) {
        copies = strtol(argv[2], NULL, 10);
        first = 3;
    }
    for (int i = first; i < argc; i++) {
        bool read = replay(argv[i]);
        if (!read)
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
        ok = ok && read;
    }
    return !ok;
}
