# Bits of a stopped store's file rot, and files are cut off: scenario 6.
#
# Of messages in the queue each is delivered as it was accepted, or it is
# told that it cannot be: a dead letter or a line of the log has its number,
# or the store refuses the file, and leaves it as it is.

use strict;
use warnings;

use lib 't/lib';
use Digest::MD5 'md5_hex';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my ($flips, $cuts, $messages) = (full(1000, 8), full(100, 2), full(1000, 60));

srand 6;

my $chaos = Chaos->start(workers => 1, send => '', delay => 0,
                         allow => qr/./);

$chaos->erp->down;
my $sender = $chaos->sender(count => $messages, size => 500, rate => 1e6,
                            http_connections => 0);
$sender->wait;

# that all are as they were is known by their bodies; those that were in flight
# would be waited for

$chaos->engine->end('QUIT');
$chaos->sql_write('UPDATE delivery SET state = 0');
system 'cp', '-r', $chaos->{path}, "$chaos->{path}.kept";
$chaos->erp->up;
$chaos->again;
$chaos->drain;
my %sum = map { $_->{id} => $_->{sum} } $chaos->erp->news;
is(scalar(keys %sum), $messages, 'all are delivered when nothing is damaged');
$chaos->engine->kill_all;

my $file = Engine::contents("$chaos->{path}.kept/store.db");
my $log = 0;
my %count = map { $_ => 0 } qw(none told refused lost other more);

for my $n (1 .. $flips + $cuts) {
    my $damaged = $file;
    my $what;

    if ($n <= $flips) {
        my ($at, $bit) = (0, 1 << rand 8);

        # zeros are free space, mostly

        do {
            $at = int rand length $file;
        } while (ord(substr $file, $at, 1) == 0);

        substr($damaged, $at, 1) ^= chr $bit;
        $what = "bit $bit of byte $at";

    } else {
        substr($damaged, 1 + rand(length($file) - 1)) = '';
        $what = 'cut off at ' . length $damaged;
    }

    system "rm -rf $chaos->{path}; cp -r $chaos->{path}.kept $chaos->{path}";
    write_file("$chaos->{path}/store.db", $damaged);

    $log = length $chaos->engine->log;
    $chaos->engine->again;

    my ($seen, $told, $refused) = observe();
    my @lost = grep { !$seen->{$_} } keys %sum;

    if ($refused) {
        $count{refused}++;
        ok(Engine::contents("$chaos->{path}/store.db") eq $damaged,
           "$what: refused, and left as it is");

    } elsif (grep { $seen->{$_} ne ($sum{$_} // '') } keys %$seen) {
        $count{other}++;
        fail("$what: what is delivered is what was accepted");

    } elsif (!@lost) {
        $count{none}++;

    } elsif (!$told) {
        $count{lost}++;
        fail("$what: it is told what is lost");
        diag("@lost[0 .. ($#lost > 4 ? 4 : $#lost)] of " . @lost);

    } else {
        $count{told}++;
        $count{more}++ if @lost > $told;
    }

    $chaos->engine->kill_all;
}

is($count{other}, 0, 'nothing else is delivered');
is($count{lost}, 0, 'all losses are told of');
diag(join ', ', map { "$_ $count{$_}" } sort keys %count) if FULL;

done_testing();


# until all are delivered or known to be damaged, or nothing happens

sub observe {
    my (%seen, $told, $refused);
    my $last = time;

    while (time - $last < 1) {
        for my $d ($chaos->erp->news) {
            $seen{$d->{id}} = $d->{sum};
            $last = time;
        }

        my $text = substr $chaos->engine->log, $log;
        my %lines = map { $_ => 1 }
                    $text =~ /delivery (\d+) cannot be read/g;

        $told = keys %lines;
        $refused = $text =~ /is not started, messages are refused/;

        last if $refused || keys(%seen) + $told >= $messages;

        sleep 0.02;
    }

    $told ||= substr($chaos->engine->log, $log)
              =~ /\[(error|crit|alert|emerg)\] (?!.*signal 9)/;

    # one whose time of arrival is damaged may have expired

    $told ||= (eval {
        $chaos->sql('SELECT count(*) FROM delivery WHERE state = 3')
    })[0];

    return (\%seen, $told, $refused);
}


sub write_file {
    my ($name, $text) = @_;

    unlink "$name-wal", "$name-shm";
    open my $out, '>', $name or die "$name: $!\n";
    print $out $text;
    close $out;
}
