# The store process alone, then all processes at once are killed, with a long
# queue: scenario 2.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my $slots = 64;
my ($stores, $alls, $queue) = (full(50, 3), full(50, 3), full(100_000, 500));

my $chaos = Chaos->start(workers => 2,
                         allow => qr/exited on signal 9|open socket/,
                         store => "min_free=1m ballast=1m slots=$slots",
                         destination => 'erp_retry base=50ms max=500ms;'
                                        . ' erp_breaker open=200ms'
                                        . ' max_open=1s;');

# what is in the queue, of an ERP that is down

$chaos->erp->down;

my $before = $chaos->sender(prefix => 'Q', rate => 1e6, count => $queue,
                            size => 500, http_connections => 0,
                            connections => 32);
$before->wait;
cmp_ok($chaos->pending, '>=', $queue, 'a queue');

my $slowest = 0;

for (1 .. full(5, 1)) {
    $chaos->engine->kill_all;

    my $start = time;
    $chaos->again;
    $slowest = time - $start if time - $start > $slowest;
}

cmp_ok($slowest, '<', 2, sprintf 'ready within %.2f s', $slowest) if FULL;

$chaos->erp->up;

my $sender = $chaos->sender;

for (1 .. $stores) {
    sleep(FULL ? 1 + rand 2 : 0.2 + rand 0.3);

    my $victim = $chaos->store_pid;

    kill 'KILL', $victim;
    wait_for { ($chaos->store_pid || $victim) != $victim } 'another store';
}

for (1 .. $alls) {
    sleep(FULL ? 1 + rand 2 : 0.2 + rand 0.3);

    $chaos->engine->kill_all;
    $chaos->again;
}

$sender->stop;
$chaos->drain(full(600, 60));

# both senders are one

my $s = $sender->result;

for my $set (qw(sent acked)) {
    %{ $s->{$set} } = (%{ $s->{$set} }, %{ $before->result->{$set} });
}

$chaos->laws($sender, again => ($stores + $alls) * 2 * $slots);
$chaos->stop;

ok(!-e "$chaos->{path}/store.pid", 'no pid is left');

done_testing();
