# Logs of trainings, and the pages that rnnlm -report and rnnlm-report make of them.

load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    small_texts .
    head -n 3000 "$DATA/train.txt" >long # about 32000 words
}

setup() {
    in_own_folder
}

learn() { # MODEL OPTIONS...
    local model="$1"
    shift
    local usual="-class 20"
    [[ "$*" != *"-output "* ]] || usual=
    [[ "$*" == *"-layers "* ]] || usual="$usual -hidden 8"
    rnnlm -train long -valid valid -rnnlm "$model" $(defaults "$usual" "$@") "$@" >"$model.out"
}

# values LOG NAME: of the rows of a name.
values() {
    awk -F '\t' -v name="$2" '$3 == name { print $4 }' "$1"
}

@test "every training leaves a log, whose figures are those it prints" {
    learn model -max-iter 3
    [ "$(head -n 1 model.log)" = "$(printf 'words\tseconds\tname\tvalue')" ]
    [ "$(sed -n 2p model.log)" = "$(printf '0\t0.000\tlog\t1')" ]
    awk -F '\t' 'NF != 4 { exit 1 }' model.log
    tr '\r' '\n' <model.out | sed -n 's/.*VALID entropy: \([0-9.]*\).*/\1/p' >printed
    values model.log epoch.valid.bits | awk '{ printf "%.4f\n", $1 }' | cmp - printed
    tr '\r' '\n' <model.out | sed -n 's/.*TRAIN entropy: \([0-9.]*\).*VALID.*/\1/p' >printed
    values model.log epoch.train.bits | awk '{ printf "%.4f\n", $1 }' | cmp - printed
    [ "$(values model.log train.bits | wc -l)" -ge 9 ]
    [ "$(values model.log alpha | wc -l)" = "$(values model.log train.bits | wc -l)" ]
    [ "$(values model.log setting.layers)" = elman:8:logistic ]
    [ "$(values model.log end)" = finished ]
    values model.log command | grep -q -- '-rnnlm model -class 20 -hidden 8 -max-iter 3$'
    ! grep -q 'gradient\|error\.' model.log # nobody has looked
}

@test "the command in a log is one for a shell" {
    mkdir "a b"
    cp long "a b/it's"
    rnnlm -train "a b/it's" -valid valid -rnnlm model -hidden 4 -class 9 -max-iter 1 >out
    cp model.log before
    cp model before.model
    rm model*
    eval "$(values before command)" >out
    cmp model before.model
}

@test "a log goes on where its training goes on, and a finished training leaves it alone" {
    learn model -max-iter 2
    cp model.log before
    learn model -max-iter 2 2>err # finished
    cmp model.log before
    learn model -max-iter 4
    [ "$(values model.log epoch.valid.bits | wc -l)" -eq 4 ]
    [ "$(values model.log epoch.valid.bits | head -n 2)" = "$(values before epoch.valid.bits)" ]
    [ "$(values model.log end | wc -l)" -eq 1 ]
    [ "$(values model.log started | wc -l)" -eq 2 ]
    awk -F '\t' 'NR > 1 && ($1 < words || $2 < seconds) { exit 1 } NR > 1 { words = $1; seconds = $2 }' model.log
    rm model model.checkpoint -f
    learn model -max-iter 1 # anew
    [ "$(values model.log started | wc -l)" -eq 1 ]
}

@test "after a kill a log forgets what has to be learnt again" {
    learn model -max-iter 4 -anti-kasparek 10000
    cp model.log whole
    rm model model.checkpoint model.log -f
    "$BIN/rnnlm" -train long -valid valid -rnnlm model -hidden 8 -class 20 -max-iter 4 -anti-kasparek 10000 \
        >/dev/null 2>&1 3>&- &
    pid=$!
    for i in $(seq 200); do
        [ ! -e model.checkpoint ] || break
        sleep 0.01
    done
    kill -9 $pid 2>/dev/null || true
    wait $pid || true
    learn model -max-iter 4 -anti-kasparek 10000
    awk -F '\t' 'NR > 1 && ($1 < words || $2 < seconds) { exit 1 } NR > 1 { words = $1; seconds = $2 }' model.log
    [ "$(values model.log epoch.valid.bits | tail -n 1)" = "$(values whole epoch.valid.bits | tail -n 1)" ]
}

@test "what is no log stays, and so does where output goes" {
    echo mine >model.log
    learn model -max-iter 1 2>err
    [ "$(cat model.log)" = mine ]
    [ "$(grep -c 'model.log: no log of a training.*: it stays, and the training leaves no log' err)" -eq 1 ]
    rm model*
    rnnlm -train train -valid valid -rnnlm model -hidden 4 -class 9 -max-iter 1 >model.log 2>err
    grep -q 'VALID entropy' model.log
    ! grep -q 'it stays' err
    rm model*
    rnnlm -train train -valid valid -rnnlm model -hidden 4 -class 9 -max-iter 1 2>model.log >out
    ! grep -q 'words.seconds' model.log
    rm model*
    printf 'words\tseconds\tname\tvalue\n0\t0\tlog\t1\n' >model.log # a text, too
    cp model.log before
    ! rnnlm -train model.log -valid valid -rnnlm model -hidden 4 -class 9 -max-iter 1 >out 2>err || grep -q 'leaves no log' err
    cmp model.log before
}

@test "a page changes nothing of what is learnt, for every way to learn" {
    head -n 1200 "$DATA/train.txt" >shorter && rm long && mv shorter long
    for way in "-bptt 3" "-streams 4 -layers gru:8 -dropout 0.3" "-fast -layers lstm:8 -embedding 8 -tied -output full" \
        "-streams 4 -layers sru:8 -output nce" "-fast -direct 1"; do
        rm -f model* page.html
        learn model $way -max-iter 2
        cp model before
        rm -f model*
        learn model $way -max-iter 2 -report page.html -snapshot 10000
        cmp model before
        grep -q '</html>' page.html
        ! grep -q http-equiv page.html # it has ended
        [ "$(values model.log sample | wc -l)" -ge 2 ]
        grep -q 'error.layer0' model.log
        grep -q 'gradient.layer0.input' model.log
        grep -q 'map\.' model.log
    done
}

@test "a page that cannot be written ends no training and is said once" {
    code=0
    learn model -max-iter 3 -report missing/page.html 2>err || code=$?
    [ $code -eq 1 ]
    grep -q 'not all files beside model could be written, see above; the training is saved in model' err
    [ "$(grep -c 'missing/page.html.*training goes on without its page' err)" -eq 1 ]
    [ "$(values model.log epoch.valid.bits | wc -l)" -eq 3 ]
    ! learn other -report long 2>err
    grep -q 'long' err
    cmp long "$BATS_FILE_TMPDIR/long"
    for name in other other.log other.checkpoint other.output.txt; do
        code=0
        learn other -report $name 2>err || code=$?
        [ $code -eq 2 ]
        grep -q "option -report\|-report $name: found a file of the model's own" err
    done
}

@test "rnnlm-report: the page of one log is that of the training, several are compared" {
    learn model -max-iter 2 -report page.html
    "$BIN/rnnlm-report" model.log -o again.html
    # but for what the title calls it
    sed 's/model\.log/model/g' again.html | cmp - page.html
    learn "second<x>" -hidden 20 -max-iter 2
    "$BIN/rnnlm-report" model.log "second<x>.log" >both.html
    grep -q 'tr class="best"><td>second&#60;x&#62;.log' both.html
    grep -q '<td>elman:8:logistic<td>elman:20:logistic' both.html
    ! "$BIN/rnnlm-report" model.log long -o both.html 2>err
    grep -q 'long: no log of a training' err
    ! "$BIN/rnnlm-report" model.log -o model.log 2>err
    [ "$(head -c 5 model.log)" = words ]
    code=0
    "$BIN/rnnlm-report" 2>err || code=$?
    [ $code -eq 2 ]
}

@test "figures that come again and again are thinned out" {
    skip_if_slow
    learn model -hidden 2 -class 30 -max-iter 100 -min-improvement 0 -report page.html
    words=$(awk -F '\t' 'END { print $1 }' model.log)
    samples=$(values model.log train.bits | wc -l)
    [ "$samples" -gt 200 ] && [ "$samples" -le 520 ]
    [ "$(values model.log sample | wc -l)" -le 50 ]
    [ "$(wc -c <page.html)" -lt 500000 ]
    # no stretch is left out
    awk -F '\t' -v all="$words" '$3 == "train.bits" { if ($1 - last > all / 60) exit 1; last = $1 }' model.log
}

# ---- pages of texts -------------------------------------------------------------------------------

# big PAGE WHAT: a figure in large letters, without commas.
big() {
    tr -d ',' <"$1" | tr '>' '\n' | awk -v what="$2" '/<\/div$/ { last = $0; sub("<.*", "", last) }
        index($0, what "<") == 1 { print last; exit }'
}

@test "the page of a text has the figures that -test prints, with everything beside the network" {
    skip_if_slow # of each part it has a shorter one below
    learn model -hidden 12 -max-iter 2
    learn other -layers gru:8 -fast -epochs 1
    "$BIN/rnnlm-ngram" train -text long -order 2 -discount-fallback -o arpa
    plain=$(rnnlm -rnnlm model -test test | sed -n 's/^PPL net: //p')
    for way in "" "-ngram arpa -lambda 0.4" "-cache-neural 50 -cache-theta 0.5 -cache-lambda 0.1" "-dynamic 0.1" \
        "-rnnlm other" "-rnnlm other -ngram arpa" "-per-sentence" "-dynamic 0.1 -ngram arpa"; do
        rm -f page.html
        rnnlm -rnnlm model -test test $way >wanted
        rnnlm -rnnlm model -test test $way -report page.html >found
        cmp wanted found
        wanted=$(sed -n 's/^PPL net: //p; s/^PPL combine: //p' wanted | tail -n 1)
        awk -v a="$(big page.html perplexity)" -v b="$wanted" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < (b / 1000) ^ 2) }' ||
            fail "$way: $(big page.html perplexity), wanted $wanted"
        case $way in
        *other*) ;;
        *-ngram* | *-cache* | *-dynamic*)
            awk -v a="$(big page.html "perplexity of the networks as they are")" -v b="$plain" \
                'BEGIN { exit !((a - b) ^ 2 < (b / 1000) ^ 2) }' || fail "$way: plain"
            grep -q 'class="w b[0-9][u ]* gain\|class="w b[0-9][u ]* loss' page.html
            ;;
        *) ! grep -q 'as they are' page.html ;;
        esac
    done
}

@test "the page of a text: bits and alternatives of its words" {
    learn model -hidden 12 -max-iter 2
    rnnlm -rnnlm model -test test -write surprisal 2>/dev/null >table
    rnnlm -rnnlm model -test test -report page.html >out 2>/dev/null
    tr '"' '\n' <page.html | sed -n 's/^\([0-9.]*\) bits, probability .*/\1/p' >found
    awk -F '\t' 'NR > 1 && $4 != "NA" { printf "%.2f\n", $4 }' table | cmp - found
    grep -c 'no model knows it' page.html >unknown || true
    [ "$(cat unknown)" = "$(awk -F '\t' '$4 == "NA"' table | wc -l)" ]
    # what begins sentences when the most probable word is always taken
    rnnlm -rnnlm model -gen-sentences 1 -temperature 0 -debug 0 | head -n 1 | cut -d ' ' -f 1 >wanted
    rnnlm -rnnlm model -test test -per-sentence -report page.html >out 2>/dev/null
    sed -n '/class="line"/{n;p;q}' page.html | sed 's/^[0-9.]*  //' | cmp - wanted
    # five for each word, the most probable first
    sed -n '/class="line"/,/class="line"/p' page.html | tr '">' '\n\n' |
        awk '/bits, probability/ { last = 2; count = 0; next }
            /^0\.[0-9]*  / { if ($1 > last) exit 1; last = $1; if (++count == 5) five++ } END { exit !(five > 3) }'
}

@test "the page of a text: odd words, long texts, what it is not for" {
    printf '<b> &amp; "q"\n\n\377\n' >odd
    learn model -max-iter 1
    rnnlm -rnnlm model -test odd -unk -report page.html >out 2>err
    tr -d '\n' <page.html | grep -q '>&#60;b&#62;</span> .*>&#38;amp;</span> .*>&#34;q&#34;</span>'
    grep -q 'words that no model knows' page.html
    ! grep -q '<b>' page.html
    for i in 1 2 3 4 5; do cat long; done | head -n 2000 >longer
    words=$(awk '{ n += NF + 1 } END { print n }' longer)
    rnnlm -rnnlm model -test longer -report page.html >out
    grep -q "Shown are the first 10000 of $words words" page.html
    rm page.html
    for call in "-test - -report page.html" "-test test -nbest -report page.html" "-gen 5 -report page.html"; do
        code=0
        rnnlm -rnnlm model $call <test 2>err >out || code=$?
        [ $code -eq 2 ] && grep -q -- '-report' err || fail "$call: $(cat err)"
    done
    cp test text
    ! rnnlm -rnnlm model -test text -report text 2>err >out
    cmp text test
    ! rnnlm -rnnlm model -test test -report missing/page.html 2>err >out
    grep -q 'missing/page.html' err
}

# A browser of those that Debian has; its answer is the page as scripts have changed it.
in_browser() { # PAGE SCRIPT
    { sed 's,</body></html>,,' "$1" && printf '<script>%s</script></body></html>' "$2"; } >"$1.test.html"
    timeout 60 chromium --headless --no-sandbox --disable-gpu --dump-dom "file://$PWD/$1.test.html" 2>err
}

@test "in a browser pages load without an error, and pointing at a curve shows its values" {
    command -v chromium >/dev/null || skip "chromium is not there"
    skip_if_slow
    learn model -max-iter 3 -report page.html
    hover='window.onerror=function(m){document.title="ERROR "+m};var s=document.querySelector("svg[data-chart]"),
        b=s.getBoundingClientRect();s.dispatchEvent(new PointerEvent("pointermove",{clientX:b.left+b.width/2,clientY:b.top+50}));'
    in_browser page.html "$hover" >dom
    grep -q '<title>model</title>' dom
    grep -q 'class="tip" style="visibility: visible[^"]*">[0-9,]* words of the training text' dom
    grep -q '^training: [0-9.]* bits, perplexity [0-9.]*' dom
    ! grep -qi 'uncaught\|Refused' err
}

@test "in a browser pointing at a word shows its bits" {
    command -v chromium >/dev/null || skip "chromium is not there"
    skip_if_slow
    learn model -max-iter 1
    rnnlm -rnnlm model -test test -report page.html >out 2>err
    in_browser page.html 'window.onerror=function(m){document.title="ERROR "+m};var w=document.querySelector(".line .w");
        w.dispatchEvent(new PointerEvent("pointerover",{bubbles:true}));' >dom
    grep -q '<title>test</title>' dom
    tr '\n' ' ' <dom | grep -q 'id="tip" class="tip" style="visibility: visible[^>]*>[0-9.]* bits, probability [0-9.e-]* 0\.[0-9]*'
}
