// What a file is, by its first bytes.
#include "base/content.h"

#include <string.h>

#define BYTES(text) (text), sizeof(text) - 1

static const char utf16[] = "found UTF-16, wanted UTF-8: iconv -f UTF-16 -t UTF-8",
                  kaldi[] = "found a binary file of Kaldi's, wanted its text form: "
                            "`lattice-copy ark:FILE ark,t:-`, or ark,t: in what has made it";

static const struct {
    size_t at;
    const char *bytes;
    size_t length;
    const char *message;
} kinds[] = {
    {0, BYTES("\xff\xfe\0\0"), "found UTF-32, wanted UTF-8: iconv -f UTF-32 -t UTF-8"},
    {0, BYTES("\0\0\xfe\xff"), "found UTF-32, wanted UTF-8: iconv -f UTF-32 -t UTF-8"},
    {0, BYTES("\xff\xfe"), utf16},
    {0, BYTES("\xfe\xff"), utf16},
    {4, BYTES("1AY&SY"), "found bzip2's compression, wanted none or gzip's: bzip2 -d"},
    {0, BYTES("\xfd\x37zXZ\0"), "found xz's compression, wanted none or gzip's: xz -d"},
    {0, BYTES("\x28\xb5\x2f\xfd"), "found zstd's compression, wanted none or gzip's: zstd -d"},
    {0, BYTES("\x04\x22\x4d\x18"), "found lz4's compression, wanted none or gzip's: lz4 -d"},
    {0, BYTES("\x1f\x8b\x08"), "found gzip's compression twice, wanted it once or not: gzip -d"},
    {0, BYTES("PK\3\4"), "found a zip archive, wanted a plain or gzip-compressed file: unzip"},
    {0, BYTES("mmap lm http://kheafield.com/code"),
     "found a binary model of KenLM's, wanted the ARPA file that it was made from: lmplz --arpa"},
    {0, BYTES("SRILM_BINARY_"),
     "found a binary file of SRILM's, wanted an ARPA file: ngram -lm FILE -write-lm NEW"},
    {0, BYTES("Trie Language Model"),
     "found a binary model of Sphinx's, wanted an ARPA file: sphinx_lm_convert -i FILE -o NEW"},
    {0, BYTES("version https://git-lfs.github.com/"),
     "found a pointer of Git LFS, wanted the file itself: git lfs pull"},
    {0, BYTES("\0B"), kaldi},
};

// Every other of the first four bytes is 0, which even Chinese has at blanks, digits and newlines.
static bool is_utf16_without_mark(const char *data, size_t size)
{
    return size >= 4 && (data[0] == '\0') != (data[1] == '\0') &&
           (data[0] == '\0') == (data[2] == '\0') && (data[1] == '\0') == (data[3] == '\0');
}

// An archive: KEY, a blank, and the two bytes that all binary objects of Kaldi's begin with.
static bool is_kaldi_archive(const char *data, size_t size)
{
    const char *blank = memchr(data, ' ', size);
    size_t key = blank != NULL ? (size_t)(blank - data) : size;
    return key > 0 && key + 2 < size && memchr(data, '\n', key) == NULL && blank[1] == '\0' &&
           blank[2] == 'B';
}

const char *content_refused(const char *data, size_t size)
{
    if (size > CONTENT_SEEN)
        size = CONTENT_SEEN;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (size >= kinds[i].at + kinds[i].length &&
            memcmp(data + kinds[i].at, kinds[i].bytes, kinds[i].length) == 0)
            return kinds[i].message;
    return is_utf16_without_mark(data, size) ? utf16 : is_kaldi_archive(data, size) ? kaldi : NULL;
}

bool content_has_mark(const char *data, size_t size)
{
    return size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0;
}
