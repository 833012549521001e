# Workers are killed under load: scenario 1.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my $kills = full(200, 4);
my $slots = 64;

my $chaos = Chaos->start(workers => 2, allow => qr/exited on signal 9/,
                         store => "min_free=1m ballast=1m slots=$slots");
my $sender = $chaos->sender;
my $slowest = 0;

for (1 .. $kills) {
    sleep(FULL ? 1 + rand 2 : 0.2 + rand 0.3);

    my @workers = $chaos->workers;
    my $victim = $workers[rand @workers];
    my $start = time;

    kill 'KILL', $victim;
    wait_for { !Engine::alive($victim) && $chaos->workers == 2 } 'another one';

    $slowest = time - $start if time - $start > $slowest;
}

$sender->stop;
$chaos->drain;

my $count = $chaos->laws($sender, again => $kills * $slots);

cmp_ok($count->{again}, '>', 0, 'some were in flight');

if (FULL) {
    cmp_ok($count->{longest}, '<', 5, 'nobody waited for long');
    cmp_ok($slowest, '<', 1, sprintf 'another worker within %.2f s', $slowest);
}

$chaos->stop;
done_testing();
