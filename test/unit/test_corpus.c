// Several texts with weights as one, the lists that name them, and the ids that are kept of them.
#include "testing.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/sections.h"
#include "scratch.h"
#include "text/corpus.h"
#include "text/id_cache.h"
#include "text/text_list.h"

static void put_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

// ---- several texts ----------------------------------------------------------------------------

static void assert_next(struct corpus *corpus, const struct vocabulary *vocabulary,
                        const char *word, uint64_t line, const char *name)
{
    int32_t id;
    assert_true(corpus_next(corpus, &id));
    assert_string_equal(id >= 0 ? vocabulary_word(vocabulary, id) : "?", word);
    assert_int_equal(corpus_line_number(corpus), line);
    assert_string_equal(corpus_name(corpus), name);
}

// Counts are sums of weight x count, rounded: a comes 2 x 1.5 + 1 x 0.25 times, e 0.25, and thus once.
static void counts_are_weighted(void **state)
{
    (void)state;
    struct vocabulary vocabulary;
    struct error error = {""};
    uint64_t tokens;
    int32_t id;
    put_text("one", "a b a\nc\n");
    put_text("two", "a d\ne d d d d");
    struct corpus *corpus = corpus_open("one", &error);
    corpus_set_weight(corpus, 1.5);
    assert_true(corpus_add(corpus, "two", 0.25, &error));
    assert_true(vocabulary_init(&vocabulary, &error));
    assert_true(corpus_learn_vocabulary(corpus, &vocabulary, NULL, &tokens, &error));
    assert_int_equal(tokens, 11); // 6 x 1.5 + 9 x 0.25 = 11.25
    const struct {
        const char *word;
        uint64_t count;
    } wanted[] = {{"</s>", 4}, {"a", 3}, {"b", 2}, {"c", 2}, {"d", 1}, {"e", 1}};
    assert_int_equal(vocabulary.size, 6);
    for (size_t i = 0; i < 6; i++) {
        id = vocabulary_find(&vocabulary, wanted[i].word, strlen(wanted[i].word));
        assert_true(id >= 0);
        assert_int_equal(vocabulary.count[id], wanted[i].count);
    }
    for (int pass = 0; pass < 2; pass++) {
        assert_true(corpus_start(corpus, &vocabulary, &error));
        assert_next(corpus, &vocabulary, "a", 1, "one");
        assert_next(corpus, &vocabulary, "b", 1, "one");
        assert_next(corpus, &vocabulary, "a", 1, "one");
        assert_next(corpus, &vocabulary, "</s>", 1, "one");
        assert_next(corpus, &vocabulary, "c", 2, "one");
        assert_next(corpus, &vocabulary, "</s>", 2, "one");
        assert_next(corpus, &vocabulary, "a", 1, "two");
        assert_next(corpus, &vocabulary, "d", 1, "two");
        assert_next(corpus, &vocabulary, "</s>", 1, "two");
        assert_next(corpus, &vocabulary, "e", 2, "two");
        for (int i = 0; i < 4; i++)
            assert_next(corpus, &vocabulary, "d", 2, "two");
        assert_next(corpus, &vocabulary, "</s>", 2, "two");
        assert_false(corpus_next(corpus, &id));
    }
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
}

// With weights of 1 they are what one file of both would be.
static void texts_are_one_text(void **state)
{
    (void)state;
    struct vocabulary vocabulary[2];
    struct error error = {""};
    uint64_t tokens[2];
    int32_t id[2];
    put_text("one", "x c b\nb b a\n");
    put_text("two", "c c y a a\n");
    put_text("both", "x c b\nb b a\nc c y a a\n");
    struct corpus *corpus[] = {corpus_open("one", &error), corpus_open("both", &error)};
    assert_true(corpus_add(corpus[0], "two", 1, &error));
    for (int i = 0; i < 2; i++) {
        assert_true(vocabulary_init(&vocabulary[i], &error));
        assert_true(corpus_learn_vocabulary(corpus[i], &vocabulary[i], NULL, &tokens[i], &error));
        assert_true(corpus_start(corpus[i], &vocabulary[i], &error));
    }
    assert_int_equal(tokens[0], tokens[1]);
    assert_int_equal(vocabulary[0].size, vocabulary[1].size);
    for (int32_t w = 0; (size_t)w < vocabulary[0].size; w++) {
        assert_string_equal(vocabulary_word(&vocabulary[0], w), vocabulary_word(&vocabulary[1], w));
        assert_int_equal(vocabulary[0].count[w], vocabulary[1].count[w]);
    }
    while (corpus_next(corpus[0], &id[0])) {
        assert_true(corpus_next(corpus[1], &id[1]));
        assert_int_equal(id[0], id[1]);
    }
    assert_false(corpus_next(corpus[1], &id[1]));
    for (int i = 0; i < 2; i++) {
        corpus_close(corpus[i]);
        vocabulary_free(&vocabulary[i]);
    }
}

static uint64_t checksum_with(const char *path, double weight)
{
    struct vocabulary vocabulary;
    struct error error = {""};
    struct corpus *corpus = corpus_open("one", &error);
    assert_true(vocabulary_init(&vocabulary, &error));
    assert_true(corpus_add(corpus, path, weight, &error));
    assert_true(corpus_start(corpus, &vocabulary, &error));
    uint64_t checksum = corpus_checksum(corpus);
    corpus_close(corpus);
    vocabulary_free(&vocabulary);
    return checksum;
}

static void checksums_tell_texts_apart(void **state)
{
    (void)state;
    put_text("one", "a b\n");
    put_text("two", "c d\n");
    put_text("again", "c  d\n");
    put_text("other", "c e\n");
    put_text("order", "c d\nc\n");
    assert_true(checksum_with("two", 1) == checksum_with("again", 1));
    assert_true(checksum_with("two", 1) != checksum_with("two", 2));
    assert_true(checksum_with("two", 1) != checksum_with("other", 1));
    assert_true(checksum_with("two", 1) != checksum_with("order", 1));
}

// ---- long texts -------------------------------------------------------------------------------

enum { LONG = ID_TEXT_SHORT + 5000 };

static int long_word(int i)
{
    return (int)((unsigned)i * 2654435761u >> 20) % 500;
}

// Every seventh token is a line's end.
static void write_long_text(const char *path, int tokens)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < tokens; i++)
        fprintf(file, i % 7 == 6 ? "\n" : "%d ", long_word(i));
    assert_int_equal(fclose(file), 0);
}

static bool read_ids(struct id_text *text, const char *path, const char *folder,
                     struct error *error)
{
    struct reader *reader = reader_open(path, error);
    assert_non_null(reader);
    bool ok = id_text_read(text, reader, folder, error);
    reader_close(reader);
    return ok;
}

static void assert_long_text(const struct id_text *text, int tokens)
{
    assert_int_equal(text->tokens, tokens + (tokens % 7 != 0));
    for (int i = 0; i < tokens; i++) {
        const char *word = vocabulary_word(&text->words, text->id[i]);
        assert_true(i % 7 == 6 ? strcmp(word, "</s>") == 0 : atoi(word) == long_word(i));
    }
    assert_int_equal(text->id[text->tokens - 1], WORD_END);
}

// Around the length from which on they are in a file.
static void long_texts_are_in_files(void **state)
{
    (void)state;
    const int tokens[] = {ID_TEXT_SHORT - 1, ID_TEXT_SHORT, ID_TEXT_SHORT + 1, LONG,
                          2 * ID_TEXT_SHORT};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct id_text text;
        struct error error = {""};
        write_long_text("long", tokens[i]);
        assert_true(read_ids(&text, "long", ".", &error));
        assert_long_text(&text, tokens[i]);
        assert_int_equal(text.memory == NULL, text.tokens > ID_TEXT_SHORT);
        assert_true(text.checksum == checksum_of(text.id, text.tokens * sizeof *text.id));
        id_text_let_go(&text);
        assert_long_text(&text, tokens[i]);
        id_text_free(&text);
    }
}

static void no_room_for_long_texts(void **state)
{
    (void)state;
    struct id_text text;
    struct error error = {""};
    struct rlimit before, limit;
    write_long_text("long", LONG);
    assert_false(read_ids(&text, "long", "nowhere/at/all", &error));
    id_text_free(&text);
    assert_contains(error.text, "long: cannot make a temporary file in nowhere/at/all");
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    for (rlim_t part = 0; part < 4; part++) {
        limit.rlim_cur = part * LONG * sizeof(int32_t) / 4;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        bool ok = read_ids(&text, "long", ".", &error);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_false(ok);
        assert_contains(error.text, "long: cannot write its ids to a temporary file in .: ");
        id_text_free(&text);
    }
    signal(SIGXFSZ, handler);
}

// ---- kept ids ---------------------------------------------------------------------------------

// A time at which nothing can have been written since.
static void set_time(const char *path, time_t seconds)
{
    const struct timespec times[2] = {{seconds, 5}, {seconds, 5}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static const char kept_text[] = "the cat\nthe dog the\n\n";

// The file of a text that is the only one in "kept".
static const char *kept_file(void)
{
    static char path[512];
    path[0] = '\0';
    DIR *folder = opendir("kept");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.') {
            assert_string_equal(path, "");
            snprintf(path, sizeof path, "kept/%.400s", entry->d_name);
        }
    closedir(folder);
    return path;
}

static void assert_text(const struct id_text *text, const int32_t *id, size_t tokens,
                        const char *words)
{
    assert_int_equal(text->tokens, tokens);
    for (size_t i = 0; i < tokens; i++)
        assert_int_equal(text->id[i], id[i]);
    for (size_t i = 0; i < text->words.size; i++, words += strlen(words) + 1) {
        uint64_t count = 0;
        for (size_t t = 0; t < tokens; t++)
            count += (size_t)id[t] == i;
        assert_string_equal(vocabulary_word(&text->words, (int32_t)i), words);
        assert_int_equal(text->words.count[i], count);
    }
}

static const int32_t kept_ids[] = {1, 2, 0, 1, 3, 1, 0, 0};
static const char kept_words[] = "</s>\0the\0cat\0dog";

enum { KEPT = sizeof kept_ids / sizeof *kept_ids };

// Reads "text" with the folder "kept"; the remark has this part, or there is none.
static void keep(const char *remark_part)
{
    struct id_text text;
    struct error error = {""}, remark;
    if (!id_cache_read(&text, "text", "kept", &remark, &error))
        fail_msg("%s", error.text);
    if (remark_part == NULL)
        assert_string_equal(remark.text, "");
    else
        assert_contains(remark.text, remark_part);
    assert_text(&text, kept_ids, KEPT, kept_words);
    assert_int_equal(text.checksum, checksum_of(kept_ids, sizeof kept_ids));
    id_text_free(&text);
}

static void start_keeping(void)
{
    char path[512];
    if (access("kept", F_OK) == 0)
        unlink(strcpy(path, kept_file()));
    put_text("text", kept_text);
    set_time("text", 1000);
    keep(NULL);
    assert_string_equal(strncmp(kept_file(), "kept/text-", 10) == 0 ? "" : kept_file(), "");
}

static void ids_are_kept(void **state)
{
    (void)state;
    struct stat made, found;
    start_keeping();
    assert_int_equal(stat(kept_file(), &made), 0);
    keep(NULL);
    // Another text of the same size and time: it is not read.
    put_text("text", "the dog\nthe cat the\n\n");
    set_time("text", 1000);
    keep(NULL);
    // The same text at another time.
    put_text("text", kept_text);
    set_time("text", 2000);
    keep(NULL);
    assert_int_equal(stat(kept_file(), &found), 0);
    assert_true(found.st_ino == made.st_ino && found.st_mtim.tv_nsec == made.st_mtim.tv_nsec);
}

static void changed_texts_are_read_anew(void **state)
{
    (void)state;
    const int32_t dogs[] = {1, 2, 0, 1, 3, 1, 0, 0}, longer[] = {1, 2, 0, 1, 3, 1, 0, 0, 3, 0};
    struct id_text text;
    struct error error = {""}, remark;
    start_keeping();
    put_text("text", "the dog\nthe cat the\n\n");
    set_time("text", 3000);
    assert_true(id_cache_read(&text, "text", "kept", &remark, &error));
    assert_contains(remark.text, "made anew: text has changed");
    assert_contains(remark.text, kept_file());
    assert_text(&text, dogs, KEPT, "</s>\0the\0dog\0cat");
    id_text_free(&text);
    put_text("text", "the dog\nthe cat the\n\ncat\n");
    set_time("text", 3000);
    assert_true(id_cache_read(&text, "text", "kept", &remark, &error));
    assert_contains(remark.text, "made anew: text has changed");
    assert_text(&text, longer, KEPT + 2, "</s>\0the\0dog\0cat");
    id_text_free(&text);
}

// A text that has just been written can be written again within the same tick of its clock.
static void new_texts_are_known_by_checksum(void **state)
{
    (void)state;
    struct stat status;
    char path[512];
    start_keeping();
    unlink(strcpy(path, kept_file()));
    put_text("text", kept_text);
    assert_int_equal(stat("text", &status), 0);
    keep(NULL);
    keep(NULL);
    put_text("text", "the dog\nthe cat the\n\n");
    const struct timespec times[2] = {status.st_mtim, status.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, "text", times, 0), 0);
    struct id_text text;
    struct error error = {""}, remark;
    assert_true(id_cache_read(&text, "text", "kept", &remark, &error));
    assert_contains(remark.text, "made anew: text has changed");
    id_text_free(&text);
}

// Whatever byte is damaged: found, or without meaning.
static void damage_is_found(void **state)
{
    (void)state;
    size_t size;
    start_keeping();
    char *data = read_whole(kept_file(), false, &size);
    int found = 0;
    for (size_t i = 0; i < size; i += i % 4096 < 300 ? 1 : 97) {
        struct id_text text;
        struct error error = {""};
        data[i] ^= 16;
        write_file("damaged", data, size);
        data[i] ^= 16;
        if (id_cache_load(&text, "damaged", "text", &error)) {
            assert_text(&text, kept_ids, KEPT, kept_words);
        } else {
            found++;
            assert_true(error.text[0] != '\0' && strchr(error.text, '\n') == NULL);
        }
        id_text_free(&text);
    }
    assert_true(found > 250);
    for (size_t i = 0; i < size; i += 211) {
        struct id_text text;
        struct error error = {""};
        write_file("damaged", data, i);
        assert_false(id_cache_load(&text, "damaged", "text", &error));
        assert_true(error.text[0] != '\0');
        id_text_free(&text);
    }
    write_file(kept_file(), data, size - 1);
    keep("made anew: found ");
    keep(NULL);
    free(data);
}

// ids[] of tokens and words[] of bytes with right checksums.
static void forge_of(const uint64_t stamp[4], const int32_t *ids, size_t tokens, const char *words,
                     size_t bytes, const char *message)
{
    struct error error = {""};
    struct id_text text;
    const struct section_plan plan[] = {section_plan_array("text", SECTION_UINT64, 4, stamp),
                                        section_plan_array("words", SECTION_BYTE, bytes, words),
                                        section_plan_array("ids", SECTION_INT32, tokens, ids)};
    struct output *output = output_open("forged", &error);
    assert_true(sections_write(output, "text ids", plan, 3, &error));
    assert_true(output_commit(output, &error));
    bool ok = id_cache_load(&text, "forged", "text", &error);
    if (message == NULL) {
        assert_true(ok);
        assert_text(&text, ids, tokens, words);
    } else {
        assert_false(ok);
        assert_contains(error.text, message);
    }
    id_text_free(&text);
}

static void forge(const int32_t *ids, size_t tokens, const char *words, size_t bytes,
                  const char *message)
{
    const uint64_t stamp[] = {sizeof kept_text - 1, 1000, 5, 0};
    forge_of(stamp, ids, tokens, words, bytes, message);
}

// Size, seconds and nanoseconds, checksum: the size must be right, and either the time or the checksum.
static void texts_are_known_again(void **state)
{
    (void)state;
    const int32_t ids[] = {1, 0};
    enum { SIZE = sizeof kept_text - 1 };
    const uint64_t right = checksum_of(kept_text, SIZE);
    const struct {
        uint64_t stamp[4];
        bool known;
    } cases[] = {{{SIZE, 1000, 5, right}, true},      {{SIZE, 1000, 5, 1}, true},
                 {{SIZE, 1000, 6, right}, true},      {{SIZE, 999, 5, right}, true},
                 {{SIZE, 0, 0, right}, true},         {{SIZE, 1000, 6, right + 1}, false},
                 {{SIZE, 1001, 5, 0}, false},         {{SIZE - 1, 1000, 5, right}, false},
                 {{SIZE + 1, 1001, 5, right}, false}, {{0, 0, 0, 0}, false}};
    start_keeping();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        forge_of(cases[i].stamp, ids, 2, "</s>\0a", 7, cases[i].known ? NULL : "text has changed");
}

static void long_texts_are_kept(void **state)
{
    (void)state;
    enum { TOKENS = 5 * LONG, TIMES = 3 }; // of more than a piece, on disk and as ids
    struct error error = {""}, remark;
    struct stat made, found;
    char path[512];
    start_keeping();
    unlink(strcpy(path, kept_file()));
    write_long_text("text", TOKENS);
    for (int i = 0; i < TIMES; i++) {
        struct id_text text;
        set_time("text", 1000 + i / 2); // read, taken, taken by the checksum
        assert_true(id_cache_read(&text, "text", "kept", &remark, &error));
        assert_string_equal(remark.text, "");
        assert_long_text(&text, TOKENS);
        assert_true(text.checksum == checksum_of(text.id, text.tokens * sizeof *text.id));
        id_text_free(&text);
        assert_int_equal(stat(kept_file(), i == 0 ? &made : &found), 0);
    }
    assert_true(made.st_ino == found.st_ino && made.st_size > 1 << 20);
}

static void forged_ids_are_refused(void **state)
{
    (void)state;
    const int32_t good[] = {1, 0}, high[] = {1, 2, 0}, low[] = {-1, 1, 0}, within[] = {0, 1},
                  seldom[] = {0};
    start_keeping();
    forge(good, 2, "</s>\0a", 7, NULL);
    forge(good, 2, "</s>\0a", 6, "end in a word");
    forge(good, 2, "<s>\0\0a", 7, "begin without </s>");
    forge(good, 2, "", 1, "begin without </s>");
    forge(good, 2, "</s>\0a\0a", 9, "found \"a\" twice");
    forge(good, 2, "</s>\0a b", 9, "word 1: found \"a b\"");
    forge(good, 2, "</s>\0a\n", 8, "word 1");
    forge(good, 2, "</s>\0", 6, "word 1: found \"\"");
    forge(high, 3, "</s>\0a", 7, "token 1: found id 2 of 2 words");
    forge(low, 3, "</s>\0a", 7, "token 0: found id -1 of 2 words");
    forge(within, 2, "</s>\0a", 7, "ends within a line");
    forge(seldom, 1, "</s>\0a", 7, "word 1, \"a\", never comes");
    forge(good, 0, "</s>\0a", 7, "ids: ");
}

static void what_cannot_be_kept(void **state)
{
    (void)state;
    struct id_text text;
    struct error error = {""}, remark;
    start_keeping();
    put_text("no-folder", "");
    assert_false(id_cache_read(&text, "text", "no-folder", &remark, &error));
    id_text_free(&text);
    assert_contains(error.text, "no-folder");
    assert_false(id_cache_read(&text, "missing", "kept", &remark, &error));
    id_text_free(&text);
    assert_contains(error.text, "cannot open missing");
    put_text("empty", "");
    assert_false(id_cache_read(&text, "empty", "kept", &remark, &error));
    id_text_free(&text);
    assert_contains(error.text, "empty: the text is empty");
    assert_true(id_cache_keeps("text"));
    assert_false(id_cache_keeps("-") || id_cache_keeps("/dev/null") || id_cache_keeps("missing"));
    char path[512];
    unlink(strcpy(path, kept_file()));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(id_cache_read(&text, "text", "kept", &remark, &error));
    id_text_free(&text);
    assert_contains(error.text, "no regular file");
    assert_int_equal(unlink(path), 0);
}

static void memory_for_kept_ids(void **state)
{
    (void)state;
    char path[512];
    struct id_text text;
    for (int there = 0; there < 2; there++) {
        start_keeping();
        int64_t allowed = 0;
        for (bool ok = false; !ok; allowed++) {
            struct error error = {""}, remark;
            if (!there && *kept_file() != '\0')
                unlink(strcpy(path, kept_file()));
            memory_fail_after(allowed);
            ok = id_cache_read(&text, "text", "kept", &remark, &error);
            memory_fail_after(-1);
            if (!ok)
                assert_contains(error.text, "not enough memory");
            id_text_free(&text);
        }
        assert_true(allowed > (there ? 5 : 15));
    }
}

// ---- lists ------------------------------------------------------------------------------------

static void assert_list(const char *name, const char *wanted)
{
    struct text_list list = {NULL};
    struct error error = {""};
    char found[ERROR_SIZE] = "";
    if (!text_list_add(&list, name, &error))
        snprintf(found, sizeof found, "%s", error.text);
    for (size_t i = 0; i < list.count; i++)
        sprintf(found + strlen(found), "%s%s %g", i > 0 ? ", " : "", list.text[i].path,
                list.text[i].weight);
    assert_contains(found, wanted);
    text_list_free(&list);
}

static void names_of_texts(void **state)
{
    (void)state;
    assert_int_equal(mkdir("news", 0777), 0);
    const char *files[] = {"news/b", "news/a", "news/c:2", "news/c", "news/x[1]", "news/x*:3"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put_text(files[i], "a\n");
    assert_list("news/a", "news/a 1");
    assert_list("news/a:0.25", "news/a 0.25");
    assert_list("news/c", "news/c 1");
    assert_list("news/c:2", "news/c:2 1");
    assert_list("news/c:2:3", "news/c:2 3");
    assert_list("news/[a-c]", "news/a 1, news/b 1, news/c 1");
    assert_list("news/[a-c]:2e1", "news/a 20, news/b 20, news/c 20");
    assert_list("news/x[1]", "news/x[1] 1");
    assert_list("news/x[1]:4", "news/x[1] 4");
    assert_list("news/x*:3", "news/x*:3 1");
    assert_list("-", "- 1");
    assert_list("-:2", "- 2");
    assert_list("missing", "missing 1"); // opening it fails
    assert_list("missing:x", "missing:x 1");
    assert_list("missing:3", "missing 3");
    assert_list("news/z*", "news/z*: found no file that fits");
    assert_list("news/z*:2", "news/z*: found no file that fits");
    const char *wrong[] = {"0", "-1", "nan", "inf", "1e7", "", "x", "1x", "0x10"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char name[32], wanted[64];
        snprintf(name, sizeof name, "news/a:%s", wrong[i]);
        snprintf(wanted, sizeof wanted, "%s: found weight \"%s\", wanted", name, wrong[i]);
        assert_list(name, wanted);
    }
}

static void standard_input_once(void **state)
{
    (void)state;
    struct text_list list = {NULL};
    struct error error = {""};
    assert_true(text_list_add(&list, "-", &error));
    assert_true(text_list_add(&list, "one", &error) && text_list_add(&list, "one", &error));
    assert_false(text_list_add(&list, "-:3", &error));
    assert_contains(error.text, "standard input (-) twice");
    text_list_free(&list);
}

static void memory_for_lists(void **state)
{
    (void)state;
    struct error error = {""};
    bool ok = false;
    for (int64_t allowed = 0; !ok; allowed++) {
        struct text_list list = {NULL};
        memory_fail_after(allowed);
        ok = text_list_add(&list, "news/[a-c]:2", &error);
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
        assert_true(!ok || allowed >= 4);
        text_list_free(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_weighted),
        cmocka_unit_test(texts_are_one_text),
        cmocka_unit_test(checksums_tell_texts_apart),
        cmocka_unit_test(long_texts_are_in_files),
        cmocka_unit_test(no_room_for_long_texts),
        cmocka_unit_test(ids_are_kept),
        cmocka_unit_test(changed_texts_are_read_anew),
        cmocka_unit_test(new_texts_are_known_by_checksum),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(texts_are_known_again),
        cmocka_unit_test(long_texts_are_kept),
        cmocka_unit_test(forged_ids_are_refused),
        cmocka_unit_test(what_cannot_be_kept),
        cmocka_unit_test(memory_for_kept_ids),
        cmocka_unit_test(names_of_texts),
        cmocka_unit_test(standard_input_once),
        cmocka_unit_test(memory_for_lists),
    };
    return cmocka_run_group_tests_name("corpus", tests, scratch_enter, scratch_leave);
}
