use lib 't/lib';
use strict;
use warnings;
use Test::More;
use ErpTest;

# An attempt on its way when a process ends: the store process, all of NGINX,
# or the worker that nobody may repeat.

sub state_of;

my $json = 'Content-Type: application/json';

my $back = Held->new;
my $erp = 'http://127.0.0.1:' . $back->port;

my $ngx = Engine->start(allow => qr/exited on signal 9|dead letter: unknown/,
                        http => <<"EOH");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    server {
        listen 127.0.0.1:%%HTTP%%;

        erp_retry    base=10ms max=10ms jitter=none;
        erp_breaker  off;

        location = /plain  { erp_send /erp/plain order_by=one; }
        location = /probed { erp_send /erp/probed; }
        location = /once   { erp_send /erp/once; }

        location = /erp/plain {
            internal;
            proxy_set_header X-Pid \$pid;
            proxy_pass $erp/plain;
        }

        location = /erp/probed {
            internal;
            erp_idempotency probe=/erp/find found=/hits;
            proxy_pass $erp/probed;
        }

        location = /erp/once {
            internal;
            erp_idempotency none;
            proxy_set_header X-Pid \$pid;
            proxy_pass $erp/once;
        }

        location = /erp/find { internal; proxy_pass $erp/find; }
    }
EOH

ErpTest->of($ngx, $back);

my ($request, $again);


# the store process dies: the worker still has it

send_message('/plain', 'A1', '{"n":1}');
$request = expect('/plain', 'the store dies');
send_message('/plain', 'A2', '{"n":2}');

my $store = store_pid;

kill 'KILL', $store;
wait_for { store_pid && store_pid != $store } 'another store process';

send_message('/plain', 'A3', '{"n":3}');
ok(!$back->pending, 'the store dies: the key waits');
$request->answer(500);

for my $n (1 .. 3) {
    $again = expect('/plain', "the store dies: then number $n");
    is($again->body, qq({"n":$n}), "the store dies: it is number $n");
    $again->answer(200);
}

is(join(' ', map { state_of("A$_", 2) } 1 .. 3), '2 2 2',
   'the store dies: all are delivered');
is(join(' ', map { $_->{status} } rows('SELECT status FROM attempt'
                                       . ' ORDER BY delivery, number')),
   '500 200 200 200', 'the store dies: it knows of all attempts');


# what must not be sent twice

send_message('/once', 'B1', '{"n":1}');
$request = expect('/once', 'none: the worker dies');
kill 'KILL', header($request, 'X-Pid');
is(state_of('B1', 3), 3, 'none: it is a dead letter');
is((rows('SELECT reason FROM delivery WHERE state = 3'))[0]{reason},
   'unknown', 'none: with its reason');


# NGINX is stopped, in order; it may be in effect

send_message('/probed', 'C1', '{"n":1}');
$request = expect('/probed', 'stopped: the request');
$ngx->end('TERM');
ok(!-e $ngx->dir . '/store/store.db-wal',
   'stopped: the file is whole without its log');
$ngx->again;
expect('/find', 'stopped: the ERP is asked first')
    ->answer(200, '{"hits":1}', $json);
is(state_of('C1', 2), 2, 'stopped: it is there');

ok(!$back->pending, 'nothing else was sent');
$ngx->stop;
done_testing();


# of the only delivery of that message, once it is that one

sub state_of {
    my ($id, $state) = @_;
    my $row;

    wait_for {
        ($row) = rows('SELECT d.state FROM delivery d JOIN message m ON'
                      . " m.id = d.message WHERE m.correlation_id = '$id'");
        $row && $row->{state} == $state;
    } "the state of $id";

    return $row->{state};
}
