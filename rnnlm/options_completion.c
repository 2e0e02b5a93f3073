// Completion for bash (bash-completion's folder) and zsh (a function for compinit).
#include "options_completion.h"

#include <stdio.h>
#include <string.h>

// The function for a program, or for a command of one: its name without what functions cannot have.
static void print_function(const char *name)
{
    putchar('_');
    for (; *name != '\0'; name++)
        putchar(strchr("- ", *name) != NULL ? '_' : *name);
}

static bool takes_file(const struct option *option)
{
    return option->value != NULL &&
           (strncmp(option->value, "FILE", 4) == 0 || strncmp(option->value, "FOLDER", 6) == 0 ||
            strncmp(option->value, "MODEL", 5) == 0);
}

static bool is_command(const struct options *options)
{
    return strchr(options->program, ' ') != NULL;
}

// ---- bash -------------------------------------------------------------------------------------

// "-a|-b|-c": options whose value is a file, or is none. False if there are none.
static bool print_choice(const struct options *options, bool files)
{
    bool any = false;
    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = &options->table[i];
        if (option->type == OPTION_GROUP || option->value == NULL || takes_file(option) != files)
            continue;
        printf("%s-%s", any ? " | " : "    ", option->name);
        any = true;
    }
    return any;
}

static void print_bash_options(const struct options *options)
{
    printf("    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           "    COMPREPLY=()\n"
           "    case $before in\n");
    if (print_choice(options, true))
        printf(") mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n");
    if (print_choice(options, false))
        printf(") return ;;\n");
    printf("    esac\n"
           "    case $word in\n"
           "    -*) mapfile -t COMPREPLY < <(compgen -W '--help --version");
    for (size_t i = 0; i < options->count; i++)
        if (options->table[i].type != OPTION_GROUP)
            printf(" -%s", options->table[i].name);
    printf("' -- \"$word\") ;;\n"
           "    *) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
           "    esac\n");
}

static void print_bash_commands(const struct options *options, const char *name)
{
    printf("    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        mapfile -t COMPREPLY < <(compgen -W '--help --version %s' -- "
           "\"${COMP_WORDS[1]}\")\n"
           "    elif declare -F \"",
           options->commands);
    print_function(name);
    printf("_${COMP_WORDS[1]}\" >/dev/null; then\n        \"");
    print_function(name);
    printf("_${COMP_WORDS[1]}\"\n    fi\n");
}

static void print_bash(const struct options *options, const char *name)
{
    print_function(name);
    printf("() {\n");
    if (options->commands != NULL)
        print_bash_commands(options, name);
    else
        print_bash_options(options);
    printf("}\n");
    if (!is_command(options)) {
        printf("complete -o filenames -F ");
        print_function(name);
        printf(" %s\n", name);
    }
}

// ---- zsh --------------------------------------------------------------------------------------

// Text within quotes and brackets; of `sentence` only the first one.
static void print_zsh_text(const char *text, bool sentence)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (sentence && at[0] == '.' && (at[1] == ' ' || at[1] == '\0'))
            return;
        if (*at == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *at) != NULL)
            printf("\\%c", *at);
        else
            putchar(*at == '\n' ? ' ' : *at);
    }
}

static void print_zsh_options(const struct options *options)
{
    printf("    _arguments \\\n");
    for (size_t i = 0; i < options->count; i++) {
        const struct option *option = &options->table[i];
        if (option->type == OPTION_GROUP)
            continue;
        printf("        '%s-%s[", option->type == OPTION_LIST ? "*" : "", option->name);
        print_zsh_text(option->help, true);
        putchar(']');
        if (option->value != NULL) {
            putchar(':');
            print_zsh_text(option->value, false);
            printf(":%s", takes_file(option) ? "_files" : "");
        }
        printf("' \\\n");
    }
    printf("        '*:file:_files'\n");
}

static void print_zsh_commands(const struct options *options, const char *name)
{
    printf("    if (( CURRENT == 2 )); then\n"
           "        compadd -- %s --help --version\n"
           "    elif (( $+functions[",
           options->commands);
    print_function(name);
    printf("_$words[2]] )); then\n"
           "        local command=$words[2]\n"
           "        shift words\n"
           "        (( CURRENT-- ))\n"
           "        ");
    print_function(name);
    printf("_$command\n    fi\n");
}

// A file for compinit begins with the program's name, and ends in a call of its function.
static void print_zsh(const struct options *options, const char *name)
{
    if (!is_command(options))
        printf("#compdef %s\n", name);
    print_function(name);
    printf("() {\n");
    if (options->commands != NULL)
        print_zsh_commands(options, name);
    else
        print_zsh_options(options);
    printf("}\n");
    if (is_command(options))
        return;
    print_function(name);
    printf(" \"$@\"\n");
}

bool options_completion(const struct options *options, const char *shell_and_name,
                        struct error *error)
{
    const char *colon = strchr(shell_and_name, ':'), *name = colon != NULL ? colon + 1 : "";
    size_t length = colon != NULL ? (size_t)(colon - shell_and_name) : strlen(shell_and_name);
    if (*name == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
        return error_usage(error,
                           "--completion=%.60s: a shell and a program are wanted, as in "
                           "bash:rnnlm",
                           shell_and_name);
    if (length == 4 && strncmp(shell_and_name, "bash", length) == 0)
        print_bash(options, name);
    else if (length == 3 && strncmp(shell_and_name, "zsh", length) == 0)
        print_zsh(options, name);
    else
        return error_usage(error, "--completion=%.60s: found another shell, wanted bash or zsh",
                           shell_and_name);
    return true;
}
