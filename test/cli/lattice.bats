# rnnlm-lattice: lattices rescored, in and out of files, and damaged ones; the decoder's example.

load helpers

# lattices DIR COUNT SEED: SLF lattices around sentences of data/test.txt: other words beside each,
# some nodes twice with different times, some words that can be left out.
lattices() {
    mkdir -p "$1"
    awk -v dir="$1" -v count="$2" -v seed="$3" '
        # the same numbers in every awk
        function random(n) { state = (state * 16807) % 2147483647; return state % n }
        function link(from, to, word) {
            links = links "J=" l++ " S=" from " E=" to " W=" word " a=-" 80 + random(2000) / 100 \
                " l=-" 2 + random(600) / 100 "\n"
        }
        BEGIN { state = seed }
        { for (i = 1; i <= NF; i++) if (words < 3000) word[words++] = $i }
        NF >= 5 && NF <= 8 && made < count {
            l = 0; links = ""; nodes = 1; from[0] = 0; froms = 1
            for (i = 1; i <= NF; i++) {
                tos = 1 + (random(3) == 0)
                for (t = 0; t < tos; t++) to[t] = nodes++
                for (f = 0; f < froms; f++) for (t = 0; t < tos; t++) {
                    link(from[f], to[t], $i)
                    for (k = random(3); k > 0; k--) link(from[f], to[t], word[random(words)])
                }
                if (random(5) == 0) link(from[0], to[0], "!NULL")
                froms = tos
                for (t = 0; t < tos; t++) from[t] = to[t]
            }
            for (f = 0; f < froms; f++) links = links "J=" l++ " S=" from[f] " E=" nodes " W=</s> a=0 l=-1\n"
            file = dir "/u" ++made ".slf"
            printf "VERSION=1.0\nlmscale=9 wdpenalty=-0.5\nN=%d L=%d\n", nodes + 1, l >file
            for (i = 0; i <= nodes; i++) printf "I=%d t=%.2f\n", i, i / 4 >file
            printf "%s", links >file
            close(file)
        }' "$DATA/test.txt"
}

# networks DIR COUNT SEED: SLF lattices like confusion networks, around sentences of 12 to 16 words: at every other word
# two or three others, one of them maybe none, so that sentences differ in words that are far apart.
networks() {
    mkdir -p "$1"
    awk -v dir="$1" -v count="$2" -v seed="$3" '
        function random(n) { state = (state * 16807) % 2147483647; return state % n }
        function link(at, word) {
            links = links "J=" l++ " S=" at " E=" at + 1 " W=" word " a=-" random(1000) / 100 "\n"
        }
        BEGIN { state = seed }
        { for (i = 1; i <= NF; i++) if (words < 5000) word[words++] = $i }
        NF >= 12 && NF <= 16 && ++seen > 3 && made < count {
            l = 0; links = ""
            for (i = 1; i <= NF; i++) {
                link(i - 1, $i)
                if (i % 2 == 0) for (k = 2 + random(2); k > 0; k--)
                    link(i - 1, k == 3 ? "!NULL" : word[random(words)])
            }
            file = dir "/n" ++made ".slf"
            printf "VERSION=1.0\nlmscale=9 wdpenalty=-0.5\nN=%d L=%d\n", NF + 1, l >file
            for (i = 0; i <= NF; i++) print "I=" i >file
            printf "%s", links >file
            close(file)
        }' "$DATA/test.txt"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    rnnlm -train train -valid valid -hidden 20 -class 20 -bptt 3 -direct 1 -max-iter 3 -rnnlm model >log
    lattices lat 12 7
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    model="$BATS_FILE_TMPDIR/model"
    cp -r "$BATS_FILE_TMPDIR/lat" .
}

rnnlm-lattice() {
    "$BIN/rnnlm-lattice" "$@"
}

# wrong STATUS TEXT COMMAND...: it ends so, with one line on standard error that holds the text.
wrong() {
    local status=0 wanted="$1" text="$2"
    shift 2
    "$@" >out 2>err || status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit status $status, wanted $wanted: $(cat err)" || return 1
    [ "$(wc -l <err)" -eq 1 ] || fail "$*: $(cat err)" || return 1
    grep -qF -- "$text" err || fail "$*: no \"$text\" in: $(cat err)"
}

# costs ARGUMENTS...: the best sentence's cost of each lattice, natural logarithm, scaled.
costs() {
    rnnlm-lattice -write nbest -nbest 1 "$@" |
        awk -F '\t' '{ printf "%.6f\n", -2.302585093 * ($2 + 9 * $3) + 0.5 * $4 }'
}

# ---- rescoring ----------------------------------------------------------------------------------

@test "lattice: the best sentence is the first of the n-best list, and the lattice's" {
    rnnlm-lattice -rnnlm "$model" lat/*.slf >best
    rnnlm-lattice -rnnlm "$model" lat/*.slf -write nbest -nbest 3 >nbest
    awk -F '\t' '$1 != last { print $1 " " $5; last = $1 }' nbest | cmp - best
    mkdir out
    rnnlm-lattice -rnnlm "$model" lat/*.slf -write lattice -out-dir out
    for id in $(cut -d ' ' -f 1 best); do rnnlm-lattice "out/$id"; done | cmp - best
    [ "$(wc -l <best)" -eq 12 ]
    rnnlm-lattice lat/*.slf >own
    ! cmp -s own best
}

@test "lattice: scores are those of rnnlm_score_batch, sentence by sentence" {
    rnnlm-lattice -rnnlm "$model" -merge-order 0 lat/u1.slf -write nbest -nbest 4 >nbest
    while IFS="$(printf '\t')" read -r id acoustic lm words text; do
        # the sentence alone as a lattice
        printf 'base=10\n' >one
        set -- $text
        i=0
        while [ $i -le $# ]; do echo "I=$i"; i=$((i + 1)); done >>one
        i=0
        for word; do echo "J=$i S=$i E=$((i + 1)) W=$word"; i=$((i + 1)); done >>one
        found="$(rnnlm-lattice -rnnlm "$model" one -write nbest | cut -f 3)"
        near "$found" "$lm" 1e-5
    done <nbest
    [ "$(wc -l <nbest)" -eq 4 ]
}

@test "lattice: merging by the last words or by hidden vectors keeps the best cost" {
    costs -rnnlm "$model" -merge-order 0 lat/*.slf >exact
    costs -rnnlm "$model" -merge-order 5 lat/*.slf >order
    costs -rnnlm "$model" -merge-order 0 -merge-distance 0.02 lat/*.slf >distance
    costs -rnnlm "$model" -merge-order 0 -beam 15 -max-histories 50 lat/*.slf >beam
    for merged in order distance beam; do
        paste exact $merged | while read -r a b; do
            awk -v a="$a" -v b="$b" 'BEGIN { exit !(b >= a - 1e-3 && b <= a * 1.001) }' ||
                fail "$merged: cost $b, exact $a" || exit 1
        done
    done
    rnnlm-lattice -rnnlm "$model" -merge-order 2 -debug 1 lat/u1.slf 2>two
    rnnlm-lattice -rnnlm "$model" -merge-order 0 -debug 1 lat/u1.slf 2>all
    grep -q 'rescored: [0-9]*, [0-9]*; [0-9]* probabilities, [0-9]* states$' two
    two="$(sed -n 's/.*rescored: \([0-9]*\).*/\1/p' two)" all="$(sed -n 's/.*rescored: \([0-9]*\).*/\1/p' all)"
    [ "$two" -lt "$all" ]
}

@test "lattice: any number of threads gives the same numbers" {
    for options in "-merge-order 0 -write nbest lat/u1.slf lat/u2.slf" "-write lattice lat/u3.slf"; do
        rnnlm-lattice -rnnlm "$model" $options -threads 1 >one
        rnnlm-lattice -rnnlm "$model" $options -threads 3 >three
        cmp one three
        [ -s one ]
    done
}

@test "lattice: merging by the last words finds the best sentence of each lattice, though words far back matter" {
    skip_if_slow
    networks net 40 3
    rnnlm -train "$DATA/train.txt" -valid "$DATA/valid.txt" -hidden 30 -class 70 -fast -rnnlm long >log
    costs -rnnlm long -merge-order 0 -debug 1 net/*.slf >exact 2>exact.sizes
    costs -rnnlm long -debug 1 net/*.slf >merged 2>merged.sizes
    [ "$(wc -l <exact)" -eq 40 ]
    paste exact merged | awk '!($2 >= $1 - 1e-3 && $2 <= $1 * 1.001) { print NR ": " $0; bad = 1 } END { exit bad }'
    # lattices that the better score at a node decides wrongly
    costs -rnnlm long -merge-margin 0 net/*.slf >always
    paste exact always | awk '$2 > $1 * 1.001 { found++ } END { exit !(found >= 2) }'
    # a small part of the work
    cat exact.sizes merged.sizes | sed 's/.* \([0-9]*\) probabilities.*/\1/' |
        awk '{ sum[NR > 40] += $1 } END { print sum[0], sum[1]; exit !(sum[1] * 5 < sum[0]) }'
}

@test "lattice: pruning by posteriors makes the lattice smaller and keeps its best way" {
    rnnlm-lattice lat/u3.slf >own
    rnnlm-lattice lat/u3.slf -prune 0.9 -debug 1 2>sizes | cmp - own
    awk '{ sub(/.*: /, "", $0) } 1' sizes >/dev/null
    pruned="$(sed 's/.*pruned: \([0-9]*\).*/\1/' sizes)" all="$(sed 's/^[^:]*: \([0-9]*\).*/\1/' sizes)"
    [ "$pruned" -lt "$all" ]
}

@test "lattice: interpolation with the lattice's scores and with a back-off model" {
    costs lat/*.slf >own
    for mix in linear log; do
        costs -rnnlm "$model" -lambda 0 -mix $mix lat/*.slf >mixed
        paste own mixed | while read -r a b; do near "$b" "$a" 1e-6 || exit 1; done
    done
    costs -rnnlm "$model" lat/*.slf >network
    costs -rnnlm "$model" -lambda 0.5 lat/*.slf >half
    ! cmp -s half network
    ! cmp -s half own
    "$BIN/rnnlm-ngram" train -text "$BATS_FILE_TMPDIR/train" -order 2 -discount-fallback -o bigram
    costs -rnnlm "$model" -ngram bigram -lambda 1 lat/*.slf >one
    paste network one | while read -r a b; do
        awk -v a="$a" -v b="$b" 'BEGIN { exit !(b <= a * 1.0001) }' || exit 1 # its OOVs may be known
    done
    costs -rnnlm "$model" -ngram bigram lat/*.slf >two
    ! cmp -s one two
}

@test "lattice: scales of the command line take the place of the header's" {
    sed 's/lmscale=9 wdpenalty=-0.5/lmscale=3 wdpenalty=0/' lat/u2.slf >other.slf
    rnnlm-lattice lat/u2.slf -write nbest | cut -f 2- >a
    rnnlm-lattice other.slf -lm-scale 9 -word-penalty -0.2171472 -write nbest | cut -f 2- >b
    cmp a b
    rnnlm-lattice lat/u2.slf -ac-scale 0 -write lattice | grep -q '^acscale=0$'
    rnnlm-lattice lat/u2.slf -word-penalty 100 | awk '{ print NF }' >long
    rnnlm-lattice lat/u2.slf -word-penalty -100 | awk '{ print NF }' >short
    [ "$(cat short)" -le "$(cat long)" ]
}

# ---- posteriors -----------------------------------------------------------------------------------

@test "lattice: posteriors of each slot sum up to 1, and its likeliest words are the sentence of -mbr" {
    rnnlm-lattice -rnnlm "$model" lat/*.slf -mbr >best
    rnnlm-lattice -rnnlm "$model" lat/*.slf -write sausage >mesh
    awk '$1 == "name" && NR > 1 { print line } $1 == "name" { line = $2 }
         $1 == "align" {
             sum = 0
             for (i = 4; i <= NF; i += 2) sum += $i
             if (sum < 0.999999 || sum > 1.000001) bad = 1
             if ($3 != "*DELETE*") line = line " " $3
         }
         END { print line; exit bad }' mesh | cmp - best
    awk '$1 == "numaligns" { n += $2 } $1 == "align" { n-- } END { exit n != 0 }' mesh
    rnnlm-lattice -rnnlm "$model" lat/*.slf -write sausage -format kaldi |
        awk '{ line = $1; for (i = 2; i < NF; i++) if ($i == "[" && $(i + 1) != "<eps>") line = line " " $(i + 1)
               print line }' | cmp - best
    rnnlm-lattice -rnnlm "$model" lat/*.slf -write posteriors -mbr >ctm
    awk '$1 != last { if (NR > 1) print line; line = last = $1 } { line = line " " $5 } END { print line }' ctm |
        cmp - best
    # in order, one word behind the other
    awk 'NF != 6 || $6 <= 0 || $6 > 1 || $4 < 0 || ($1 == id && $3 < end - 0.0015) { print; bad = 1 }
         { id = $1; end = $3 + $4 } END { exit bad }' ctm
    # what is written of the lattice written in between is the same
    mkdir out
    rnnlm-lattice -rnnlm "$model" lat/*.slf -write lattice -out-dir out
    for id in $(cut -d ' ' -f 1 best); do rnnlm-lattice "out/$id" -mbr; done | cmp - best
}

@test "lattice: Kaldi's confusion networks are SRILM's in other words" {
    rnnlm-lattice lat/*.slf -write sausage | awk '$1 == "name" { if (line != "") print line; line = $2 }
        $1 == "align" { line = line " ["; for (i = 3; i <= NF; i++) line = line " " ($i == "*DELETE*" ? "<eps>" : $i); line = line " ]" }
        END { print line }' >wanted
    grep -q '\[ [^ ]* 0[^ ]* [^ ]* 0[^ ]* ' wanted # slots of several words
    # in which there is a slot without words between any two
    rnnlm-lattice lat/*.slf -write sausage -format kaldi | sed 's/ \[ <eps> 1 \]//g' | cmp - wanted
}

@test "lattice: fields of HTK's have long names too, and words any letters" {
    for lattice in u1 u2; do
        sed 's/\bS=/START=/; s/\bE=/END=/; s/\bW=/WORD=/; s/\ba=/acoustic=/; s/\bl=/language=/; s/\bt=/time=/
             s/^N=/NODES=/; s/ L=/ LINKS=/' lat/$lattice.slf >long.slf
        grep -q 'START=.*END=.*WORD=.*acoustic=' long.slf && grep -q '^NODES=[0-9]* *LINKS=' long.slf
        rnnlm-lattice lat/$lattice.slf -write nbest -nbest 20 | cut -f 2- >wanted
        rnnlm-lattice long.slf -write nbest -nbest 20 | cut -f 2- | cmp - wanted
    done
    # as -htk-quotes has words written, letters that are not ASCII are octal, and come back
    printf 'VERSION=1.0\nUTTERANCE=x\nN=3 L=2\nI=0\nI=1\nI=2\nJ=0 S=0 E=1 W=na\303\257ve a=-1 l=-1\nJ=1 S=1 E=2 W=a"b a=-1 l=-1\n' >odd.slf
    rnnlm-lattice odd.slf | cut -d ' ' -f 2- >wanted
    rnnlm-lattice odd.slf -htk-quotes -write lattice -format slf >written
    grep -q 'W=na\\303\\257ve' written
    rnnlm-lattice written -htk-quotes | cut -d ' ' -f 2- | cmp - wanted
}

@test "lattice: posteriors of the best sentence have its words' times, where there are any" {
    rnnlm-lattice lat/u1.slf -write posteriors >ctm
    [ "$(rnnlm-lattice lat/u1.slf)" = "u1$(awk '{ printf " %s", $5 }' ctm)" ]
    # node i is at i / 4 seconds
    awk '{ if ($2 != 1 || $3 * 4 % 1 || $4 <= 0) bad = 1 } END { exit bad || $3 + $4 <= 1 }' ctm
    rnnlm-lattice lat/u1.slf -write lattice -format kaldi | rnnlm-lattice - -lm-scale 9 -word-penalty -0.2171472 \
        -write posteriors >timeless
    awk '{ print $1, $2, "*", "*", $5, $6 }' ctm | cmp - timeless
    # Kaldi's alignments have times
    printf 'u \n0 1 the 0,0,1_1_2\n1 2 cat 0,0,3_4\n2 0,0,5\n\n' >aligned
    rnnlm-lattice aligned -frame-shift 0.03 -write posteriors >ctm
    printf 'u 1 0.000 0.090 the 1.000000\nu 1 0.090 0.060 cat 1.000000\n' | cmp - ctm
    # a larger scale levels posteriors, a smaller one sharpens them
    average() { rnnlm-lattice lat/*.slf -write posteriors "$@" | awk '{ sum += $6 } END { print sum / NR }'; }
    sharp="$(average -posterior-scale 1)" own="$(average)" same="$(average -posterior-scale 9)" flat="$(average -posterior-scale 100)"
    [ "$own" = "$same" ]
    awk -v a="$sharp" -v b="$own" -v c="$flat" 'BEGIN { exit !(a > b + 0.01 && b > c + 0.01) }'
}

@test "lattice: sausages and posteriors in files of their own" {
    mkdir out
    rnnlm-lattice lat/*.slf -write sausage -out-dir out
    [ "$(grep -l "^name u" out/u* | wc -l)" -eq 12 ]
    rnnlm-lattice lat/*.slf -write sausage >all
    for i in 1 10 11 12 2 3 4 5 6 7 8 9; do cat out/u$i; done | cmp - all
}

@test "lattice: within tight bounds the search narrows, says so, and finds a way" {
    for bound in "-max-nodes 5" "-max-steps 40" "-max-seconds 0.000001"; do
        rnnlm-lattice -rnnlm "$model" $bound lat/u1.slf >best 2>err
        grep -q "^u1 ." best
        [ "$(grep -c narrowed err)" -eq 1 ]
        grep -q "u1.slf: u1: the search was narrowed: .*; ${bound%% *} " err
    done
    rnnlm-lattice -rnnlm "$model" lat/u1.slf 2>err >best
    ! grep narrowed err
}

@test "lattice: an n-gram model alone, and in its own place" {
    "$BIN/rnnlm-ngram" train -text "$BATS_FILE_TMPDIR/train" -order 3 -discount-fallback -o trigram
    costs lat/*.slf >own
    costs -ngram trigram lat/*.slf >new
    ! cmp -s own new
    costs -ngram trigram -old-ngram trigram lat/*.slf 2>err >same
    paste own same | while read -r a b; do near "$b" "$a" 1e-6 || exit 1; done
}

# ---- files --------------------------------------------------------------------------------------

@test "lattice: compressed files, a list, standard input, n-best files" {
    rnnlm-lattice -rnnlm "$model" lat/*.slf >best
    gzip lat/u*.slf
    ls lat/*.gz >list
    rnnlm-lattice -rnnlm "$model" -list list | cmp - best
    gzip -dc lat/u1.slf.gz | rnnlm-lattice -rnnlm "$model" - | cut -d ' ' -f 2- >one
    sed -n 's/^u1 //p' best | cmp - one
    mkdir out
    rnnlm-lattice -rnnlm "$model" -list list -write nbest -nbest 5 -out-dir out -gz
    gzip -dc out/u1.gz | awk 'NF != $3 + 3 { exit 1 } END { exit NR != 5 }'
    rnnlm-lattice -rnnlm "$model" -list list -o file
    cmp file best
}

@test "lattice: Kaldi's lattices, and from one format to the other" {
    for i in 1 2 3; do rnnlm-lattice lat/u$i.slf -write lattice -format kaldi; done >archive
    grep -c '^u[123] $' archive | grep -qx 3
    options="-lm-scale 9 -word-penalty -0.2171472"
    rnnlm-lattice lat/u[123].slf >own
    rnnlm-lattice archive $options | cmp - own
    rnnlm-lattice -rnnlm "$model" lat/u[123].slf >best
    rnnlm-lattice -rnnlm "$model" archive $options | cmp - best
    rnnlm-lattice -rnnlm "$model" archive $options -write lattice | rnnlm-lattice - $options | cmp - best
    mkdir slf
    rnnlm-lattice archive -write lattice -format slf -out-dir slf
    rnnlm-lattice slf/u? $options | cmp - own
    wrong 1 "SLF has one a file" rnnlm-lattice archive -write lattice -format slf
    # numbers for words
    awk 'NF == 4 { print $3 }' archive | sort -u | grep -v '^<eps>$' |
        awk 'BEGIN { print "<eps> 0" } { print $1 " " NR + 1 }' >words
    awk 'FNR == NR { n[$1] = $2; next } NF == 4 { $3 = n[$3] } { print }' words archive >numbers
    rnnlm-lattice numbers -words words $options | cmp - own
    rnnlm-lattice numbers -words words -write lattice >again
    rnnlm-lattice again -words words $options | cmp - own
}

@test "lattice: OpenFst's text form, in and out, with the same costs" {
    costs lat/u[123].slf >own
    words() { rnnlm-lattice "$@" | cut -d ' ' -f 2-; }
    words lat/u[123].slf >best
    for format in fst fsa; do
        mkdir $format
        for i in 1 2 3; do rnnlm-lattice lat/u$i.slf -write lattice -format $format -o $format/u$i.txt; done
        words $format/*.txt | cmp - best
        # the whole cost is there
        rnnlm-lattice $format/*.txt -write nbest -nbest 1 | awk -F '\t' '{ printf "%.6f\n", -2.302585093 * $2 }' >$format.costs
        same_numbers $format.costs own 1e-5
        # an archive
        cat $format/*.txt >archive
        grep -cx 'u[123] ' archive | grep -qx 3
        rnnlm-lattice archive -write lattice | cmp - archive
        rnnlm-lattice archive | cut -d ' ' -f 2- | cmp - best
    done
    # files of their own have no names; a second one has no place beside the first
    mkdir files
    rnnlm-lattice archive -write lattice -out-dir files
    sed 1d fsa/u2.txt | sed '/^$/d' | cmp - files/u2
    rnnlm-lattice files/u2 -write lattice | cmp - files/u2
    wrong 1 "those without names are one a file" rnnlm-lattice files/u1 files/u2 -write lattice
    # new language model scores come beside the costs, or take their place
    cost() { rnnlm-lattice -rnnlm "$model" "$@" -write nbest -nbest 1 | cut -f 2,3; }
    cost files/u1 >beside
    cost files/u1 -fst-cost lm >instead
    cost files/u1 -lambda 0 -fst-cost lm | awk '$1 != 0 || $2 >= 0 { exit 1 }'
    awk '$1 >= 0 || $2 >= 0 { exit 1 }' beside
    awk '$1 != 0 || $2 >= 0 { exit 1 }' instead
    # numbers for words
    awk 'NF >= 3 && $3 != "<eps>" { print $3 }' archive | sort -u | awk 'BEGIN { print "<eps> 0" } { print $1 " " NR }' >table
    rnnlm-lattice archive -words table -write lattice >wrong 2>err || true
    grep -q 'wanted the number of a word' err
    awk 'FNR == NR { n[$1] = $2; next } NF >= 3 { $3 = n[$3] } { print }' table files/u2 >numbers
    [ "$(words numbers -words table)" = "$(sed -n 2p best)" ]
    rnnlm-lattice numbers -words table -write lattice | cmp - numbers
}

@test "lattice: words in UTF-8 and Latin-1 are bytes" {
    printf 'I=0\nI=1\nI=2\nJ=0 S=0 E=1 W=stra\303\237e a=-1\nJ=1 S=1 E=2 W=stra\337e a=-2\n' >words.slf
    printf 'words stra\303\237e stra\337e\n' >wanted
    rnnlm-lattice -rnnlm "$model" words.slf | cmp - wanted
    rnnlm-lattice -rnnlm "$model" words.slf -write lattice -o out.slf
    rnnlm-lattice out.slf | cut -d ' ' -f 2- >found
    cut -d ' ' -f 2- wanted | cmp - found
}

# ---- bad input ----------------------------------------------------------------------------------

@test "lattice: bad lattices are refused with file and line" {
    head -n 5 lat/u1.slf >cut.slf
    wrong 1 "cut.slf: line 5: found 2 nodes by the end of the file" rnnlm-lattice cut.slf
    sed 's/^J=3 .*/J=3 S=0 E=99 W=a a=0 l=0/' lat/u1.slf >missing.slf
    line="$(grep -n '^J=3 ' missing.slf | cut -d : -f 1)"
    wrong 1 "missing.slf: line $line: found \"E=99\"" rnnlm-lattice missing.slf
    sed '/^J=3 /s/ a=[^ ]*/ a=nan/' lat/u1.slf >nan.slf
    wrong 1 "nan.slf: line $line: found \"a=nan\"" rnnlm-lattice nan.slf
    sed '/^J=3 /s/ l=[^ ]*//' lat/u1.slf >score.slf
    wrong 1 "score.slf: line $line: the link of" rnnlm-lattice score.slf
    sed '/^J=3 /s/S=[0-9]* E=[0-9]*/S=4 E=0/' lat/u1.slf >cycle.slf
    wrong 1 "closes a cycle" rnnlm-lattice cycle.slf
    grep -q 'cycle.slf: line [0-9]*: ' err
    printf 'I=0\nI=1\nI=2\nJ=0 S=0 E=1 W=a\nJ=1 S=2 E=1 W=b\n' >lost.slf
    wrong 1 "lost.slf: line 3: lost: node 2 is unreachable" rnnlm-lattice lost.slf
    grep -q -- ': -trim drops such nodes$' err
    [ "$(rnnlm-lattice lost.slf -trim)" = "lost a" ]
    gzip -c lat/u*.slf | head -c 700 >cut.gz
    wrong 1 "cut.gz: line" rnnlm-lattice cut.gz
    : >empty
    wrong 1 "empty: line 1: the file is empty" rnnlm-lattice empty
    wrong 1 "cannot open nowhere" rnnlm-lattice nowhere
    printf 'utt\n0 1 a nan,0,\n1\n' >kaldi
    wrong 1 "kaldi: line 2: found \"nan,0,\"" rnnlm-lattice kaldi
}

@test "lattice: -keep-going skips bad utterances, reports them and exits 1" {
    rnnlm-lattice -rnnlm "$model" lat/u1.slf lat/u2.slf >good
    sed '$d' lat/u3.slf >bad.slf
    status=0
    rnnlm-lattice -rnnlm "$model" lat/u1.slf bad.slf nowhere lat/u2.slf -keep-going >out 2>err || status=$?
    [ $status -eq 1 ]
    cmp out good
    [ "$(grep -cv warning err)" -eq 2 ]
    grep -q '^rnnlm-lattice: bad.slf: line ' err
    printf 'u1 \n0 1 a 1,nan,\n1 2 b 0,0,\n2\n\nu2 \n0 1 b 1,1,\n1 0 b 1,1,\n1\n\nu3 \n0 1 c 1,1,\n1\n' >archive
    status=0
    rnnlm-lattice archive -keep-going >out 2>err || status=$?
    [ $status -eq 1 ]
    [ "$(cat out)" = "u3 c" ]
    [ "$(wc -l <err)" -eq 2 ]
}

@test "lattice: wrong usage, wrong choices, and a full disk" {
    wrong 2 "wanted: LATTICES" rnnlm-lattice
    wrong 2 "-rnnlm MODEL" rnnlm-lattice -lambda 0.5 lat/u1.slf
    wrong 2 "-mbr wants -write best" rnnlm-lattice -mbr -write nbest lat/u1.slf
    wrong 2 "-old-ngram FILE" rnnlm-lattice -old-scale 0.5 lat/u1.slf
    wrong 2 "-write: wanted lattice" rnnlm-lattice -write all lat/u1.slf
    wrong 2 "-mix: wanted linear" rnnlm-lattice -rnnlm "$model" -mix all lat/u1.slf
    wrong 2 "-format: wanted slf, kaldi, fst or fsa" rnnlm-lattice -format htk lat/u1.slf
    wrong 2 "-fst-cost: wanted acoustic or lm" rnnlm-lattice -fst-cost both lat/u1.slf
    wrong 1 "that would replace a file" rnnlm-lattice -out-dir . lat/u1.slf lat/u1.slf
    [ ! -w /dev/full ] || ! rnnlm-lattice lat/u1.slf >/dev/full 2>err
    rnnlm-lattice --help | grep -q merge-distance
}

# ---- the public interface -----------------------------------------------------------------------

@test "lattice: the decoder's example finds the same best sentence" {
    library="$BIN/../build/librnnlm.a"
    [ -f "$library" ] || skip "$library is not there"
    command -v "${CC:-cc}" >/dev/null || skip "no C compiler"
    "${CC:-cc}" -std=c11 -pthread -I"$BATS_TEST_DIRNAME/../../rnnlm" -o beam_search \
        "$BATS_TEST_DIRNAME/../examples/beam_search.c" "$library" -lopenblas -lz -lm
    [ "$(wc -l <"$BATS_TEST_DIRNAME/../examples/beam_search.c")" -lt 100 ]
    for i in 1 2 3 4; do
        # the lattice without !NULL as a graph
        grep -v 'W=!NULL' lat/u$i.slf | sed 's/^N=.*//' >graph.slf
        awk '/^J=/ { gsub(/[SEWal]=/, ""); print $2, $3, $4, $5 / 10 }' graph.slf | sort -n >graph
        sed 's/^lmscale.*/base=10 lmscale=10 wdpenalty=0/' graph.slf >scaled.slf
        ./beam_search "$model" graph >found
        rnnlm-lattice -rnnlm "$model" scaled.slf -write nbest -nbest 1 |
            awk -F '\t' '{ printf "%.4f %s </s>\n", $2 / 10 + $3, $5 }' >wanted
        [ "$(cut -d ' ' -f 2- found)" = "$(cut -d ' ' -f 2- wanted)" ]
        near "$(cut -d ' ' -f 1 found)" "$(cut -d ' ' -f 1 wanted)" 1e-4
    done
}
