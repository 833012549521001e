use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use StoreTest;

# The disk of the store: below min_free messages are refused and deliveries go
# on, on a full one the ballast is what their ends are written to, and with
# room again all is as before.  A tmpfs is that disk, which needs root.

plan skip_all => 'needs root' if $> != 0;

my $disk = "/tmp/erp-disk-$$";
my $s;

sub mounted;
sub fill;
sub left;
sub refused;
sub taken;

END {
    local $?;
    system "umount $disk 2>/dev/null; rmdir $disk 2>/dev/null" if $disk;
}

mkdir $disk or die "$disk: $!\n";
mounted('64m') or plan skip_all => 'no tmpfs';

my $allow = qr/exited on signal 9|No space left|disk is full|is full|are refused|cannot be/;
my %o = (path => "$disk/db", allow => $allow, log_level => 'notice');
my $body = 'x' x 4000;


# --- min_free ---

my $back = Held->new;
$s = StoreTest->start(%o, erp => $back->port,
                      store => 'min_free=16m ballast=2m');
$s->ready;
is(-s "$disk/db/ballast", 2 << 20, 'ballast: it is there');

is($s->send('m1', $body)->{status}, 202, 'room: taken');
my $request = $back->accept;
$s->api(POST => 'destinations/pause',
        '{"destination":"/erp","reason":"a test"}');
is($s->send("m$_", $body)->{status}, 202, 'room: taken') for 2, 3;

fill(8 << 20);
wait_for { $s->engine->log =~ /messages are refused/ } 'the bound';
refused('min_free');

$request->answer(200);
$s->is_row('m1', { state => 2 }, 'min_free: an attempt comes to its end');
$s->api(POST => 'destinations/resume',
        '{"destination":"/erp","reason":"a test"}');

for (2, 3) {
    $back->accept->answer(200);
}

$s->is_row("m$_", { state => 2 }, 'min_free: deliveries go on') for 2, 3;
is(-s "$disk/db/ballast", 2 << 20, 'min_free: the ballast is kept');

unlink "$disk/filler";
taken('min_free');
is($s->number("message WHERE correlation_id LIKE 'refused%'"), 0,
   'min_free: nothing of what was refused is there');
$back->accept->answer(200);


# --- full to the last byte ---

$s->send("b$_", $body) for 1 .. 20;
my @requests = map { $back->accept } 1 .. 20;

fill(0);
is(left, 0, 'full: really');
refused('full');

$_->answer(200) for @requests;
$s->is_row("b$_", { state => 2, tries => 1 }, "full: the end of b$_")
    for 1 .. 20;
ok(! -e "$disk/db/ballast", 'full: the ballast was for that');

refused('full, with what the ballast gave');

# also over a restart

$s->kill_store;
wait_for { $s->api(GET => 'status') =~ /"state":"full"/ } 'the store';
refused('full, after a restart');

unlink "$disk/filler";
taken('full');
$back->accept->answer(200);

$s->stop;


# --- what the WAL takes ---

mounted('64m');
$back = Held->new;
$s = StoreTest->start(%o, store => 'min_free=4m');
$s->ready;

my $largest = 0;

for my $n (1 .. 30) {
    my @socks = map { $s->post('/none', "w$n-$_", $body) } 1 .. 50;
    $s->answer($_) for @socks;
    my $size = -s "$disk/db/store.db-wal";
    $largest = $size if $size > $largest;
}

cmp_ok($s->number('message'), '==', 1500, 'WAL: 1500 messages');
cmp_ok($largest, '<', 24 << 20, 'WAL: it does not grow for ever');
wait_for { !-s "$disk/db/store.db-wal" } 'the WAL to be emptied';
pass('WAL: it is emptied when there is nothing else to do');
$s->stop;


# --- a small disk, filled by what it was sent, and by others ---

mounted('12m');
$s = StoreTest->start(%o, store => 'min_free=1m ballast=1m');
$s->ready;

my ($n, $refused) = (0, 0);

while ($n < 4000 && $refused < 3) {
    my $answer = $s->answer($s->post('/none', 's' . ++$n, $body));
    $refused = $answer->{status} == 503 ? $refused + 1 : 0;
}

cmp_ok($n, '>', 200, "small: $n messages of 8 KB have room");
is($refused, 3, 'small: then they are refused');
ok(scalar($s->engine->workers), 'small: processes live on');
wait_for { !-s "$disk/db/store.db-wal" } 'the WAL to be emptied';
pass('small: all of the WAL is in the file');
$s->stop;

for my $min ('1m', '4m') {
    mounted('12m');
    $back = Held->new;
    $s = StoreTest->start(%o, erp => $back->port,
                          store => "min_free=$min ballast=1m keep=1s");
    $s->ready;

    $s->send("f$_", $body) for 1 .. 20;
    @requests = map { $back->accept } 1 .. 20;
    $s->answer($s->post('/none', "g$_", $body)) for 1 .. 150;

    # the WAL is large now, and there is no room for it in the file

    fill(0);
    refused("small, $min: full");
    $_->answer(200) for @requests;
    $s->is_row("f$_", { state => 2 }, "small, $min: the end of f$_")
        for 1, 20;
    sleep 1.5;

    unlink "$disk/filler";
    taken("small, $min");
    $back->accept->answer(200);
    wait_for { !-s "$disk/db/store.db-wal" } 'the WAL to be emptied';
    pass("small, $min: the WAL is emptied");
    $s->stop;
}

done_testing();


sub mounted {
    my ($size) = @_;

    system "umount $disk 2>/dev/null";

    return system("mount -t tmpfs -o size=$size,mode=755 tmpfs $disk"
                  . ' 2>/dev/null') == 0;
}


# all but so many bytes are taken by others

sub fill {
    my ($rest) = @_;
    my $size = left() - $rest;

    if ($rest == 0) {
        system "dd if=/dev/zero of=$disk/filler bs=64k 2>/dev/null";
        system "dd if=/dev/zero of=$disk/filler bs=4k oflag=append"
               . " conv=notrunc 2>/dev/null";
        return;
    }

    system "head -c $size /dev/zero > $disk/filler";
}


sub left {
    my ($line) = (`df -B1 --output=avail $disk`)[1];

    return $line + 0;
}


sub refused {
    my ($name) = @_;
    my $answer;

    wait_for {
        $answer = $s->answer($s->post('/none', 'refused', $body));
        $answer->{status} == 503;
    } 'a refusal';

    like($answer->{header}, qr/^Retry-After: 1\r$/m, "$name: refused");
    is(eval { decode_json($answer->{body})->{detail} }, 'the store is full',
       "$name: and why");
}


sub taken {
    my ($name) = @_;

    my $id = "taken-$name" =~ tr{a-z0-9}{-}cr;

    ok(eval {
        wait_for { $s->send($id, $body)->{status} == 202 } 'it';
        1;
    }, "$name: taken again when there is room")
        or diag('free: ', left, "\n", `ls -la $disk/db`);
}
