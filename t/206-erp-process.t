use lib 't/lib';
use strict;
use warnings;
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use StoreTest;

# Processes: those that die of what they have in flight, that are many or but
# one, that share the store's, that have few rights.

sub who;
sub pid;

my $pid = 'proxy_set_header X-Pid $pid;';
my $retry = 'erp_retry base=50ms jitter=none; erp_breaker off;';


# --- poison: in flight in three deaths ---

my $back = Held->new;
my $s = StoreTest->start(erp => $back->port, workers => 2,
                         store => 'timeout=2s',
                         destination => "$retry $pid");
$s->ready;

$s->send('poison', 'x', order => 'P');
$s->send('behind', 'x', order => 'P');

for my $n (1 .. 3) {
    my $request = $back->accept;

    is(who($request), 'poison', "poison: attempt $n");
    like($request->header, qr/^X-Attempt: 1\r$/m, 'poison: is not counted');

    # another one is there at the same time, in the same worker or not

    $s->send("other-$n", 'x');
    my $other = $back->accept;
    $other->answer(200);
    $s->is_row("other-$n", { state => 2, deaths => 0 },
               "poison: others go on, $n");

    kill 'KILL', pid($request);
    $s->is_row('poison', { deaths => $n }, "poison: death $n is counted");
}

$s->is_row('poison', { state => 3, reason => 'poison', attempts => 0 },
           'poison: it is a dead letter');
$s->is_row('behind', { state => 0, deaths => 0 },
           'poison: its key is held, and no other');

$s->send('after', 'x', order => 'Q');
my $request = $back->accept;
is(who($request), 'after', 'poison: then it is not attempted any more');
$request->answer(200);
$s->is_row('after', { state => 2 }, 'poison: all the others are');

my ($dead) = $s->sql('SELECT delivery FROM v_dead');
$s->api(POST => 'deliveries/discard',
        qq({"ids":[$dead],"reason":"a test"}));
$request = $back->accept;
is(who($request), 'behind', 'poison: discarded, its key goes on');
$request->answer(200);
$s->is_row('behind', { state => 2 }, 'poison: as if nothing had been');

# the death of an innocent, that has its share of it, is forgiven

$s->send("share-$_", 'x') for 1 .. 4;
my @requests = map { $back->accept } 1 .. 4;
my ($first) = map { pid($_) } @requests;
my @there = map { who($_) } grep { pid($_) == $first } @requests;

kill 'KILL', $first;
$_->answer(200) for grep { pid($_) != $first } @requests;
$back->accept->answer(200) for @there;
$s->is_row("share-$_", { state => 2 }, "poison: share-$_ is delivered")
    for 1 .. 4;
is($s->number("delivery d JOIN message m ON m.id = d.message"
              . " WHERE m.correlation_id LIKE 'share-%' AND deaths = 1"),
   scalar @there, 'poison: one death of each that was in flight');

$s->stop;


# --- slots, and workers that share ---

$back = Held->new;
$s = StoreTest->start(erp => $back->port, workers => 2, store => 'slots=3',
                      destination => "$retry $pid");
$s->ready;
wait_for { (() = $s->engine->log =~ /has come to the store, 3 slots/g) == 2 }
         'both workers';

$s->answer($_) for map { $s->post('/flow', "slot-$_", 'x') } 1 .. 12;

@requests = map { $back->accept } 1 .. 6;
my %n;
$n{pid($_)}++ for @requests;
is_deeply([values %n], [3, 3], 'slots: so many in each worker');
is($s->number('delivery WHERE state = 1'), 6, 'slots: in flight');
sleep 0.2;
ok(!$back->pending, 'slots: not one more');

shift(@requests)->answer(200);
push @requests, $back->accept;
ok(!$back->pending, 'slots: one that ends makes room for one');

for (8 .. 12) {
    shift(@requests)->answer(200);
    push @requests, $back->accept;
}

$_->answer(200) for @requests;
$s->is_row("slot-$_", { state => 2 }, "slots: slot-$_ is done") for 1 .. 12;


$s->stop;


# --- what expires needs no slot ---

$back = Held->new;
$s = StoreTest->start(erp => $back->port, store => 'slots=1',
                      main => 'worker_shutdown_timeout 500ms;',
                      locations => 'location /ttl { erp_send /erp ttl=1s; }');
$s->ready;

$s->send('hangs', 'x');
$request = $back->accept;
$s->answer($s->post('/ttl', 'short', 'x'));
$s->is_row('short', { state => 3, reason => 'expired' },
           'expired, with no slot free');
$request->answer(200);
$s->is_row('hangs', { state => 2 }, 'expired: the other is done');


# --- a worker that is not given the time to finish ---

$s->send('cut', 'x');
$request = $back->accept;
my @old = $s->reload;
$s->engine->wait_gone(@old);
ok($request->gone, 'worker_shutdown_timeout: an attempt is given up');
$request = $back->accept;
is(who($request), 'cut', 'worker_shutdown_timeout: and made again');
$request->answer(200);
$s->is_row('cut', { state => 2, deaths => 0 },
           'worker_shutdown_timeout: nobody has died of it');
$s->stop;


# --- quit: an attempt in flight comes to its end, the store is told of it ---

for my $signal (qw(QUIT TERM)) {
    $back = Held->new;
    $s = StoreTest->start(erp => $back->port);
    $s->ready;

    $s->send('last', 'x');
    $request = $back->accept;

    my @all = ($s->engine->master, $s->engine->workers);

    $s->engine->signal($signal);

    if ($signal eq 'QUIT') {
        sleep 0.5;
        $request->answer(200);
    }

    $s->engine->wait_gone(@all);

    is(join(' ', @{ $s->row('last') }{qw(state tries deaths)}),
       $signal eq 'QUIT' ? '2 1 0' : '1 0 0', "$signal: what is known of it");
    ok(! -e "$s->{path}/store.pid", "$signal: the store has ended in order");

    if ($signal eq 'TERM') {
        $s->engine->again;
        $s->ready;
        $back->accept->answer(200);
        $s->is_row('last', { state => 2, tries => 1, deaths => 0 },
                   'TERM: delivered after the next start');
        $s->stop;
    }
}


# --- one process that is all of them ---

$back = Held->new;
$s = StoreTest->start(erp => $back->port, master => 'off',
                      events => 'worker_connections 512;');
$s->ready;
is($s->store_pid, $s->engine->master, 'master_process off: it is the store');

is($s->send('single', 'x')->{status}, 202, 'master_process off: taken');
$request = $back->accept;
$request->answer(500);
$request = $back->accept;
like($request->header, qr/^X-Attempt: 2\r$/m, 'master_process off: again');
$request->answer(200);
$s->is_row('single', { state => 2, tries => 2 },
           'master_process off: delivered');

my $sock = $s->post('/wait', 'waits', 'x');
$back->accept->answer(200);
is($s->answer($sock)->{status}, 200, 'master_process off: waited for');

$s->send('killed', 'x');
$request = $back->accept;
my $all = $s->engine->master;
kill 'KILL', $all;
$s->engine->wait_gone($all);
$s->engine->again;
$s->ready;
$request = $back->accept;
is(who($request), 'killed', 'master_process off: attempted again');
$request->answer(200);
$s->is_row('killed', { state => 2, deaths => 1 },
           'master_process off: delivered after a death');
$s->stop;


# --- a cache beside it ---

my $origin = Engine->backend(sub {
    my ($sock) = @_;

    print $sock "HTTP/1.0 200 OK\r\nCache-Control: max-age=60\r\n\r\n$$";
});

$back = Held->new;
$s = StoreTest->start(erp => $back->port,
    http => 'proxy_cache_path %%DIR%%/cache keys_zone=c:1m;',
    locations => "location /cached { proxy_cache c;
                  proxy_pass http://127.0.0.1:$origin; }");
$s->ready;

is($s->engine->get('HTTP', '/cached') =~ s/.*\r\n\r\n//sr,
   $s->engine->get('HTTP', '/cached') =~ s/.*\r\n\r\n//sr,
   'proxy_cache: it works beside it');

for my $round (1, 2) {
    $s->send("cache-$round", 'x');
    $back->accept->answer(200);
    $s->is_row("cache-$round", { state => 2 }, 'proxy_cache: so does this');

    my @helpers = $s->engine->log =~ /start cache manager process (\d+)/g;
    is($s->store_pid, $helpers[-1], 'proxy_cache: a helper has the store');
    is(scalar @helpers, $round, 'proxy_cache: there is no other manager');

    # under valgrind no process can change its title
    like(Engine::contents('/proc/' . $s->store_pid . '/cmdline'),
         qr/healthcare store process|valgrind/, 'proxy_cache: its title');

    $s->engine->wait_gone($s->reload) if $round == 1;
    $s->ready;
}

$s->stop;


# --- a user with few rights ---

SKIP: {
    skip 'needs root', 11 if $> != 0;

    my $dir = "/tmp/erp-process-$$";
    mkdir $dir or die "$dir: $!\n";
    chmod 0755, $dir;

    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    my $group = getgrgid $gid;

    open my $key, '>', "$dir/key" or die "key: $!\n";
    chmod 0600, $key;
    print $key 'k' x 32;
    close $key;

    $back = Held->new;
    $s = StoreTest->start(erp => $back->port, user => "nobody $group",
                          path => "$dir/store",
                          store => "key=$dir/key");
    $s->ready;

    is($s->send('rights', 'x' x 300_000)->{status}, 202, 'user: taken');
    $back->accept->answer(200);
    $s->is_row('rights', { state => 2 }, 'user: delivered');

    for my $name (qw(store.db store.sock store.pid ballast)) {
        my @st = stat "$dir/store/$name";
        is(sprintf('%d %o', $st[4], $st[2] & 0777), "$uid 600",
           "user: $name is its own");
    }

    $s->engine->wait_gone($s->reload);
    $s->ready;
    is($s->send('rights-2', 'x')->{status}, 202, 'user: after a reload');
    $back->accept->answer(200);

    $s->kill_store;
    $s->ready;
    is($s->send('rights-3', 'x')->{status}, 202, 'user: after a death');
    $back->accept->answer(200);
    $s->is_row('rights-3', { state => 2 }, 'user: delivered');

    $s->stop;
    system 'rm', '-rf', $dir;
}

done_testing();


sub who {
    return $_[0]->header =~ /^X-Id: (.*?)\r$/m ? $1 : '';
}


sub pid {
    return $_[0]->header =~ /^X-Pid: (.*?)\r$/m ? $1 : '';
}
