#!/usr/bin/env bats
# The house rules that a compiler does not check: floors, and what the library may not do.

setup() {
    cd "$BATS_TEST_DIRNAME/../../rnnlm" || return 1
}

# Floor of a folder. Rooms of one floor do not know each other.
floor() {
    case $1 in
    base) echo 1 ;;
    text) echo 2 ;;
    net | ngram | wer | vectors) echo 3 ;;
    model) echo 4 ;;
    learn) echo 5 ;;
    score | report) echo 6 ;;
    train | nbest | lattice) echo 7 ;;
    *) return 1 ;;
    esac
}

# All files in folders.
folders() {
    find [a-z]*/ -name '*.[ch]'
}

@test "a file includes only from its own folder or from a floor below" {
    bad=
    for file in $(folders); do
        own=${file%%/*}
        for included in $(sed -n 's/^#include "\(.*\)"$/\1/p' "$file"); do
            folder=${included%%/*}
            [ "$folder" != "$own" ] || continue
            [ -d "$folder" ] && [ "$(floor "$folder")" -lt "$(floor "$own")" ] || bad="$bad $file:$included"
        done
    done
    [ -z "$bad" ] || { echo "includes that go up:$bad"; false; }
}

@test "n-gram models, word errors and word vectors know nothing of networks" {
    ! grep -n '#include "\(net\|model\)/' ngram/*.[ch] wer/*.[ch] vectors/*.[ch]
}

@test "instruction sets are used in the kernels alone" {
    ! grep -nE 'immintrin|_mm[0-9]*_' $(ls $(folders) *.[ch] | grep -v '^base/kernels')
}

@test "BLAS is called from base/matrix alone" {
    ! grep -nE 'cblas|openblas' $(ls $(folders) *.[ch] ../tools/*.[ch] | grep -v '^base/matrix\.')
}

@test "the library neither prints nor exits" {
    ! grep -nE '(^|[^a-z_])(printf|puts|putchar|perror|exit|abort) ?\(|std(out|err)\b' $(folders) rnnlm.[ch] part*.[ch] training.c adapting.c dynamic_options.[ch]
}

@test "every program begins with program_begin" {
    for file in main.c ../tools/*.c; do
        sed -n '/^int main/,/^}/p' "$file" | grep -q 'program_begin(PROGRAM)' || { echo "$file does not"; false; }
    done
}

@test "signals are handled by the program, not by the library" {
    ! grep -nE '\b(signal|sigaction)\(' $(folders) rnnlm.[ch] part*.[ch] training.c adapting.c dynamic_options.[ch]
}

@test "threads are started in base/ alone" {
    ! grep -n 'pthread_create' $(ls $(folders) *.[ch] | grep -v '^base/threads')
}

# A new kind is a file and a line in a table: nobody else names one, but for the reference's own.
@test "kinds of layers, outputs and optimisers are known to their tables alone" {
    ! grep -nwE 'layer_(elman|lstm|compression)' \
        $(folders | grep -vE '^(net/layers/|net/shape.c|model/mikolov.c|model/native_v1.c)')
    optimisers=$(sed -n 's/^ *KIND(\([a-z]*\)).*/optimiser_\1/p' learn/optimisers/kinds.h | paste -s -d '|')
    [[ "$optimisers" == *optimiser_sgd* ]]
    ! grep -nwE "$optimisers" $(folders | grep -v '^learn/optimisers/')
    ! grep -nwE 'output_(class|full)' \
        $(folders | grep -vE '^(net/outputs/|net/shape.c|model/mikolov.c|model/native_v1.c)')
    ! grep -n 'include "net/outputs/' $(folders | grep -v '^net/outputs/') | grep -v 'net/outputs/kinds.h'
}
