// Fuzzing of checkpoints (train/checkpoint.c), from their packed form.
#include "packed.h"

#include "train/checkpoint.h"

static char folder[] = "/tmp/fuzz-XXXXXX", model[64], beside[80];

static void remove_folder(void)
{
    unlink(beside);
    rmdir(folder);
}

// In a folder of its own: a checkpoint lies beside its model.
static const char *model_path(const struct fuzz_file *file)
{
    if (model[0] == '\0') {
        bool ok = mkdtemp(folder) != NULL && atexit(remove_folder) == 0;
        snprintf(model, sizeof model, "%s/model", folder);
        snprintf(beside, sizeof beside, "%s.checkpoint", model);
        fuzz_check(ok && symlink(file->path, beside) == 0, "there is a folder for checkpoints");
    }
    return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    static char whole[UNPACKED_MOST];
    static struct checkpoint checkpoint;
    struct training_record record = {.epochs = 1};
    struct error error = {""};
    float weights[12] = {0};
    double best[3] = {0};
    bool found = false;
    size = unpack(whole, data, size);
    fuzz_write(&file, whole, size);
    bool ok = checkpoint_init(&checkpoint, model_path(&file), &record, &error);
    checkpoint_setting(&checkpoint, "hidden", "%d", 3);
    checkpoint_setting(&checkpoint, "alpha", "%g", 0.1);
    kept_add(&checkpoint.kept, "network", "weights", weights, sizeof weights);
    kept_add(&checkpoint.kept, "best", "log10", best, sizeof best);
    ok = ok && checkpoint_read(&checkpoint, &record, &found, &error);
    fuzz_check(found, "the checkpoint is there");
    if (!ok)
        fuzz_check_error(&error);
    fuzz_check(record.train_file == NULL && record.valid_file == NULL, "names are the model's");
    checkpoint_free(&checkpoint);
    return 0;
}
