use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;

# A server with mllp_only has no socket, neither of its own nor the one that
# NGINX would give it.

sub listening;
sub refused;

my $ngx = Engine->start(stream => <<'EOS', http => <<'EOH');
    server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /; }
    server { listen 127.0.0.1:%%SECOND%%; mllp_pass second /; }
EOS
    server { server_name hie; mllp_only; location / { return 200; } }
    server { mllp_only; server_name second; location / { return 404; } }
EOH

is_deeply([listening $ngx->master], [sort map { $ngx->port($_) } qw(MLLP SECOND)],
          'the only sockets are those of the stream servers');

my $c = $ngx->client('MLLP');
$c->send(hl7('ADT^A01', 'M1'));
is(field($c->read, 'MSA-1'), 'AA', 'messages come to the server');

$c = $ngx->client('SECOND');
$c->send(hl7('ADT^A01', 'M2'));
is(field($c->read, 'MSA-1'), 'AE', 'and to the other one');

$ngx->stop;


# no name leads to it from the sockets of others

$ngx = Engine->start(http => <<'EOH');
    server { server_name hie; mllp_only; location / { return 200 hidden; } }
    server {
        listen 127.0.0.1:%%HTTP%%;
        server_name localhost;
        location / { return 200 "visible $host"; }
    }
EOH

like($ngx->get('HTTP', 'http://hie/'), qr/visible hie\z/,
     'a Host header does not lead to it');

$ngx->stop;


# it is an error to say both, in any order

refused qr/"mllp_only" .*listen/, 'listen, then mllp_only', <<'EOH';
    server { listen 127.0.0.1:%%HTTP%%; mllp_only; }
EOH

refused qr/"mllp_only" .*listen/, 'mllp_only, then listen', <<'EOH';
    server { mllp_only; listen 127.0.0.1:%%HTTP%%; }
EOH

refused qr/"mllp_only" .*listen/, 'the same at the port of another server',
        <<'EOH';
    server { listen 127.0.0.1:%%HTTP%%; }
    server { mllp_only; server_name hie; listen 127.0.0.1:%%HTTP%%; }
EOH

refused qr/"mllp_only" directive is duplicate/, 'mllp_only twice', <<'EOH';
    server { mllp_only; mllp_only; }
EOH

refused qr/"mllp_only" directive is not allowed here/, 'in http', <<'EOH';
    mllp_only;
EOH

refused qr/invalid number of arguments in "mllp_only"/, 'with an argument',
        <<'EOH';
    server { mllp_only on; }
EOH

done_testing();


# the ports at which a process listens, of its open sockets

sub listening {
    my ($pid) = @_;
    my (%ports, @ports);

    for (Engine::contents('/proc/net/tcp'), Engine::contents('/proc/net/tcp6')) {

        # local address, remote address, state LISTEN, ..., inode
        while (/^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A (?:\S+\s+){5}(\d+)/mg) {
            $ports{$2} = hex $1;
        }
    }

    for (glob "/proc/$pid/fd/*") {
        my ($inode) = (readlink // '') =~ /^socket:\[(\d+)\]$/ or next;
        push @ports, $ports{$inode} if $ports{$inode};
    }

    return sort @ports;
}


sub refused {
    my ($error, $name, $http) = @_;

    like(eval { Engine->start(http => $http); '' } // $@, $error,
         "refused: $name");
    like($@, qr{/nginx\.conf:\d+$}m, "refused: $name - where");
}
