# Sourced by run: what it shows, and lines to try next.  One that is indented
# is to be pasted; t/244-run.t and t/245-run-tryton.t do.

indented() {
    sed 's/^./    &/'
}

delivered() {
    trace=$(curl -sf "$api/messages?correlation_id=$correlation") \
    && ! echo "$trace" | grep -qE '"state":"(ready|leased|held|ending)"'
}

logged() {
    correlation=$(sed -n "$line"'s/.*"correlation_id":"\([^"]*\)".*/\1/p' \
                  "$dir/logs/messages.log")
    [ -n "$correlation" ]
}

# one message on its way

show() {
    line=$(($(wc -l <"$dir/logs/messages.log") + 1))
    examples=conf/examples

    [ "$erp" != tryton ] || examples=$prefix/examples

    echo "NGINX runs.  An admission goes in, $examples/adt_a01.hl7:"
    echo
    indented <"$examples/adt_a01.hl7"
    echo
    echo "It is acknowledged as soon as it is stored:"
    echo
    t/tools/send -p "${mllp#*:}" "$examples/adt_a01.hl7" | sed 1,2d | indented
    within 10 logged

    if ! within 10 delivered; then
        echo "It waits: the ERP was down when this engine ran before."

    elif [ "$erp" = tryton ]; then
        echo "Tryton has a party for the patient's account:"
        echo
        t/tools/tryton parties | indented

    else
        echo "What the ERP got, the last line of $prefix/logs/erp.log:"
        echo
        grep "$correlation" "$dir/logs/erp.log" | indented
    fi

    echo
}

# what to type, with what differs from the default

make_send() {
    echo "make send${RUN_PORTS:+ PORT=${mllp#*:}} FILE=$examples/$1"
}

make_reload() {
    echo "make reload${RUN_PREFIX:+ RUN_PREFIX=$RUN_PREFIX}" \
         "${RUN_PORTS:+RUN_PORTS='$RUN_PORTS'}" \
         "${RUN_MODULES:+RUN_MODULES=$RUN_MODULES}" | sed 's/ *$//'
}

ask_tryton() {
    echo "${RUN_PORTS:+TRYTON_PORT=$TRYTON_PORT }t/tools/tryton $*"
}

show_next() {
    cat <<END
To try next, from another terminal, in $PWD:

its trace, by its correlation id
    curl -s '$api/messages?correlation_id=$correlation' | json_pp

END

    "next_${erp:-nginx}"

    cat <<END
another configuration: edit conf/${erp:-nginx}.conf, then
    $(make_reload)

END
}

next_nginx() {
    cat <<END
charges and what was used, an appointment, an item; a visit as FHIR resource
    $(make_send dft_p03.hl7)
    $(make_send siu_s12.hl7)
    $(make_send mfn_m16.hl7)
    curl -s --json @conf/examples/encounter.json $http/fhir/Encounter | json_pp
    tail -n 5 $prefix/logs/erp.log

the ERP is down: what comes is accepted, and waits
    touch $prefix/erp/down
    $(make_send adt_a01.hl7)
    curl -s $api/status | json_pp
    sqlite3 -box $prefix/store/store.db 'SELECT * FROM v_backlog'

it is back: what waits is delivered in a while, or at once if it is probed
    rm $prefix/erp/down
    curl -s --json '{"destination":"/erp/adt","reason":"it is back"}' $api/destinations/probe | json_pp
    curl -s $api/status | json_pp

it refuses a charge: a dead letter, and what is of the same visit waits
    touch $prefix/erp/refuse/C-2001
    $(make_send dft_p03.hl7)
    curl -s '$api/dead-letters?detail=1' | json_pp
    rm $prefix/erp/refuse/C-2001
    curl -s --json '{"reason":"mended","filter":{"destination":"/erp/charge"}}' $api/dead-letters/replay | json_pp
    tail -n 2 $prefix/logs/erp.log

END
}

next_tryton() {
    cat <<END
charges become posted invoices, what was used stock moves
    $(make_send dft_p03.hl7)
    $(ask_tryton invoices)
    $(ask_tryton stock)

there are less than 9 of that item: the reorder run asks for more
    $(ask_tryton reorder)
    $(ask_tryton requests)

the item master goes out over MLLP, as MFN^M16, to what stands for a clinical
system; a cron job does this, see conf/destinations/tryton_items.conf
    $(ask_tryton rename IMP-4711 "'Hip stem, size 12'")
    curl -sf -u "hie:\$(cat $prefix/keys/tryton.pw)" '$http/erp/tryton/items?since=1970-01-01T00:00:00' | curl -s --json @- $http/hooks/items | json_pp
    tail -n 1 $prefix/logs/clinical.log | tr '\r' '\n'

what of all that waits, and what is dead
    curl -s $api/status | json_pp

END
}
