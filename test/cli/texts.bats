#!/usr/bin/env bats
# Texts of training: several, weights, patterns, -shuffle, and -cache-ids.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    head -n 60 "$DATA/train.txt" >a
    sed -n 61,150p "$DATA/train.txt" >b
    cat a b >both
    head -n 40 "$DATA/valid.txt" >valid
    head -n 700 "$DATA/train.txt" >long
    mkdir news
    cp a news/1.txt
    gzip -c b >news/2.txt.gz
}

setup() {
    in_own_folder
}

# learn MODEL OPTIONS...: a small model, its log in MODEL.log
learn() {
    rm -f "$1" "$1.checkpoint"
    rnnlm -rnnlm "$1" $(defaults "-valid valid -hidden 4 -class 8 -max-iter 1" "$@") "${@:2}" >"$1.log" 2>"$1.err"
}

# same A B: two models, but for the names of their texts.
same() {
    cmp <(grep -av 'data file' "$1") <(grep -av 'data file' "$2")
}

differ() {
    run same "$1" "$2"
    [ "$status" -ne 0 ] || fail "$1 and $2 are the same"
}

@test "several texts are as if they were one file, compressed, by pattern or from a pipe" {
    for streams in 0 3; do
        learn one -train both -streams $streams
        learn two -train a -train b -streams $streams
        same one two
        learn two -train 'news/*' -streams $streams
        same one two
        learn two -train a -train - -streams $streams <b
        same one two
    done
    grep -q '^train file: a$' two.log
    grep -q '^Starting training using file a -$' two.log
    grep -q '^training data file: a -$' two
}

@test "whole weights are copies, from a pipe too" {
    cat a a b b b >copies
    learn one -train copies
    learn two -train a:2 -train b:3
    same one two
    learn two -train -:2 -train b:3 <a
    same one two
    words=$(figure 'Words in train file' one.log)
    learn two -train a:2 -train b:0.5
    near "$(figure 'Words in train file' two.log)" "$(awk 'NR == FNR { n += 2 * (NF + 1); next } { n += 0.5 * (NF + 1) } END { print int(n + 0.5) }' a b)" 0
}

@test "weights that leave nothing, and patterns that fit nothing, are refused" {
    for weight in 0 -1 nan inf 1e9 x ''; do
        refuses_with 2 "option -train: a:$weight: found weight \"$weight\"" -- -train "a:$weight" -valid valid -rnnlm new
    done
    refuses "a: with weight 0.001 none of its 60 lines" -- -train a:0.001 -valid valid -rnnlm new -debug 0
    refuses "none*: found no file" -- -train 'none*' -valid valid -rnnlm new
    refuses "cannot open none" -- -train none:2 -valid valid -rnnlm new
    refuses_with 2 "standard input (-) twice" -- -train - -train -:2 -valid valid -rnnlm new
    for option in -shuffle "-shuffle-block 5" "-cache-ids x"; do
        # shellcheck disable=SC2086 # its value
        refuses_with 2 "${option%% *} is for training" -- -test a -rnnlm new $option
    done
    [ ! -e new ] && [ ! -e x ]
    cp a 'a:2' # a file of the whole name is that file
    learn one -train a
    learn two -train a:2
    same one two
}

@test "an order is drawn for each seed, and is the same for as many threads" {
    for streams in 0 4; do
        learn plain -train both -streams $streams
        learn one -train both -streams $streams -shuffle -shuffle-block 50
        learn two -train both -streams $streams -shuffle -shuffle-block 50 -threads 2
        same one two
        differ plain one
        learn two -train both -streams $streams -shuffle -shuffle-block 50 -rand-seed 2
        differ one two
        learn two -train both -streams $streams -shuffle -shuffle-block 1000000 # one block
        same plain two
    done
}

@test "kept ids: the same model, made once, and anew when the text has changed" {
    set -- -train long -train a:1.5 -shuffle -streams 3 -min-count 2
    learn plain "$@"
    learn one "$@" -cache-ids ids
    same plain one
    [ ! -s one.err ] || fail "$(cat one.err)"
    ls -li ids >made
    learn one "$@" -cache-ids ids
    same plain one
    ls -li ids | cmp - made
    [ "$(ls ids | wc -l)" -eq 2 ]
    learn plain -train long -class-by context # of another vocabulary, and another kind
    learn one -train long -class-by context -cache-ids ids
    same plain one
    ls -li ids | cmp - made
    echo more words >>long
    learn plain -train long
    learn one -train long -cache-ids ids
    same plain one
    grep -q "^rnnlm: ids/long-[0-9a-f]*.ids: made anew: long has changed$" one.err
    printf x | dd of="$(echo ids/long-*)" bs=1 seek=9000 conv=notrunc 2>/dev/null
    learn one -train long -cache-ids ids
    same plain one
    grep -q "made anew: .*: the file is damaged$" one.err
    learn one -train - -cache-ids ids <long
    same plain one
    grep -q "^rnnlm: standard input: its ids are not kept in ids: it is no regular file$" one.err
    [ "$(ls -A ids | wc -l)" -eq 2 ]
    touch file
    refuses "file" -- -train long -cache-ids file -valid valid -rnnlm new -debug 0
}
