use lib 't/lib';
use strict;
use warnings;
use Digest::SHA qw(sha256 sha256_hex);
use File::Copy;
use JSON::PP;
use Test::More;
use Time::HiRes 'sleep';
use StoreTest;

# erp_store key=: nothing of a body is in a file as it is, keys are changed
# one after the other, and without the right one nothing is touched.

sub id;
sub files;
sub found;
sub sums;
sub refuses;

my %key = map { $_ => sha256("a key of this test: $_") } 1 .. 4;
my ($canary, $secret) = ('CANARY-7131', 'RESULT-7131');

my $back = Held->new;

my %o = (erp => $back->port, log_level => 'notice',
    files => { map { ("k$_" => unpack 'H*', $key{$_}) } keys %key },
    http => <<'EOF',
canonical_map object version=1 {
    from json;
    emit thing key=id;
    set  id   id   required;
    set  note note;
}
EOF
    locations => <<'EOF');
    location /map {
        canonical_request object;
        erp_send /erp/steps key=$http_x_key;
    }

    location /erp/first { internal; proxy_pass http://127.0.0.1:%%ERP%%; }

    location /erp/steps {
        internal;
        erp_retry base=50ms jitter=none;
        erp_breaker off;
        erp_step /erp/first doc=/id;
        erp_step /erp/second;
    }

    location /erp/second {
        internal;
        proxy_set_header X-Doc $erp_result_doc;
        proxy_set_header X-Id $hie_correlation_id;
        proxy_pass http://127.0.0.1:%%ERP%%;
    }
EOF
$o{locations} =~ s/%%ERP%%/$back->port/ge;

my $s = StoreTest->start(%o, store => 'timeout=1s key=k1', main => '',
                         allow => qr/exited on signal 9|is not started/);
my $ngx = $s->engine;
my $conf = $ngx->{http};

chmod 0600, glob $ngx->dir . '/conf/k*';
$s->ready;


# --- nothing is there as it is ---

my $large = join ' ', map { "$canary-$_" } 1 .. 30_000;

is($s->send('s1', "a body with $canary in it")->{status}, 202, 'a body');
is($s->send('s2', $large)->{status}, 202, 'a large body');

my $object = '{"id":"T-1","note":"an object with ' . $canary . '"}';
is($s->answer($s->post('/map', 's3', $object,
                       'Content-Type' => 'application/json'))->{status}, 202,
   'an object');

# a step is done, and has a result

my %held;

for (1 .. 3) {
    my $request = $back->accept;
    my ($id) = $request->header =~ /^X-Id: (.*?)\r$/m;
    $held{ $id // 'step' } = $request;
}

like($held{s1}->body, qr/a body with $canary/, 'is delivered as it was');
is(sha256_hex($held{s2}->body), sha256_hex($large), 'also the large one');

$held{step}->answer(200, '{"id":"' . $secret . '"}',
                    'Content-Type: application/json');

my $second = $back->accept;
like($second->header, qr/^X-Doc: $secret\r$/m, 'the result of a step');

is(found($canary), '', 'no file has a body as it is');
is(found($secret), '', 'nor a result');
isnt(found('s3'), '', 'this search does find what is there');
is($s->number('body WHERE sealed = 1'), $s->number('body'), 'all are sealed');
is($s->number('result WHERE sealed = 1'), 1, 'the result is sealed');
my @blobs = glob $s->{path} . '/blob/*/*';
is(scalar @blobs, 2, 'files: as it came, and the object');

# there are no further attempts for a while

$s->api(POST => 'destinations/pause',
        qq({"destination":"$_","reason":"a test"})) for '/erp', '/erp/steps';

$_->answer(500) for @held{qw(s1 s2)}, $second;
$s->is_row($_, { tries => 1 }, "$_: an attempt has failed") for qw(s1 s2 s3);

# --- wrong keys: refused, and nothing is touched ---

sub stopped {
    my ($code) = @_;

    my @all = ($ngx->master, $ngx->workers);

    $ngx->quit;
    $ngx->wait_gone(@all);
    $code->();
    $ngx->configure;
    $ngx->again;
}

sub keys_are {
    my ($keys) = @_;

    $ngx->{http} = $conf =~ s/key=k1/$keys/r;
}

for my $case (['another key', 'key=k2', 1], ['no key', '', 1],
              ['previous is not the one', 'key=k3 previous_key=k2', 1])
{
    my ($name, $keys, $needed) = @$case;
    my %before;

    stopped(sub { keys_are($keys); %before = sums });
    refuses $name, $needed;
    is_deeply({ sums() }, \%before, "$name: files are as they were");
}

# while it runs

stopped(sub { keys_are('key=k1') });
$s->ready;
keys_are('key=k2');
$ngx->configure;
$ngx->reload;
wait_for { $s->api(GET => 'status') !~ /"ready"/ } 'the refusal';
refuses 'a reload', 1;

# the right one comes back by a reload

keys_are('key=k1');
$ngx->configure;
$ngx->signal('HUP');
$s->ready;
is($s->send('s4', "$canary again")->{status}, 202,
   'the right key: it is back');


# --- rotation ---

keys_are('key=k2 previous_key=k1');
$ngx->configure;
$ngx->signal('HUP');
wait_for { $s->number('sealing') == 2 } 'the new key';
$s->ready;

is($s->send('s5', "$canary, new")->{status}, 202, 'rotation: a new body');

is_deeply([$s->sql("SELECT DISTINCT substr(hex(b.data), 3, 16) FROM body b"
                   . ' JOIN message m ON b.id >> 16 = m.id'
                   . " WHERE m.correlation_id = 's5'")],
          [uc id(2)], 'rotation: is sealed with the new one');
is_deeply([$s->sql("SELECT DISTINCT substr(hex(b.data), 3, 16) FROM body b"
                   . ' JOIN message m ON b.id >> 16 = m.id'
                   . " WHERE m.correlation_id = 's4'")],
          [uc id(1)], 'rotation: an old one with the old one');

$s->api(POST => 'destinations/resume',
        qq({"destination":"$_","reason":"a test"})) for '/erp', '/erp/steps';

my %got;

for (1 .. 5) {
    my $request = $back->accept;
    my ($id) = $request->header =~ /^X-Id: (.*?)\r$/m;

    $got{$id} = $request->body;
    like($request->header, qr/^X-Doc: $secret\r$/m, 'rotation: a result')
        if $id eq 's3';
    $request->answer(200);
}

is_deeply([sort keys %got], [qw(s1 s2 s3 s4 s5)], 'rotation: all delivered');
is($got{s1}, "a body with $canary in it", 'rotation: an old one');
is($got{s5}, "$canary, new", 'rotation: a new one');
is(sha256_hex($got{s2}), sha256_hex($large), 'rotation: a file');
$s->is_row("s$_", { state => 2 }, "rotation: s$_ is done") for 1 .. 5;

stopped(sub { keys_are('key=k2') });
refuses 'the previous one is still needed', 1;

stopped(sub { keys_are('key=k3 previous_key=k2') });
refuses 'one of three', 1;

is(found($canary), '', 'no file has a body as it is');


# --- a body that is changed on the disk ---

stopped(sub { keys_are('key=k2 previous_key=k1') });
$s->ready;
$s->api(POST => 'destinations/pause',
        '{"destination":"/erp","reason":"a test"}');
$s->send('moved', "$canary moved");
$s->send('other', "$canary other");
$s->send('file', $large . 'x');

{
    my ($moved, $other) = map {
        $s->sql("SELECT id FROM message WHERE correlation_id = '$_'")
    } qw(moved other);

    my @old = ($ngx->master, $ngx->workers);
    $ngx->quit;
    $ngx->wait_gone(@old);

    # a sealed body belongs to its row

    system('sqlite3', "$s->{path}/store.db", 'UPDATE body SET data ='
           . " (SELECT data FROM body WHERE id = ($other << 16) + 1)"
           . " WHERE id = ($moved << 16) + 1");

    for my $file (glob $s->{path} . '/blob/*/*') {
        next if grep { $_ eq $file } @blobs;

        open my $f, '+<', $file or die "$file: $!\n";
        seek $f, 1000, 0;
        print $f 'x';
        close $f;
    }

    $ngx->again;
}

$s->ready;
$s->api(POST => 'destinations/resume',
        '{"destination":"/erp","reason":"a test"}');
$back->accept->answer(200);
$s->is_row('other', { state => 2 }, 'damage: others are delivered');
$s->is_row($_, { state => 3, reason => 'damaged' }, "damage: $_ is dead")
    for 'moved', 'file';


$s->stop;

unlike($ngx->log, qr/$canary|$secret/, 'nothing of a body in error.log');
for my $n (keys %key) {
    my $hex = unpack 'H*', $key{$n};
    unlike($ngx->log, qr/$hex/i, "nor the key $n");
}

done_testing();


sub id {
    return substr sha256_hex($key{$_[0]}), 0, 16;
}


sub files {
    return grep { -f } glob("$s->{path}/* $s->{path}/blob/*/*");
}


# the names of files that have these bytes

sub found {
    my ($text) = @_;

    return join ' ', grep { index(Engine::contents($_), $text) >= 0 } files;
}


sub sums {
    return map { $_ => sha256_hex(Engine::contents($_)) }
           grep { -s && !/\/(store\.lock|store\.pid|store\.db-shm)$/ } files;
}


sub refuses {
    my ($name, $needed) = @_;
    my $id = id($needed);

    wait_for {
        ($ngx->log =~ /.*is not started, messages are refused: (.*)/g)
    } 'the refusal';

    my @why = $ngx->log =~ /is not started, messages are refused: (.*)/g;
    like($why[-1], qr/key $id, which is not given/, "$name: it says which");

    my $answer = $s->send("refused-$name" =~ tr/a-z0-9/-/cr, 'x');
    is($answer->{status}, 503, "$name: 503");
    like($answer->{header}, qr/^Retry-After: 1\r$/m, "$name: later");
}
