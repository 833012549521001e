use lib 't/lib';
use strict;
use warnings;
use Digest::MD5 'md5_hex';
use Test::More;
use Engine;

# A message runs through the phases, handlers and filters of its location, and
# what comes out of it becomes the acknowledgement.  Each case is a location;
# MSH-6 says which.  All of them go over one connection, one after the other;
# then all together, in odd pieces; then their connection is reset.

sub message;
sub accept_code;

# location => its configuration, the expected code, the status in the access
# log.  The numbers are those of the traps in the design of the dispatch.

my @cases = (

    # handlers

    return200 => 'return 200;', 'AA', 200,
    return_body => 'return 200 "some text";', 'AA', 200,
    return204 => 'return 204;', 'AA', 204,
    return304 => 'return 304;', 'AE', 304,
    return500 => 'return 500;', 'AR', 500,
    none => undef, 'AE', 404,

    # 14: a file cannot be posted to, but it can be an error page, which is
    # read into memory with sendfile and with threads as well

    static => 'rewrite ^ /file.txt break;', 'AE', 405,
    file => 'error_page 404 =200 /file.txt;', 'AA', 200,
    file_405 => 'rewrite ^ /file.txt break; error_page 405 =200 /file.txt;',
        'AA', 200,
    file_sendfile => 'error_page 404 =200 /sendfile/file.txt;', 'AA', 200,
    file_threads => 'error_page 404 =200 /threads/file.txt;', 'AA', 200,
    file_large => 'error_page 404 =200 /large.txt;', 'AA', 200,

    # rewriting

    rewrite => 'rewrite ^ /return200;', 'AA', 200,
    rewrite_break => 'rewrite ^ /no/such/file break;', 'AE', 404,
    redirect => 'return 302 /return200;', 'AE', 302,
    loop => 'rewrite ^ /loop;', 'AR', 500,
    named => 'error_page 418 = @named; return 418;', 'AA', 200,

    # access

    deny => 'deny all;', 'AE', 403,
    allow => 'allow 127.0.0.1; deny all; proxy_pass http://echo;', 'AA', 200,
    auth_ok => 'auth_request /auth/ok; proxy_pass http://echo;', 'AA', 200,
    auth_deny => 'auth_request /auth/deny; proxy_pass http://echo;',
        'AE', 403,
    auth_proxied => 'auth_request /auth/proxied; proxy_pass http://echo;',
        'AA', 200,
    auth_slow => 'auth_request /auth/slow; proxy_pass http://echo;',
        'AA', 200,
    auth_dead => 'auth_request /auth/dead; proxy_pass http://echo;',
        'AR', 500,

    # 15: delays are timers on the slot

    limit_req_delay => 'limit_req zone=delay burst=10;'
        . ' proxy_pass http://echo;', 'AA', 200,
    limit_rate => 'limit_rate 2000; error_page 404 =200 /file.txt;',
        'AA', 200,
    limit_rate_proxied => 'limit_rate 2000; proxy_pass http://echo;',
        'AA', 200,

    # 13: the size of a body is known before it is looked at

    too_large => 'client_max_body_size 100;', 'AR', 413,

    # error pages

    error_uri => 'error_page 500 =200 /return200; return 500;', 'AA', 200,
    error_status => 'error_page 500 /return200; return 500;', 'AR', 500,
    error_intercept => 'proxy_pass http://echo/status/404;'
        . ' proxy_intercept_errors on; error_page 404 = @named;', 'AA', 200,

    # proxying, 3: upstreams add the events of the slot

    proxy => 'proxy_pass http://echo;', 'AA', 200,
    proxy_uri => 'proxy_pass http://echo/status/201;', 'AA', 201,
    proxy_variable => 'set $to echo; proxy_pass http://$to;', 'AA', 200,
    proxy_unbuffered => 'proxy_buffering off; proxy_pass http://echo;',
        'AA', 200,
    proxy_stream => 'proxy_request_buffering off; proxy_http_version 1.1;'
        . ' proxy_pass http://echo;', 'AA', 200,
    proxy_keepalive => 'proxy_http_version 1.1;'
        . ' proxy_set_header Connection ""; proxy_pass http://keep/204;',
        'AA', 204,
    proxy_500 => 'proxy_pass http://echo/status/500;', 'AR', 500,
    proxy_204 => 'proxy_pass http://echo/status/204;', 'AA', 204,
    proxy_304 => 'proxy_pass http://echo/status/304;', 'AE', 304,
    proxy_dead => 'proxy_pass http://dead;', 'AR', 502,
    proxy_reset => 'proxy_pass http://echo/reset;', 'AR', 502,
    proxy_garbage => 'proxy_pass http://echo/garbage;', 'AR', '009',
    proxy_truncated => 'proxy_pass http://echo/truncated;', 'AR', 200,
    proxy_truncated_unbuffered => 'proxy_buffering off;'
        . ' proxy_pass http://echo/truncated;', 'AR', 200,
    proxy_timeout => 'proxy_read_timeout 100ms; proxy_pass http://echo/never;',
        'AR', 504,
    proxy_next => 'proxy_next_upstream error non_idempotent;'
        . ' proxy_pass http://next;', 'AA', 200,

    # large responses are thrown away, from memory and from temporary files

    large => 'proxy_pass http://echo/large;', 'AA', 200,
    large_unbuffered => 'proxy_buffering off; proxy_pass http://echo/large;',
        'AA', 200,
    large_file => 'proxy_buffer_size 1k; proxy_buffers 2 1k;'
        . ' proxy_busy_buffers_size 1k; limit_rate 700k;'
        . ' proxy_pass http://echo/large;', 'AA', 200,

    # filters, 12: no bytes of a header, no chunks

    sub_filter => 'sub_filter_types *; sub_filter_once off;'
        . ' sub_filter MSA|AA MSA|AE; proxy_pass http://echo;', 'AE', 200,
    gzip => 'gzip on; gzip_types *; gzip_min_length 1;'
        . ' proxy_pass http://echo;', 'AA', 200,
    addition => 'add_before_body /return200; add_after_body /auth/proxied;'
        . ' addition_types *; return 200 body;', 'AA', 200,
    ssi => q(ssi on; ssi_types *; return 200 '<!--# include virtual="/proxy")
        . q( --><!--# include virtual="/none" -->';), 'AA', 200,
    ssi_wait => q(ssi on; ssi_types *; return 200 '<!--# include)
        . q( virtual="/auth/slow" wait="yes" -->';), 'AA', 200,
    headers => 'add_header X-A b always; expires 1h; return 200;', 'AA', 200,

    # caches

    cache => 'proxy_cache cache; proxy_cache_methods POST;'
        . ' proxy_cache_valid 1h; proxy_pass http://echo/status/200;',
        'AA', 200,

    # requests that outlive their answer, and are logged with the status of
    # what they do then

    mirror => 'mirror /copy; error_page 404 =200 /file.txt;', 'AA', 200,
    mirror_proxied => 'mirror /copy; proxy_pass http://echo;', 'AA', 200,
    post_action => 'post_action /after; return 200;', 'AA', 500,
    post_action_204 => 'post_action /after; return 204;', 'AA', 500,
    post_action_truncated => 'post_action /auth/ok;'
        . ' proxy_pass http://echo/truncated;', 'AR', 204,
    post_action_proxied => 'post_action /after; proxy_pass http://echo;',
        'AA', 500,

    # 4: nothing lingers

    lingering => 'lingering_close always; return 200;', 'AA', 200,
    lingering_proxied => 'lingering_close always; proxy_pass http://echo;',
        'AA', 200,

    # 7: the connection of the peer is not reset

    reset_timedout => 'reset_timedout_connection on;'
        . ' proxy_read_timeout 100ms; proxy_pass http://echo/never;',
        'AR', 504,
    reset_send_timeout => 'reset_timedout_connection on; send_timeout 100ms;'
        . ' limit_rate 2000; error_page 404 =200 /file.txt;', 'AA', 200,
);


my $echo = Engine->backend(\&echo);
my ($locations, @names, %code, %status) = ('');

while (my ($name, $config, $code, $status) = splice @cases, 0, 4) {
    push @names, $name;
    ($code{$name}, $status{$name}) = ($code, $status);
    $locations .= "location = /$name { $config }\n" if defined $config;
}

my $ngx = Engine->start(workers => 1, stream => <<'EOS', http => <<"EOH");
    mllp_inflight 100;

    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /$hl7_receiving_facility;
    }
EOS
    log_format status '\$hl7_control_id \$status \$upstream_addr';
    client_max_body_size 2m;
    limit_req_zone \$server_name zone=delay:64k rate=20r/s;
    limit_req_zone \$server_name zone=once:64k rate=1r/m;
    limit_conn_zone \$server_name zone=some:64k;
    proxy_cache_path cache keys_zone=cache:64k;
    proxy_next_upstream off;

    upstream echo { server 127.0.0.1:$echo; }
    upstream keep {
        server 127.0.0.1:%%HTTP%%;
        keepalive 2;
        keepalive_timeout 10ms;
    }
    upstream dead { server 127.0.0.1:%%DEAD%%; }
    upstream next {
        server 127.0.0.1:%%DEAD%% max_fails=0;
        server 127.0.0.1:$echo;
    }

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log status;

        root %%DIR%%/html;

        $locations

        location = /close { auth_request /auth/slow; error_page 404 = \@close; }
        location \@close { reset_timedout_connection on; return 444; }

        location = /limit_req {
            limit_req zone=once;
            proxy_pass http://echo/status/200;
        }

        location = /limit_conn {
            limit_conn some 1;
            proxy_pass http://echo/slow;
        }

        location = /file.txt { }
        location = /large.txt { output_buffers 2 4k; }
        location /threads/ { alias %%DIR%%/html/; aio threads; sendfile on; }
        location /sendfile/ { alias %%DIR%%/html/; sendfile on; }
        location \@named { proxy_pass http://echo; }

        location = /auth/ok { return 204; }
        location = /auth/deny { return 403; }
        location = /auth/dead { proxy_pass http://dead; }
        location = /auth/slow {
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass http://echo/slow;
        }
        location = /auth/proxied {
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass http://echo/status/200;
        }

        location = /copy { proxy_pass http://echo/slow; }
        location = /after { proxy_pass http://echo/status/500; }
    }

    server {
        listen 127.0.0.1:%%HTTP%%;
        location = /204 { return 204; }
        location = /status { stub_status; access_log off; }
    }
EOH

mkdir $ngx->dir . '/html';
contents('file.txt', "0123456789" x 100);
contents('large.txt', "0123456789" x 100000);


# 1, 2, 6, 11: the slots; each case on its own

my $c = $ngx->client('MLLP');

for my $name (@names) {
    $c->send(message $name, "A-$name");
    answered($name, "A-$name", $c->read);
}

$c->send(message 'return200', 'LAST');
is(accept_code($c->read), 'AA LAST', 'the connection survived all of them');
$c->half_close;
ok($c->eof, 'and ends');

quiet();
statuses('A', $ngx->access_log);


# 11: errors of the request are told as NGINX tells them

like($ngx->log,
     qr/ while connecting to upstream, client: 127\.0\.0\.1, server: hie, request: "POST \/proxy_dead MLLP\/1\.0", upstream: "http:/,
     'an error in error.log');

like($ngx->log, qr/an upstream response is buffered to a temporary file/,
     'large_file makes a temporary file');


# together, in odd pieces

$c = $ngx->client('MLLP');

my $bytes = join '', map { frame(message $_, "B-$_") } @names;
$c->write($_) for unpack '(a1217)*', $bytes;
$c->half_close;

answered($_, "B-$_", $c->read) for @names;
ok($c->eof, 'no more acknowledgements than messages');

quiet();
statuses('B', $ngx->access_log);


# a large message

my $large = message 'proxy', 'LARGE', map { "OBX|$_|TX|||" . 'y' x 1000 }
                                          1 .. 1000;
$c = $ngx->client('MLLP');
$c->send($large);
my $ack = $c->read;
is(accept_code($ack), 'AA LARGE', 'a message of 1 MB');
is(field($ack, 'ZMD-1'), md5_hex(substr frame($large), 1, -2), 'its bytes');


# 7: to be closed without a word is to be closed after the words for others

$c = $ngx->client('MLLP');
$c->send(message('auth_slow', 'D1'), message('close', 'D2'));
$c->half_close;
is(accept_code($c->read), 'AA D1', 'the message before 444 is acknowledged');
is($c->fill, 0, '444 closes the connection, but does not reset it');


# limits for requests that come in together

$c = $ngx->client('MLLP');
$c->send(map { message 'limit_req', "E$_" } 1 .. 3);
is_deeply([map { accept_code($c->read) } 1 .. 3], ['AA E1', 'AR E2', 'AR E3'],
          'limit_req');

$c->send(map { message 'limit_conn', "F$_" } 1 .. 3);
is_deeply([map { accept_code($c->read) } 1 .. 3], ['AA F1', 'AR F2', 'AR F3'],
          'limit_conn');

$c->send(message 'limit_conn', 'F4');
is(accept_code($c->read), 'AA F4', 'limit_conn has forgotten them');


# the same with nobody to hear of it, from every place of the way

for my $name (@names) {
    $c = $ngx->client('MLLP');
    $c->send(message $name, "C-$name");
    $c->reset;
}

quiet();

$ngx->stop;

done_testing();


sub message {
    my ($location, $id, @more) = @_;
    my $text = hl7('ADT^A01', $id, 'PID|1||4711', 'ZZZ|' . 'x' x 300, @more);

    $text =~ s/ERP/$location/;

    return $text;
}


sub accept_code {
    my ($ack) = @_;

    return join ' ', map { field($ack, $_) // '' } 'MSA-1', 'MSA-2';
}


sub answered {
    my ($name, $id, $ack) = @_;

    is(accept_code($ack), "$code{$name} $id", "$id");

    # an echoed message came through byte for byte

    if ($ack =~ /^ZMD\|(.*)/m) {
        my $sent = frame(message $name, $id);
        is($1, md5_hex(substr $sent, 1, -2), "$id - its bytes");
    }
}


sub statuses {
    my ($round, $log) = @_;

    my %got = $log =~ /^$round-(\S+) (\d+)/mg;

    is_deeply(\%got, \%status, "$round - statuses");
}


# all slots are free: nothing is left but the connection that asks

sub quiet {
    wait_for {
        $ngx->active == 1
    } 'all requests to end';

    pass('all slots are free');
}


sub contents {
    my ($name, $text) = @_;

    open my $file, '>', $ngx->dir . "/html/$name" or die "$name: $!\n";
    print $file $text;
    close $file;
}


# what was sent comes back as a digest in an acknowledgement of its own

sub echo {
    my ($sock, $request) = @_;
    my ($uri, $body) = $request =~ /^\w+ (\S+).*?\r\n\r\n(.*)/s or return;
    my ($id) = $body =~ /^MSH(?:\|[^|]*){8}\|([^|]*)/;

    if ($uri =~ m{^/status/(\d+)}) {
        print $sock "HTTP/1.0 $1 Status\r\nContent-Length: 0\r\n\r\n";

    } elsif ($uri eq '/reset') {
        $sock->setsockopt(Socket::SOL_SOCKET(), Socket::SO_LINGER(),
                          pack 'll', 1, 0);

    } elsif ($uri eq '/garbage') {
        print $sock "\x00\x01\x02" x 10000;

    } elsif ($uri eq '/truncated') {
        print $sock "HTTP/1.0 200 OK\r\nContent-Length: 1000\r\n\r\nhalf";

    } elsif ($uri eq '/never') {
        sysread $sock, my $end, 1;

    } elsif ($uri eq '/slow') {
        select undef, undef, undef, 0.05;
        print $sock "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";

    } elsif ($uri eq '/large') {
        print $sock "HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n",
                    '0123456789' x 100000;

    } elsif ($id) {
        my $ack = "MSH|^~\\&|A|B|C|D|20260301120000||ACK^A01|E$id|P|2.5\r"
                  . "MSA|AA|$id\rZMD|" . md5_hex($body) . "\r";

        print $sock "HTTP/1.0 200 OK\r\nContent-Type: application/hl7-v2\r\n"
                    . "Content-Length: " . length($ack) . "\r\n\r\n$ack";

    } else {
        print $sock "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";
    }
}
