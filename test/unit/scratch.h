// For tests that need files: a directory of their own, whole files in and out, standard streams put
// elsewhere, signals that interrupt calls. Include cmocka.h first.
#ifndef TEST_SCRATCH_H
#define TEST_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

// Group set-up and tear-down: tests run inside an empty directory, names are relative.
static inline int scratch_enter(void **state)
{
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/rnnlm-unit-XXXXXX", base != NULL ? base : "/tmp") < 0)
        return -1;
    *state = path;
    return mkdtemp(path) == NULL || chdir(path) != 0 ? -1 : 0;
}

static inline int scratch_remove(const char *path, const struct stat *status, int type,
                                 struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

static inline int scratch_leave(void **state)
{
    char *path = *state;
    int result = chdir("/") | nftw(path, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(path);
    return result;
}

// Files in the current directory.
static inline int scratch_count(void)
{
    int count = 0;
    DIR *directory = opendir(".");
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

// A new file each time: some file systems write a truncated one to disk at once.
static inline void write_file(const char *name, const void *data, size_t size)
{
    unlink(name);
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void write_gzip(const char *name, const void *data, size_t size)
{
    gzFile file = gzopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, data, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

// The whole file with a 0 byte behind it; free() it. zlib hands plain files on as they are.
static inline char *read_whole(const char *name, bool decompress, size_t *size)
{
    enum { MOST = 1 << 22 };
    FILE *plain = decompress ? NULL : fopen(name, "rb");
    gzFile gzip = decompress ? gzopen(name, "rb") : NULL;
    char *data = malloc(MOST + 1);
    assert_true(data != NULL && (plain != NULL || gzip != NULL));
    int got = plain != NULL ? (int)fread(data, 1, MOST, plain) : gzread(gzip, data, MOST);
    assert_true(got >= 0 && got < MOST);
    assert_int_equal(plain != NULL ? fclose(plain) : gzclose(gzip), 0);
    data[got] = '\0';
    *size = (size_t)got;
    return data;
}

static inline void assert_file_holds(const char *name, const char *text)
{
    size_t size;
    char *found = read_whole(name, false, &size);
    assert_string_equal(found, text);
    free(found);
}

// What a child process still holds when it ends: otherwise valgrind may take it for lost, and the
// child's status is valgrind's.
static const void *volatile child_keeps __attribute__((unused));

// Puts the file in the place of a standard stream; returns what restore() needs.
static inline int redirect(int stream, const char *name, int flags)
{
    int saved = dup(stream), file = open(name, flags, 0666);
    assert_true(saved >= 0 && file >= 0);
    assert_int_equal(dup2(file, stream), stream);
    close(file);
    return saved;
}

static inline void restore(int stream, int saved)
{
    assert_int_equal(dup2(saved, stream), stream);
    close(saved);
}

// A signal every millisecond, after which calls are not begun again by the system.
static volatile sig_atomic_t signals_counted;

static inline void signals_count(int number)
{
    (void)number;
    signals_counted++;
}

static inline void signals_begin(void)
{
    struct sigaction action = {.sa_handler = signals_count};
    const struct itimerval every = {{0, 1000}, {0, 1000}};
    signals_counted = 0;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

// How many there have been.
static inline int signals_end(void)
{
    const struct itimerval none = {{0, 0}, {0, 0}};
    assert_int_equal(setitimer(ITIMER_REAL, &none, NULL), 0);
    return signals_counted;
}

#endif
