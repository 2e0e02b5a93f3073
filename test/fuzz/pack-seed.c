// Makes seeds of files of sections: "pack-seed FILE TO" packs one (packed.h), "pack-seed -checkpoint
// TO" makes a checkpoint such as fuzz_checkpoint.c reads, which stays beside it as TO.whole, "pack-seed -ids
// TO" kept ids of the text that fuzz_ids.c has.
#include <dirent.h>
#include <string.h>

#include "fuzz_ids.h"
#include "packed.h"
#include "text/id_cache.h"
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

// The one file of a folder; empty if there is none.
static void only_file(const char *folder, char *path, size_t size)
{
    DIR *names = opendir(folder);
    *path = '\0';
    for (struct dirent *entry; names != NULL && (entry = readdir(names)) != NULL;)
        if (entry->d_name[0] != '.')
            snprintf(path, size, "%s/%s", folder, entry->d_name);
    if (names != NULL)
        closedir(names);
}

// Of a file with the text, as old as fuzz_write() makes it, in folders that are gone then.
static bool keep_ids(const char *to)
{
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    struct error error = {""}, remark;
    struct id_text ids;
    char text[4096], folder[4096], kept[8192];
    snprintf(text, sizeof text, "%s.text", to);
    snprintf(folder, sizeof folder, "%s.kept", to);
    FILE *file = fopen(text, "wb");
    bool ok = file != NULL && fputs(fuzz_ids_text, file) >= 0 && fclose(file) == 0 &&
              utimensat(AT_FDCWD, text, times, 0) == 0 &&
              id_cache_read(&ids, text, folder, &remark, &error);
    if (ok)
        id_text_free(&ids);
    only_file(folder, kept, sizeof kept);
    ok = ok && pack_file(kept, to);
    unlink(kept);
    unlink(text);
    return rmdir(folder) == 0 && ok;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: pack-seed FILE TO, or pack-seed -checkpoint|-ids TO\n");
        return 2;
    }
    return strcmp(argv[1], "-checkpoint") == 0 ? !make_checkpoint(argv[2])
           : strcmp(argv[1], "-ids") == 0      ? !keep_ids(argv[2])
                                               : !pack_file(argv[1], argv[2]);
}
