// Loaded before a program (LD_PRELOAD): makes calls to the system fail, for test/faults/run.
//
//   FAULT_KIND   memory, read, write, sync, rename, map, open or thread: what fails, see below;
//                kill: instead of one of these calls (but for memory and threads) or of a removal, the
//                process is killed;
//                interrupt: every read, write, open and fsync fails with EINTR once before it is done;
//                short: every read and write does a part only. These two no program may notice.
//   FAULT_AT     the number of the call that fails, counted from the beginning of main()
//   FAULT_ON     set: all calls of that kind behind it fail too
//   FAULT_HIT    a file that is made when a call fails
//
// OpenBLAS ends the program by itself where it has no memory: calls of its own are left alone.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *kind, *hit_file;
static long at;
static bool all_behind;
static atomic_bool started; // main() has begun
static atomic_long calls;
static uintptr_t blas_begin, blas_end;

static void say_hit(void)
{
    int saved = errno;
    long file =
        hit_file != NULL ? syscall(SYS_openat, AT_FDCWD, hit_file, O_WRONLY | O_CREAT, 0666) : -1;
    if (file >= 0)
        syscall(SYS_close, file);
    errno = saved;
}

static bool is_kind(const char *name)
{
    return atomic_load(&started) && kind != NULL && strcmp(kind, name) == 0;
}

static bool is_killed(const char *name)
{
    return is_kind("kill") && strcmp(name, "memory") != 0 && strcmp(name, "thread") != 0;
}

static _Thread_local bool spared; // what sanitizers ask for, which cannot do without it

static bool fails(const char *name, const void *caller, int reason)
{
    uintptr_t address = (uintptr_t)caller;
    bool killed = is_killed(name);
    if (spared)
        return false;
    if ((!is_kind(name) && !killed) || (address >= blas_begin && address < blas_end))
        return false;
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (all_behind ? call < at : call != at)
        return false;
    say_hit();
    if (killed)
        kill(getpid(), SIGKILL);
    errno = reason;
    return true;
}

#define FAILS(name, reason) fails(name, __builtin_return_address(0), reason)

// Every other call of a thread.
static bool interrupted(void)
{
    static _Thread_local bool done;
    if (!is_kind("interrupt"))
        return false;
    done = !done;
    if (done) {
        say_hit();
        errno = EINTR;
    }
    return done;
}

static size_t part_of(size_t size)
{
    if (size < 2 || !is_kind("short"))
        return size;
    say_hit();
    return size / 3 + 1;
}

// ---- where the real ones are -------------------------------------------------------------------

static int find_blas(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size;
    (void)context;
    if (strstr(object->dlpi_name, "openblas") == NULL)
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        uintptr_t end =
            object->dlpi_addr + object->dlpi_phdr[i].p_vaddr + object->dlpi_phdr[i].p_memsz;
        if (object->dlpi_phdr[i].p_type == PT_LOAD && end > blas_end)
            blas_end = end;
    }
    blas_begin = object->dlpi_addr;
    return 1;
}

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

// Memory that is wanted before main() begins comes from here, and is never given back: sanitizers are not
// ready then to be asked for theirs. Behind its size, which is in front.
enum { FIRST_BYTES = 1 << 25, FIRST_HEAD = 64 };
static char first_memory[FIRST_BYTES] __attribute__((aligned(FIRST_HEAD)));
static _Atomic size_t first_used;

static void *first_bytes(size_t size)
{
    size_t begin =
        atomic_fetch_add(&first_used, (size + 2 * FIRST_HEAD - 1) / FIRST_HEAD * FIRST_HEAD);
    if (size > FIRST_BYTES / 2 || begin > FIRST_BYTES / 2)
        abort();
    memcpy(first_memory + begin, &size, sizeof size);
    return first_memory + begin + FIRST_HEAD;
}

static bool is_first(const void *bytes)
{
    return (const char *)bytes >= first_memory &&
           (const char *)bytes < first_memory + sizeof first_memory;
}

static size_t first_size(const void *bytes)
{
    size_t size;
    memcpy(&size, (const char *)bytes - FIRST_HEAD, sizeof size);
    return size;
}

#define REAL(result, name, ...)                                                                    \
    static result (*real)(__VA_ARGS__);                                                            \
    real = real != NULL ? real : (result(*)(__VA_ARGS__))(uintptr_t)next(#name)

static void *(*real_malloc)(size_t), *(*real_calloc)(size_t, size_t),
    *(*real_realloc)(void *, size_t), *(*real_aligned_alloc)(size_t, size_t);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void (*real_free)(void *);

static void find_memory(void)
{
    real_malloc = (void *(*)(size_t))(uintptr_t)next("malloc");
    real_calloc = (void *(*)(size_t, size_t))(uintptr_t)next("calloc");
    real_realloc = (void *(*)(void *, size_t))(uintptr_t)next("realloc");
    real_aligned_alloc = (void *(*)(size_t, size_t))(uintptr_t)next("aligned_alloc");
    real_posix_memalign = (int (*)(void **, size_t, size_t))(uintptr_t)next("posix_memalign");
    real_free = (void (*)(void *))(uintptr_t)next("free");
}

static int (*real_main)(int, char **, char **);

static int begin_main(int argc, char **argv, char **environment)
{
    const char *number = getenv("FAULT_AT");
    kind = getenv("FAULT_KIND");
    hit_file = getenv("FAULT_HIT");
    at = number != NULL ? atol(number) : 0;
    all_behind = getenv("FAULT_ON") != NULL;
    dl_iterate_phdr(find_blas, NULL);
    find_memory();
    atomic_store(&started, true);
    return real_main(argc, argv, environment);
}

int __libc_start_main(int (*function)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end);

int __libc_start_main(int (*function)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end)
{
    REAL(int, __libc_start_main, int (*)(int, char **, char **), int, char **, void (*)(void),
         void (*)(void), void (*)(void), void *);
    real_main = function;
    return real(begin_main, argc, argv, init, fini, rtld_fini, stack_end);
}

// ---- memory ------------------------------------------------------------------------------------

void *malloc(size_t size)
{
    if (!atomic_load(&started))
        return first_bytes(size);
    return FAILS("memory", ENOMEM) ? NULL : real_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    if (!atomic_load(&started))
        return first_bytes(count * size);
    return FAILS("memory", ENOMEM) ? NULL : real_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    if (atomic_load(&started) && !is_first(old))
        return FAILS("memory", ENOMEM) ? NULL : real_realloc(old, size);
    void *bytes = malloc(size);
    if (bytes != NULL && old != NULL)
        memcpy(bytes, old, first_size(old) < size ? first_size(old) : size);
    return bytes;
}

void free(void *bytes)
{
    if (bytes != NULL && !is_first(bytes))
        real_free(bytes);
}

int posix_memalign(void **bytes, size_t alignment, size_t size)
{
    if (atomic_load(&started))
        return FAILS("memory", ENOMEM) ? ENOMEM : real_posix_memalign(bytes, alignment, size);
    *bytes = aligned_alloc(alignment, size);
    return 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    if (atomic_load(&started))
        return FAILS("memory", ENOMEM) ? NULL : real_aligned_alloc(alignment, size);
    if (alignment > FIRST_HEAD)
        abort();
    return first_bytes(size);
}

// Sanitizers look up where a thread that begins has its stack.
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    REAL(int, pthread_getattr_np, pthread_t, pthread_attr_t *);
    spared = true;
    int result = real(thread, attributes);
    spared = false;
    return result;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    REAL(void *, mmap, void *, size_t, int, int, int, off_t);
    return file >= 0 && FAILS("map", ENOMEM) ? MAP_FAILED
                                             : real(address, size, protection, flags, file, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    REAL(void *, mmap64, void *, size_t, int, int, int, off_t);
    return file >= 0 && FAILS("map", ENOMEM) ? MAP_FAILED
                                             : real(address, size, protection, flags, file, offset);
}

// ---- reading and writing -----------------------------------------------------------------------

ssize_t read(int file, void *data, size_t size)
{
    REAL(ssize_t, read, int, void *, size_t);
    return FAILS("read", EIO) || interrupted() ? -1 : real(file, data, part_of(size));
}

ssize_t pread(int file, void *data, size_t size, off_t offset)
{
    REAL(ssize_t, pread, int, void *, size_t, off_t);
    return FAILS("read", EIO) || interrupted() ? -1 : real(file, data, part_of(size), offset);
}

ssize_t pread64(int file, void *data, size_t size, off_t offset)
{
    REAL(ssize_t, pread64, int, void *, size_t, off_t);
    return FAILS("read", EIO) || interrupted() ? -1 : real(file, data, part_of(size), offset);
}

ssize_t write(int file, const void *data, size_t size)
{
    REAL(ssize_t, write, int, const void *, size_t);
    return FAILS("write", ENOSPC) || interrupted() ? -1 : real(file, data, part_of(size));
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    return FAILS("write", ENOSPC) || interrupted() ? -1 : real(file, data, part_of(size), offset);
}

ssize_t pwrite64(int file, const void *data, size_t size, off_t offset)
{
    REAL(ssize_t, pwrite64, int, const void *, size_t, off_t);
    return FAILS("write", ENOSPC) || interrupted() ? -1 : real(file, data, part_of(size), offset);
}

// Streams of the C library write inside it, where this does not reach: they fail when they are
// closed or flushed.
int fclose(FILE *stream)
{
    REAL(int, fclose, FILE *);
    bool failed = FAILS("write", ENOSPC);
    int result = real(stream);
    if (failed)
        errno = ENOSPC;
    return failed ? EOF : result;
}

int fflush(FILE *stream)
{
    REAL(int, fflush, FILE *);
    return FAILS("write", ENOSPC) ? EOF : real(stream);
}

int fsync(int file)
{
    REAL(int, fsync, int);
    return FAILS("sync", EIO) || interrupted() ? -1 : real(file);
}

int rename(const char *from, const char *to)
{
    REAL(int, rename, const char *, const char *);
    return FAILS("rename", EIO) ? -1 : real(from, to);
}

int unlink(const char *path)
{
    REAL(int, unlink, const char *);
    return FAILS("remove", EIO) ? -1 : real(path);
}

// ---- opening -----------------------------------------------------------------------------------

// The mode is there only with O_CREAT, and is read past the arguments otherwise, which harms nobody.
#define MODE_OF(flags)                                                                             \
    va_list arguments;                                                                             \
    va_start(arguments, flags);                                                                    \
    mode_t mode = (mode_t)va_arg(arguments, int);                                                  \
    va_end(arguments)

int open(const char *path, int flags, ...)
{
    MODE_OF(flags);
    REAL(int, open, const char *, int, mode_t);
    return FAILS("open", EMFILE) || interrupted() ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags);
    REAL(int, open64, const char *, int, mode_t);
    return FAILS("open", EMFILE) || interrupted() ? -1 : real(path, flags, mode);
}

int dup(int file)
{
    REAL(int, dup, int);
    return FAILS("open", EMFILE) ? -1 : real(file);
}

FILE *fopen(const char *path, const char *how)
{
    REAL(FILE *, fopen, const char *, const char *);
    return FAILS("open", EMFILE) ? NULL : real(path, how);
}

FILE *fopen64(const char *path, const char *how)
{
    REAL(FILE *, fopen64, const char *, const char *);
    return FAILS("open", EMFILE) ? NULL : real(path, how);
}

int mkstemp(char *path)
{
    REAL(int, mkstemp, char *);
    return FAILS("open", EMFILE) ? -1 : real(path);
}

int mkstemp64(char *path)
{
    REAL(int, mkstemp64, char *);
    return FAILS("open", EMFILE) ? -1 : real(path);
}

int mkostemp(char *path, int flags)
{
    REAL(int, mkostemp, char *, int);
    return FAILS("open", EMFILE) ? -1 : real(path, flags);
}

int mkostemp64(char *path, int flags)
{
    REAL(int, mkostemp64, char *, int);
    return FAILS("open", EMFILE) ? -1 : real(path, flags);
}

DIR *opendir(const char *path)
{
    REAL(DIR *, opendir, const char *);
    return FAILS("open", EMFILE) ? NULL : real(path);
}

int scandir(const char *path, struct dirent ***names, int (*filter)(const struct dirent *),
            int (*compare)(const struct dirent **, const struct dirent **))
{
    REAL(int, scandir, const char *, struct dirent ***, int (*)(const struct dirent *),
         int (*)(const struct dirent **, const struct dirent **));
    return FAILS("open", EMFILE) ? -1 : real(path, names, filter, compare);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *context)
{
    REAL(int, pthread_create, pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    return FAILS("thread", EAGAIN) ? EAGAIN : real(thread, attributes, run, context);
}
