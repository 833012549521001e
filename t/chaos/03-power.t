# The power is cut: what the disk has at some moment, with all processes
# frozen, is started from.  Scenario 3; needs root and a loop device.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my $dir = "$Mllp::Prefix-disk";

plan skip_all => 'needs root' if $> != 0;

END { local $?; system "umount $dir/mnt $dir/copy 2>/dev/null" }

system "umount $dir/mnt $dir/copy 2>/dev/null; rm -rf $dir;"
       . " mkdir -p $dir/mnt $dir/copy";
system("truncate -s 1G $dir/image && mkfs.ext4 -q -F $dir/image"
       . " && mount -o loop $dir/image $dir/mnt 2>/dev/null") == 0
    or plan skip_all => 'no loop device';

my $cuts = full(100, 2);

# all of it is copied at each cut: what one sends is less in many cuts

my $chaos = Chaos->start(workers => 2, path => "$dir/mnt/db");
my $sender = $chaos->sender(full(1, 0)
                            ? (size => 500, rate => 100, http_rate => 50)
                            : ());

# the one that starts from the copy is another one, with its own ERP

my $second = Chaos->start(workers => 2, path => "$dir/copy/db");
$second->engine->end('QUIT');

my ($slowest, $largest) = (0, 0);

for my $cut (1 .. $cuts) {
    sleep(0.3 + rand 0.7);

    # what the senders know is read last: it was acknowledged before

    my @frozen = $chaos->freeze;
    system "cp --sparse=always $dir/image $dir/image.copy";
    sleep 0.05;
    my %acked = %{ $sender->result->{acked} };
    my %delivered = map { $_->{id} => 1 } $chaos->erp->journal;
    kill 'CONT', @frozen;

    is(system("e2fsck -fy $dir/image.copy >$dir/e2fsck.log 2>&1") & 0xfe00, 0,
       "cut $cut: the file system is sound");

    system("mount -o loop $dir/image.copy $dir/copy") == 0
        or die "the copy cannot be mounted\n";

    my $start = time;
    $second->again;
    my $took = time - $start;
    my $size = -s "$dir/copy/db/store.db";

    $slowest = $took if $took > $slowest;
    $largest = $size if $size > $largest;

    my %in;
    $second->rows('SELECT control_id FROM message', sub { $in{$_[0]} = 1 });

    my @lost = grep { !$in{$_} } keys %acked;
    ok(!@lost, "cut $cut: " . keys(%acked)
               . ' were acknowledged, all are there')
        or diag("@lost[0 .. ($#lost > 4 ? 4 : $#lost)]");

    # to this ERP or to that one

    $second->drain;
    $delivered{$_->{id}} = 1 for $second->erp->news;
    @lost = grep { !$delivered{$_} } keys %acked;
    ok(!@lost, "cut $cut: and are delivered")
        or diag("@lost[0 .. ($#lost > 4 ? 4 : $#lost)]");

    my ($check) = $second->sql('PRAGMA integrity_check');
    is($check, 'ok', "cut $cut: the database is sound");

    $second->engine->end('QUIT');
    system "umount $dir/copy";
}

$sender->stop;
$chaos->drain;
$chaos->laws($sender);

if (FULL) {
    cmp_ok($slowest, '<', 5, sprintf 'started within %.2f s, up to %d MB',
           $slowest, $largest >> 20);
}

$chaos->stop;
done_testing();
