#!/usr/bin/env bats
# make install: names, manual pages, and a program that uses the installed library.

setup() {
    [ -z "${RNNLM_SLOW_BUILD:-}" ] || skip "the sanitized build is not installed"
    ROOT="$BATS_TEST_DIRNAME/../.."
    BUILD="$ROOT/build"
    BIN="${RNNLM_BIN:-$ROOT/bin}"
    [ -e "$BUILD/librnnlm.a" ] || skip "the libraries are not built here"
    TREE="$BATS_FILE_TMPDIR/tree"
    if [ ! -d "$TREE" ]; then
        make -s -C "$ROOT" install BIN="$BIN" DESTDIR="$TREE" PREFIX=/opt/rnnlm >"$BATS_FILE_TMPDIR/log" 2>&1 ||
            { cat "$BATS_FILE_TMPDIR/log"; return 1; }
    fi
    PREFIX="$TREE/opt/rnnlm"
}

@test "programs are installed under names of their own" {
    for name in rnnlm rnnlm-ngram rnnlm-mix rnnlm-arpa rnnlm-convert rnnlm-prob rnnlm-makenbest rnnlm-gettext \
        rnnlm-getbest rnnlm-model rnnlm-nbest rnnlm-report rnnlm-vectors rnnlm-wer rnnlm-lattice; do
        "$PREFIX/bin/$name" --version
    done
    [ ! -e "$PREFIX/bin/convert" ]
}

@test "every program has a manual page, which names each of its options" {
    for program in "$PREFIX"/bin/*; do
        page="$PREFIX/share/man/man1/$(basename "$program").1"
        grep -q '^\.SH NAME' "$page"
        "$program" --help | sed -n 's/^  -\([a-z0-9-]*\).*/\1/p' | while read -r option; do
            grep -q "^\.B .*-$(echo "$option" | sed 's/-/\\\\-/g')" "$page" || { echo "$page lacks -$option"; exit 1; }
        done
    done
    for command in train count build ppl prune mix renorm convert expand cache vocab; do
        grep -q '^\.SH OPTIONS' "$PREFIX/share/man/man1/rnnlm-ngram-$command.1"
    done
    for command in train neighbours analogy; do
        grep -q '^\.SH OPTIONS' "$PREFIX/share/man/man1/rnnlm-vectors-$command.1"
    done
}

@test "each page says in a few words what its program is for, and names the others" {
    for page in "$PREFIX"/share/man/man1/*.1; do
        name="$(basename "$page" .1)"
        awk -v name="$name \\\\- " '/^\.SH NAME/ { getline; line = $0 }
            END { exit !(index(line, name) == 1 && length(line) > length(name) + 15 && length(line) < length(name) + 70) }' "$page" ||
            { echo "$page: $(grep -A 1 'SH NAME' "$page")"; false; }
        for other in "$PREFIX"/share/man/man1/*.1; do
            other="$(basename "$other" .1)"
            listed="$(sed -n '/^\.SH SEE ALSO/,$p' "$page" | grep -c "^\.BR $other (1)" || true)"
            [ "$other" = "$name" ] && wanted=0 || wanted=1
            [ "$listed" -eq $wanted ] || { echo "$page: $other"; false; }
        done
    done
    # The same by the program that fills the data base of whatis.
    command -v lexgrog >/dev/null || skip "no lexgrog"
    for page in "$PREFIX"/share/man/man1/*.1; do
        lexgrog "$page" | grep -q "\"$(basename "$page" .1) - [a-z]"
    done
}

# completed WORD...: what bash makes of a command line, whose last word is being written.
completed() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    "$(complete -p "$1" | sed 's/.*-F \([a-z_]*\).*/\1/')"
    printf '%s\n' "${COMPREPLY[@]}"
}

@test "bash completes options, commands and files" {
    for program in "$PREFIX"/bin/*; do
        file="$PREFIX/share/bash-completion/completions/$(basename "$program")"
        . "$file"
        for option in $("$program" --help | sed -n 's/^  -\([a-z0-9-]*\).*/\1/p' | grep -vx 'h\|version'); do
            completed "$(basename "$program")" "-$option" | grep -qx -- "-$option" || { echo "$file: -$option"; false; }
        done
    done
    cd "$BATS_TEST_TMPDIR"
    touch "a text" another
    [ "$(completed rnnlm -tra)" = -train ]
    [ "$(completed rnnlm -train a | sort)" = "$(printf 'a text\nanother' | sort)" ]
    [ -z "$(completed rnnlm -hidden a)" ]
    [ "$(completed rnnlm-ngram pr)" = prune ]
    [ "$(completed rnnlm-ngram train -cut)" = -cutoff ]
    [ "$(completed rnnlm-vectors train -neg)" = -negative ]
    [ "$(completed rnnlm-ngram ppl -lm anot)" = another ]
    [ -z "$(completed rnnlm-ngram nothing -)" ]
    [ "$(completed rnnlm-wer anot)" = another ]
}

@test "zsh can read its functions" {
    command -v zsh >/dev/null || skip "zsh is not there"
    for program in "$PREFIX"/bin/*; do
        file="$PREFIX/share/zsh/site-functions/_$(basename "$program")"
        [ "$(head -n 1 "$file")" = "#compdef $(basename "$program")" ]
        zsh -n "$file"
        for option in $("$program" --help | sed -n 's/^  -\([a-z0-9-]*\).*/\1/p' | grep -vx 'h\|version'); do
            grep -q "^ *'\*\{0,1\}-$option\[" "$file" || { echo "$file: -$option"; false; }
        done
    done
}

@test "completion for other shells and names is refused" {
    cd "$BATS_TEST_TMPDIR"
    for request in fish:rnnlm bash bash: 'bash:a b' 'bash:$(x)'; do
        code=0
        "$BIN/rnnlm" --completion="$request" >out 2>err || code=$?
        [ $code -eq 2 ] && [ ! -s out ] && grep -q 'wanted' err
    done
}

@test "README, COPYING, NEWS and what users run of scripts/ are installed" {
    for file in README COPYING; do
        cmp "$ROOT/$file" "$PREFIX/share/doc/rnnlm/$file"
    done
    cmp "$ROOT/scripts/packaging/NEWS" "$PREFIX/share/doc/rnnlm/NEWS"
    grep -q "^$("$BIN/rnnlm" --version | sed 's/rnnlm //')\b" "$PREFIX/share/doc/rnnlm/NEWS"
    for script in corrupt-text generate-text sample-to-arpa tune kaldi/rnnlm_compute_scores.sh srilm/rescore \
        recipes/chars recipes/ensemble recipes/japanese recipes/pieces recipes/ptb recipes/speech; do
        cmp "$ROOT/scripts/$script" "$PREFIX/share/rnnlm/scripts/$script"
        [ -x "$PREFIX/share/rnnlm/scripts/$script" ]
    done
    # everything that recipes read, too
    diff -r "$ROOT/scripts/recipes" "$PREFIX/share/rnnlm/scripts/recipes"
    [ ! -e "$PREFIX/share/rnnlm/scripts/install-packages" ]
}

@test "another prefix, folders of their own and spaces; nothing is left by uninstall" {
    tree="$BATS_TEST_TMPDIR/a tree"
    settings=(BIN="$BIN" DESTDIR="$tree" PREFIX=/usr LIBDIR=/usr/lib/here INCLUDEDIR=/other/include)
    make -s -C "$ROOT" install "${settings[@]}"
    [ "$(ls "$BATS_TEST_TMPDIR" | grep -vx log)" = "a tree" ]
    [ "$(cd "$tree" && ls)" = "$(printf 'other\nusr')" ]
    [ -e "$tree/usr/lib/here/librnnlm.a" ] && [ ! -e "$tree/usr/lib/librnnlm.a" ]
    [ -e "$tree/other/include/rnnlm.h" ] && [ -e "$tree/usr/lib/here/cmake/rnnlm/rnnlm-config.cmake" ]
    pc="$tree/usr/lib/here/pkgconfig/rnnlm.pc"
    grep -qx 'prefix=/usr' "$pc"
    grep -qx 'libdir=${prefix}/lib/here' "$pc"
    grep -qx 'includedir=/other/include' "$pc"
    [[ "$(PKG_CONFIG_PATH="$tree/usr/lib/here/pkgconfig" pkg-config --cflags rnnlm)" == *-I/other/include* ]]
    # Prefixes may come and go on one build.
    make -s -C "$ROOT" install BIN="$BIN" DESTDIR="$BATS_TEST_TMPDIR/b" PREFIX=/opt/b
    grep -qx 'prefix=/opt/b' "$BATS_TEST_TMPDIR/b/opt/b/lib/pkgconfig/rnnlm.pc"

    touch "$tree/usr/bin/of-another"
    make -s -C "$ROOT" uninstall "${settings[@]}"
    [ "$(find "$tree" ! -type d)" = "$tree/usr/bin/of-another" ]
    [ ! -e "$tree/usr/share/rnnlm" ] && [ ! -e "$tree/usr/share/doc/rnnlm" ]
}

@test "a program is built with the installed header and either library" {
    cat >"$BATS_TEST_TMPDIR/use.c" <<'C'
#include <rnnlm.h>
#include <stdio.h>
int error_set(void) { return 0; } /* the library's own names must not collide with its user's */
int main(void)
{
    char error[RNNLM_ERROR_SIZE];
    printf("%s\n", rnnlm_version());
    return rnnlm_open("no-such-model", error, sizeof error) != NULL || error_set();
}
C
    libs="$(sed -n 's/^Libs.private: //p' "$PREFIX/lib/pkgconfig/rnnlm.pc")"
    ${CC:-cc} -I"$PREFIX/include" "$BATS_TEST_TMPDIR/use.c" -o "$BATS_TEST_TMPDIR/static" "$PREFIX/lib/librnnlm.a" $libs
    ${CC:-cc} -I"$PREFIX/include" "$BATS_TEST_TMPDIR/use.c" -o "$BATS_TEST_TMPDIR/shared" -L"$PREFIX/lib" -lrnnlm
    version="$("$BIN/rnnlm" --version)"
    [ "rnnlm $("$BATS_TEST_TMPDIR/static")" = "$version" ]
    [ "rnnlm $(LD_LIBRARY_PATH="$PREFIX/lib" "$BATS_TEST_TMPDIR/shared")" = "$version" ]
}

# The functions that rnnlm.h declares.
declared() {
    grep -v '^ *//' "$PREFIX/include/rnnlm.h" | tr '\n' ' ' | grep -o 'RNNLM_API[^(;]*(' | grep -v '__attribute' |
        sed 's/.*[ *]\([a-z_]*\)($/\1/' | sort
}

@test "the shared library has its number, and exports what the header declares, each name with its version" {
    [ "$(declared | wc -l)" -gt 15 ]
    abi="$("$BIN/rnnlm" --version | sed 's/rnnlm \([0-9]*\)\..*/\1/')"
    library="$PREFIX/lib/librnnlm.so.$abi"
    objdump -p "$library" | grep -qx " *SONAME *librnnlm.so.$abi"
    nm -D --defined-only --with-symbol-versions "$library" | sed -n 's/.* T //p' | sort >"$BATS_TEST_TMPDIR/exported"
    diff <(declared) <(sed 's/@.*//' "$BATS_TEST_TMPDIR/exported")
    ! grep -v "@@RNNLM_$abi\.[0-9]*$" "$BATS_TEST_TMPDIR/exported" || false
    diff <(declared) <(nm "$PREFIX/lib/librnnlm.a" | sed -n 's/.* [A-TV-Z] //p' | sort)
    # It neither ends a process nor handles its signals.
    ! nm -D --undefined-only "$library" | grep -E ' (_?exit|abort|sigaction|signal)(@|$)' || false
    # The list of Debian's packages, which are of this version.
    debian="$ROOT/scripts/packaging/debian"
    diff <(sed 's/@@/@/' "$BATS_TEST_TMPDIR/exported") \
        <(sed -n 's/^ \(rnnlm_.*@RNNLM_\([0-9.]*\)\) \2$/\1/p' "$debian/librnnlm$abi.symbols" | sort)
    [ "$(head -n 1 "$debian/changelog" | sed 's/.*(\(.*\)-.*/\1/')" = "$("$BIN/rnnlm" --version | sed 's/rnnlm //')" ]
}

@test "CMake finds the library, where the tree has been moved too" {
    command -v cmake >/dev/null || skip "no cmake"
    cd "$BATS_TEST_TMPDIR"
    cat >CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.13)
project(use NONE)
set(CMAKE_SIZEOF_VOID_P 8)
find_package(rnnlm ${WANTED})
if(rnnlm_FOUND)
    find_package(rnnlm ${WANTED})
    foreach(name rnnlm static)
        get_target_property(library rnnlm::${name} IMPORTED_LOCATION)
        get_target_property(include rnnlm::${name} INTERFACE_INCLUDE_DIRECTORIES)
        message("${library}|${include}")
    endforeach()
endif()
CMAKE
    version="$("$BIN/rnnlm" --version | sed 's/rnnlm //')"
    tree="$(realpath "$PREFIX")"
    for wanted in "" "$version" "${version%%.*}"; do
        cmake -S . -B build -DCMAKE_PREFIX_PATH="$PREFIX" -DWANTED="$wanted" >out 2>&1
        grep -qFx "$tree/lib/librnnlm.so.${version%%.*}|$tree/include" out || { cat out; false; }
        grep -qFx "$tree/lib/librnnlm.a|$tree/include" out
    done
    for wanted in "$((${version%%.*} + 1))" "${version%%.*}.999"; do
        cmake -S . -B build -DCMAKE_PREFIX_PATH="$PREFIX" -DWANTED="$wanted" >out 2>&1
        ! grep -F "|$tree/include" out || false
    done
}
