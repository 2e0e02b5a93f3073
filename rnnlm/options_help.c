// The text that --help prints, from the table that parses the command line.
#include "options_help.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/terminal.h"

enum { HELP_LEAST = 40, HELP_MOST = 100, HELP_INDENT = 26, NAME_SIZE = 64 };

// The width of the text: that of the terminal, but lines are read with ease.
static int help_width(void)
{
    int columns = terminal_columns(STDOUT_FILENO);
    return columns < HELP_LEAST ? HELP_LEAST : columns > HELP_MOST ? HELP_MOST : columns;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\n';
}

// Prints words, with blanks or newlines between, from column `column` on; lines that go on begin at
// column `indent`. What stands in square brackets, an option and its value, stays together.
static void print_wrapped(const char *text, size_t size, int column, int indent)
{
    const char *end = text + size;
    bool first = true;
    int width = help_width();
    while (text < end) {
        int length = 0, brackets = 0;
        for (; text + length < end && (brackets > 0 || !is_blank(text[length])); length++)
            brackets += (text[length] == '[') - (text[length] == ']');
        bool breaks = !first && column + 1 + length > width;
        if (breaks)
            printf("\n%*s", indent, "");
        else if (!first)
            putchar(' ');
        printf("%.*s", length, text);
        column = (breaks ? indent : column + !first) + length;
        first = false;
        text += length;
        while (text < end && is_blank(*text))
            text++;
    }
    putchar('\n');
}

void options_describe_default(const struct option *option, char *text, size_t size)
{
    text[0] = '\0';
    if (option->type == OPTION_COUNT)
        snprintf(text, size, " (%lld)", (long long)*(const int64_t *)option->target);
    else if (option->type == OPTION_NUMBER && !isnan(*(const double *)option->target))
        snprintf(text, size, " (%g)", *(const double *)option->target);
    else if (option->type == OPTION_TEXT && *(const char *const *)option->target != NULL)
        snprintf(text, size, " (%s)", *(const char *const *)option->target);
}

static void print_row(const struct option *option)
{
    char left[NAME_SIZE], value[NAME_SIZE], text[1024];
    int length =
        snprintf(left, sizeof left, "  -%s%s%s", option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
    options_describe_default(option, value, sizeof value);
    snprintf(text, sizeof text, "%s%s", option->help, value);
    if (length >= HELP_INDENT - 1) {
        printf("%s\n", left);
        length = 0;
        left[0] = '\0';
    }
    printf("%-*s", HELP_INDENT, left);
    print_wrapped(text, strlen(text), HELP_INDENT, HELP_INDENT);
}

static const char rules[] = "-name value, --name value and --name=value are the same. An option "
                            "is given once, unless it says otherwise. A default stands in "
                            "parentheses. Exit status: 0; 1 after a failure; 2 where the command "
                            "line is wrong; 128 + N after signal N.";

void options_help(const struct options *options)
{
    for (const char *form = options->usage; form != NULL;) {
        size_t length = strcspn(form, "\n");
        int column =
            printf("%s %s ", form == options->usage ? "usage:" : "      ", options->program);
        print_wrapped(form, length, column, column);
        form = form[length] == '\n' ? form + length + 1 : NULL;
    }
    putchar('\n');
    print_wrapped(options->about, strlen(options->about), 0, 0);
    for (size_t i = 0; i < options->count; i++) {
        if (options->table[i].type == OPTION_GROUP)
            printf("\n%s:\n", options->table[i].help);
        else
            print_row(&options->table[i]);
    }
    printf("\nOther:\n  %-*s Print this text.\n  %-*s Print the version.\n", HELP_INDENT - 3,
           "-h, -help", HELP_INDENT - 3, "-version");
    putchar('\n');
    print_wrapped(rules, strlen(rules), 0, 0);
}
