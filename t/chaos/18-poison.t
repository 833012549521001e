# Some messages are always refused, some never answered, and one ends the
# process that has it: scenario 18.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my $chaos = Chaos->start(workers => 2, read_timeout => '300ms',
    allow => qr/exited on signal 9|is a dead letter: poison/,
    destination => 'erp_retry base=50ms max=200ms; erp_breaker off;'
                   . ' erp_blocked_key skip;');

# without them

my $before = $chaos->sender(prefix => 'A', count => full(10_000, 300));
$before->wait;
$chaos->drain;

# one of a hundred is refused, another one hangs

my %mode = (bad => '"id":"[^"]*13"', hang => '"id":"[^"]*77"');
$chaos->erp->set(%mode);

my $sender = $chaos->sender(count => full(100_000, 2000));
$sender->wait;

my @sent = keys %{ $sender->result->{acked} };
my @refused = grep { /13\z/ } @sent;
my @hanging = grep { /77\z/ } @sent;

cmp_ok(scalar(@refused), '>', 0, scalar(@refused) . ' are refused');
cmp_ok(scalar(@hanging), '>', 0, scalar(@hanging) . ' hang');

# keys that none of these has

my %bad = map { visit($_) => 1 } @refused, @hanging;
my (%first, %at);

wait_for {
    $first{$_->{id}} //= $_->{time} for $chaos->erp->news;
    !grep { !$bad{visit($_)} && !$first{$_} } @sent;
} 'healthy keys';

cmp_ok($chaos->pending, '>', 0, 'all of the healthy ones are delivered, while'
                                . ' others are tried again');

my %dead = dead();

is(scalar(grep { ($dead{$_} // '') ne 'rejected' } @refused), 0,
   'what is refused is a dead letter at once');
is(scalar(grep { !/13\z/ } keys %dead), 0, 'no other one is');

if (FULL) {
    diag(sprintf 'p99 from answer to delivery: %.0f ms without, %.0f ms of'
         . ' healthy keys with them',
         p99($before, grep { !/F/ } keys %{ $before->result->{acked} }),
         p99($sender, grep { !$bad{visit($_)} } @sent));
}

# the ERP has been mended

$chaos->erp->set;
$chaos->drain;
like($chaos->api('POST', 'dead-letters/replay',
                 '{"reason":"mended","filter":{},"limit":10000}'),
     qr/"replayed":@{[scalar @refused]}\b/, 'a replay');
$chaos->drain;

is_deeply({ dead() }, {}, 'nothing is dead any more');
like($chaos->api('GET', 'audit/head?check=1'), qr/"id":1,.*"valid":true/,
     '7 the replay is in the audit, which is whole');

my %effect;
$chaos->erp->each(sub { $effect{$_[0]{id}} += $_[0]{effect} });
is(scalar(grep { ($effect{$_} // 0) != 1 } @sent), 0,
   'each had its effect once');


# three processes die that have it in flight

$chaos->erp->set(hang => '"id":"P');
my $poison = $chaos->sender(prefix => 'P', count => 1, http_connections => 0);
$poison->wait;

for my $n (1 .. 3) {
    wait_for { grep { $_->{id} =~ /^P/ } $chaos->erp->news } "attempt $n";

    my @workers = $chaos->workers;
    kill 'KILL', @workers;
    $chaos->engine->wait_gone(@workers);
}

wait_for { dead() } 'a dead letter';
is_deeply([dead()], [keys %{ $poison->result->{acked} }, 'poison'],
          'it is sent no more');

$chaos->stop;
done_testing();


sub visit {
    my ($id) = @_;
    my ($c, $i) = $id =~ /^(.*)-(\d+)\z/;

    return $c . '-' . $i % 50;
}


sub dead {
    return map { split /\t/, $_ } $chaos->sql(
        'SELECT m.control_id, d.reason FROM delivery d JOIN message m'
        . ' ON m.id = d.message WHERE d.state = 3'
        . ' AND d.id NOT IN (SELECT replay_of FROM delivery'
        . ' WHERE replay_of IS NOT NULL)');
}


# ms

sub p99 {
    my ($from, @ids) = @_;
    my $acked = $from->result->{acked};
    my %at;

    $chaos->erp->each(sub { $at{$_[0]{id}} //= $_[0]{time} });

    my @took = sort { $a <=> $b } map { $at{$_} - $acked->{$_} } @ids;

    return 1000 * $took[$#took * 0.99];
}
