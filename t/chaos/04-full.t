# The disk gets full, and has room again: scenario 4.  Needs root, for a tmpfs.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my $dir = "$Mllp::Prefix-disk";

plan skip_all => 'needs root' if $> != 0;

END { local $?; system "umount $dir 2>/dev/null" }

system "umount $dir 2>/dev/null; mkdir -p $dir";
system("mount -t tmpfs -o size=64m tmpfs $dir 2>/dev/null") == 0
    or plan skip_all => 'no tmpfs';

my $rounds = full(20, 2);

my $chaos = Chaos->start(workers => 2, path => "$dir/db",
                         store => 'min_free=4m ballast=2m',
                         allow => qr/disk is full|No space left|is full
                                     |bytes of its disk are free/x);

# so few that all of it has room on the disk

my $sender = $chaos->sender(full(1, 0)
                            ? (rate => 100, http_rate => 40, size => 500)
                            : ());
my ($resumed, $refused) = (0, 0);

for my $round (1 .. $rounds) {
    sleep full(1, 0.5);

    # all that is free, below the bound and to the last byte; now and then
    # the ERP is down, so that deliveries have to be written when it is up

    $chaos->erp->down if $round % 2;
    system "dd if=/dev/zero of=$dir/filler bs=64k 2>/dev/null";

    my $s = $sender->result;
    my $before = refusals($s);

    wait_for { refusals($s = $sender->result) > $before } 'refusals';

    # those that were on their way

    sleep 0.3;
    my $acked = $sender->acked;
    my @workers = $chaos->workers;

    $chaos->erp->up if $round % 2;
    sleep full(3, 0.5);

    is($sender->acked, $acked, 'nothing is acknowledged on a full disk');
    is_deeply([$chaos->workers], \@workers, 'workers live on');

    $refused += refusals($sender->result) - $before;
    my $start = time;
    unlink "$dir/filler";
    wait_for { $sender->acked > $acked } 'messages to be taken again';
    $resumed = time - $start if time - $start > $resumed;
}

$sender->stop;
$chaos->drain;
$chaos->laws($sender);

my $s = $sender->result;
cmp_ok($s->{nacked}{AR} // 0, '>', 0, 'AR over MLLP');
cmp_ok($s->{nacked}{503} // 0, '>', 0, '503 over HTTP');
is($s->{no_retry_after}, 0, 'with Retry-After');

# the store looks each second, a sender comes again after 0.1 s

if (FULL) {
    cmp_ok($resumed, '<', 1.5, sprintf 'taken again within %.2f s', $resumed);
    diag("$refused were refused");
}

$chaos->stop;
done_testing();


sub refusals {
    my ($s) = @_;
    my $n = 0;

    $n += $_ for values %{ $s->{nacked} };

    return $n;
}
