# The clock jumps, while deliveries are being tried again: scenario 9.  Needs
# libfaketime.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my ($library) = glob '/usr/lib/*/faketime/libfaketime.so.1';
plan skip_all => 'no libfaketime' unless $library;

my $clock = "$Mllp::Prefix-clock";
system 'mkdir', '-p', $clock =~ m{(.*)/};
jump(0);

my %env = (LD_PRELOAD => $library, FAKETIME_TIMESTAMP_FILE => $clock,
           FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1);
my $chaos;

{
    local @ENV{keys %env} = values %env;

    $chaos = Chaos->start(workers => 2,
        main => join('', map { "env $_;\n" } sort keys %env),
        destination => 'erp_retry base=200ms factor=1 jitter=none ttl=1h;'
                       . ' erp_breaker off; erp_blocked_key skip;');
}

# the first one of each key is always to be tried again

$chaos->erp->set(again => '"id":"[^"]*-1"');
my $sender = $chaos->sender;
my @jumps = qw(86400 0 -86400 0 3600);
my @at;

wait_for { attempts() } 'a first attempt';

for my $n (1 .. full(20, 5)) {
    my $before = attempts();

    jump($jumps[$n % @jumps]);
    wait_for { attempts() > $before + 1 } 'more attempts, as before';
    sleep(FULL ? 2 : 0.2);
}

is(dead(), 0, 'nothing has expired');

my @intervals = sort { $a <=> $b } map { $at[$_] - $at[$_ - 1] } 1 .. $#at;

# 200 ms, 20 ms of the ERP, and what the machine adds

if (FULL) {
    my $n = grep { $_ < 0.18 || $_ > 0.4 } @intervals;

    cmp_ok($n, '<=', @intervals / 10, sprintf
           'intervals of %.3f to %.3f s, median %.3f s, %d of %d not as usual',
           $intervals[0], $intervals[-1], $intervals[$#intervals / 2], $n,
           scalar @intervals);

    cmp_ok($intervals[0], '>', 0.1, 'none at once');
}

$chaos->erp->set;
$sender->stop;
$chaos->drain;
$chaos->laws($sender);
is(dead(), 0, 'nothing has expired in the end');
$chaos->stop;
done_testing();


sub jump {
    my ($seconds) = @_;

    open my $file, '>', "$clock.new" or die "$clock: $!\n";
    printf $file "%+d\n", $seconds;
    close $file;
    rename "$clock.new", $clock;
}


sub attempts {
    push @at, map { $_->{time} } grep { $_->{id} eq 'M1-1' } $chaos->erp->news;

    return scalar @at;
}


sub dead {
    return ($chaos->sql('SELECT count(*) FROM delivery WHERE state = 3'))[0];
}
