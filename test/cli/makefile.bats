#!/usr/bin/env bats
# The Makefile on other machines, with other compilers, and with other people's flags.

setup() {
    [ -z "${RNNLM_SLOW_BUILD:-}" ] || skip "the sanitized build is made like the others"
    ROOT="$(cd "$BATS_TEST_DIRNAME/../.." && pwd)"
    OUT="$BATS_TEST_TMPDIR"
    unset MAKEFLAGS MFLAGS CPPFLAGS CFLAGS LDFLAGS CC AR LD OBJCOPY
}

in_root() {
    make -s -C "$ROOT" BUILD="$OUT" BIN="$OUT/bin" "$@"
}

# program NAME: a shell script of that name, from standard input.
program() {
    { echo '#!/bin/sh'; cat; } >"$OUT/$1"
    chmod +x "$OUT/$1"
}

@test "a compiler for another processor gets no instruction sets of x86" {
    program other-cc <<'SH'
for argument; do
    case $argument in
    -E) exec cat ;;
    -m*) echo "unknown option $argument" >&2; exit 1 ;;
    *.o) : >"$argument" ;;
    esac
done
SH
    for file in kernels kernels_avx2 kernels_avx512 kernels_avx512bf16; do
        in_root CC="$OUT/other-cc" "$OUT/rnnlm/base/$file.o"
    done
}

@test "kernels are built for aarch64" {
    command -v aarch64-linux-gnu-gcc >/dev/null || skip "no aarch64-linux-gnu-gcc"
    for file in kernels kernels_avx2 kernels_avx512 kernels_avx512bf16; do
        in_root CROSS=aarch64-linux-gnu- CFLAGS=-O1 WERROR=1 "$OUT/rnnlm/base/$file.o"
        readelf -h "$OUT/rnnlm/base/$file.o" | grep -q AArch64
    done
}

@test "sizes of 32 bits are refused in words" {
    run gcc -std=c11 -U__SIZEOF_SIZE_T__ -D__SIZEOF_SIZE_T__=4 -fsyntax-only -I"$ROOT/rnnlm" "$ROOT/rnnlm/base/kernels.c"
    [ "$status" -ne 0 ]
    [[ "$output" == *"error \"rnnlm wants a 64-bit system"* ]]
    gcc -m32 -E -x c /dev/null >/dev/null 2>&1 || skip "this gcc has no -m32"
    run gcc -std=c11 -m32 -fsyntax-only -I"$ROOT/rnnlm" "$ROOT/rnnlm/base/error.c"
    [ "$status" -ne 0 ]
    [[ "$output" == *"error \"rnnlm wants a 64-bit system"* ]]
}

@test "a machine's own instruction set may be asked for" {
    [ "$(uname -m)" = x86_64 ] || skip "not an x86-64 machine"
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        for machine in x86-64-v4 sapphirerapids; do
            for file in kernels kernels_avx2 kernels_avx512; do
                rm -f "$OUT/rnnlm/base/$file.o"
                in_root CC=$compiler CFLAGS="-O0 -march=$machine" WERROR=1 "$OUT/rnnlm/base/$file.o"
            done
        done
        # What a set may use is said by its file, not by the machine that it is built for.
        in_root CC=$compiler CFLAGS="-O0 -march=sapphirerapids" "$OUT/rnnlm/base/kernels_avx512.o"
        ! objdump -d "$OUT/rnnlm/base/kernels_avx512.o" | grep -q vdpbf16ps || { echo "$compiler"; false; }
    done
}

# few_sources: a library of a few files, which is built in a moment.
few_sources() {
    in_root LIBRARY_SOURCES="rnnlm/rnnlm.c rnnlm/base/error.c rnnlm/base/random.c" "$@"
}

@test "with -flto, too, the static library keeps its names to itself" {
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        rm -rf "$OUT/static" "$OUT/librnnlm.a"
        few_sources CC=$compiler CFLAGS="-O1 -flto" "$OUT/librnnlm.a"
        nm "$OUT/librnnlm.a" | grep -q ' T rnnlm_open$'
        ! nm "$OUT/librnnlm.a" | grep ' [A-TV-Z] ' | grep -v ' rnnlm_' || { echo "$compiler"; false; }
        ! objdump -h "$OUT/librnnlm.a" | grep 'gnu\.lto' || false
    done
}

@test "flags of the user reach the compiler and the linker" {
    make -n -C "$ROOT" BUILD="$OUT" BIN="$OUT/bin" CPPFLAGS=-DCPPFLAGS CFLAGS=-DCFLAGS LDFLAGS=-Wl,-z,now all examples \
        >"$OUT/commands"
    [ "$(grep -c -- ' -c ' "$OUT/commands")" -gt 100 ]
    ! grep -- ' -c ' "$OUT/commands" | grep -v -- '-DCPPFLAGS.* -DCFLAGS' || false
    [ "$(grep -c -- ' -lz ' "$OUT/commands")" -gt 10 ]
    ! grep -- ' -lz ' "$OUT/commands" | grep -v -- '-DCFLAGS.* -Wl,-z,now' || false
}

@test "tools have names that can be set, in the environment too" {
    for tool in ar ld objcopy; do
        program my-$tool <<SH
echo $tool >>"$OUT/used"
exec $tool "\$@"
SH
    done
    few_sources CFLAGS=-O1 AR="$OUT/my-ar" LD="$OUT/my-ld" OBJCOPY="$OUT/my-objcopy" "$OUT/librnnlm.a"
    [ "$(paste -s -d ' ' "$OUT/used")" = "ld objcopy ar" ]
    rm "$OUT/used" "$OUT/librnnlm.a"
    export AR="$OUT/my-ar"
    few_sources CFLAGS=-O1 "$OUT/librnnlm.a"
    [ "$(cat "$OUT/used")" = ar ]
    make -n -C "$ROOT" BUILD="$OUT/other" BIN="$OUT/bin" CROSS=none- libraries >"$OUT/commands"
    for tool in gcc ar ld objcopy; do
        grep -q "^none-$tool " "$OUT/commands"
        ! grep "^$tool " "$OUT/commands" || false
    done
}

@test "a warning is an error for developers alone" {
    echo 'static inline int careless(void) { int unused; return 0; }' >"$OUT/careless.h"
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        rm -f "$OUT/rnnlm/base/error.o"
        run in_root CC=$compiler CFLAGS="-include $OUT/careless.h" WERROR=1 "$OUT/rnnlm/base/error.o"
        [ "$status" -ne 0 ]
        run in_root CC=$compiler CFLAGS="-include $OUT/careless.h" "$OUT/rnnlm/base/error.o"
        [ "$status" -eq 0 ]
        [[ "$output" == *unused* ]]
    done
}

@test "make test installs no packages, and names what is missing" {
    [ "$(make -n -C "$ROOT" test | grep run-tests)" = "scripts/run-tests -no-install" ]
    mkdir "$OUT/bin"
    for tool in sh dirname nproc cat; do
        ln -s "$(command -v $tool)" "$OUT/bin/$tool"
    done
    for tool in apt-get dpkg-query sudo; do
        program bin/$tool <<SH
echo "$tool \$*" >>"$OUT/called"
exit 1
SH
    done
    run env PATH="$OUT/bin" sh "$ROOT/scripts/run-tests" -quick -no-install
    [ "$status" -eq 1 ]
    [[ "$output" == *"run-tests: gcc is missing"* ]]
    [ ! -e "$OUT/called" ]
}

@test "make dist packs what git tracks; a tree that is unpacked gives the same bytes" {
    [ -e "$ROOT/.git" ] || skip "not a git repository"
    (umask 077 && in_root dist) >"$OUT/said"
    tarball="$(cat "$OUT/said")"
    [ "$(basename "$tarball")" = "rnnlm-$(sed -n 's/^#define RNNLM_VERSION "\(.*\)"/\1/p' "$ROOT/rnnlm/options.h").tar.gz" ]
    tar -C "$OUT" -xzf "$tarball"
    tree="$OUT/$(basename "$tarball" .tar.gz)"
    diff <(cd "$tree" && find . ! -type d | sed 's,^\./,,' | sort) \
        <(cd "$ROOT" && git ls-files | grep -vE '^\.(ci/.*|gitignore)$' | sort)
    [ -z "$(find "$tree" -type f -perm /022 -o -type f ! -perm -044)" ]
    diff -r "$ROOT/tools" "$tree/tools" >"$OUT/differences" || ! grep -v '^Only in .*/tools' "$OUT/differences"
    # What has been built and left is not packed.
    mkdir -p "$tree/build/rnnlm" "$tree/bin" "$tree/tools/python/rnnlm/__pycache__"
    touch "$tree/build/rnnlm/a.o" "$tree/bin/rnnlm" "$tree/tools/python/rnnlm/__pycache__/a.pyc"
    again="$(make -s -C "$tree" dist)"
    cmp "$tarball" "$again"
}
