use lib 't/lib';
use strict;
use warnings;
use IO::Socket::INET;
use Test::More;
use Engine;
use ErpTest qw(store_pid);

# erp_metrics: what the store counts and what workers count, as one page that
# Prometheus can read, also while there is no store.

sub ask;
sub page;
sub sample;
sub soon;

my $erp = Engine->backend(sub {
    my ($sock, $request) = @_;

    my $status = $request =~ m{^\w+ /ok} ? '201 Created' : '422 No';

    print $sock "HTTP/1.0 $status\r\nContent-Length: 0\r\n\r\n";
});

my $nobody = free_ports(1);

my $json = "Content-Type: application/json\r\n";

my $http = <<"EOF";
    erp_store path=%%DIR%%/store min_free=1m ballast=1m timeout=500ms;

    canonical_map thing version=1 {
        from json;
        emit thing key=id;
        set id id required;
    }
    canonical_map visit version=1 {
        from hl7 ADT^A01;
        emit visit key=visit_id;
        set  visit_id PV1-19.1 required;
    }

    server {
        listen 127.0.0.1:%%HTTP%%;

        location /ok   { canonical_request thing; erp_send /erp/ok; }
        location /bad  { canonical_request thing; erp_send /erp/bad; }
        location /down { canonical_request thing; erp_send /erp/down; }
        location /none { canonical_request thing; }

        location /erp/ok  { internal; proxy_pass http://127.0.0.1:$erp/ok; }
        location /erp/bad { internal; proxy_pass http://127.0.0.1:$erp/bad; }
        location /erp/down {
            internal;
            erp_retry base=10ms max=10ms jitter=none;
            erp_breaker consecutive=2 open=1h max_open=1h;
            proxy_pass http://127.0.0.1:$nobody;
        }

        location = /metrics { erp_metrics; }
    }

    server {
        server_name hie;
        mllp_only;

        location /ok { canonical_request visit; erp_send /erp/ok; }
    }
EOF

my $ngx = Engine->start(
    workers => 2,
    stream => 'server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /ok; }',
    allow => 'exited on signal 9',
    http => $http);

ErpTest->of($ngx);

soon('hie_store_up', 1, 'the store is there');


# at first

my $answer = ask(GET => '/metrics');

like($answer, qr/^HTTP\/1\.1 200 /, 'it answers');
like($answer, qr/^Content-Type: text\/plain; version=0\.0\.4\r$/m,
     'as the text format 0.0.4');
like($answer, qr/^Cache-Control: no-store\r$/m, 'nothing is kept of it');
like(ask(HEAD => '/metrics'), qr/^HTTP\/1\.1 200 .*\r\n\r\n\z/s,
     'HEAD: only the header');

for my $method (qw(POST PUT DELETE)) {
    like(ask($method => '/metrics', $json, '{}'),
         qr/^HTTP\/1\.1 405 .*^Allow: GET, HEAD\r$/ms, "$method: not allowed");
}

is(sample('hie_messages_acked_total{flow="/ok",code="2xx"}'), 0,
   'nothing was received');
is(sample('hie_destination_state{destination="/erp/ok",state="running"}'), 1,
   'a destination of nginx.conf is running');
is(sample('hie_queue_messages{destination="/erp/ok"}'), 0, 'without a queue');
is(sample('hie_source_last_message_timestamp_seconds{flow="/ok"}'), undef,
   'a flow without messages has no last one');


# messages

my $start = time;

for my $n (1 .. 3) {
    like(ask(POST => '/ok', $json, qq({"id":"A$n"})), qr/ 202 /, 'a message');
}

like(ask(POST => '/ok', $json, '{"id":"B"}'), qr/ 202 /, 'one without end');
like(ask(POST => '/ok', $json, '{"none":1}'), qr/ 422 /, 'one that is wrong');
like(ask(POST => '/bad', $json, '{"id":"C"}'), qr/ 202 /,
     'to one who refuses');
like(ask(POST => '/down', $json, '{"id":"D"}'), qr/ 202 /,
     'to one who is down');
ask(POST => '/none', $json, '{"id":"E"}');

my $c = $ngx->client('MLLP');

for my $n (1 .. 2) {
    $c->send(hl7('ADT^A01^ADT_A01', "M$n",
                 'PV1|1|I|||||||||||||||||V' . $n));
    is(field($c->read, 'MSA-1'), 'AA', 'a message over MLLP');
}

$c->send(hl7('ADT^A01^ADT_A01', 'M3', 'PV1|1|I'));
is(field($c->read, 'MSA-1'), 'AE', 'one that is wrong');

# the same once more, with the answer of the first time

$c->send(hl7('ADT^A01^ADT_A01', 'M2', 'PV1|1|I|||||||||||||||||V2'));
is(field($c->read, 'MSA-1'), 'AA', 'a duplicate');
$c->close;

soon('hie_messages_delivered_total{destination="/erp/ok"}', 6, 'delivered');
soon('hie_messages_dead_lettered_total{destination="/erp/bad",'
     . 'reason="rejected"}', 1, 'refused: a dead letter');
soon('hie_destination_state{destination="/erp/down",state="down"}', 1,
     'down: its breaker is open');

# a duplicate of the store's own: /ok over HTTP has no key, MLLP has

soon('hie_messages_duplicate_total{flow="/ok",stage="store"}', 1,
     'a duplicate is counted');

my $page = page();

sub is_sample {
    my ($sample, $value, $name) = @_;

    is(sample($sample, $page), $value, $name // $sample);
}

is_sample('hie_messages_received_total{flow="/ok",msg_type="ADT^A01"}', 3,
          'received: by type');
is_sample('hie_messages_acked_total{flow="/ok",code="2xx"}', 4);
is_sample('hie_messages_acked_total{flow="/ok",code="4xx"}', 1);
is_sample('hie_messages_acked_total{flow="/ok",code="AA"}', 3);
is_sample('hie_messages_acked_total{flow="/ok",code="AE"}', 1);
is_sample('hie_messages_acked_total{flow="/bad",code="2xx"}', 1);
is_sample('hie_messages_acked_total{flow="/none",code="2xx"}', undef,
          'acked: a location that sends nothing is no flow');
is_sample('hie_accept_duration_seconds_count{flow="/ok"}', 9);
is_sample('hie_accept_duration_seconds_bucket{flow="/ok",le="+Inf"}', 9);
is_sample('hie_delivery_attempts_total{destination="/erp/ok",result="done"}',
          6);
is_sample('hie_delivery_attempts_total{destination="/erp/bad",result="bad"}',
          1);
is_sample('hie_delivery_attempts_total{destination="/erp/down",'
          . 'result="down"}', 2);
is_sample('hie_upstream_response_duration_seconds_count'
          . '{destination="/erp/bad"}', 1);
is_sample('hie_delivery_duration_seconds_count{destination="/erp/ok"}', 6);
is_sample('hie_delivery_duration_seconds_count{destination="/erp/bad"}', 0);
is_sample('hie_queue_messages{destination="/erp/ok"}', 0);
is_sample('hie_queue_messages{destination="/erp/down"}', 1);
is_sample('hie_queue_corrupt_records_total', 0);
is_sample('hie_queue_write_errors_total{op="commit"}', 0);
is_sample('hie_store_up', 1);

ok(sample('hie_queue_sync_duration_seconds_count', $page) > 0, 'commits');
ok(sample('hie_queue_bytes', $page)
   < sample('hie_queue_capacity_bytes', $page), 'bytes, and how many may be');

for my $name ('hie_source_last_message_timestamp_seconds{flow="/ok"}',
              'hie_queue_oldest_message_timestamp_seconds'
              . '{destination="/erp/down"}')
{
    my $value = sample($name, $page) // 0;

    ok($value >= $start - 1 && $value <= time + 1, "$name: a time");
}

like($page, qr/^hie_build_info\{version="[\d.]+",nginx="[\d.]+"\} 1$/m,
     'the versions');


# the page as a whole

my (%help, %type, %seen, @wrong, $family);

for (split /\n/, $page) {

    if (/^# HELP (\S+) \S/) {
        $help{$1}++;
        $family = $1;

    } elsif (/^# TYPE (\S+) (counter|gauge|histogram)$/) {
        $type{$1}++;
        push @wrong, $_ if $1 ne $family;

    } elsif (/^([a-z_]+)((?:\{.*\})?) [\d.]+$/) {
        push @wrong, $_ if $seen{"$1$2"}++;
        push @wrong, $_ if $1 !~ /^\Q$family\E(?:_bucket|_sum|_count)?$/;

    } else {
        push @wrong, $_;
    }
}

is("@wrong", '', 'each line belongs to what is above it, and is there once');
is(join(' ', grep { $help{$_} != 1 || ($type{$_} // 0) != 1 } keys %help), '',
   'each name has one help and one type');
is(join(' ', grep { !/^hie_/ } keys %help), '', 'each name is one of ours');

SKIP: {
    skip 'no promtool', 1 if system('command -v promtool >/dev/null');

    my $file = $ngx->dir . '/metrics.txt';

    open my $out, '>', $file or die "$file: $!\n";
    print $out $page;
    close $out;

    my $said = `promtool check metrics <$file 2>&1`;

    ok($? == 0 && $said eq '', 'promtool has nothing to say') or diag($said);
}


# a reload of the same flows keeps what workers count

my @old = $ngx->reload;
$ngx->wait_gone(@old);

soon('hie_store_up', 1, 'reload: the store is there');
is(sample('hie_messages_acked_total{flow="/ok",code="2xx"}'), 4,
   'reload: counters go on');
is(sample('hie_dead_letter_messages{destination="/erp/bad",'
          . 'reason="rejected"}'), 1, 'reload: the dead letter is there');

$http =~ s/(location \/none )/location \/new { erp_send \/erp\/ok; } $1/;

@old = $ngx->reload(http => $http);
$ngx->wait_gone(@old);

soon('hie_store_up', 1, 'other flows: the store is there');
is(sample('hie_messages_acked_total{flow="/new",code="2xx"}'), 0,
   'other flows: they are counted');
is(sample('hie_messages_acked_total{flow="/ok",code="2xx"}'), 0,
   'other flows: from the beginning');
ok(sample('hie_config_last_reload_timestamp_seconds') >= $start - 1,
   'reload: its time');


# without the store

my $pid = store_pid();

kill 'STOP', $pid;

$answer = ask(GET => '/metrics');
like($answer, qr/^HTTP\/1\.1 200 /, 'stopped: there is a page');
is(sample('hie_store_up', $answer), 0, 'stopped: which tells that');
is(sample('hie_messages_acked_total{flow="/ok",code="2xx"}', $answer), 0,
   'stopped: and what workers count');
unlike($answer, qr/^hie_queue/m, 'stopped: and nothing else');

kill 'CONT', $pid;
soon('hie_store_up', 1, 'stopped: it goes on');

kill 'KILL', $pid;
wait_for { store_pid() != $pid } 'another store';
soon('hie_store_up', 1, 'killed: another one is there');
is(sample('hie_queue_messages{destination="/erp/down"}'), 1,
   'killed: with the queue');
is(sample('hie_messages_delivered_total{destination="/erp/ok"}'), 0,
   'killed: it counts from the beginning');

$ngx->stop;


sub ask {
    my ($method, $uri, $headers, $body) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $ngx->port('HTTP'))
        // die "connect: $!\n";

    $headers //= '';
    $headers .= 'Content-Length: ' . length($body) . "\r\n" if length $body;

    print $sock "$method $uri HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
                $headers, "\r\n", $body // '';

    local $/;
    return scalar(<$sock>) // '';
}


sub page {
    return ask(GET => '/metrics') =~ s/.*?\r\n\r\n//sr;
}


# the value of a sample, of this page or of the present one

sub sample {
    my ($name, $page) = @_;

    $page //= page();

    return $page =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}


# counters are moved behind the answer

sub soon {
    my ($name, $value, $what) = @_;

    eval {
        wait_for { (sample($name) // '') eq $value } $what;
        1;
    };

    is(sample($name), $value, $what);
}


done_testing();
