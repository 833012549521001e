use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# A response that NGINX itself gives up before its header is out: the status
# that it had is no answer.

my $back = Engine->backend(sub {
    my ($sock, $request) = @_;
    print $sock "HTTP/1.0 206 Partial Content\r\nContent-Length: 0\r\n\r\n";
});

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /$hl7_trigger_event;
    }
EOS
    server {
        server_name hie;
        mllp_only;

        location /A01 {
            proxy_pass http://127.0.0.1:$back;
        }

        # its filter refuses a part that does not say which one it is

        location /A02 {
            slice 1k;
            proxy_set_header Range \$slice_range;
            proxy_pass http://127.0.0.1:$back;
        }
    }
EOH

my $c = $ngx->client('MLLP');

$c->send(hl7('ADT^A01', 'M1'), hl7('ADT^A02', 'M2'));

is(field($c->read, 'MSA-1'), 'AA', 'a response with status 206');
is(field($c->read, 'MSA-1'), 'AR', 'one that a filter of its header refuses');

like($ngx->log, qr/invalid range in slice response/, 'it did');

$ngx->stop;

done_testing();
