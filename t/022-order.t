use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# Several messages of a connection are under way at once: no more than
# mllp_inflight, answered in the order of receipt, with few writes and without
# memory that grows.

sub message;
sub msa;
sub round_trip;
sub sends;

my $back = Held->new;
my $port = $back->port;

my $ngx = Engine->start(log_level => 'debug', stream => <<'EOS', http => <<"EOH");
    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /$hl7_receiving_facility;
        mllp_inflight 4;
    }

    server {
        listen 127.0.0.1:%%ONE%%;
        mllp_pass hie /$hl7_receiving_facility;
        mllp_inflight 1;
    }
EOS
    log_format id '\$hl7_control_id';

    map "" \$long { default "@{['x' x 2000]}"; }

    server {
        server_name hie;
        mllp_only;

        location = /held {
            access_log logs/access.log id;
            proxy_pass http://127.0.0.1:$port;
        }

        location = /fast {
            access_log logs/access.log id;
            return 200;
        }

        location = /long {
            default_type application/hl7-v2;
            return 200 "MSH|^~\\&|A|B|C|D|20260301120000||ACK|1|P|2.5\rMSA|AA|\$hl7_control_id\rZZZ|\$long\r";
        }

        location = /quiet {
            error_log logs/error.log info;
            access_log off;
            return 200;
        }

        location = /mirrored {
            access_log off;
            mirror /held;
            proxy_pass http://127.0.0.1:$port/main;
        }
    }
EOH

my ($c, @request, $before, @got, $want);


# who is ready first waits for those before him

$c = $ngx->client('MLLP');
$c->send(message('held', 'A1'), map { message 'fast', $_ } 'A2' .. 'A4');
@request = $back->accept;
wait_for { $ngx->access_log =~ /^A4$/m } 'the fast ones';
like($ngx->access_log, qr/\AA2\nA3\nA4\n\z/, 'messages are not held up');
ok(!IO::Select->new($c->{sock})->can_read(0), 'their answers are');
$request[0]->answer(500);
is_deeply([map { msa($c->read) } 1 .. 4], ['AR A1', 'AA A2', 'AA A3', 'AA A4'],
          'answers are in order of receipt');


# any order of answers of the backends gives the same order

$c->send(map { message 'held', "B$_" } 1 .. 4);
@request = map { $back->accept } 1 .. 4;
$request[$_]->answer(200) for 2, 1, 3, 0;
is_deeply([map { msa($c->read) } 1 .. 4], [map { "AA B$_" } 1 .. 4],
          'backends answer in another order');


# the bound: a message is in flight until its answer is sent

$c->send(map { message 'held', "C$_" } 1 .. 6);
@request = map { $back->accept } 1 .. 4;
round_trip;
ok(!$back->pending, 'no more than mllp_inflight are in flight');
$request[1]->answer(200);
wait_for { $ngx->access_log =~ /^C2$/m } 'the second to end';
round_trip;
ok(!$back->pending, 'as long as the first is not answered');
$request[0]->answer(200);
push @request, map { $back->accept } 1 .. 2;
$request[$_]->answer(200) for 5, 2, 3, 4;
is_deeply([map { msa($c->read) } 1 .. 6], [map { "AA C$_" } 1 .. 6],
          'then the others come in');
$c->close;


# one at a time

$c = $ngx->client('ONE');
$c->send(map { message 'held', "D$_" } 1 .. 3);

for (1 .. 3) {
    @request = $back->accept;
    round_trip;
    ok(!$back->pending, "mllp_inflight 1: D$_ is alone");
    like($request[0]->body, qr/\|D$_\|/, "mllp_inflight 1: D$_ in its turn");
    $request[0]->answer(200);
    is(msa($c->read), "AA D$_", "mllp_inflight 1: D$_ is acknowledged");
}


# a request that outlives its answer counts

$c->send(message('mirrored', 'E1'), message('fast', 'E2'));
@request = sort { $a->header cmp $b->header } $back->accept, $back->accept;
$request[1]->answer(200);
is(msa($c->read), 'AA E1', 'mirror: the message is acknowledged');
round_trip;
unlike($ngx->access_log, qr/^E2$/m, 'mirror: its request is still in flight');
$request[0]->answer(200);
is(msa($c->read), 'AA E2', 'mirror: until it ends');
$c->half_close;
ok($c->eof, 'mirror: no more');


# 18: what came in together is answered together, but for turns of others

for ([1, 1, 1], [60, 1, 1], [500, 2, 50]) {
    my ($count, $least, $most) = @$_;

    $c = $ngx->client('MLLP');
    $before = sends;
    $c->send(map { message 'fast', "F$_" } 1 .. $count);
    @got = map { msa($c->read) } 1 .. $count;
    is_deeply(\@got, [map { "AA F$_" } 1 .. $count], "$count pipelined");

    # the worker closes when all that it has sent is in its log
    $c->half_close;
    ok($c->eof, "$count pipelined - no more");

    cmp_ok(sends() - $before, '>=', $least, "$count answers - writes");
    cmp_ok(sends() - $before, '<=', $most, "$count answers - no more of them");
}


# acknowledgements that fill the bound of unsent bytes, and are sent at once

$c = $ngx->client('MLLP');
$c->send(map { message 'long', "G$_" } 1 .. 200);
is_deeply([map { msa($c->read) } 1 .. 200], [map { "AA G$_" } 1 .. 200],
          'long acknowledgements');
$c->close;

$ngx->stop;


# memory: what a message took is given back at its end

$ngx = Engine->start(stream => <<'EOS', http => <<'EOH');
    server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /$hl7_trigger_event; }
EOS
    access_log off;
    server { server_name hie; mllp_only; location / { return 200; } }
EOH

my ($worker) = $ngx->workers;

SKIP: {
    skip 'memory is not the one of nginx alone', 1 if instrumented($worker);

    $c = $ngx->client('MLLP');
    burst($c, 500);
    $before = Engine::memory($worker, 'VmRSS');

    burst($c, 500) for 1 .. 40;

    cmp_ok(Engine::memory($worker, 'VmRSS') - $before, '<', 1024,
           'kB more after 20000 messages of a connection');
}

$ngx->stop;

done_testing();


sub message {
    my ($location, $id) = @_;
    my $text = hl7('ADT^A01', $id);

    $text =~ s/ERP/$location/;

    return $text;
}


sub msa {
    my ($ack) = @_;

    return join ' ', map { field($ack, $_) } 'MSA-1', 'MSA-2';
}


# when a message that was sent later has its answer, the worker has seen all
# that was sent before

sub round_trip {
    my $client = $ngx->client('MLLP');

    $client->send(message 'quiet', 'ROUND-TRIP');
    is(msa($client->read), 'AA ROUND-TRIP', 'another connection is served');
    $client->close;
}


sub sends {
    return scalar(() = $ngx->log =~ / send: fd:/g);
}


sub burst {
    my ($client, $count) = @_;

    $client->send(map { hl7('ADT^A01', $_, 'PID|1||4711') } 1 .. $count);
    $client->read for 1 .. $count;
}


sub instrumented {
    my ($pid) = @_;

    return Engine::contents("/proc/$pid/maps") =~ /vgpreload|asan|valgrind/;
}
