#!/bin/sh
# The whole example in half a minute: `make demo-crowd`, or ./demo.sh with `auctioneer` on the PATH.
# Every command is shown before it runs, and the transcripts are kept in a new directory below runs/.

set -eu

example=$(dirname "$0")
mkdir -p runs
kept=$(mktemp -d runs/treasury-XXXXXX)

part() {
    printf '\n=== %s\n' "$1"
}

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

part '1 of 4: what each mechanism earns on average, exactly'
show auctioneer expect "$example/scenario.toml" \
    --mechanism crowdsourced-optimal \
    --mechanism crowdsourced-lookahead:reward=1/2500 \
    --mechanism crowdsourced-lookahead-plus \
    --mechanism vickrey \
    --mechanism vickrey-reserve:order=eager \
    --mechanism vickrey-reserve:order=lazy

part '2 of 4: one sale, a process for each bank'
show auctioneer run "$example/scenario.toml" --out "$kept/fair.zip"

part '3 of 4: the same sale, with two banks that do not play fair'
show auctioneer run "$example/with_a_liar.toml" --out "$kept/liar.zip"
show auctioneer verify "$kept/liar.zip" --evidence "$kept/evidence"
for file in "$kept"/evidence/*.json; do
    show auctioneer verify "$file"
done

part '4 of 4: the same sale, sealed'
show auctioneer run "$example/sealed.toml" --out "$kept/sealed.zip"
show auctioneer verify "$kept/sealed.zip"
show auctioneer verify "$kept/sealed.zip" --disclosure "$kept/sealed.disclosure.json"

printf '\nall three sales settled and verify; transcripts, evidence and the disclosure are in %s\n' "$kept"
