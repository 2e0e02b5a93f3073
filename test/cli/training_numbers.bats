# The numbers of training: entropies and perplexities of small trainings, as recorded, so that nothing that training
# does can go missing unseen.
#
#   what                                                             test
#   batches: going on within an epoch, from the model file           batches, from a position; batches, killed
#   batches: L2 of matrices, of words, of word vectors               batches, L2
#   batches: L2 of the hash, its steps where words share a feature   batches, a hash
#   batches: the bound on errors, at each of three places            batches, a small cutoff
#   batches: -bptt 0                                                 batches, a hash
#   batches: -independent                                            batches, independent sentences
#   -epochs: how the rate falls, from epoch to epoch and within      batches, plain; online, a rate that falls
#   -decay: when the rate falls, from which weights, and the end     batches, a decay; online, a decay
#   averages: when they begin, what is validated and saved           batches, averages
#   -fast: what it chooses                                           -fast
#   online: the bound on errors, at each of three places             online, a small cutoff (both)
#   online: L2, of weights at every tenth word, of the hash always   online, L2
#   online: -independent                                             online, independent sentences
#   online: halving the rate, falling back on the best epoch         online, the schedule
#   online: going on within an epoch, from the model file            online, from a position
#
# Adaptation to n-best lists (rnnlm-nbest -dynamic) is in nbest_lists.bats.
#
# Kernels (RNNLM_KERNELS) and compilers differ by less than 0.0001 bit here, and by 5e-6 of a perplexity if nothing else
# is said. "Without" says what a training without that rule gives in the first place that it shows. Whoever changes
# numbers on purpose records them again with
#   rnnlm -train train -valid valid -rnnlm new -hidden 12 -class 15 OPTIONS; rnnlm -rnnlm new -test test

load helpers

BITS=0.0003
PPL=1e-4

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    head -n 1300 "$DATA/train.txt" >longer # 13709 words
    head -n 2000 "$DATA/train.txt" >fast
    head -n 40 "$DATA/train.txt" >short # 433 words: the first ones after a position count
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    new="$BATS_TEST_TMPDIR/new"
    log="$BATS_TEST_TMPDIR/log"
    text=train
}

# learn OPTIONS...: a small model in $new, its log in $log
learn() {
    rnnlm -train "$text" -valid valid -rnnlm "$new" $(defaults "-hidden 12 -class 15" "$@") "$@" >"$log"
}

# numbers FIRST-EPOCH NUMBER...: TRAIN and VALID entropy of each epoch, as in $log, then $new's perplexity of the test
# text.
numbers() {
    local epoch="$1" kind
    shift
    while [ "$#" -gt 1 ]; do
        for kind in TRAIN VALID; do
            within "$(entropy $kind "$epoch" "$log")" "$1" "$BITS" ||
                fail "$kind entropy of epoch $epoch" "$(cat "$log")" || return 1
            shift
        done
        epoch=$((epoch + 1))
    done
    [ "$(last_epoch "$log")" -eq $((epoch - 1)) ] || fail "the last epoch is $(last_epoch "$log")" || return 1
    rnnlm -rnnlm "$new" -test test >"$log.test"
    near "$(figure "PPL net" "$log.test")" "$1" "$PPL"
}

# set_position WORDS LOG10-PROBABILITY: as if $new had been saved after so many words of the next epoch. Only the model
# file counts.
set_position() {
    sed -e "s/^\(current position in training data\): .*/\1: $1/" \
        -e "s/^\(current probability of training data\): .*/\1: $2/" "$new" >"$new.edited"
    mv "$new.edited" "$new"
    rm -f "$new.checkpoint"
}

# ---- batches ------------------------------------------------------------------------------------

# 5226 words are no multiple of 7 streams. The exponent of the falling rate 1 instead of 1.5: 8.2506; a rate that is
# constant within an epoch: 8.2452; blocks without the words that -bptt looks back on: 8.2277.
@test "numbers: batches, plain" {
    learn -streams 7 -bptt 3 -epochs 3
    numbers 0 8.2542 7.4357 7.5801 7.2365 7.2787 7.1892 128.6397
}

# Without L2: 8.7311; without that of the matrices 8.7052, of the words 8.8633, of the word vectors 8.7946.
@test "numbers: batches, L2 and a small cutoff, through a compression layer" {
    learn -streams 7 -bptt 3 -epochs 2 -compression 6 -beta 0.1 -gradient-cutoff 0.1
    numbers 0 8.7967 8.4807 8.6824 8.3789 308.486
}

# Without the bound on errors below the output layer: 8.6527, below the compression layer 8.6641, back through time
# 8.6571. Kernels differ by 3e-5 of the perplexity.
@test "numbers: batches, a small cutoff at high rate" {
    learn -hidden 24 -streams 7 -bptt 4 -max-iter 1 -compression 16 -alpha 0.5 -gradient-cutoff 0.2
    PPL=5e-4 numbers 0 8.6844 7.9831 229.968
}

# Without the L2 of the hash: 8.2158; with its whole step however many words share a feature: 8.2224; with steps back
# through time: 8.1938.
@test "numbers: batches, a hash, no steps back through time" {
    learn -binary -streams 7 -bptt 0 -epochs 2 -direct 1 -direct-order 3 -beta 0.02
    numbers 0 8.1954 7.4487 7.3901 7.3290 143.0152
}

# At the end of a sentence, without a new start of the hidden layer: 8.2086, or 8.2098 where a block ends there too, or
# 8.2068 where a stream begins; without one of the history: 8.2063; with errors that cross it: a perplexity of 134.865.
@test "numbers: batches, independent sentences with a hash" {
    learn -binary -streams 7 -bptt 3 -max-iter 2 -direct 1 -direct-order 3 -independent
    numbers 0 8.2080 7.4435 7.2019 7.2576 134.8885
}

# The seventh epoch betters the sixth, but not the best by enough. If that counted: 7.1682 for 7.1429.
@test "numbers: batches, a decay" {
    learn -streams 7 -bptt 3 -decay 0.5 -max-iter 8
    numbers 0 8.2452 7.4118 7.5322 7.2317 7.1154 7.1940 6.7992 7.2265 6.7293 7.1456 6.5199 7.1874 6.4738 7.1428 \
        6.3191 7.1429 124.6679
}

# Averages begin with the eighth epoch, at the same rate, and end it with the ninth, of which nothing is kept. The rate
# halved instead: 7.3073 for 7.2696.
@test "numbers: batches, averages" {
    learn -streams 7 -bptt 3 -optimiser average
    numbers 0 8.7456 7.9610 8.1983 7.7531 7.9613 7.5533 7.7302 7.4555 7.5515 7.3861 7.3775 7.3559 7.2104 7.3552 \
        7.0417 7.2696 6.9530 7.2750 135.4584
}

# Two streams. With three: 8.0944; with -bptt 3: 8.0904.
@test "numbers: -fast" {
    text=fast
    learn -binary -fast
    numbers 0 8.0931 7.7952 7.4063 7.5405 7.0654 7.4460 6.8724 7.4013 150.2419
}

# From the beginning of the text: 8.4280; without the words before: 5.6901; without the probability so far: 3.3826.
@test "numbers: batches, from a position in the text" {
    text=short
    learn -streams 7 -bptt 3 -direct 1 -epochs 4 -max-iter 3
    set_position 196 -300
    learn -streams 7 -bptt 3 -epochs 4
    numbers 3 5.6841 5.9237 55.3461
}

# From the beginning of the text it is off by more than a bit. Layers are not saved, so the numbers differ a little
# from those of a training that nobody has disturbed.
@test "numbers: batches, killed within an epoch and gone on with" {
    head -n 5000 "$DATA/train.txt" >"$BATS_TEST_TMPDIR/train"
    options="-train $BATS_TEST_TMPDIR/train -valid valid -streams 7 -anti-kasparek 10000"
    killed_within_epoch "$new" $options -hidden 20
    rm -f "$new.checkpoint"
    epochs=$(figure "number of finished iterations" "$new")
    rnnlm $options -rnnlm "$new" -max-iter $((epochs + 1)) >"$log"
    rnnlm $options -rnnlm "$new.whole" -hidden 20 -max-iter $((epochs + 1)) >"$log.whole"
    for kind in TRAIN VALID; do
        within "$(entropy $kind "$epochs" "$log")" "$(entropy $kind "$epochs" "$log.whole")" 0.02
    done
}

# ---- online -------------------------------------------------------------------------------------

# Without the bound on errors back through time: 8.4049, below the output layer 8.1757.
@test "numbers: online, a small cutoff" {
    learn -hidden 24 -bptt 4 -bptt-block 5 -max-iter 2 -alpha 0.5 -gradient-cutoff 0.2
    numbers 0 8.3768 8.3801 8.0037 8.3671 301.297
}

# Without the bound on errors back through time: 8.4324, below the output layer 8.4464, below the compression layer
# 8.4492. Kernels differ by 3e-5 of the perplexity.
@test "numbers: online, a small cutoff, through a compression layer" {
    learn -hidden 24 -bptt 4 -bptt-block 5 -max-iter 1 -compression 16 -alpha 1 -gradient-cutoff 1
    PPL=5e-4 numbers 0 8.4419 8.2980 294.010
}

# L2 at every word: 8.0566; that of the hash at every tenth word 8.0454, without it 7.9903 for 7.9523; without that of
# all weights 7.9299, of the output layer 8.0500, of the compression layer 7.9449, of word vectors 7.8653 for 7.8660, of
# the recurrent layer a perplexity of 212.649.
@test "numbers: online, L2, through a compression layer and with a hash" {
    learn -binary -bptt 4 -bptt-block 5 -max-iter 2 -compression 6 -direct 1 -beta 0.01
    numbers 0 8.0494 7.9523 7.3768 7.8660 212.5802
}

# Without a pass back through time at the end of each sentence: 8.4173.
@test "numbers: online, independent sentences" {
    learn -bptt 3 -max-iter 2 -independent
    numbers 0 8.4077 8.2929 8.0210 8.0213 239.849
}

# The rate is set at every 10000th word; not within an epoch: 8.5604; with an exponent of 1: 8.5665.
@test "numbers: online, a rate that falls" {
    text=longer
    learn -epochs 2
    numbers 0 8.5706 8.3851 8.2254 8.1487 240.475
}

# The third and the fifth epoch are worse than those before, and fallen back from. If not: 6.7075 for 7.0498; the rate
# divided by 1.5 instead of 2: 7.0983.
@test "numbers: online, the schedule" {
    learn -alpha 1 -min-improvement 1.02
    numbers 0 8.2019 8.0549 7.6543 7.8804 7.2523 7.9945 7.0498 7.7823 6.6786 7.7840 206.8935
}

# The epoch after the fifth, which is worse, starts from the fourth's weights: if not, 7.3106 for 7.2838. The last one ends
# it: the rate would fall to 0.004.
@test "numbers: online, a decay" {
    learn -alpha 0.5 -decay 0.2 -min-improvement 1.01
    PPL=3e-4 numbers 0 8.1539 7.9294 7.6081 7.7866 7.2536 7.7452 6.9696 7.5667 6.7774 7.6433 6.9356 7.2838 6.8451 7.2728 \
        138.382
}

# Without the words before: 5.1966; without the hidden layer: a perplexity of 57.836.
@test "numbers: online, from a position in the text" {
    text=short
    learn -bptt 3 -direct 1 -max-iter 3
    set_position 196 -300
    learn -max-iter 4
    numbers 3 5.1948 6.0921 57.7483
}
