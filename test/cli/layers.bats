# Networks of other layers than the reference's: made, trained, used by every program, and what is refused.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    head -n 60 test >lines
    scripts="$BATS_TEST_DIRNAME/../../scripts"
    head -n 20 test | "$scripts/corrupt-text" -copies 3 >lists
    "$BIN/rnnlm-ngram" train -order 3 -text train -o base.arpa
}

setup() {
    in_own_folder
}

learn() { # MODEL OPTIONS...
    local model="$1" classes
    shift
    classes=$(defaults "-class 20" "$@")
    [[ "$*" != *"-output "* ]] || classes=
    # shellcheck disable=SC2086
    rnnlm -train train -valid valid -rnnlm "$model" $classes "$@" >"$model.log" 2>"$model.err" || fail "$* $(cat "$model.err")"
}

perplexity() { # MODEL
    rnnlm -rnnlm "$1" -test test -debug 1 >"$1.test"
    figure "PPL net" "$1.test"
}

refused() { # STATUS WANTED OPTIONS...
    local status_wanted="$1" wanted="$2"
    shift 2
    run -"$status_wanted" --separate-stderr rnnlm -train train -valid valid -rnnlm new $(defaults "-class 20" "$@") "$@"
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
    [[ "$stderr" == *"$wanted"* ]] || fail "$stderr" "wanted: $wanted"
    [ ! -e new ]
}

# used_everywhere LAYERS OPTIONS...: a network of these layers through every program.
used_everywhere() {
    learn model -layers "$@" -fast -epochs 2
    [[ "$(cat model.err)" == *"native format"* ]]
    "$BIN/rnnlm-model" -rnnlm model -check | grep -q "^layers: $1"
    plain=$(perplexity model)
    # One word after the other, all at once, by one thread or three, in bfloat16: the same.
    rnnlm -rnnlm model -test test -debug 2 -threads 1 >one
    rnnlm -rnnlm model -test test -debug 2 -threads 3 >three
    cmp one three
    "$BIN/rnnlm-model" -rnnlm model -o half -format native-bf16
    near "$(perplexity half)" "$plain" 5e-3
    gzip -c model >model.gz
    near "$(perplexity model.gz)" "$plain" 1e-9
    rnnlm -rnnlm model -gen 30 -debug 0 | grep -q .
    # Lists: each line's sum is that of its words.
    rnnlm -rnnlm model -test lists -nbest -debug 0 >scores
    [ "$(wc -l <scores)" -eq "$(wc -l <lists)" ]
    "$BIN/rnnlm-nbest" -rnnlm model lists -threads 1 >nbest.one
    "$BIN/rnnlm-nbest" -rnnlm model lists -threads 3 >nbest.three
    cmp nbest.one nbest.three
    "$BIN/rnnlm-nbest" -rnnlm model -dynamic 0.05 lists >nbest.dynamic
    [ "$(wc -l <nbest.dynamic)" -eq "$(wc -l <nbest.one)" ]
    "$BIN/rnnlm-arpa" -rnnlm model -ngrams base.arpa -o model.arpa
    "$BIN/rnnlm-ngram" ppl -lm model.arpa -text lines | grep -q "ppl="
    rnnlm -rnnlm model -test test -dynamic 0.05 -debug 0 | grep -q "PPL net"
    # Training goes on.
    learn model -layers "$@" -fast -epochs 3
    [ "$(last_epoch model.log)" -eq 2 ]
}

@test "layers: -hidden N is elman:N" {
    learn a -hidden 10 -bptt 2 -max-iter 1 -binary
    learn b -layers elman:10 -bptt 2 -max-iter 1 -binary
    learn c -layers elman:10:logistic,compression:6 -max-iter 1 -binary
    learn d -hidden 10 -compression 6 -max-iter 1 -binary
    cmp a b
    cmp c d
}

@test "layers: a stack of elman layers with other activations, in every program" {
    used_everywhere elman:16:tanh,elman:12:logistic,compression:8
}

@test "layers: lstm, in every program" {
    used_everywhere lstm:14
    rm -f model*
    used_everywhere lstm:12,elman:10:tanh,lstm:8
}

@test "layers: gru, in every program" {
    skip_if_slow
    used_everywhere gru:14
    rm -f model*
    used_everywhere gru:12,elman:10:tanh,gru:8
}

@test "outputs: a softmax over all words, in every program" {
    used_everywhere lstm:14 -output full
    rm -f model*
    used_everywhere elman:12:tanh,compression:8 -output full
}

@test "outputs: a softmax that is learnt against noise, in every program" {
    used_everywhere elman:12:tanh -output nce
}

@test "outputs: frequent words and clusters, in every program" {
    used_everywhere lstm:14 -output adaptive:20/5/2,40/30
}

@test "outputs: a tree of words, in every program" {
    used_everywhere elman:12:tanh -output tree
}

@test "outputs: clusters are chosen, and given" {
    learn model -hidden 16 -fast -output adaptive -max-iter 1
    "$BIN/rnnlm-model" -rnnlm model -check >shown
    grep -q "^output: adaptive" shown
    learn other -hidden 16 -fast -output adaptive:9/4/3,30/20 -max-iter 1
    "$BIN/rnnlm-model" -rnnlm other -check >shown
    grep -q "^output: adaptive:9/4/3,30/20$" shown
    run -1 --separate-stderr rnnlm -train train -valid valid -rnnlm other -output adaptive:9
    [[ "$stderr" == *"found output adaptive:9/4/3,30/20, -output asks for adaptive:9:"* ]]
    refused 2 "clusters begin at 30 and then 20, wanted rising numbers" -hidden 5 -output adaptive:30,20
    refused 2 "wanted at most 32 clusters" -hidden 5 -output "adaptive:$(seq -s , 33)"
    refused 2 "wanted adaptive:FIRST,FIRST,..." -hidden 5 -output adaptive:30,
    refused 2 "the output full has no clusters" -hidden 5 -output full:30
    refused 2 "-output tree has no classes, found -class" -hidden 5 -output tree
    for wrong in "adaptive:1000000:found a cluster from word 1000000 on, wanted less than the vocabulary's" \
        "adaptive -tied:has no row as wide as the topmost layer for every word" "tree -direct 1:has no direct connections"; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr rnnlm -train train -valid valid -rnnlm new -hidden 5 -fast -output ${wrong%:*}
        [[ "$stderr" == *"${wrong##*:}"* ]] || fail "$stderr"
    done
    [ ! -e new ]
}

@test "outputs: a softmax over all words learns, online and in batches" {
    for way in "-bptt 3" "-streams 8 -bptt 3 -optimiser adam -alpha 0.01" "-streams 8 -bptt 3 -optimiser sgd -alpha 1 -clip-norm 1"; do
        rm -f model
        learn model -hidden 16 -output full $way -max-iter 3
        awk -v ppl="$(perplexity model)" 'BEGIN { exit !(ppl > 50 && ppl < 400) }' || fail "$way: $(cat model.test)"
    done
}

@test "layers: sru, in every program" {
    skip_if_slow
    used_everywhere sru:14
    rm -f model*
    used_everywhere sru:12,elman:10:tanh,sru:8
}

@test "layers: jordan, in every program" {
    skip_if_slow
    used_everywhere jordan:14:logistic
    rm -f model*
    used_everywhere jordan:12:tanh,elman:10:tanh,jordan:8:logistic
}

@test "layers: qrnn, in every program" {
    used_everywhere qrnn:14
    rm -f model*
    used_everywhere qrnn:12,elman:10:tanh,qrnn:8
}

@test "layers: projection, in every program" {
    skip_if_slow
    used_everywhere projection:14
    rm -f model*
    used_everywhere projection:12,elman:10:tanh,projection:8
}

@test "layers: -embedding N is a projection:N at the bottom" {
    learn a -embedding 6 -hidden 10 -bptt 2 -max-iter 1
    learn b -layers projection:6,elman:10 -bptt 2 -max-iter 1
    cmp a b
    learn c -embedding 6 -layers lstm:8 -compression 4 -fast -epochs 1
    learn d -layers projection:6,lstm:8,compression:4 -fast -epochs 1
    cmp c d
    learn c -embedding 6 -layers lstm:8 -compression 4 -fast -epochs 2
    refused 2 "-embedding N is short for" -embedding 6 -layers projection:5,lstm:8
}

@test "outputs: tied to the bottom layer's table, in every program" {
    used_everywhere elman:12:tanh,lstm:12 -tied
    "$BIN/rnnlm-model" -rnnlm model -check | grep -qx "output: class, tied"
    ! "$BIN/rnnlm-model" -rnnlm model -check | grep "parameter output.words"
    rm -f model*
    used_everywhere lstm:3,elman:12:tanh -tied -output full
}

@test "outputs: tied networks learn, online and in batches" {
    for way in "-bptt 3 -alpha 0.03" "-streams 8 -bptt 3 -optimiser adam -alpha 0.01" "-streams 8 -bptt 3 -output full -optimiser adam -alpha 0.01"; do
        rm -f model
        learn model -hidden 16 -activation tanh -tied $way -max-iter 3
        [[ "$(cat model.err)" == *"native format"* ]]
        awk -v ppl="$(perplexity model)" 'BEGIN { exit !(ppl > 50 && ppl < 500) }' || fail "$way: $(cat model.test)"
    done
}

@test "layers: every activation learns, online and in batches" {
    for name in tanh relu elu; do
        for way in "-bptt 3 -alpha 0.01" "-fast -alpha 0.01"; do
            rm -f model
            learn model -hidden 16 -activation $name $way -max-iter 2
            awk -v ppl="$(perplexity model)" 'BEGIN { exit !(ppl > 50 && ppl < 500) }' || fail "$name $way: $(cat model.test)"
        done
    done
}

@test "layers: every optimiser learns" {
    for way in "sgd -alpha 2" "rows" "adam -alpha 0.01" "adam -alpha 0.01 -clip-norm 1"; do
        rm -f model
        learn model -hidden 16 -streams 8 -bptt 3 -epochs 3 -optimiser $way
        awk -v ppl="$(perplexity model)" 'BEGIN { exit !(ppl > 50 && ppl < 400) }' || fail "$way: $(cat model.test)"
    done
}

@test "layers: results do not depend on threads" {
    local kind threads
    for kind in $(optimisers) "adam -clip-norm 1" "adam -output full" "adam -output adaptive:9,30/20" "rows -output tree" "rows -embedding 12 -tied" \
        "adam -embedding 12 -tied -output full -clip-norm 1"; do
        for threads in 1 2 3; do
            learn "model$threads" -layers elman:20,elman:12:tanh -streams 20 -bptt 4 -max-iter 1 -optimiser $kind \
                -threads $threads
        done
        cmp model1 model2
        cmp model1 model3
        rm model?
    done
}

@test "layers: what is refused" {
    refused 2 "did you mean elman" -layers elmann:10
    refused 2 "wanted elman:N" -layers elman:0
    refused 2 "wanted elman:N" -layers elman:10000000
    refused 2 "wanted elman:N" -layers elman
    refused 2 "found layer \"\"" -layers elman:5,
    refused 2 "did you mean tanh" -layers elman:5:tahn
    refused 2 "did you mean relu" -hidden 5 -activation rellu
    refused 2 "no layer of \"compression:5\" has a choice" -layers compression:5 -activation relu
    refused 2 "no layer of \"lstm:5\" has a choice" -layers lstm:5 -activation relu
    refused 2 "did you mean lstm" -layers lstn:10
    refused 2 "have no choice of activation" -layers elman:4,compression:5:tanh
    refused 2 "found both" -layers elman:5 -hidden 5
    refused 2 "-format native is wanted" -layers elman:5:tanh -binary
    refused 2 "-format native is wanted" -layers elman:5,elman:4 -format text
    refused 2 "did you mean adam" -hidden 5 -streams 4 -optimiser adamm
    refused 2 "-streams N or -fast is wanted" -hidden 5 -optimiser adam
    refused 2 "-streams N or -fast is wanted" -hidden 5 -clip-norm 1
    refused 2 "did you mean full" -hidden 5 -output ful
    refused 2 "-output full has no classes, found -class" -hidden 5 -output full
    run -2 --separate-stderr rnnlm -train train -valid valid -rnnlm new -hidden 5 -output full -old-classes
    [[ "$stderr" == *"found -old-classes"* ]]
    run -2 --separate-stderr rnnlm -train train -valid valid -rnnlm new -hidden 5 -output full -class-by context
    [[ "$stderr" == *"found -class-by"* ]]
    refused 2 'option -class-by: found "size", wanted frequency or context' -hidden 5 -class-by size
    refused 2 "-old-classes is a way of -class-by frequency: found both" -hidden 5 -class-by context -old-classes
    run -2 --separate-stderr rnnlm -train train -valid valid -rnnlm new -hidden 5 -output full -direct 1
    [[ "$stderr" == *"has no direct connections"* ]]
    run -2 --separate-stderr rnnlm -train train -valid valid -rnnlm new -hidden 5 -output full -format text
    [[ "$stderr" == *"-format native is wanted"* ]]
    refused 2 "-format native is wanted" -hidden 5 -tied -binary
    refused 2 "found 20 numbers in a word's row of the bottom layer, wanted 5, the units of the topmost layer: -embedding 5" -layers lstm:5 -tied
    refused 2 "-embedding 6" -layers elman:5,elman:6 -tied
    [ ! -e new ]
}

@test "layers: a model that is there keeps its layers" {
    learn model -hidden 8 -max-iter 1
    run -1 --separate-stderr rnnlm -train train -valid valid -rnnlm model -layers elman:9
    [[ "$stderr" == *"found layers elman:8"*"elman:9"* ]]
    run -1 --separate-stderr rnnlm -train train -valid valid -rnnlm model -output full
    [[ "$stderr" == *"found output class, -output asks for full"* ]]
    run -1 --separate-stderr rnnlm -train train -valid valid -rnnlm model -tied
    [[ "$stderr" == *"not tied"* ]]
}
