# What models weigh in a mixture: -weights, -lambda and -mixing of rnnlm -test, with several models of each sort.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    head -n 200 "$DATA/train.txt" >train
    head -n 40 "$DATA/valid.txt" >valid
    head -n 40 "$DATA/test.txt" >test
    head -n 12 test >few
    rnnlm -train train -rnnlm a -hidden 8 -class 20 -one-iter >log 2>&1
    rnnlm -train train -rnnlm b -layers gru:6 -class 20 -one-iter -rand-seed 2 >log 2>&1
    for order in 1 3; do
        "$BIN/rnnlm-ngram" train -text train -order $order -discount-fallback -o arpa$order
        for text in valid test; do
            "$BIN/rnnlm-ngram" ppl -lm arpa$order -text $text -debug 2 >$order.$text
        done
    done
    for text in valid test; do
        "$BIN/rnnlm-ngram" cache -text $text -o cache.$text
    done
}

setup() {
    in_own_folder
}

ppl() {
    rnnlm -debug 0 "$@" | sed -n 's/^PPL combine: //p'
}

# all OUT: what -weights auto has found for all models.
all() {
    sed -n 's/^weights of all: -weights //p' "$1"
}

models="-rnnlm a -rnnlm b -ngram arpa3 -ngram arpa1 -lm-prob cache.test"

@test "-weights auto finds the weights of all models together, as rnnlm-mix does" {
    need_logarithms
    rnnlm $models -tune-lm-prob cache.valid -weights auto -tune valid -test test >out
    for model in a b; do rnnlm -rnnlm $model -test valid -write srilm -debug 2 >$model.valid; done
    "$BIN/rnnlm-mix" a.valid b.valid 3.valid 1.valid cache.valid -precision 1e-6 >mix
    sed -n 's/^lambda: //p' mix | tr ',' '\n' >wanted
    all out | tr ',' '\n' >found
    same_numbers found wanted 0.01
    # they are what is told one by one, and give the same on the command line
    within "$(ppl $models -weights "$(all out)" -test test)" "$(figure "PPL combine" out)" 0.001
    awk -v all="$(all out)" 'BEGIN { split(all, w, ",") }
        /^weight of a:/ { d = $NF - w[1] / (w[1] + w[2]) } /^weight of arpa1:/ { d = $NF - w[4] / (w[3] + w[4] + w[5]) }
        /^lambda:/ { d = $NF - w[1] - w[2] } d > 1e-5 || d < -1e-5 { exit 1 }' out
    # no others are better on that text
    best=$(figure "PPL combine on valid" out)
    for other in 0.6,0.1,0.1,0.1,0.1 0.2,0.2,0.2,0.2,0.2 0.8,0.05,0.05,0.05,0.05; do
        awk -v a="$best" -v b="$(ppl ${models/test/valid} -weights $other -test valid)" 'BEGIN { exit !(a < b) }'
    done
}

@test "weights of all models are -weights, -lambda and the rest in one" {
    rnnlm -rnnlm a -rnnlm b -ngram arpa3 -weights 0.25,0.75 -lambda 0.8 -test test -debug 2 | grep -v ^Lambda >one
    rnnlm -rnnlm a -rnnlm b -ngram arpa3 -weights 0.2,0.6,0.2 -test test -debug 2 >two
    cmp one two
    rnnlm -rnnlm a -ngram arpa3 -lambda 0.8 -test test -debug 2 | grep -v ^Lambda >one
    rnnlm -rnnlm a -ngram arpa3 -weights 0.8,0.2 -test test -debug 2 >two
    cmp one two
    # several others are mixed by their weights
    for model in 3 1; do rnnlm -rnnlm a -ngram arpa$model -test test -debug 2 | table /dev/stdin | grep -v OOV >with$model; done
    rnnlm -rnnlm a -ngram arpa3 -ngram arpa1 -weights 0.5,0.375,0.125 -test test -debug 2 | table /dev/stdin | grep -v OOV >both
    paste with3 with1 both | awk -F '\t' '{ d = $11 - 0.75 * $3 - 0.25 * $7 } d > 1e-9 || d < -1e-9 { exit 1 } END { exit NR < 80 }'
    # -ngram and -lm-prob are the same, and draw, page and entropies take several
    rnnlm -rnnlm a -lm-prob 3.test -lm-prob 1.test -weights 0.5,0.375,0.125 -test test -debug 0 >streams
    rnnlm -rnnlm a -ngram arpa3 -ngram arpa1 -weights 0.5,0.375,0.125 -test test -debug 0 >ngrams
    within "$(figure "PPL combine" streams)" "$(figure "PPL combine" ngrams)" 0.01
    rnnlm -rnnlm a -ngram arpa3 -ngram arpa1 -lambda 0.1 -gen 30 -debug 0 | wc -w | grep -q '^ *[1-9]'
    rnnlm -rnnlm a -ngram arpa3 -ngram arpa1 -test test -report page.html >out
    grep -q 'n-gram model' page.html
    rnnlm -rnnlm a -ngram arpa3 -ngram arpa1 -test test -write surprisal -unk 2>err | awk -F '\t' 'NR > 1 && $5 !~ /^[0-9.]+$/ { exit 1 }'
}

@test "-weights auto finds the shares of neural caches, too" {
    set -- -rnnlm a -rnnlm b -ngram arpa3 -cache-neural 100 -cache-theta 0.5
    rnnlm "$@" -weights auto -tune valid -test test >joint
    rnnlm "$@" -weights auto -tune valid -cache-lambda 0.1 -test test >fixed
    rnnlm "$@" -tune valid -test test >alone
    [ "$(grep -c '^cache of [ab]: theta 0.5, lambda 0' joint)" -eq 2 ]
    grep -q '^cache of b: theta 0.5, lambda 0' alone
    ! grep -q '^cache' fixed
    joint=$(figure "PPL combine on valid" joint)
    awk -v a="$joint" -v b="$(figure "PPL combine on valid" fixed)" 'BEGIN { exit !(a < b) }'
    # of one network, it is what the cache's own search finds
    rnnlm -rnnlm a -cache-neural 100 -cache-theta 0.5 -weights auto -tune valid -test test >one
    rnnlm -rnnlm a -cache-neural 100 -cache-theta 0.5 -tune valid -test test >own
    within "$(sed -n 's/^cache of a.*lambda //p' one)" "$(sed -n 's/^cache of a.*lambda //p' own)" 0.002
}

@test "-weights auto finds them of networks that learn, and those begin anew then" {
    set -- -rnnlm a -rnnlm b -ngram arpa3 -dynamic 0.1
    rnnlm "$@" -weights auto -tune valid -test test >found
    # what it finds is what the learning networks have on that text
    within "$(rnnlm "$@" -weights "$(all found)" -test valid -debug 0 | sed -n 's/^PPL combine: //p')" \
        "$(figure "PPL combine on valid" found)" 0.05
    within "$(rnnlm "$@" -weights "$(all found)" -test test -debug 0 | sed -n 's/^PPL combine: //p')" \
        "$(figure "PPL combine" found)" 0.01
    rnnlm "$@" -cache-neural 50 -weights auto -tune valid -test test >cached
    [ "$(grep -c '^cache of [ab]: theta' cached)" -eq 2 ]
    awk -v a="$(figure "PPL combine on valid" cached)" -v b="$(figure "PPL combine on valid" found)" 'BEGIN { exit !(a <= b + 1e-4) }'
}

@test "-lambda auto is another name where two are mixed, and a lambda that is given stays" {
    rnnlm -rnnlm a -ngram arpa3 -lambda auto -tune valid -test test -debug 1 | grep -v '^Lambda' >one
    rnnlm -rnnlm a -ngram arpa3 -weights auto -tune valid -test test -debug 1 | cmp - one
    rnnlm -rnnlm a -rnnlm b -ngram arpa3 -weights auto -lambda 0.4 -tune valid -test test | grep -q '^lambda: 0.400000'
    rnnlm -rnnlm a -rnnlm b -weights auto -tune valid -test test | grep '^weight of' >alone
    rnnlm -rnnlm a -rnnlm b -ngram arpa3 -weights auto -lambda 0.4 -tune valid -test test | grep '^weight of' | cmp - alone
}

@test "-mixing log-linear" {
    # one model to the power of 1, or the same twice with weights of the sum 1, is that model
    rnnlm -rnnlm a -test few -debug 2 | table /dev/stdin | grep -v OOV >one
    for weights in "-weights 1" "-rnnlm a -weights 0.3,0.7"; do
        rnnlm -rnnlm a $weights -mixing log-linear -test few -debug 2 | table /dev/stdin | grep -v OOV >two
        paste one two | awk -F '\t' '$3 != $6 { exit 1 } { d = $2 - $5 } d > 1e-7 || d < -1e-7 { exit 1 } END { exit NR < 50 }'
    done
    for way in -per-sentence "-cache-neural 50 -cache-theta 0.5 -cache-lambda 0.1"; do
        within "$(rnnlm -rnnlm a $way -mixing log-linear -weights 1 -test few -debug 0 | sed -n 's/^PPL net: //p')" \
            "$(rnnlm -rnnlm a $way -test few -debug 0 | sed -n 's/^PPL net: //p')" 0.001
    done
    # as linear ones, where all is one model's
    set -- -rnnlm a -rnnlm b -ngram arpa3
    rnnlm "$@" -mixing log-linear -test few -weights 0,0,1 -debug 0 >out
    within "$(figure "PPL net" out)" "$(rnnlm "$@" -test few -lambda 0 -debug 0 | sed -n 's/^PPL combine: //p')" 0.01
    rnnlm "$@" -mixing log-linear -test few -debug 0 >out
    within "$(figure "PPL net" out)" "$(rnnlm "$@" -mixing log-linear -test few -weights 0.375,0.375,0.25 -debug 0 | sed -n 's/^PPL net: //p')" 1e-4
    for way in "-gen 20" "-test few -write surprisal" "-test few -per-sentence -write scores" "-test few -report page.html"; do
        rnnlm "$@" -mixing log-linear $way -debug 0 >out 2>err
        [ -s out ] && ! grep -q nan out || fail "$way"
    done
}

@test "-mixing log-linear: weights are found" {
    skip_if_slow
    set -- -rnnlm a -rnnlm b -ngram arpa3 -mixing log-linear
    head -n 10 valid >tune
    rnnlm "$@" -weights auto -tune tune -test few >found
    best=$(figure "PPL combine on tune" found)
    within "$(rnnlm "$@" -weights "$(all found)" -test few -debug 0 | sed -n 's/^PPL net: //p')" "$(figure "PPL net" found)" 0.001
    IFS=, read -r x y z <<<"$(all found)"
    for other in "$(awk -v x="$x" 'BEGIN { print x + 0.05 }'),$y,$z" "$x,$(awk -v y="$y" 'BEGIN { print 0.9 * y }'),$z" \
        "$x,$y,$(awk -v z="$z" 'BEGIN { print z + 0.05 }')"; do
        awk -v a="$best" -v b="$(rnnlm "$@" -weights "$other" -test tune -debug 0 | sed -n 's/^PPL net: //p')" \
            'BEGIN { exit !(a <= b + 1e-4) }' || fail "$other is better than $(all found)"
    done
    rnnlm "$@" -lambda auto -tune tune -test tune >again 2>err
    within "$(figure "PPL combine on tune" again)" "$best" 0.001
}

@test "mixing: what does not fit" {
    set -- rnnlm -rnnlm a -rnnlm b -ngram arpa3 -test test
    says 2 'found "0.5", wanted 2 numbers, one for each -rnnlm, or 3, one for each model' "$@" -weights 0.5
    says 2 'the weights sum to 0.9, wanted 1' "$@" -weights 0.3,0.3,0.3
    says 2 'the weights sum to 1.2, wanted 1' "$@" -weights 0.6,0.6
    says 2 'wanted a number from 0 to 1' "$@" -weights -0.5,1.5
    says 2 'exclude each other' "$@" -weights 0.5,0.3,0.2 -lambda 0.5
    says 2 'found 1, wanted 2, one for each -lm-prob' "$@" -lm-prob 3.test -lm-prob 1.test -tune-lm-prob 3.valid -weights auto -tune valid
    says 2 'want a text to find weights on' "$@" -weights auto
    says 2 'found "geometric", wanted linear or log-linear' "$@" -mixing geometric
    set -- "$@" -mixing log-linear
    says 2 'wanted 3 numbers, one for each model' "$@" -weights 0.5,0.5
    says 2 'wanted a number from 0 on' "$@" -weights 1,-1,1
    says 2 'which a file does not have' "$@" -lm-prob 3.test
    says 2 'log-linear and -dynamic exclude' "$@" -dynamic 0.1
    says 2 'log-linear and -nbest exclude' "$@" -nbest
    says 2 'log-linear and -unk-count exclude' "$@" -unk-count 10
}
