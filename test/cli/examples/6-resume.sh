#!/bin/sh
# Kills a training, and starts it again with the same call.
rnnpath=${1:-../rnnlm}

rm -f model model.output.txt
$rnnpath/rnnlm -train train -valid valid -rnnlm model -hidden 15 -rand-seed 1 -class 100 -anti-kasparek 10000 > killed.log &
until [ -e model ]; do sleep 0.05; done
kill -9 $!
wait $! 2> /dev/null || true
$rnnpath/rnnlm -train train -valid valid -rnnlm model -hidden 15 -rand-seed 1 -class 100 -anti-kasparek 10000
$rnnpath/rnnlm -rnnlm model -test test
