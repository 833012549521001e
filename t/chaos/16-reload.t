# Reloads and upgrades under load, and reloads with configurations that are
# wrong: scenarios 16 and 17.

use strict;
use warnings;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time sleep);
use Chaos;

my $chaos = Chaos->start(workers => 2, quiet => '30s',
                         allow => qr/\[emerg\].* in .*\d+$|\.key/);

# connections end by themselves, before an old worker would let them go

my $sender = $chaos->sender(lives => 10, http_lives => 1);
my $engine = $chaos->engine;
my $conf = $engine->dir . '/conf/nginx.conf';
my $good = Engine::contents($conf);


# with errors nothing changes

my @wrong = (
    sub { s/erp_send \/erp /erp_send \/none / },
    sub { s/canonical_request chaos/canonical_request none/ },
    sub { s/erp_store /erp_store key=keys\/none.key / },
    sub { s/erp_store /erp_store key=empty.key / },
    sub { s/erp_retry base=50ms/erp_retry base=now/ },
    sub { s/proxy_pass http:\/\/erp;/proxy_pass http:\/\/;/ },
    sub { s/erp_breaker off;/erp_auth basic user=hie;/ },
);

write_file($engine->dir . '/conf/empty.key', '');

for my $n (1 .. full(50, 7)) {
    my @before = sort { $a <=> $b } $engine->workers;

    local $_ = $good;
    $wrong[$n % @wrong]->();
    isnt($_, $good, "configuration $n is wrong");
    write_file($conf, $_);

    my $log = length $engine->log;
    $engine->signal('HUP');
    wait_for { substr($engine->log, $log) =~ /\[emerg\]/ } 'the error';

    like(substr($engine->log, $log), qr/\[emerg\].*nginx\.conf:\d+/,
         'it is told with file and line');
    is_deeply([sort { $a <=> $b } $engine->workers], \@before,
              'the processes go on');
}

write_file($conf, $good);


# each reload has new workers, and a new store process

my $before = $sender->acked;
my $memory = memory();

for my $n (1 .. full(300, 6)) {
    my $start = time;

    $engine->reload;
    sleep 0.2 - (time - $start) if FULL && time - $start < 0.2;

    if ($n == full(10, 2)) {
        $memory = memory();
    }
}

cmp_ok($sender->acked, '>', $before, 'messages are taken meanwhile');

if (FULL) {
    my $grown = memory() - $memory;

    sleep 10;
    cmp_ok(scalar($engine->workers), '<=', 6, 'two generations at most');
    cmp_ok($grown, '<', 1024, "the master grew by $grown KB");
}


# another binary, and back again

for (1 .. full(3, 1)) {
    my @workers = $engine->workers;
    my $old = $engine->upgrade;

    $engine->signal('QUIT', $old);
    $engine->wait_gone($old, @workers);
    $chaos->ready;
}

$sender->stop;
$chaos->ready;
$chaos->drain;
$chaos->laws($sender);

# a connection is closed instead of an answer only when it is idle

is($sender->result->{broken}, 0, 'each message has its answer');
is(join(' ', %{ $sender->result->{nacked} }), '', 'and it is positive');

$chaos->stop;
done_testing();


sub write_file {
    my ($name, $text) = @_;

    open my $file, '>', $name or die "$name: $!\n";
    print $file $text;
    close $file;
}


# KB of the master

sub memory {
    my $master = $engine->master;
    my ($kb) = Engine::contents("/proc/$master/status") =~ /^VmRSS:\s+(\d+)/m;

    return $kb;
}
