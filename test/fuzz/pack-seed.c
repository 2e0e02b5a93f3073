// Makes seeds of files of sections: "pack-seed FILE TO" packs one (packed.h), "pack-seed -checkpoint
// TO" makes a checkpoint such as fuzz_checkpoint.c reads, which stays beside it as TO.whole.
#include <string.h>

#include "packed.h"
#include "train/checkpoint.h"

static bool pack_file(const char *path, const char *to)
{
    static _Alignas(64) char data[UNPACKED_MOST], packed[UNPACKED_MOST];
    FILE *from = fopen(path, "rb"), *file = fopen(to, "wb");
    fuzz_check(from != NULL && file != NULL, "files can be opened");
    size_t size = fread(data, 1, sizeof data, from);
    fuzz_check(size < sizeof data, "a seed is small");
    size = pack(packed, data, size);
    bool ok = fwrite(packed, 1, size, file) == size;
    fclose(from);
    return fclose(file) == 0 && ok;
}

static bool make_checkpoint(const char *to)
{
    static struct checkpoint checkpoint;
    struct training_record record = {.epochs = 1};
    struct error error = {""};
    float weights[12] = {1, 2, 3};
    double best[3] = {-1, -2, -3};
    char path[CHECKPOINT_PATH];
    snprintf(path, sizeof path, "%s.whole", to);
    bool ok = checkpoint_init(&checkpoint, path, &record, &error);
    checkpoint_setting(&checkpoint, "hidden", "%d", 3);
    checkpoint_setting(&checkpoint, "alpha", "%g", 0.1);
    kept_add(&checkpoint.kept, "network", "weights", weights, sizeof weights);
    kept_add(&checkpoint.kept, "best", "log10", best, sizeof best);
    ok = ok && checkpoint_write(&checkpoint, &record, &error) && pack_file(checkpoint.path, to);
    checkpoint_remove(&checkpoint);
    checkpoint_free(&checkpoint);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: pack-seed FILE TO, or pack-seed -checkpoint TO\n");
        return 2;
    }
    return strcmp(argv[1], "-checkpoint") == 0 ? !make_checkpoint(argv[2])
                                               : !pack_file(argv[1], argv[2]);
}
