// Fuzzing of the readers of models as they lie on disk: the reference's text and binary formats,
// and ours, of which damage is found by checksums (fuzz_native.c gets past these).
#include "fuzz.h"

#include "use_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    use_model(fuzz_write(&file, data, size));
    return 0;
}
