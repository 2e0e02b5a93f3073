// Files on their way: what they are called, what becomes of those of processes that were killed, of
// signals; and outputs that are tried before they are written.
#include "testing.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/identity.h"
#include "scratch.h"

static struct output *open_well(const char *path)
{
    struct error error = {""};
    struct output *output = output_open(path, &error);
    if (output == NULL)
        fail_msg("%s", error.text);
    return output;
}

static void write_well(const char *path, const char *text)
{
    struct output *output = open_well(path);
    output_text(output, text);
    assert_true(output_commit(output, NULL));
}

// Goes into an empty folder of its own.
static void enter(const char *folder)
{
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(chdir(folder), 0);
}

static void leave(void)
{
    assert_int_equal(chdir(".."), 0);
}

// The only file that begins with a dot; false if there is none.
static bool hidden_file(char name[256])
{
    bool found = false;
    DIR *folder = opendir(".");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".") != 0 &&
            strcmp(entry->d_name, "..") != 0) {
            assert_false(found);
            snprintf(name, 256, "%s", entry->d_name);
            found = true;
        }
    closedir(folder);
    return found;
}

// Begins to write a file and is then killed, or waits to be: returns when it has begun.
static pid_t writer(const char *path)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct output *output = output_open(path, NULL);
        child_keeps = output;
        if (output != NULL && write(ready[1], &byte, 1) == 1)
            for (;;)
                pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void end(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void names_are_hidden(void **state)
{
    (void)state;
    char name[256], longest[201];
    enter("names");
    struct output *output = open_well("model");
    assert_true(hidden_file(name));
    assert_true(strncmp(name, ".model.rnnlm-", 13) == 0);
    output_discard(output);
    assert_int_equal(scratch_count(), 0);
    memset(longest, 'x', 200); // with all that is added, longer than names may be
    longest[200] = '\0';
    write_well(longest, "whole");
    assert_int_equal(scratch_count(), 1);
    assert_file_holds(longest, "whole");
    leave();
}

static void files_of_the_dead_are_removed(void **state)
{
    (void)state;
    char dead[256], others[300];
    enter("dead");
    end(writer("model"));
    assert_true(hidden_file(dead));
    // of another host, of no process, and of a user
    snprintf(others, sizeof others, ".model.rnnlm-elsewhere%s", strstr(dead, ".rnnlm-") + 7);
    write_file(others, "", 0);
    write_file(".rnnlm-0-0", "", 0);
    write_file("model.rnnlm-notes-1-2", "", 0);
    pid_t alive = writer("other"); // which has removed the dead one's
    assert_true(access(dead, F_OK) != 0);
    write_file(dead, "", 0);
    write_well("model", "whole");
    assert_true(access(dead, F_OK) != 0);
    assert_int_equal(scratch_count(), 5);
    end(alive);
    write_well("model", "whole"); // this process has gone through the folder: the next one does it
    assert_int_equal(scratch_count(), 5);
    leave();
}

// As of a container's process 1, time and again: the number is that of a living one, its own.
static void an_earlier_process_of_this_number(void **state)
{
    (void)state;
    char name[256], earlier[300];
    enter("number");
    struct output *first = open_well("first");
    assert_true(hidden_file(name));
    snprintf(earlier, sizeof earlier, "../number2/%.*s-999999", (int)(strrchr(name, '-') - name),
             name);
    output_discard(first);
    leave();
    enter("number2");
    write_file(earlier, "", 0);
    struct output *open = open_well("open"), *another = open_well("another");
    assert_true(access(earlier, F_OK) != 0);
    assert_int_equal(scratch_count(), 2);
    assert_true(output_commit(open, NULL) && output_commit(another, NULL));
    assert_true(access("open", F_OK) == 0 && access("another", F_OK) == 0);
    leave();
}

static void remove_and_end(int number)
{
    output_remove_unfinished();
    _exit(number);
}

static void a_handler_removes_all(void **state)
{
    (void)state;
    enter("handler");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGTERM, remove_and_end);
        static struct output *output[3];
        for (int i = 0; i < 3; i++)
            output[i] = output_open(i == 0 ? "a" : i == 1 ? "b.gz" : "c", NULL);
        bool ok = output_commit(output[2], NULL);
        child_keeps = output;
        raise(ok ? SIGTERM : SIGKILL);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == SIGTERM);
    assert_int_equal(scratch_count(), 1); // what had been finished
    assert_int_equal(access("c", F_OK), 0);
    leave();
}

// More than the list has room for; a file that a handler has removed cannot be finished.
static void many_at_once(void **state)
{
    (void)state;
    enum { MANY = 100 };
    struct output *output[MANY];
    struct error error = {""};
    char name[32];
    enter("many");
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%d", i);
        output[i] = open_well(name);
    }
    for (int i = 1; i < MANY; i++)
        assert_true(output_commit(output[i], NULL));
    output_remove_unfinished();
    assert_false(output_commit(output[0], &error));
    assert_contains(error.text, "0: cannot write: ");
    assert_int_equal(scratch_count(), MANY - 1);
    leave();
}

// ---- outputs that are tried -------------------------------------------------------------------

static void refused(const char *path, const char *reason)
{
    struct error error = {""};
    assert_false(output_try(path, &error));
    assert_contains(error.text, path);
    assert_contains(error.text, reason);
}

static void outputs_that_are_tried(void **state)
{
    (void)state;
    enter("tried");
    write_file("old", "old", 3);
    assert_int_equal(mkfifo("pipe", 0600), 0); // to be opened it would wait for a reader
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_int_equal(symlink("nowhere/file", "link"), 0);
    assert_true(output_try("-", NULL) && output_try("new", NULL) && output_try("new.gz", NULL));
    assert_true(output_try("old", NULL) && output_try("pipe", NULL));
    assert_true(output_try("/dev/null", NULL));
    assert_int_equal(scratch_count(), 4);
    assert_file_holds("old", "old");
    refused("folder", "Is a directory");
    refused("nowhere/file", "No such file or directory");
    refused("link", "No such file or directory");
    refused("old/file", "Not a directory");
    assert_int_equal(chmod("old", 0400), 0);
    refused("old", "write-protected");
    struct stat status;
    assert_int_equal(chmod("old", 0600), 0);
    assert_true(stat("old", &status) == 0 && identity_note(&status, NULL));
    refused("old", "would replace a file that is read or written here");
    struct error error = {""};
    assert_true(output_try_folder("folder", NULL));
    assert_false(output_try_folder("nowhere", &error));
    assert_contains(error.text, "cannot write into the folder nowhere: No such file");
    assert_false(output_try_folder("old", &error));
    assert_contains(error.text, "cannot write into old: Not a directory");
    assert_int_equal(scratch_count(), 4);
    leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_hidden),
        cmocka_unit_test(files_of_the_dead_are_removed),
        cmocka_unit_test(an_earlier_process_of_this_number),
        cmocka_unit_test(a_handler_removes_all),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(outputs_that_are_tried),
    };
    return cmocka_run_group_tests_name("beside", tests, scratch_enter, scratch_leave);
}
