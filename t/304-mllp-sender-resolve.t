use lib 't/lib';
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Child ();
use Engine;
use Receiver;

# The receiver's name is looked up while NGINX runs: by mllp_pass with a
# variable, and by "resolve" in upstream{} where the version has that.

sub exchange;
sub dns;

my $his = Receiver->new;
my $port = $his->port;
my $dns = dns('receiver.test' => '127.0.0.1');

my $binary = $ENV{TEST_NGINX_BINARY} || 'nginx';
my ($minor, $patch) = `$binary -v 2>&1` =~ /nginx\/1\.(\d+)\.(\d+)/;
my $has_resolve = $minor > 27 || ($minor == 27 && $patch >= 3);

my $upstream = $has_resolve ? <<"EOU" : "upstream named { server 127.0.0.1:1; }";
    upstream named {
        zone named 256k;
        server receiver.test:$port resolve;
    }
EOU

my $ngx = Engine->start(http => <<"EOH");
    resolver 127.0.0.1:$dns ipv6=off valid=1s;
    resolver_timeout 2s;
    $upstream

    server {
        listen 127.0.0.1:%%HTTP%%;
        access_log off;

        location /variable { mllp_pass \$arg_to:$port; }
        location /upstream { mllp_pass named; }
    }
EOH

is(exchange('/variable?to=receiver.test', 'A1'), '200 AA A1',
   'a variable: the name is looked up');
is(answer(post($ngx->port('HTTP'), '/variable?to=nobody.test',
               message('A2')))->{status}, 502, 'a name that is not there');
ok(!$his->pending, 'nothing is sent');

SKIP: {
    skip 'this nginx has no "resolve"', 1 if !$has_resolve;

    # it is looked up at the start, and is there in a while

    my $status = 0;

    wait_for {
        my $request = post($ngx->port('HTTP'), '/upstream', message('B1'));
        my $refused = IO::Select->new($request);

        # it is sent, or refused, as there is no address yet

        for (1 .. 100) {
            last if $his->pending || $refused->can_read(0.05);
        }

        if ($his->pending) {
            my $c = $his->accept;
            my $text = $c->read;
            $c->send(ack($text, 'AA'));
        }

        $status = answer($request)->{status};
        $status == 200;
    } 'an address';

    is($status, 200, 'resolve: the name is looked up');
}

$ngx->stop;
done_testing();


sub exchange {
    my ($uri, $id) = @_;
    my $request = post($ngx->port('HTTP'), $uri, message($id));
    my $c = $his->accept;
    my $text = $c->read;

    $c->send(ack($text, 'AA'));

    my $answer = answer($request);
    $c->close;

    return join ' ', $answer->{status},
                     map { field($answer->{body}, $_) } 'MSA-1', 'MSA-2';
}


# a server of names that knows one of them: its port

sub dns {
    my ($name, $address) = @_;

    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                       Proto => 'udp') or die "dns: $!\n";

    Child::start(sub { answer_names($socket, $name, $address) });

    return $socket->sockport;
}


sub answer_names {
    my ($socket, $name, $address) = @_;

    while (defined(my $from = $socket->recv(my $query, 512))) {
        my ($labels, $type) = substr($query, 12) =~ /^((?:[^\0].*?)?\0)(..)/s;
        my $asked = join '.', unpack '(C/a)*', substr $labels, 0, -1;
        my $known = $asked eq $name && $type eq "\0\1";

        # the question, and an A record of one second

        my $answer = substr($query, 0, 2)
                     . pack('n5', $known ? 0x8180 : 0x8183, 1, $known ? 1 : 0,
                            0, 0)
                     . "$labels$type\0\1";

        $answer .= pack('n3Nna4', 0xc00c, 1, 1, 1, 4,
                        IO::Socket::INET::inet_aton($address)) if $known;

        $socket->send($answer, 0, $from);
    }
}
