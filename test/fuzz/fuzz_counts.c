// Fuzzing of files and folders of n-gram counts (ngram/count_file.c, count_folder.c), and of models estimated from them.
#include "fuzz.h"

#include <string.h>

#include "ngram/backoff.h"
#include "ngram/counts_write.h"
#include "ngram/estimate.h"

static void estimate_from(const char *path, unsigned way)
{
    static const char *files[1];
    struct error error = {""};
    struct estimate_options options;
    files[0] = path;
    estimate_defaults(&options);
    options.order = 1 + way % 4;
    options.counts = files;
    options.count_files = 1;
    options.unk = way & 4;
    options.discount = (enum discount_method)(way / 8 % (DISCOUNT_ADDITIVE + 1));
    options.backoff = way & 64;
    options.discount_fallback = true;
    options.memory = ESTIMATE_MEMORY_LEAST;
    options.output = "/dev/null";
    options.prune = way & 128 ? 1e-3 : 0;
    for (size_t k = 1; k <= options.order; k++) {
        options.cutoff[k] = way % 3 == 1;
        options.constant[k] = 0.5;
    }
    if (!estimate(&options, NULL, &error))
        fuzz_check_error(&error);
}

static void add_up(const char *path, unsigned way)
{
    struct error error = {""};
    struct allowance allowance = {.limit = ESTIMATE_MEMORY_LEAST};
    const char *const files[] = {path, path};
    struct counts counts;
    struct counts_options options = {.order = 1 + way % 4,
                                     .file = files,
                                     .files = 1 + way / 4 % 2,
                                     .unk = true,
                                     .allowance = &allowance};
    if (!counts_read(&counts, &options, &error) ||
        !counts_write(&counts, "/dev/null", &allowance, NULL, NULL, &error))
        fuzz_check_error(&error);
    counts_free(&counts);
}

// Of a folder in Google's form, the parts of the data with a byte of 0x1f between.
static const char *const folder_file[] = {"1gms/vocab", "2gms/2gm.idx", "2gms/2gm-0000",
                                          "2gms/2gm-0001.gz", "1gms/total"};
enum { FOLDER_FILES = sizeof folder_file / sizeof *folder_file, PART_END = 0x1f };
static char folder[64], folder_path[128];

static const char *in_folder(const char *name)
{
    snprintf(folder_path, sizeof folder_path, "%s/%s", folder, name);
    return folder_path;
}

static void empty_folder(void)
{
    for (int i = 0; i < FOLDER_FILES; i++)
        unlink(in_folder(folder_file[i]));
}

static void remove_folder(void)
{
    empty_folder();
    rmdir(in_folder("1gms"));
    rmdir(in_folder("2gms"));
    rmdir(folder);
}

static void make_folder(void)
{
    if (folder[0] != '\0')
        return;
    snprintf(folder, sizeof folder, "/tmp/fuzz-counts-XXXXXX");
    fuzz_check(mkdtemp(folder) != NULL && mkdir(in_folder("1gms"), 0700) == 0 &&
                   mkdir(in_folder("2gms"), 0700) == 0,
               "a folder is made");
    atexit(remove_folder);
}

static void write_part(const char *name, const uint8_t *data, size_t size)
{
    FILE *file = fopen(in_folder(name), "wb");
    fuzz_check(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0,
               "the file under test is written");
}

static void read_folder(const uint8_t *data, size_t size, unsigned way)
{
    const uint8_t *end = data + size;
    make_folder();
    empty_folder();
    for (int i = 0; i < FOLDER_FILES && data < end; i++) {
        const uint8_t *mark = memchr(data, PART_END, (size_t)(end - data));
        mark = mark != NULL ? mark : end;
        write_part(folder_file[i], data, (size_t)(mark - data));
        data = mark + 1;
    }
    add_up(folder, way);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    unsigned way = fuzz_choice(&data, &size);
    if (size > 0 && memchr(data, PART_END, size) != NULL) {
        read_folder(data, size, way);
        return 0;
    }
    fuzz_write(&file, data, size);
    estimate_from(file.path, way);
    add_up(file.path, way);
    return 0;
}
