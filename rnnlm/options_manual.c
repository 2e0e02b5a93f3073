// The manual page of a program, in man(7) macros, from the table that parses its command line.
#include "options_manual.h"

#include <stdio.h>
#include <string.h>

#include "options_help.h"

// Text with what roff would take for itself escaped: backslashes, dashes, dots and quotes at line
// starts.
static void print_escaped(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (i == 0 && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", stdout);
        if (text[i] == '\\')
            fputs("\\e", stdout);
        else if (text[i] == '-')
            fputs("\\-", stdout);
        else
            putchar(text[i]);
    }
}

static void print_all(const char *text)
{
    print_escaped(text, strlen(text));
}

static void print_option(const struct option *option)
{
    char value[64];
    printf(".TP\n.B \\-");
    print_all(option->name);
    if (option->value != NULL)
        printf(" \\fI%s\\fP", option->value);
    putchar('\n');
    options_describe_default(option, value, sizeof value);
    print_all(option->help);
    print_all(value);
    putchar('\n');
}

// A command of a program is called by both names, whatever its page is called.
static void print_synopsis(const struct options *options, const char *name)
{
    if (strchr(options->program, ' ') != NULL)
        name = options->program;
    printf(".SH SYNOPSIS\n");
    for (const char *form = options->usage; form != NULL;) {
        size_t length = strcspn(form, "\n");
        printf("%s.B %s\n", form == options->usage ? "" : ".br\n", name);
        print_escaped(form, length);
        putchar('\n');
        form = form[length] == '\n' ? form + length + 1 : NULL;
    }
}

// The pages of all programs but this one, as they are installed.
static void print_see_also(const char *name)
{
    static const char *const pages[] = {"rnnlm",
                                        "rnnlm-arpa",
                                        "rnnlm-convert",
                                        "rnnlm-getbest",
                                        "rnnlm-gettext",
                                        "rnnlm-lattice",
                                        "rnnlm-makenbest",
                                        "rnnlm-mix",
                                        "rnnlm-model",
                                        "rnnlm-nbest",
                                        "rnnlm-ngram",
                                        "rnnlm-ngram-build",
                                        "rnnlm-ngram-cache",
                                        "rnnlm-ngram-convert",
                                        "rnnlm-ngram-count",
                                        "rnnlm-ngram-expand",
                                        "rnnlm-ngram-mix",
                                        "rnnlm-ngram-ppl",
                                        "rnnlm-ngram-prune",
                                        "rnnlm-ngram-renorm",
                                        "rnnlm-ngram-train",
                                        "rnnlm-ngram-vocab",
                                        "rnnlm-prob",
                                        "rnnlm-report",
                                        "rnnlm-vectors",
                                        "rnnlm-vectors-analogy",
                                        "rnnlm-vectors-neighbours",
                                        "rnnlm-vectors-train",
                                        "rnnlm-wer"};
    const char *before = ".SH SEE ALSO\n";
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(pages[i], name) == 0)
            continue;
        printf("%s.BR %s (1)", before, pages[i]);
        before = ",\n";
    }
    putchar('\n');
}

void options_manual(const struct options *options, const char *name)
{
    printf(".TH \"%s\" 1 \"\" \"rnnlm %s\" \"rnnlm\"\n.SH NAME\n%s \\- ", name, RNNLM_VERSION,
           name);
    print_all(options->summary);
    putchar('\n');
    print_synopsis(options, name);
    printf(".SH DESCRIPTION\n");
    print_all(options->about);
    printf("\n.SH OPTIONS\n.nh\n"
           "\\-name value, \\-\\-name value and \\-\\-name=value are the same. An option is given "
           "once, unless it says otherwise. A default stands in parentheses.\n");
    for (size_t i = 0; i < options->count; i++) {
        if (options->table[i].type != OPTION_GROUP) {
            print_option(&options->table[i]);
            continue;
        }
        printf(".SS ");
        print_all(options->table[i].help);
        putchar('\n');
    }
    printf(
        ".SS Other\n.TP\n.B \\-help\nPrint all options.\n.TP\n.B \\-version\nPrint the version.\n"
        ".SH EXIT STATUS\n0 on success, 1 on failure with a message on standard error, 2 for a "
        "wrong command line: an unknown option, a bad value, options that do not go together, one "
        "that is given twice, 128 and its number for a signal.\n");
    print_see_also(name);
}
