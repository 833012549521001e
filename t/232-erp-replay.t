use lib 't/lib';
use strict;
use warnings;
use File::Path;
use JSON::PP;
use Test::More;
use MapTest;
use ErpServer;

# What an operator does by the API, with an ERP that sees it: replays and
# their order, skip, discard, pause, probe; who waits is told; what is damaged
# is its own trouble.

sub ready;
sub put;
sub send_off;
sub answered;
sub api;
sub change;
sub rows;
sub mark;
sub seen;
sub dead;
sub settled;
sub waits;
sub slow;

# the engine empties its own

my $dir = "$Mllp::Prefix-erp";
rmtree $dir;
mkpath $dir;

my $erp = ErpServer->start($dir);
my $port = $erp->port;
my $journal = 0;

my $destination = <<"EOF";
            internal;
            erp_error code=/error/code message=/error/message;
            proxy_pass http://127.0.0.1:$port;
            proxy_set_header X-Attempt \$erp_attempt;
            proxy_set_header X-Order \$erp_order;
            proxy_set_header X-Id \$erp_object_key;
            proxy_read_timeout 300s;
EOF

my $t = MapTest->start(
    allow => 'exited on signal|cannot answer the API|cannot be written',
    http => <<'EOF1', locations => <<"EOF2");
    erp_store path=%%DIR%%/store min_free=1m ballast=1m;

    canonical_map thing version=1 {
        from json;
        emit thing key=id;
        set id id required;
    }
EOF1
        location /in {
            canonical_request thing;
            erp_send /erp/a order_by=\$http_x_order;
        }
        location /skip {
            canonical_request thing;
            erp_send /erp/skip order_by=\$http_x_order;
        }
        location /slow {
            canonical_request thing;
            erp_send /erp/slow;
        }
        location /wait {
            canonical_request thing;
            erp_send /erp/a wait=300s;
        }

        location /erp/a {
$destination
            erp_retry base=10ms max=10ms;
            erp_breaker off;
        }
        location /erp/skip {
$destination
            erp_blocked_key skip;
        }
        location /erp/slow {
$destination
            erp_retry base=1h max=1h jitter=none retry_after=2h;
            erp_breaker consecutive=1 open=1h max_open=1h;
        }

        location /hie/ { erp_api; }
EOF2

my $engine = $t->engine;
my $db = $engine->dir . '/store/store.db';

ready;


# a dead head, its followers, a replay

$erp->set(bad => '"a1"');
put '/in', 'a1', 'k1';
dead 1;
put '/in', $_, 'k1' for qw(a2 a3);

is_deeply([seen], ['a1'], 'a dead letter holds its key');
is_deeply([waits], ['a2', 'a3'], 'others of the key wait');

my $id = api('dead-letters')->{dead_letters}[0]{id};

my $r = change 'dead-letters/replay', { filter => { ids => [$id] } }, 400;
like($r->{detail}, qr/reason/, 'a replay needs a reason');

$r = change 'dead-letters/replay', { filter => {}, dry_run => \1 };
is("$r->{matched} $r->{replayed}", '1 0', 'a dry run');
is(api('dead-letters')->{matched}, 1, 'has changed nothing');
is_deeply([seen], ['a1'], 'and sent nothing');

$erp->set;
$r = change 'dead-letters/replay',
     { filter => { ids => [$id] }, reason => 'account added' };
is($r->{deliveries}[0]{position}, 'first', 'a replay in its place');
settled;
is_deeply([seen], [qw(a1 a1 a2 a3)], 'the ERP gets them in their order');

my @a1 = grep { $_->{id} eq 'a1' } $erp->journal;
is($a1[0]{key}, $a1[1]{key}, 'with the same idempotency key');

my ($row) = rows 'SELECT o.state, o.reason, r.state AS again,
                      r.seq = o.id AS place
                  FROM delivery r JOIN delivery o ON o.id = r.replay_of';
is_deeply([@$row{qw(state reason again place)}], [6, 'replayed', 2, 1],
          'what the rows say');
($row) = rows 'SELECT action, reason FROM audit ORDER BY id DESC LIMIT 1';
is("$row->{action}: $row->{reason}", 'replay: account added', 'the audit');


# the same over a crash, and of several keys at once

mark;
$erp->set(bad => '"(b1|c1)"');
put '/in', 'b1', 'k2';
put '/in', 'c1', 'k3';
dead 2;
put '/in', 'b2', 'k2';
put '/in', 'c2', 'k3';
change 'destinations/pause', { destination => '/erp/a', reason => 'x' };
$erp->set;

$r = change 'dead-letters/replay', { filter => {}, reason => 'x' };
is_deeply([map { $_->{position} } @{ $r->{deliveries} }], ['first', 'first'],
          'several keys, while it is paused');
is_deeply([sort { $a cmp $b } seen], [qw(b1 c1)], 'nothing goes');
is_deeply([waits], [qw(b1 c1 b2 c2)], 'the list is in their order');

$engine->kill_all;
$engine->again;
ready;
is_deeply([waits], [qw(b1 c1 b2 c2)], 'as it is after a crash');

change 'destinations/resume', { destination => '/erp/a', reason => 'x' };
settled;
is_deeply([grep { /b/ } seen], [qw(b1 b1 b2)], 'in order for the ERP');
is_deeply([grep { /c/ } seen], [qw(c1 c1 c2)], 'of either key');


# a replay that fails again, and is replayed again

mark;
$erp->set(bad => '"d1"');
put '/in', 'd1', 'k4';
dead 1;
put '/in', 'd2', 'k4';
change 'dead-letters/replay', { filter => {}, reason => 'try' };
wait_for { () = rows 'SELECT 1 FROM delivery WHERE state = 3
                      AND replay_of > 0' } 'it is dead again';
$erp->set;
$r = change 'dead-letters/replay', { filter => {}, reason => 'again' };
is($r->{deliveries}[0]{position}, 'first', 'the replay of a replay');
settled;
is_deeply([seen], [qw(d1 d1 d1 d2)], 'is in its place as well');


# a key that is not held has gone on

mark;
$erp->set(bad => '"e1"');
put '/skip', 'e1', 'k5';
dead 1;
put '/skip', 'e2', 'k5';
settled;
$erp->set;
$r = change 'dead-letters/replay', { filter => {}, reason => 'x' };
is($r->{deliveries}[0]{position}, 'last', 'a key that is not held');
settled;
is_deeply([seen], [qw(e1 e2 e1)], 'has gone on');


# at a rate, with a limit

mark;
$erp->set(bad => 'f\d');
put '/in', "f$_", '' for 1 .. 3;
dead 3;
change 'destinations/pause', { destination => '/erp/a', reason => 'x' };
$erp->set;
$r = change 'dead-letters/replay',
     { filter => { destination => '/erp/a', reason => 'rejected' },
       reason => 'x', rate => 2, limit => 2 };
is("$r->{matched} $r->{replayed}", '3 2', 'as many as the limit is');
is($r->{deliveries}[0]{position}, undef, 'without a key is no position');

my @at = map { $_->{next_at} } rows 'SELECT next_at FROM delivery
                                     WHERE ended IS NULL ORDER BY id';
is($at[1] - $at[0], 500, 'at the rate');

change 'dead-letters/replay', { filter => {}, reason => 'x' };
change 'destinations/resume', { destination => '/erp/a', reason => 'x' };
settled;
is(scalar(() = seen), 6, 'all of them went');


# skip and discard

mark;
$erp->set(bad => '"g1"');
put '/in', 'g1', 'k6';
dead 1;

my @id = map { put('/in', $_, 'k6') } qw(g2 g3);

$r = change 'deliveries/discard', { ids => [$id[0]], reason => 'wrong visit' };
is($r->{deliveries}[0]{result}, 'discarded', 'discard: one that waits');
change 'deliveries/skip', { ids => [$id[1]] }, 400;

$id = api('dead-letters')->{dead_letters}[0]{id};
$r = change 'deliveries/skip', { ids => [$id], reason => 'done by hand' };
is($r->{deliveries}[0]{result}, 'skipped, its key goes on', 'skip: the head');
settled;
is_deeply([seen], [qw(g1 g3)], 'skip, discard: the rest goes');
is_deeply([map { $_->{state} } rows q{SELECT state FROM delivery
                                      WHERE order_key = 'k6' ORDER BY id}],
          [5, 6, 2], 'skip, discard: as was said');


# pause and resume

mark;
$erp->set;
change 'destinations/pause', { destination => '/erp/a' }, 400;
change 'destinations/pause', { destination => '/erp/a', reason => 'x' };
put '/in', 'h1', 'k7';
put '/skip', 'h2', 'k7';
wait_for { scalar(() = seen) } 'another destination';
is_deeply([seen], ['h2'], 'pause: only others go');
$r = change 'destinations/resume', { destination => '/erp/a', reason => 'x' };
ok($r->{changed}, 'resume');
settled;
is_deeply([seen], ['h2', 'h1'], 'resume: it goes');


# probe: an open breaker, and a Retry-After

mark;
$erp->set(status => 503);
put '/slow', 'i1', '';
wait_for { slow eq 'open' } 'the breaker';
$erp->set;
change 'destinations/probe', { destination => '/erp/slow' }, 400;
$r = change 'destinations/probe',
     { destination => '/erp/slow', reason => 'it is up' };
ok($r->{changed}, 'probe: an open breaker');
settled;
is(slow, 'closed', 'probe: closes it');

mark;
$erp->set(status => 429, header => 'Retry-After: 3600');
put '/slow', 'i2', '';
wait_for { scalar(() = rows 'SELECT 1 FROM attempt WHERE status = 429') }
    'an attempt';
$erp->set;
put '/slow', 'i3', '';

for (1 .. 3) {
    change 'destinations/probe',
           { destination => '/erp/slow', reason => 'they have phoned' };
}

settled;
is_deeply([sort { $a cmp $b } seen], [qw(i2 i2 i3)], 'probe: does not wait');


# who waits is told

change 'destinations/pause', { destination => '/erp/a', reason => 'x' };

for my $how (qw(skip discard)) {
    my $sock = send_off 'POST', '/wait', qq({"id":"w-$how"});

    wait_for { scalar(() = waits) } 'it is in the queue';
    $id = api('queues')->{deliveries}[0]{id};
    change "deliveries/$how", { ids => [$id], reason => 'x' };

    my $answer = answered $sock;
    is($answer->{status}, 422, "wait=: told of a $how");
    like($answer->{body}, qr/"operator"/, "wait=: of a $how by whom");
}

change 'destinations/resume', { destination => '/erp/a', reason => 'x' };


# what is in flight is discarded when that ends, also by a crash

mark;
$erp->set(hang => 'j1');
put '/in', 'j1', 'k8';
wait_for { scalar(() = seen) } 'an attempt';
put '/in', 'j2', 'k8';
$id = api('queues')->{deliveries}[0]{id};
$r = change 'deliveries/discard', { ids => [$id], reason => 'x' };
like($r->{deliveries}[0]{result}, qr/^in flight/, 'in flight: it is told');
is(api('queues')->{deliveries}[0]{state}, 'ending', 'in flight: it is seen');

$engine->kill_all;
$erp->set;
$engine->again;
settled;
is_deeply([seen], ['j1', 'j2'], 'in flight: not sent again after a crash');
($row) = rows "SELECT state, reason FROM delivery WHERE id = $id";
is("$row->{state} $row->{reason}", '6 operator', 'in flight: as was said');
ready;


# traces

mark;
$erp->set(bad => 't1');
$id = put '/in', 't1', 'k9', 'X-Correlation-ID: corr-t1',
          'Idempotency-Key: control-t1';
dead 1;
$erp->set;
change 'dead-letters/replay', { filter => {}, reason => 'x' };
settled;

for my $by (qw(correlation_id=corr-t1 control_id=control-t1 key=t1)) {
    my $m = api("messages?$by")->{messages};

    is(scalar @$m, 1, "trace by $by");
    is_deeply([map { [$_->{state}, $_->{replay_of},
                      map { $_->{outcome} } @{ $_->{history} }] }
               @{ $m->[0]{deliveries} }],
              [['discarded', undef, 'bad'], ['delivered', $id, 'done']],
              "trace by $by: all that became of it");
}


# a question that cannot be answered is alone with that

mark;
$erp->set(bad => 'x1');
put '/in', 'x1', 'k10';
dead 1;
$erp->set;
system 'sqlite3', $db, '.timeout 5000', 'DROP INDEX message_control_id;'
       . q{CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN
           SELECT RAISE(ABORT, 'broken'); END};

my @asks = (['GET', '/hie/v1/messages?control_id=x', ''],
            ['POST', '/hie/v1/dead-letters/replay',
             '{"filter":{},"reason":"x"}']);
my @socks = map {
    $_ % 2 ? send_off @{ $asks[$_ % 4 == 3] }
           : send_off 'POST', '/in', qq({"id":"y$_"})
} 0 .. 39;

my %status;

for my $i (0 .. 39) {
    $status{$i % 2 ? 'api' : 'put'}{ answered($socks[$i])->{status} }++;
}

is_deeply(\%status, { api => { 503 => 20 }, put => { 202 => 20 } },
          'no message is refused for it');
wait_for { 20 == (() = grep { /^y/ } seen) } 'all of them';
is((rows 'SELECT count(*) AS n FROM delivery WHERE state = 3')[0]{n}, 1,
   'and nothing has changed');
is((() = grep { $_ eq 'x1' } seen), 1, 'nor was it sent');

system 'sqlite3', $db, '.timeout 5000', 'DROP TRIGGER broken';
change 'dead-letters/replay', { filter => {}, reason => 'x' };
settled;
is((seen)[-1], 'x1', 'then it goes');

$t->stop;
$erp->stop;
done_testing();


sub ready {
    wait_for { $t->get('/hie/v1/health/ready')->{status} == 200 } 'the store';
}


# an object: the number of its delivery

sub put {
    my ($uri, $name, $order, @header) = @_;

    my $answer = $t->post($uri, 'application/json', qq({"id":"$name"}),
                          "X-Order: $order", @header);

    is($answer->{status}, 202, "$name is stored");

    my $message = decode_json($answer->{body})->{message};

    return (rows "SELECT id FROM delivery WHERE message = $message")[0]{id};
}


# a request whose answer is read later

sub send_off {
    my ($method, $uri, $body) = @_;
    my $sock = $t->connect;

    print $sock "$method $uri HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                . "Content-Type: application/json\r\nContent-Length: "
                . length($body) . "\r\n\r\n$body";

    return $sock;
}


sub answered {
    my ($sock) = @_;

    local $/;

    return MapTest::answer(scalar <$sock>);
}


sub api {
    my ($what) = @_;

    return decode_json($t->get("/hie/v1/$what")->{body});
}


sub change {
    my ($what, $params, $status) = @_;
    my $answer = $t->post("/hie/v1/$what", 'application/json',
                          encode_json($params));

    is($answer->{status}, $status // 200, "POST $what");

    return decode_json($answer->{body});
}


sub rows {
    my ($sql) = @_;

    open my $out, '-|', 'sqlite3', '-readonly', '-json', '-cmd',
                        '.timeout 5000', $db, $sql
        or die "sqlite3: $!\n";

    local $/;
    my $json = <$out> // '';

    return $json =~ /\S/ ? @{ JSON::PP->new->utf8->decode($json) } : ();
}


# what the ERP has seen since

sub mark {
    $journal = () = $erp->journal;
}


sub seen {
    my @all = $erp->journal;

    return map { $_->{id} } @all[$journal .. $#all];
}


sub dead {
    my ($want) = @_;

    wait_for { api('dead-letters')->{matched} == $want } 'dead letters';
}


sub settled {
    wait_for { !(() = rows 'SELECT 1 FROM delivery WHERE ended IS NULL
                            LIMIT 1') } 'the queue';
}


sub waits {
    return map { $_->{object_key} } @{ api('queues')->{deliveries} };
}


# the state of its breaker

sub slow {
    my ($number) = map { $_->{number} }
                   rows q{SELECT number FROM destination
                          WHERE uri = '/erp/slow'};

    return $number ? api("destinations/$number")->{breaker}{state} : '';
}
