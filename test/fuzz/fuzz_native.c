// Fuzzing of native models: files of sections from their packed form, and version 1, both with the
// right checksums.
#include "packed.h"
#include "use_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    static char whole[UNPACKED_MOST];
    if (native_v1_recognise(data, size) && size <= sizeof whole) {
        memcpy(whole, data, size);
        mend_v1(whole, size);
    } else {
        size = unpack(whole, data, size);
    }
    use_model(fuzz_write(&file, whole, size));
    return 0;
}
