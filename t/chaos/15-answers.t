# The ERP does its work, and a tenth of its answers is lost: scenario 15.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Chaos;

my $chaos = Chaos->start(workers => 2);
$chaos->erp->set(drop => 0.1);

my $sender = $chaos->sender(count => full(50_000, 1500));
$sender->wait;
$chaos->drain(full(600, 60));

my ($dropped, %seen) = (0);

$chaos->erp->each(sub {
    $seen{$_[0]{key}}{$_[0]{id}}++;
    $dropped++ if $_[0]{answer} eq 'drop';
});

cmp_ok($dropped, '>', 0, "answers were lost");
is(scalar(grep { keys %$_ > 1 } values %seen), 0,
   'a key is that of one message');

my $count = $chaos->laws($sender);

is($count->{again}, $dropped, 'each of them was sent again, and no other');
is($chaos->metric('hie_delivery_attempts_total{destination="/erp",'
                  . 'result="unknown"}'), $dropped, 'and is counted');
is($chaos->metric('hie_messages_delivered_total{destination="/erp"}'),
   $count->{acked}, '6 as are those delivered');

$chaos->stop;
done_testing();
