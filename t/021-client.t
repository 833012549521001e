use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# A client that leaves, half or altogether, while its messages are under way,
# and one that does not read its acknowledgements.

sub message;
sub msa;
sub reset_noticed;
sub logged;

my $back = Held->new;
my $port = $back->port;

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    mllp_inflight 2;

    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /$hl7_receiving_facility;
    }

    server {
        listen 127.0.0.1:%%SLOW%% sndbuf=16k;
        mllp_pass hie /$hl7_receiving_facility;
    }

    server {
        listen 127.0.0.1:%%DEAF%% sndbuf=16k;
        mllp_pass hie /$hl7_receiving_facility;
        mllp_send_timeout 200ms;
    }
EOS
    log_format status '\$hl7_control_id \$status';

    limit_req_zone \$server_name zone=minute:64k rate=1r/m;
    proxy_cache_path cache keys_zone=cache:64k;

    map "" \$long { default "@{['x' x 2000]}"; }

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log status;

        location = /held { proxy_pass http://127.0.0.1:$port; }

        location = /ignore {
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:$port;
        }

        location = /cache {
            proxy_cache cache;
            proxy_cache_methods POST;
            proxy_cache_valid 1h;
            proxy_pass http://127.0.0.1:$port;
        }

        location = /delayed {
            limit_req zone=minute burst=10;
            proxy_pass http://127.0.0.1:$port;
        }

        location = /auth {
            auth_request /authority;
            proxy_pass http://127.0.0.1:$port;
        }

        location = /mirror {
            mirror /held;
            proxy_pass http://127.0.0.1:$port/main;
        }

        location = /slow {
            limit_rate 1;
            error_page 404 =200 /file.txt;
        }

        location = /authority {
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass http://127.0.0.1:$port;
        }

        location = /long {
            default_type application/hl7-v2;
            return 200 "MSH|^~\\\\&|A|B|C|D|20260301120000||ACK|1|P|2.5\\rMSA|AA|\$hl7_control_id\\rZZZ|\$long\\r";
        }

        location = /file.txt { root %%DIR%%/html; }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location = /status { stub_status; access_log off; }
    }
EOH

mkdir $ngx->dir . '/html';
open my $file, '>', $ngx->dir . '/html/file.txt' or die "file.txt: $!\n";
print $file 'x' x 10000;
close $file;

my ($c, $request, $second, @log);


# 9: a client that resets its connection, at different places of the way

$c = $ngx->client('MLLP');
$c->send(message 'held', 'M1');
$request = $back->accept;
$c->reset;
ok($request->gone, 'reset: the connection to the upstream is closed');
logged 'M1 499';

$c = $ngx->client('MLLP');
$c->send(map { message 'held', $_ } 'B1' .. 'B3');
$request = $back->accept;
$second = $back->accept;
$c->reset;
ok($request->gone && $second->gone, 'reset: all requests are ended');
logged 'B1 499';
logged 'B2 499';

$c = $ngx->client('MLLP');
$c->send(message('delayed', 'D1'), message('delayed', 'D2'));
$request = $back->accept;
$c->reset;
logged 'D1 499';
logged 'D2 499';

$c = $ngx->client('MLLP');
$c->send(message 'auth', 'A1');
$request = $back->accept;
$c->reset;
ok($request->gone, 'reset: a subrequest is ended');
logged 'A1 499';

$c = $ngx->client('MLLP');
$c->send(message 'slow', 'S1');
wait_for { $ngx->log =~ m{/html/slow" failed} } 'a delayed response';
$c->reset;
logged 'S1 200';


# a response that is for others as well is not given up

$c = $ngx->client('MLLP');
$c->send(message 'ignore', 'I1');
$request = $back->accept;
reset_noticed $c;
$request->answer(200);
logged 'I1 200';

$c = $ngx->client('MLLP');
$c->send(message 'cache', 'C1');
$request = $back->accept;
reset_noticed $c;
$request->answer(200);
logged 'C1 200';

$c = $ngx->client('MLLP');
$c->send(message 'cache', 'C2');
is(msa($c->read), 'AA C2', 'reset: the cache has got the response');


# the answer is there, the mirror request is not, when the client leaves: as
# with clients of HTTP, the request is logged when its mirror has ended

$c->send(message 'mirror', 'R1');
($request, $second) = sort { $a->header cmp $b->header }
                           $back->accept, $back->accept;
like($second->header, qr/main/, 'a mirrored request');
$second->answer(200);
is(msa($c->read), 'AA R1', 'a message does not wait for its mirror');
reset_noticed $c;
$request->answer(200);
logged 'R1 200';


# 10: the end of what a client sends is not the end of the client

$c = $ngx->client('MLLP');
$c->send(message('held', 'H1'), message('held', 'H2'), message('held', 'H3'));
$c->half_close;
$back->accept->answer(200) for 1 .. 3;
is(msa($c->read), "AA $_", "half-close: $_ is acknowledged") for 'H1' .. 'H3';
ok($c->eof, 'half-close: then the connection ends');

$c = $ngx->client('MLLP');
$c->send(message 'held', 'H4');
$c->half_close;
$request = $back->accept;
$c->reset;
ok($request->gone, 'half-close, then reset: the request is ended');
logged 'H4 499';

$c = $ngx->client('MLLP');
$c->send(message 'held', 'H5');
$request = $back->accept;
$c->close;
$request->answer(200);
logged 'H5 200';


# the end comes inside a frame

$c = $ngx->client('MLLP');
$c->send(message 'held', 'F1');
$request = $back->accept;
$c->write(substr frame(message 'held', 'F2'), 0, -4);
$c->half_close;
$request->answer(200);
is(msa($c->read), 'AA F1', 'half a frame: the message before is acknowledged');
is(msa($c->read), 'AR F2', 'half a frame is refused');
ok($c->eof, 'half a frame: then the connection ends');

$c = $ngx->client('MLLP');
$c->send(message 'held', 'F3');
$request = $back->accept;
$c->write(substr frame(message 'held', 'F4'), 0, -4);
$c->reset;
ok($request->gone, 'half a frame, then reset: the request is ended');
logged 'F3 499';


# who does not read acknowledgements is not read from, and gets all of them

my $count = 1000;
my $pid;

$c = $ngx->client('SLOW');

if (($pid = fork) == 0) {
    $c->send(map { message 'long', "L$_" } 1 .. $count);
    require POSIX;
    POSIX::_exit(0);
}

wait_for { $ngx->access_log =~ /^L20 200/m } 'some messages';

@log = map { msa($c->read) } 1 .. $count;
is_deeply(\@log, [map { "AA L$_" } 1 .. $count],
          'all acknowledgements of a slow reader');
waitpid $pid, 0;
$c->close;


# but not for ever

$c = $ngx->client('DEAF');

1 while $c->write(frame(message 'long', 'N1') x 10);

wait_for { $ngx->log =~ /client does not read acknowledgements/ }
    'the send timeout';
pass('a client that reads nothing is closed');

@log = $ngx->access_log =~ /^N1 200$/mg;
cmp_ok(@log * 2000, '<', 4e6, 'and stops to be read from');
$c->close;


unlike($ngx->access_log, qr/^(?:B3|F2|F4) /m,
       'what was not complete or not read makes no request');

ok(!$back->pending, 'nor a request to the upstream');

wait_for { $ngx->active == 1 }
    'all requests to end';

$ngx->stop;

done_testing();


sub message {
    my ($location, $id) = @_;
    my $text = hl7('ADT^A01', $id, 'PID|1||4711');

    $text =~ s/ERP/$location/;

    return $text;
}


sub msa {
    my ($ack) = @_;

    return join ' ', map { field($ack, $_) } 'MSA-1', 'MSA-2';
}


sub reset_noticed {
    my ($client) = @_;
    my $noticed = qr/reset by peer\) while reading MLLP/;
    my $before = () = $ngx->log =~ /$noticed/g;

    $client->reset;

    wait_for { (() = $ngx->log =~ /$noticed/g) > $before } 'the reset';
}


sub logged {
    my ($line) = @_;

    wait_for { $ngx->access_log =~ /^$line$/m } "\"$line\" in access.log";
    pass("access.log: $line");
}
