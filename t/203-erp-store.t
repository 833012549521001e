use lib 't/lib';
use strict;
use warnings;
use Digest::SHA 'sha256_hex';
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use StoreTest;

# The store process and its rules: what is answered is on disk, what is in
# flight is heard of, whoever ends in between.

my $strace = grep { -x "$_/strace" } split /:/, $ENV{PATH};

sub traced;
sub many;
sub answered;
sub fate;

my $s = StoreTest->start(store => 'timeout=2s', workers => 2);
$s->ready;


# --- 1: one fsync for what has come, answers behind it ---

SKIP: {
    skip 'no strace', 4 unless $strace;

    my ($trace, $codes) = traced '-e trace=fdatasync,sendto,recvfrom', sub {
        kill 'STOP', $s->store_pid;
        my @socks = many('group', 40);
        sleep 0.2;                      # they are in the store's sockets
        kill 'CONT', $s->store_pid;

        return answered(@socks);
    };

    is_deeply($codes, { 202 => 40 }, 'group commit: all are taken');

    my @calls = $trace =~ /^(?:\d+ +)?(fdatasync|sendto)\(/mg;
    my $syncs = grep { $_ eq 'fdatasync' } @calls;

    cmp_ok($syncs, '<=', 20, 'group commit: one fsync for many');
    is($calls[0], 'fdatasync', 'group commit: before anything is answered');

    # after what was received nothing is sent but behind an fsync

    my $dirty = 0;
    my $early = 0;

    for ($trace =~ /^(?:\d+ +)?(\w+\(.*)/mg) {
        $dirty = 1 if /^recvfrom\(.* = [1-9]/;
        $dirty = 0 if /^fdatasync\(.* = 0/;
        $early++ if $dirty && /^sendto\(/;
    }

    is($early, 0, 'group commit: and so it is each time');
}

# what this has stored is not to be attempted any more

my $pause = '{"destination":"/erp","reason":"a test"}';

$s->api(POST => 'destinations/pause', $pause);
$s->engine->kill_all;
$s->engine->again;
$s->ready;

is(decode_json($s->api(GET => 'destinations'))->{destinations}[0]{paused},
   JSON::PP::true, 'a pause survives the death of all');


# --- 2: the socket breaks between a message and its answer ---

my $n = $s->number('message');

for my $round (1 .. 3) {
    my $victim = $s->store_pid;

    kill 'STOP', $victim;
    my @socks = many("unread-$round", 10);
    sleep 0.1;
    kill 'KILL', $victim;

    is_deeply(answered(@socks), { 202 => 10 },
              "resend: all of round $round are answered");
    $n += 10;
}

is($s->number('message'), $n, 'resend: and are there, each of them once');

SKIP: {
    skip 'no strace', 3 unless $strace;

    # killed when it is about to tell of a commit

    my (undef, $codes) = traced '-e trace=sendto'
        . ' -e inject=sendto:error=EPIPE:signal=SIGKILL', sub {
        return answered(many('told', 10));
    };

    is_deeply($codes, { 202 => 10 }, 'resend: of what was committed');
    cmp_ok($s->number('message'), '>=', $n + 10, 'resend: it is there');
    is($s->number("(SELECT 1 FROM message WHERE flow = '/flow'"
                  . ' GROUP BY correlation_id HAVING count(*) > 1)'), 0,
       'resend: once');
    $n = $s->number('message');
}

for my $round (1 .. 10) {
    my @socks = many("any-$round", 20);

    sleep 0.02 * rand;
    $s->kill_store;

    my $codes = answered(@socks);
    is_deeply($codes, { 202 => 20 }, "resend: round $round");
    $n += 20;
}

is($s->number('message'), $n, 'resend: nothing is there twice, nothing lost');


# --- 3: no store for longer than the timeout ---

my $lock = $s->kill_for_long;
my $down = $s->send('down', 'x');

is($down->{status}, 503, 'down: refused');
like($down->{header}, qr/^Retry-After: 1\r$/m, 'down: later');
is(decode_json($down->{body})->{detail}, 'the store does not answer',
   'down: why');

close $lock;
$s->ready;
is($s->send('after', 'x')->{status}, 202, 'down: it is back');
is($s->number("message WHERE correlation_id = 'down'"), 0,
   'down: nothing of it is stored later');
is($s->number('message'), $n + 1, 'down: nor of others');


# --- when it is due has no checksum: damaged, it is due ---

$s->api(POST => 'destinations/resume', $pause);
$s->send('due', 'x');
wait_for { $s->row('due')->{tries} } 'an attempt';
$s->engine->end('QUIT');
$s->sql_write('UPDATE delivery SET next_at = next_at + 400 * 86400000');

my $tried = $s->row('due')->{tries};

$s->again;
wait_for { $s->row('due')->{tries} > $tried } 'the next attempt';
pass('due years ahead: due now');


# --- 4: another store while a delivery is in flight ---

$s->stop;

my $back = Held->new;
$s = StoreTest->start(erp => $back->port, store => 'timeout=2s',
                      workers => 2);
$s->ready;

for my $what ('a reload', 'the death of the store', 'three deaths of it') {
    my $id = $what =~ tr/a-z/-/cr;

    $s->send($id, 'x', order => 'K');
    my $request = $back->accept;

    if ($what eq 'a reload') {
        $s->reload;
        $s->ready;

    } else {
        $s->kill_store for 1 .. ($what =~ /three/ ? 3 : 1);
        $s->ready;
    }

    # another store, and all of its workers: one more key gets through

    $s->send("$id-other", 'x');
    $back->accept->answer(200);
    fate "$id-other", { state => 2 }, "$what: others are delivered";

    fate $id, { state => 1, tries => 0 }, "$what: it is in flight still";
    ok(!$back->pending, "$what: there is no other attempt");

    $request->answer(200);
    fate $id, { state => 2, attempts => 1, tries => 1, deaths => 0 },
         "$what: its outcome has come";
}


# an outcome that the store could not be told at once

$s->send('told-late', 'x');
my $request = $back->accept;
$lock = $s->kill_for_long;
$request->answer(200);
sleep 0.3;
close $lock;
fate 'told-late', { state => 2, attempts => 1, tries => 1, deaths => 0 },
     'an outcome while there is no store: it is told to the next one';

# and a worker that ends meanwhile

$s->send('ends', 'x');
$request = $back->accept;
my @old = $s->reload;
$lock = $s->kill_for_long;
$request->answer(200);
sleep 0.3;
close $lock;
fate 'ends', { state => 2, attempts => 1, tries => 1, deaths => 0 },
     'an outcome of a worker that ends: it has waited for a store';
$s->engine->wait_gone(@old);


# --- 5: nobody claims it: it has its grace, and is attempted again ---

$s->send('lost', 'x');
$request = $back->accept;
$s->engine->kill_all;
$s->engine->again;
$s->ready;
$s->send('lost-other', 'x');
$back->accept->answer(200);
fate 'lost-other', { state => 2 }, 'unclaimed: others are delivered';
fate 'lost', { state => 1 }, 'unclaimed: not given away at once';
ok(!$back->pending, 'unclaimed: it is waited for');

$request = $back->accept;
like($request->header, qr/^X-Id: lost\r$/m, 'unclaimed: then again');
like($request->header, qr/^X-Attempt: 1\r$/m, 'unclaimed: not counted');
$request->answer(200);
fate 'lost', { state => 2, deaths => 1, tries => 1 }, 'unclaimed: delivered';


# --- an attempt that was in effect, of what is a dead letter meanwhile ---

my $once = Held->new;
my $slow = StoreTest->start(erp => $once->port,
                            destination => 'erp_idempotency none;');
$slow->ready;

$slow->send('once', 'x', order => 'K');
$request = $once->accept;
$slow->send('behind', 'x', order => 'K');

my ($worker) = $slow->workers;
kill 'STOP', $worker;
$slow->kill_store;
$slow->is_row('once', { state => 3, reason => 'unknown' },
              'late: nobody has told of it');
kill 'CONT', $worker;
$request->answer(200);
$slow->is_row('once', { state => 2, tries => 1 }, 'late: it was delivered');
$request = $once->accept;
like($request->header, qr/^X-Id: behind\r$/m, 'late: its key goes on');
$request->answer(200);
$slow->is_row('behind', { state => 2 }, 'late: and comes to its end');
$slow->stop;


# --- a wait for the outcome, and another store ---

my $sock = $s->post('/wait', 'wait-1', 'x');
$request = $back->accept;
$s->kill_store;
$s->ready;
$request->answer(200);
is($s->answer($sock)->{status}, 200, 'wait=: answered by the next store');

$sock = $s->post('/wait', 'wait-2', 'x');
$request = $back->accept;
$lock = $s->kill_for_long;
$request->answer(422);
sleep 0.1;
close $lock;
is($s->answer($sock)->{status}, 422, 'wait=: also of what has failed');


# --- large bodies: files ---

my $document = join '', map { chr(rand 256) } 1 .. 1_000_000;

is($s->send('large', $document)->{status}, 202, 'large: taken');
$request = $back->accept;
is(sha256_hex($request->body), sha256_hex($document),
   'large: delivered as it was');
$request->answer(200);
fate 'large', { state => 2 }, 'large: done';

my @files = glob $s->{path} . '/blob/*/*';
is(scalar @files, 1, 'large: one file has it');
is((-s $files[0] // 0), 1_000_000, 'large: all of it');
is($s->number('body WHERE length(data) > 300000'), 0, 'large: no row has it');

$s->send("large-$_", $document, 'X-Key' => "large-$_") for 1, 2;
$request = $back->accept;
$s->kill_store;
$s->ready;
$request->answer(200);
$request = $back->accept;
is(sha256_hex($request->body), sha256_hex($document),
   'large: after a death of the store');
$request->answer(200);
fate "large-$_", { state => 2 }, "large: done" for 1, 2;
is(scalar(() = glob $s->{path} . '/blob/*/*'), 1, 'large: the same file');

$s->stop;


# --- breaker, back-off survive; pruning ---

$s = StoreTest->start(store => 'timeout=2s keep=1s keep_dead=1s',
    locations => <<'EOF', destination => <<'EOF2');
    location /later { erp_send /erp/later; }
    location /erp/later {
        internal;
        erp_retry base=1h jitter=none;
        erp_breaker off;
        return 500;
    }
EOF
    erp_retry base=50ms jitter=none;
    erp_breaker consecutive=2 open=1h;
EOF2
$s->ready;

$s->send('open', 'x');
wait_for { $s->api(GET => 'destinations') =~ /"open"/ } 'an open breaker';

$s->answer($s->post('/later', 'later', 'x'));
fate 'later', { state => 0, attempts => 1 }, 'back-off: attempted once';

my ($breaker) = $s->sql("SELECT breaker FROM destination WHERE uri = '/erp'");
my $tries = $s->row('open')->{tries};
my $next_at = $s->row('later')->{next_at};

for my $what ('a reload', 'its death', 'the death of all') {

    if ($what eq 'a reload') {
        $s->reload;

    } elsif ($what eq 'its death') {
        $s->kill_store;

    } else {
        $s->engine->kill_all;
        $s->engine->again;
    }

    $s->ready;

    my ($d) = grep { $_->{uri} eq '/erp' }
              @{ decode_json($s->api(GET => 'destinations'))->{destinations} };
    is($d->{breaker}{state}, 'open', "$what: the breaker is open");

    $s->send("open-$what" =~ tr/a-z/-/cr, 'x');
    sleep 0.1;
    is(($s->sql("SELECT breaker FROM destination WHERE uri = '/erp'"))[0],
       $breaker, "$what: until the same time");
    is($s->row('open')->{tries}, $tries, "$what: no attempt is made");
    is($s->row('later')->{next_at}, $next_at, "$what: back-off as it was");
}

# what has come to its end goes in slices: the store is there all the time

$s->answer($_) for map { $s->post('/none', "none-$_", 'x') } 1 .. 1000;
sleep 1.1;
my $before = $s->number('message');
$s->kill_store;

my %seen;
wait_for {
    my $left = $s->number('message');
    $seen{$left} = 1;
    $left < 10;
} 'what is old to be removed';

my @left = sort { $b <=> $a } keys %seen;
cmp_ok(scalar(@left), '>', 2, 'prune: in slices')
    or diag("$before: @left");
is($s->number("message m JOIN delivery d ON d.message = m.id"
              . ' WHERE d.ended IS NULL'), 5, 'prune: not what is on its way');
is($s->number('body'), 10, 'prune: nor its bodies');

$s->stop;


# --- 6: quit under load, and another binary ---

for my $what ('quit', 'upgrade') {
    # senders that never pause are not waited for longer than that

    my $chaos = Chaos->start(workers => 2,
                             main => 'worker_shutdown_timeout 2s;',
                             allow => qr/open socket/);
    my $sender = $chaos->sender(rate => 500, connections => 10, size => 1000);

    $chaos->erp->set(delay => 0.05);
    sleep 0.5;

    if ($what eq 'quit') {
        my @all = ($chaos->engine->master, $chaos->engine->workers);

        $chaos->engine->quit;
        $chaos->engine->wait_gone(@all);
        pass('quit: it ends');

        my %acked = %{ $sender->result->{acked} };
        my %there = map { $_ => 1 }
                    $chaos->sql('SELECT control_id FROM message');
        is(scalar(grep { !$there{$_} } keys %acked), 0,
           'quit: what was acknowledged is there');
        is(($chaos->sql('SELECT count(*) FROM delivery WHERE deaths > 0'))[0],
           0, 'quit: nobody has died');
        is(($chaos->sql('SELECT count(*) FROM delivery WHERE state = 1'))[0],
           0, 'quit: of all that was in flight the outcome is known');

        $chaos->engine->again;

    } else {
        my $old = $chaos->engine->upgrade;
        my $store = $chaos->store_pid;

        sleep 0.3;
        is($chaos->store_pid, $store, 'upgrade: the first has the store');

        my $new = $chaos->engine->master;
        my @all = ($old, grep { $_ != $new } $chaos->engine->workers($old));

        kill 'QUIT', $old;
        $chaos->engine->wait_gone(@all);
        wait_for { ($chaos->store_pid || $store) != $store } 'the store';
        ok(scalar(grep { $_ == $chaos->store_pid } $chaos->engine->workers),
           'upgrade: then the second');
    }

    $chaos->ready;
    sleep 0.5;
    $chaos->erp->set;
    $sender->stop;
    $chaos->drain;
    $chaos->laws($sender);
    $chaos->stop;
}

done_testing();


# what strace sees of the store process, and what the block returns

sub traced {
    my ($options, $code) = @_;
    my $file = $s->engine->dir . '/strace';
    my $pid = $s->store_pid;

    my $tracer = fork // die "fork: $!\n";

    if ($tracer == 0) {
        open STDERR, '>', "$file.err";
        exec split(' ', "strace -q -p $pid -o $file -s 0 $options");
        exit 1;
    }

    wait_for {
        Engine::contents("/proc/$pid/status") =~ /^TracerPid:\t[1-9]/m
    } 'strace';

    my @result = $code->();

    kill 'INT', $tracer;
    waitpid $tracer, 0;

    return (Engine::contents($file), @result);
}


# messages at the same time, that have no name of their own

sub many {
    my ($id, $n) = @_;

    return map { $s->post('/flow', "$id-$_", 'x', 'Idempotency-Key' => '') }
           1 .. $n;
}


sub answered {
    my %n;

    $n{$s->answer($_)->{status}}++ for @_;

    return \%n;
}


sub fate {
    return $s->is_row(@_);
}
