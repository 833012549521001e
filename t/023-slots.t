use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# 5: connection slots run out.  Messages wait in their sockets then: none is
# lost, none is refused, and NGINX has no reason for an alert.

use constant SLOTS => 48;

sub connected;
sub active;
sub free;
sub accept_all;

my $back = Held->new;
my $port = $back->port;

my $ngx = Engine->start(events => "worker_connections @{[SLOTS]};",
                        stream => <<'EOS', http => <<"EOH");
    server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /held; }
EOS
    log_format status '\$hl7_control_id \$status';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log status;
        location = /held { proxy_pass http://127.0.0.1:$port; }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location = /status { stub_status; access_log off; }
    }
EOH

my (@clients, @requests, @got, $c, $idle, $count);


# many more messages than slots, of several connections

for my $n (0 .. 7) {
    $clients[$n] = connected();
    $clients[$n]->send(map { hl7('ADT^A01', "A$n-$_") } 1 .. 16);
}

@requests = accept_all;
cmp_ok(scalar @requests, '>', 1, 'some messages are in flight');
cmp_ok(scalar @requests, '<', SLOTS / 2, 'others wait');
cmp_ok(free, '>', 0, 'there are slots left for others');

$count = @requests;

while (@requests) {
    $_->answer(200) for @requests;
    @requests = $count < 128 ? ($back->accept, accept_all) : ();
    $count += @requests;
}

for my $n (0 .. 7) {
    @got = map { msa($clients[$n]->read) } 1 .. 16;
    is_deeply(\@got, [map { "AA A$n-$_" } 1 .. 16],
              "all messages of client $n are acknowledged");
}

$_->close for @clients;
wait_for { active() == 1 } 'all connections to end';


# connections that are idle have taken the slots

$c = connected();
@clients = ();
push @clients, connected() while free > 1;

$c->send(map { hl7('ADT^A01', "B$_") } 1 .. 3);
active;
ok(!$back->pending, 'a message waits for a slot');

pop(@clients)->close;
@requests = $back->accept;
pass('it comes in when there is one');

@clients = ();
push @requests, map { $back->accept } 2 .. 3;
$_->answer(200) for @requests;
@got = map { msa($c->read) } 1 .. 3;
is_deeply(\@got, ['AA B1', 'AA B2', 'AA B3'], 'and the others after it');
wait_for { active() == 2 } 'the idle connections to end';


# a client whose message waits, and who leaves

push @clients, connected() while free > 1;
$c->send(hl7('ADT^A01', 'C1'));
active;
ok(!$back->pending, 'a message waits for a slot');
$count = active;
$c->reset;
wait_for { active() < $count } 'the client to be gone';

@clients = ();
wait_for { active() == 1 } 'all connections to end';
ok(!$back->pending, 'a message of a client that is gone makes no request');


# the acknowledgements before those that wait do not

$c = connected();
push @clients, connected() while free > 3;
$c->send(hl7('ADT^A01', 'D1'));
@requests = $back->accept;
$c->send(hl7('ADT^A01', 'D2'));
active;
ok(!$back->pending, 'the next message waits for a slot');
$requests[0]->answer(200);
is(msa($c->read), 'AA D1', 'the one before is acknowledged');
$back->accept->answer(200);
is(msa($c->read), 'AA D2', 'then the next');

$c->close;
@clients = ();
wait_for { active() == 1 } 'all connections to end';

my %status = $ngx->access_log =~ /^(\S+) (\d+)$/mg;
is(scalar keys %status, 128 + 3 + 2, 'each message was a request');
is_deeply([grep { $_ != 200 } values %status], [], 'that went well');

$ngx->stop;

done_testing();


sub msa {
    my ($ack) = @_;

    return join ' ', map { field($ack, $_) } 'MSA-1', 'MSA-2';
}


# returns when the worker has accepted the connection

sub connected {
    my $accepted = qr/ client \S+ connected to /;
    my $before = () = $ngx->log =~ /$accepted/g;
    my $client = $ngx->client('MLLP');

    wait_for { (() = $ngx->log =~ /$accepted/g) > $before } 'accept()';

    return $client;
}


# also a barrier: the worker has seen all that was sent on connections that it
# has accepted

sub active {
    return $ngx->active;
}


# without the connection that asks; two sockets and the channel to the master
# have slots as well

sub free {
    return SLOTS - 3 - (active() - 1);
}


sub accept_all {
    my @all;

    active;
    push @all, $back->accept while $back->pending;

    return @all;
}
