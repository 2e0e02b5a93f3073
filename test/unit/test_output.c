// Writing files: whole and at once, or not at all.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "scratch.h"

enum { BUFFER = 1 << 18, LENGTH = 3 * BUFFER + 100 }; // the writer's buffer; what is written

// LENGTH letters, which no compression makes small; free() them.
static char *random_letters(void)
{
    struct random random;
    char *letters = memory_new(LENGTH, 1, NULL);
    assert_non_null(letters);
    random_seed(&random, 1);
    for (size_t i = 0; i < LENGTH; i++)
        letters[i] = (char)('a' + random_next(&random) % 26);
    return letters;
}

static struct output *open_output(const char *path)
{
    struct error error = {""};
    struct output *output = output_open(path, &error);
    assert_string_equal(error.text, "");
    assert_non_null(output);
    return output;
}

static void assert_committed(struct output *output)
{
    struct error error = {""};
    bool ok = output_commit(output, &error);
    assert_string_equal(error.text, "");
    assert_true(ok);
}

static void new_file_replaces_the_old_at_once(void **state)
{
    (void)state;
    write_file("model", "old", 3);
    int files = scratch_count();
    struct output *output = open_output("model");
    output_text(output, "new ");
    output_format(output, "%d %s", 7, "x");
    output_flush(output);
    assert_file_holds("model", "old");
    assert_committed(output);
    assert_file_holds("model", "new 7 x");
    assert_int_equal(scratch_count(), files);
    output = open_output("another");
    assert_true(access("another", F_OK) != 0);
    assert_committed(output);
    assert_file_holds("another", "");
    assert_int_equal(scratch_count(), files + 1);
    assert_int_equal(unlink("another"), 0);
}

static void discarded_file_leaves_the_old(void **state)
{
    (void)state;
    write_file("model", "old", 3);
    int files = scratch_count();
    const char *const names[] = {"model", "absent", "absent.gz"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct output *output = open_output(names[i]);
        output_text(output, "new");
        output_flush(output);
        output_discard(output);
        assert_int_equal(scratch_count(), files);
    }
    assert_file_holds("model", "old");
    output_discard(NULL);
}

// All sizes of pieces, across the output's buffer, plain and compressed.
static void what_is_written_is_read(void **state)
{
    (void)state;
    const char *const names[] = {"pieces", "pieces.gz"};
    const size_t pieces[] = {1, 999, 70000, BUFFER - 1, BUFFER, BUFFER + 1, 2 * BUFFER + 7};
    char *letters = random_letters();
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            struct output *output = open_output(names[i]);
            for (size_t at = 0, part; at < LENGTH; at += part) {
                part = pieces[j] < LENGTH - at ? pieces[j] : LENGTH - at;
                output_write(output, letters + at, part);
            }
            assert_committed(output);
            size_t size, stored;
            char *found = read_whole(names[i], i == 1, &size);
            assert_int_equal(size, LENGTH);
            assert_memory_equal(found, letters, size);
            free(found);
            found = read_whole(names[i], false, &stored);
            assert_true(i == 0 || (stored < size && memcmp(found, "\x1f\x8b", 2) == 0));
            free(found);
        }
    }
    free(letters);
}

static void long_formats_are_written_whole(void **state)
{
    (void)state;
    struct output *output = open_output("format");
    for (int width = 505; width < 2000; width += 3)
        output_format(output, "%*d", width, width % 10);
    assert_committed(output);
    size_t size, at = 0;
    char *found = read_whole("format", false, &size);
    for (int width = 505; width < 2000; width += 3)
        assert_int_equal(found[(at += (size_t)width) - 1], '0' + width % 10);
    assert_int_equal(at, size);
    free(found);
}

// Files may not grow beyond 1000 bytes: the disk is as good as full.
static void full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    const char *const names[] = {"model", "model.gz", "absent", "absent.gz"};
    const size_t sizes[] = {1001, 10000, 3 * BUFFER};
    char *letters = random_letters();
    write_file("model", "old", 3);
    write_file("model.gz", "old", 3);
    int files = scratch_count();
    struct rlimit before, limit;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1000;
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = i % 2; j < sizeof sizes / sizeof *sizes; j++) { // 1001 bytes are compressed
            struct error error = {""};
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
            struct output *output = output_open(names[i], &error);
            for (size_t at = 0; output != NULL && at < sizes[j]; at += sizes[j] / 3 + 1)
                output_write(output, letters + at, sizes[j] / 3 + 1);
            bool ok = output != NULL && output_commit(output, &error);
            assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
            assert_false(ok);
            assert_non_null(strstr(error.text, names[i]));
            assert_non_null(strstr(error.text, strerror(EFBIG)));
            assert_int_equal(scratch_count(), files);
        }
    }
    signal(SIGXFSZ, handler);
    assert_file_holds("model", "old");
    assert_file_holds("model.gz", "old");
    free(letters);
}

static void full_device_is_reported(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    for (int standard = 0; standard < 2; standard++) {
        struct error error = {""};
        struct output *output;
        int saved = standard ? redirect(STDOUT_FILENO, "/dev/full", O_WRONLY) : -1;
        output = output_open(standard ? "-" : "/dev/full", &error);
        if (saved >= 0)
            restore(STDOUT_FILENO, saved);
        assert_non_null(output);
        output_text(output, "x");
        assert_false(output_commit(output, &error));
        assert_non_null(strstr(error.text, strerror(ENOSPC)));
        assert_non_null(strstr(error.text, standard ? "standard output" : "/dev/full"));
    }
}

static void files_that_cannot_be_written(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0777), 0);
    int files = scratch_count();
    const char *const paths[] = {"folder", "missing/model", "missing/model.gz", ""};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct error error = {""};
        struct output *output = output_open(paths[i], &error);
        if (output != NULL)
            output_discard(output);
        assert_null(output);
        assert_non_null(strstr(error.text, "cannot write"));
        assert_non_null(strstr(error.text, paths[i]));
    }
    // a name that becomes a directory before the end
    struct error error = {""};
    struct output *output = open_output("late");
    assert_int_equal(mkdir("late", 0777), 0);
    assert_false(output_commit(output, &error));
    assert_non_null(strstr(error.text, "late"));
    assert_int_equal(rmdir("late"), 0);
    assert_int_equal(scratch_count(), files);
    assert_int_equal(rmdir("folder"), 0);
}

static void symbolic_link_stays(void **state)
{
    (void)state;
    struct stat status;
    assert_int_equal(mkdir("store", 0777), 0);
    write_file("store/real", "old", 3);
    assert_int_equal(symlink("store/second", "link"), 0);
    assert_int_equal(symlink("real", "store/second"), 0);
    for (int there = 1; there >= 0; there--) {
        struct output *output = open_output("link");
        output_text(output, "new");
        assert_committed(output);
        assert_int_equal(lstat("link", &status), 0);
        assert_true(S_ISLNK(status.st_mode));
        assert_file_holds("store/real", "new");
        assert_int_equal(unlink("store/real"), 0); // now the link leads to nothing
    }
    assert_int_equal(unlink("link") | unlink("store/second") | rmdir("store"), 0);
    struct error error = {""};
    assert_int_equal(symlink("loop", "loop"), 0);
    assert_null(output_open("loop", &error));
    assert_non_null(strstr(error.text, strerror(ELOOP)));
    assert_int_equal(unlink("loop"), 0);
}

static void write_protected_file_stays(void **state)
{
    (void)state;
    struct error error = {""};
    write_file("model", "old", 3);
    assert_int_equal(chmod("model", 0444), 0);
    int files = scratch_count();
    assert_null(output_open("model", &error));
    assert_non_null(strstr(error.text, "cannot write model: the file is write-protected"));
    assert_int_equal(scratch_count(), files);
    assert_file_holds("model", "old");
    assert_int_equal(unlink("model"), 0);
}

static void write_result(const char *path, const char *text)
{
    struct error error = {""};
    struct output *output = output_create(path, &error);
    assert_string_equal(error.text, "");
    output_text(output, text);
    assert_committed(output);
}

static void assert_refused(const char *path)
{
    struct error error = {""};
    assert_null(output_create(path, &error));
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "would replace a file that is read or written here"));
}

static void read_file(const char *path)
{
    struct input *input = input_open(path, NULL);
    assert_non_null(input);
    input_close(input);
}

// Whatever they are called.
static void results_replace_neither_inputs_nor_each_other(void **state)
{
    (void)state;
    const char *const names[] = {"text", "./text", "link", "hard"};
    struct error error = {""};
    write_file("text", "text", 4);
    assert_int_equal(symlink("text", "link") | link("text", "hard"), 0);
    write_result("text", "first"); // nobody has read it
    for (size_t i = 0; i < 3; i++)
        assert_refused(names[i]);
    read_file("hard");
    assert_refused("hard");
    assert_committed(open_output("text")); // not a result: what a training writes again and again
    write_result("text", "anew");
    // read only after the output was opened
    write_file("late", "late", 4);
    struct output *output = output_create("late", NULL);
    read_file("late");
    output_text(output, "result");
    assert_false(output_commit(output, &error));
    assert_non_null(strstr(error.text, "would replace"));
    assert_file_holds("late", "late");
    // many of them, so that the table grows
    char name[16];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many%d", i);
        write_result(name, name);
    }
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "many%d", i);
        assert_refused(name);
        assert_int_equal(unlink(name), 0);
    }
    for (size_t i = 0; i < 4; i++)
        unlink(names[i]);
    assert_int_equal(unlink("late"), 0);
}

// A file that has come to the inode of one that was read is another one.
static void later_files_are_others(void **state)
{
    (void)state;
    const struct timespec times[2] = {{1000, 0}, {1000, 0}};
    write_file("old", "old", 3);
    assert_int_equal(utimensat(AT_FDCWD, "old", times, 0), 0);
    read_file("old");
    assert_refused("old");
    write_file("old", "new", 3);
    write_result("old", "result");
    assert_int_equal(unlink("old"), 0);
}

// Standard output goes to a file: by a name of its own it is written to, not replaced, and it is not
// read.
static void standard_output_is_a_file(void **state)
{
    (void)state;
    struct error error = {""};
    int saved = redirect(STDOUT_FILENO, "standard", O_RDWR | O_CREAT);
    struct output *first = open_output("-"), *second = open_output("standard");
    struct input *input = input_open("standard", &error);
    output_text(first, "one ");
    assert_committed(first);
    output_text(second, "two");
    assert_committed(second);
    restore(STDOUT_FILENO, saved);
    assert_null(input);
    assert_non_null(strstr(error.text, "standard output goes to it"));
    assert_file_holds("standard", "one two");
    assert_int_equal(unlink("standard"), 0);
}

static void mode_stays(void **state)
{
    (void)state;
    const mode_t modes[] = {0640, 0600, 0664, 0755};
    struct stat status;
    mode_t mask = umask(022);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        unlink("model");
        write_file("model", "old", 3);
        assert_int_equal(chmod("model", modes[i]), 0);
        assert_committed(open_output("model"));
        assert_int_equal(stat("model", &status), 0);
        assert_int_equal(status.st_mode & 07777, modes[i]);
    }
    assert_int_equal(unlink("model"), 0);
    assert_committed(open_output("model"));
    assert_int_equal(stat("model", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    umask(mask);
}

// Named and standard; what is flushed is there before the end.
static void pipes_are_written_directly(void **state)
{
    (void)state;
    struct stat status;
    char found[16] = "";
    assert_int_equal(mkfifo("fifo", 0666), 0);
    int files = scratch_count(), reader = open("fifo", O_RDWR);
    for (int standard = 0; standard < 2; standard++) {
        int saved = standard ? redirect(STDOUT_FILENO, "fifo", O_WRONLY) : -1;
        struct output *output = open_output(standard ? "-" : "fifo");
        if (saved >= 0)
            restore(STDOUT_FILENO, saved);
        output_text(output, "first");
        output_flush(output);
        assert_int_equal(read(reader, found, sizeof found), 5);
        assert_memory_equal(found, "first", 5);
        output_text(output, "last");
        assert_committed(output);
        assert_int_equal(read(reader, found, sizeof found), 4);
        assert_memory_equal(found, "last", 4);
    }
    close(reader);
    assert_int_equal(lstat("fifo", &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    assert_int_equal(scratch_count(), files);
    assert_int_equal(unlink("fifo"), 0);
}

// A reader that is slow, while signals come all the time.
static void interrupted_writing_goes_on(void **state)
{
    (void)state;
    char *letters = random_letters();
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (reader == 0) {
        char found[4096];
        size_t at = 0;
        child_keeps = letters;
        close(ends[1]);
        for (ssize_t got; (got = read(ends[0], found, sizeof found)) > 0; at += (size_t)got) {
            if (at == 0)
                usleep(20000);
            if (memcmp(found, letters + at, (size_t)got) != 0)
                _exit(1);
        }
        _exit(at != LENGTH);
    }
    int saved = dup(STDOUT_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    struct output *output = open_output("-");
    restore(STDOUT_FILENO, saved);
    signals_begin();
    output_write(output, letters, LENGTH);
    assert_committed(output);
    assert_true(signals_end() > 0);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
    free(letters);
}

static void every_allocation_of_writing_fails_once(void **state)
{
    (void)state;
    const char *const names[] = {"allocated", "allocated.gz"};
    for (size_t i = 0; i < 2; i++) {
        write_file(names[i], "old", 3);
        int files = scratch_count(), allowed = 0;
        for (bool done = false; !done; allowed++) {
            struct error error = {""};
            assert_file_holds(names[i], "old");
            memory_fail_after(allowed);
            struct output *output = output_open(names[i], &error);
            if (output != NULL) {
                output_format(output, "%1000d", 1);
                done = output_commit(output, &error);
            }
            memory_fail_after(-1);
            assert_int_equal(done, strstr(error.text, "not enough memory") == NULL);
            assert_int_equal(scratch_count(), files);
        }
        assert_true(allowed > 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_file_replaces_the_old_at_once),
        cmocka_unit_test(discarded_file_leaves_the_old),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(long_formats_are_written_whole),
        cmocka_unit_test(full_disk_leaves_the_old_file),
        cmocka_unit_test(full_device_is_reported),
        cmocka_unit_test(files_that_cannot_be_written),
        cmocka_unit_test(symbolic_link_stays),
        cmocka_unit_test(write_protected_file_stays),
        cmocka_unit_test(results_replace_neither_inputs_nor_each_other),
        cmocka_unit_test(later_files_are_others),
        cmocka_unit_test(standard_output_is_a_file),
        cmocka_unit_test(mode_stays),
        cmocka_unit_test(pipes_are_written_directly),
        cmocka_unit_test(interrupted_writing_goes_on),
        cmocka_unit_test(every_allocation_of_writing_fails_once),
    };
    return cmocka_run_group_tests_name("output", tests, scratch_enter, scratch_leave);
}
