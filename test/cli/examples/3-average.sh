#!/bin/sh
# Averages five networks that differ in their seed only.
rnnpath=${1:-../rnnlm}

for seed in 1 2 3 4 5; do
    rm -f model$seed model$seed.output.txt
    $rnnpath/rnnlm -train train -valid valid -rnnlm model$seed -hidden 10 -rand-seed $seed -class 100 -max-iter 3 > train$seed.log
    $rnnpath/rnnlm -rnnlm model$seed -test test -debug 2 > table$seed
    awk -F'\t' 'NF >= 3 { print $2 }' table$seed > prob$seed
    $rnnpath/prob < prob$seed > ppl$seed
done
$rnnpath/prob prob1 prob2 0.5 > prob12
$rnnpath/prob prob12 prob3 0.666666 > prob123
$rnnpath/prob prob123 prob4 0.75 > prob1234
$rnnpath/prob prob1234 prob5 0.8 > prob12345
$rnnpath/prob < prob12345
