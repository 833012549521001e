# The ERP goes and comes, then is away: scenario 14.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my $attempts = 5;

my $chaos = Chaos->start(workers => 2,
    destination => "erp_retry base=20ms max=200ms attempts=$attempts;"
                   . ' erp_breaker consecutive=5 open=100ms max_open=400ms;');
my $sender = $chaos->sender;

for (1 .. full(300, 4)) {
    $chaos->erp->down;
    sleep(FULL ? 1 : 0.3);
    $chaos->erp->up;
    sleep(FULL ? 1 : 0.3);
}

# an hour, and longer than all attempts would last

$chaos->erp->down;

my ($acked, $start) = ($sender->acked, time);
sleep full(3600, 2);
my $rate = ($sender->acked - $acked) / (time - $start);

wait_for { $chaos->pending > 0 } 'a backlog';
is(dead(), 0, 'none of it is a dead letter');

# it drains while more arrives

my $waiting = $chaos->pending;
$acked = $sender->acked;
$start = time;

$chaos->erp->up;

if (FULL) {
    sleep full(300, 0);

    my $left = $chaos->pending;
    my $took = time - $start;
    my $arrived = ($sender->acked - $acked) / $took;
    my $drained = ($waiting - $left) / $took + $arrived;

    cmp_ok($drained, '>=', 2 * $rate, sprintf
           'of a backlog of %d drain %d/s, while %d/s arrive, %d/s before',
           $waiting, $drained, $arrived, $rate) if $left;
}

$sender->stop;
$chaos->drain(full(3600, 60));
$chaos->laws($sender);

my ($most) = $chaos->sql('SELECT max(attempts) FROM delivery');
cmp_ok($most, '<=', $attempts, 'no more attempts than are allowed');
is(dead(), 0, 'nothing is a dead letter');

$chaos->stop;
done_testing();


sub dead {
    return ($chaos->sql('SELECT count(*) FROM delivery WHERE state = 3'))[0];
}
