use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# Messages of one turn, of one connection and of several, are requests one
# after the other on the same connection slot: none of them sees anything of
# those before, whatever became of them.

use constant SLOTS => 64;

sub message;
sub logged;

my $backend = Engine->backend(sub {
    my ($c, $request) = @_;

    print $c "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
             . "Connection: close\r\n\r\nok";
});

my $ngx = Engine->start(events => "worker_connections @{[SLOTS]};",
                        stream => <<'EOS', http => <<"EOH");
    server { listen 127.0.0.1:%%MLLP%%;
             mllp_pass hie /$hl7_message_type/$hl7_trigger_event; }
EOS
    log_format facts '\$hl7_control_id|\$uri|\$status|\$body_bytes_sent|'
                     '\$connection_requests|\$remote_port|\$request_length|'
                     '\$hl7_ack_code|\$hie_correlation_id|\$limit_rate';

    limit_req_zone \$hl7_control_id zone=slow:1m rate=1000r/s;

    server {
        server_name hie;
        mllp_only;
        access_log logs/facts.log facts;
        error_page 502 = /A/OK;

        location /A/OK    { return 200; }
        location /A/BODY  { return 200 "some text"; }
        location /A/NO    { return 500; }
        location /A/BAD   { return 400; }
        location /A/OVER  { rewrite ^ /A/BODY last; }
        location /A/PAGE  { error_page 404 = /A/BODY; return 404; }
        location /A/GONE  { return 444; }
        location /A/BACK  { proxy_pass http://127.0.0.1:$backend; }
        location /A/DOWN  { proxy_pass http://127.0.0.1:%%DOWN%%; }
        location /A/AUTH  { auth_request /auth; return 200; }
        location /A/TWICE { mirror /mirror; return 200; }
        location /A/POST  { post_action /mirror; return 200; }
        location /A/SLOW  { limit_rate 4; return 200 "some text"; }
        location /A/LATER { limit_req zone=slow burst=5;
                            proxy_pass http://127.0.0.1:$backend; }
        location /auth    { internal; return 204; }
        location /mirror  { internal; return 204; }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location = /status { stub_status; access_log off; }
    }
EOH

# what is answered, and with which status it is logged

my %want = (
    OK    => ['AA', 200], BODY => ['AA', 200], NO    => ['AR', 500],
    BAD   => ['AE', 400], OVER => ['AA', 200], PAGE  => ['AA', 200],
    BACK  => ['AA', 200], DOWN => ['AA', 200], AUTH  => ['AA', 200],
    TWICE => ['AA', 200], POST => ['AA', 204], SLOW  => ['AA', 200],
    LATER => ['AA', 200],
);

my (@clients, @sent, %port, %id);
my $before = $ngx->active;


# each kind after each other, in one write on every connection

my @kinds = sort keys %want;

for my $n (0 .. 2) {
    my $c = $clients[$n] = $ngx->client('MLLP');
    my $i = 0;

    $port{$n} = $c->{sock}->sockport;
    $sent[$n] = [map { my $first = $_;
                       map { [$first, 'K' . $n . '-' . $i++],
                             [$_, 'K' . $n . '-' . $i++] } @kinds } @kinds];
}

$clients[$_]->write(join '', map { frame(message @$_) } @{ $sent[$_] })
    for 0 .. 2;

for my $n (0 .. 2) {
    my @got = map { my $ack = $clients[$n]->read;
                    field($ack, 'MSA-1') . ' ' . field($ack, 'MSA-2') }
              @{ $sent[$n] };

    is_deeply(\@got, [map { "$want{$_->[0]}[0] $_->[1]" } @{ $sent[$n] }],
              "client $n: each message has its own answer, in order");

    my (@facts, @wrong);

    for my $i (0 .. $#{ $sent[$n] }) {
        my ($kind, $id) = @{ $sent[$n][$i] };
        my %is;

        @is{qw(id uri status bytes requests port length code trace rate)} =
            split /\|/, logged($id), -1;

        push @wrong, "$id $kind: $is{status}" if $is{status} != $want{$kind}[1];
        push @wrong, "$id $kind: request $is{requests}"
            if $is{requests} != $i + 1;
        push @wrong, "$id $kind: port $is{port}" if $is{port} != $port{$n};
        push @wrong, "$id $kind: length $is{length}"
            if $is{length} != length(frame message $kind, $id) - 3;
        push @wrong, "$id $kind: bytes $is{bytes}"
            if $is{bytes} != ($kind =~ /BODY|OVER|PAGE|SLOW/ ? 9
                              : $kind =~ /BACK|LATER/ ? 2 : 0)
               && $is{status} == 200;
        push @wrong, "$id $kind: rate $is{rate}"
            if $is{rate} ne ($kind eq 'SLOW' ? 4 : 0);
        push @wrong, "$id $kind: not its own id" if $id{$is{trace}}++;
    }

    is("@wrong[0 .. ($#wrong > 5 ? 5 : $#wrong)]", '',
       "client $n: what is logged of each is its own");
}


# 444 ends a connection in the middle of a turn; the others go on

for my $n (0 .. 2) {
    my $c = $ngx->client('MLLP');

    $c->write(join '', map { frame(message @$_) }
                       ['OK', "G$n-1"], ['BACK', "G$n-2"], ['GONE', "G$n-3"],
                       ['OK', "G$n-4"]);

    is(field($c->read, 'MSA-2'), "G$n-1", 'before 444 there is an answer');
    is(field($c->read, 'MSA-2'), "G$n-2", 'to all there were');
    is($c->read, undef, '444 is the end of the connection');
}

$clients[0]->send(message('OK', 'LAST'));
is(field($clients[0]->read, 'MSA-2'), 'LAST', 'another connection goes on');


# no slot is kept

wait_for { $ngx->active == $before + 3 } 'slots of requests to be free';
pass('between turns there are slots for connections only');

$_->close for @clients;
wait_for { $ngx->active == $before } 'the connections to end';
pass('and none without a connection');

$ngx->stop;

done_testing();


sub message {
    my ($kind, $id) = @_;

    return hl7("A^$kind", $id);
}


sub logged {
    my ($id) = @_;

    return $ngx->logged('facts', qr/^\Q$id\E\|/);
}
