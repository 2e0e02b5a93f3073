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
        [ "$(values model.log sample | wc -l)" -ge 3 ]
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
    code=0
    rnnlm -rnnlm model -test test -report page.html 2>err || code=$?
    [ $code -eq 2 ]
    grep -q -- '-report is for training' err
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
    learn model -hidden 2 -class 30 -max-iter 100 -min-improvement 0 -report page.html
    words=$(awk -F '\t' 'END { print $1 }' model.log)
    samples=$(values model.log train.bits | wc -l)
    [ "$samples" -gt 200 ] && [ "$samples" -le 520 ]
    [ "$(values model.log sample | wc -l)" -le 50 ]
    [ "$(wc -c <page.html)" -lt 500000 ]
    # no stretch is left out
    awk -F '\t' -v all="$words" '$3 == "train.bits" { if ($1 - last > all / 60) exit 1; last = $1 }' model.log
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
