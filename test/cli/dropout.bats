# Dropout and penalties in batch training.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
}

setup() {
    in_own_folder
}

STACK="-layers compression:8,lstm:12,elman:10:tanh -streams 6 -bptt 5"
EVERYTHING="-dropout 0.3 -dropout-words 0.1 -dropout-recurrent 0.2 -penalty-activation 2 -penalty-change 1"

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    rnnlm -train train -valid valid -rnnlm "$model" $(defaults "-class 20" "$@") "$@" >"$model.log" 2>"$model.err" || fail "$* $(cat "$model.err")"
}

refused() { # WANTED OPTIONS...
    local wanted="$1"
    shift
    run -2 --separate-stderr rnnlm -train train -valid valid -rnnlm new $(defaults "-class 20" "$@") "$@"
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
    [[ "$stderr" == *"$wanted"* ]] || fail "$stderr" "wanted: $wanted"
    [ ! -e new ]
}

different() { # FILE FILE
    run cmp -s "$1" "$2"
    [ "$status" -eq 1 ] || fail "$1 and $2 are the same"
}

@test "dropout: none is as no option" {
    learn plain $STACK -epochs 2
    learn none $STACK -epochs 2 -dropout 0 -dropout-words 0 -dropout-input 0 -dropout-layers 0 -dropout-output 0 \
        -dropout-recurrent 0 -dropout-mask word -penalty-activation 0 -penalty-change 0
    cmp plain none
}

@test "dropout: each kind changes the model, and so does the seed of masks" {
    learn plain $STACK -epochs 1
    for kind in "-dropout-words 0.3" "-dropout-input 0.3" "-dropout-layers 0.3" "-dropout-output 0.3" \
        "-dropout-recurrent 0.3" "-penalty-activation 1" "-penalty-change 1"; do
        learn model $STACK -epochs 1 $kind
        different plain model
        rm model
    done
    learn all $STACK -epochs 1 -dropout 0.3
    learn parts $STACK -epochs 1 -dropout-input 0.3 -dropout-layers 0.3 -dropout-output 0.3
    learn but $STACK -epochs 1 -dropout 0.3 -dropout-layers 0
    learn words $STACK -epochs 1 -dropout 0.3 -dropout-mask word
    learn blocks $STACK -epochs 1 -dropout 0.3 -dropout-mask block
    cmp all parts
    different all but
    different words blocks
}

@test "dropout: results do not depend on threads" {
    for way in "rows" "adam -clip-norm 1" "sgd -alpha 0.2 -dropout-mask word"; do
        for threads in 1 2 3; do
            learn "model$threads" ${STACK/-streams 6/-streams 20} $EVERYTHING -max-iter 1 -optimiser $way -threads $threads
        done
        cmp model1 model2
        cmp model1 model3
        rm model?
    done
}

# goes_on MODEL OPTIONS...: the base at rate 0, where weights stay and entropies tell masks from each other.
goes_on() {
    [ -e "$1" ] || cp base "$1"
    learn "$@" $STACK -optimiser adam -alpha 0 -epochs 4
}

@test "dropout: off in validation; each epoch has masks of its own, also where a model goes on" {
    learn base $STACK -optimiser adam -alpha 0.02 -max-iter 1
    goes_on plain
    goes_on whole -dropout 0.5
    goes_on part -dropout 0.5 -max-iter 2
    goes_on part -dropout 0.5
    goes_on other -dropout 0.5 -rand-seed 2
    for epoch in 1 2 3; do
        [ "$(entropy VALID $epoch whole.log)" = "$(entropy VALID 1 plain.log)" ]
        [ "$(entropy TRAIN $epoch plain.log)" = "$(entropy TRAIN 1 plain.log)" ]
        entropy TRAIN $epoch whole.log >>entropies
    done
    [ "$(sort -u entropies | wc -l)" -eq 3 ]
    [ "$(entropy TRAIN 3 part.log)" = "$(entropy TRAIN 3 whole.log)" ]
    [ "$(entropy TRAIN 3 other.log)" != "$(entropy TRAIN 3 whole.log)" ]
}

@test "dropout: what is learnt with it makes sense" {
    for way in "-dropout 0.2" "-dropout 0.2 -dropout-mask word" "-dropout-words 0.1 -dropout-recurrent 0.1" \
        "-penalty-activation 2 -penalty-change 1"; do
        rm -f model
        learn model -layers lstm:16,lstm:16 -streams 8 -bptt 9 -optimiser adam -alpha 0.01 -epochs 3 $way
        rnnlm -rnnlm model -test test >model.test
        awk -v ppl="$(figure "PPL net" model.test)" 'BEGIN { exit !(ppl > 50 && ppl < 300) }' || fail "$way: $(cat model.test)"
    done
}

@test "dropout: what -fast takes where nothing is said" {
    for layers in elman:5 elman:5:tanh; do
        for share in "" "-dropout 0" "-dropout 0.3"; do
            rm -f model*
            # shellcheck disable=SC2086
            rnnlm -train train -valid valid -rnnlm model -layers $layers -fast -epochs 1 -format native $share >log
            cp model "$layers$share"
        done
    done
    cmp elman:5 "elman:5-dropout 0"
    cmp elman:5:tanh "elman:5:tanh-dropout 0.3"
    run cmp -s elman:5:tanh "elman:5:tanh-dropout 0"
    [ "$status" -eq 1 ]
}

@test "dropout: what is refused" {
    for option in dropout dropout-words dropout-input dropout-layers dropout-output dropout-recurrent; do
        for share in 1 1.5 -0.1 nan x; do
            refused "option -$option: found \"$share\", wanted a number from 0 to 0.999" $STACK -$option $share
        done
        refused "-$option is for batches: -streams N or -fast is wanted" -hidden 5 -$option 0.5
    done
    for option in penalty-activation penalty-change; do
        refused "option -$option: found \"-1\", wanted a number from 0" $STACK -$option -1
        refused "-$option is for batches: -streams N or -fast is wanted" -hidden 5 -$option 0.5
    done
    refused 'option -dropout-mask: found "sentence", wanted block or word' -hidden 5 -fast -dropout 0.5 -dropout-mask sentence
    refused "-dropout-input: found layers lstm:5,lstm:4" -layers lstm:5,lstm:4 -format native -fast -dropout-input 0.5
    refused "-dropout-layers: found layers lstm:5" -layers lstm:5 -format native -fast -dropout-layers 0.5
    refused "-dropout-recurrent: found layers compression:5" -layers compression:5 -format native -fast -dropout-recurrent 0.5
}
