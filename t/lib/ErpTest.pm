package ErpTest;

# Deliveries as a test sees them: messages go into a flow over HTTP, requests
# come out at a backend that is the test itself, and what became of an attempt
# is in the log.
#
#   my $back = Held->new;
#   my $ngx = Engine->start(http => 'erp_store path=%%DIR%%/store ...; ...');
#   ErpTest->of($ngx, $back);              # what the functions speak of; the
#                                          # store is there when it returns
#
#   send_message($uri, $id, $body, @headers);
#              a message with this correlation id, as JSON unless there is
#              another Content-Type; a test that it is answered with 202: it
#              is in the store then
#   my $sock = begin_message($uri, $id, $body, @headers);
#   answer_of($sock)         the same without the test; the whole answer
#   expect($uri, $name)      the next request, a test that it is to this URI
#   uri($request), header($request, $name)
#   outcome($id, $n)         '1: done, status 200, step 0': the end of the n-th
#                            attempt, when it is there
#   attempts($id, $n)        the ends of all, when there are n
#   rows($sql)               of the store, as hashes: readers only
#   number('message WHERE ...')   how many
#   store_pid                0: there is none yet
#
# And, if they are asked for:
#
#   sql($sql)                what the store answers, its lines
#   ask($method, $uri, $body)   what its API does, of port HTTP or the third
#                            argument of "of"
#   letters                  the dead letters; dead()->{$key}: one of them
#   drained                  waits until nothing waits, but for what stands
#                            behind a dead letter

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use IO::Socket::INET;
use JSON::PP ();
use Test::More ();
use Time::HiRes 'sleep';

use lib dirname(__FILE__);
use Engine;
use Held;

our @EXPORT = (qw(send_message begin_message answer_of expect uri header
                  outcome attempts rows number store_pid),
               @Engine::EXPORT);

our @EXPORT_OK = qw(sql ask letters dead drained);

my ($ngx, $back, $api);


sub of {
    (undef, $ngx, $back, $api) = @_;

    wait_for { -S $ngx->dir . '/store/store.sock' } 'the store';
}


sub send_message {
    my ($uri, $id, $body, @headers) = @_;

    Test::More::like(answer_of(begin_message($uri, $id, $body, @headers)),
                     qr{^HTTP/1\.1 202 }, "$id: stored");
}


sub begin_message {
    my ($uri, $id, $body, @headers) = @_;

    push @headers, 'Content-Type: application/json'
        if !grep { /^Content-Type:/i } @headers;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $ngx->port('HTTP'))
        or die "cannot connect: $!\n";

    print $sock join "\r\n", "POST $uri HTTP/1.0", 'Host: localhost',
                     'Content-Length: ' . length $body,
                     "X-Correlation-ID: $id", @headers, '', $body;

    return $sock;
}


sub answer_of {
    my ($sock) = @_;

    local $/;
    return <$sock> // '';
}


sub expect {
    my ($uri, $name) = @_;
    my $request = $back->accept;

    Test::More::is(uri($request), $uri, $name);

    return $request;
}


sub uri {
    my ($request) = @_;

    return $request->header =~ /^POST (\S+)/ ? $1 : '';
}


sub header {
    my ($request, $name) = @_;

    return $request->header =~ /^\Q$name\E: (.*?)\r$/mi ? $1 : '';
}


sub outcome {
    my ($id, $n) = @_;

    return (attempts($id, $n))[$n - 1];
}


sub attempts {
    my ($id, $n) = @_;
    my @all;

    wait_for {
        @all = $ngx->log =~ /,[ ]attempt[ ](\d+:[ ][^:\n]+),[ ]\d+[ ]ms,
                             [ ]correlation[ ]id:[ ]"\Q$id\E"/gx;
        @all >= $n;
    } "the end of attempt $n of $id";

    return @all;
}


sub rows {
    my ($sql) = @_;

    open my $out, '-|', 'sqlite3', '-readonly', '-json',
                        $ngx->dir . '/store/store.db', '.timeout 5000', $sql
        or die "sqlite3: $!\n";

    local $/;
    my $json = <$out> // '';

    return $json =~ /\S/ ? @{ JSON::PP->new->utf8->decode($json) } : ();
}


sub number {
    my ($what) = @_;
    my ($row) = rows("SELECT count(*) AS n FROM $what");

    return $row->{n};
}


sub sql {
    my ($sql) = @_;

    open my $out, '-|', 'sqlite3', '-cmd', '.timeout 5000',
         $ngx->dir . '/store/store.db', $sql or die "sqlite3: $!\n";
    chomp(my @lines = <$out>);

    return @lines;
}


sub ask {
    my ($method, $uri, $body) = @_;

    open my $curl, '-|', 'curl', '-s', '-m', 10, '-X', $method,
         ($body ? ('-H', 'Content-Type: application/json',
                   '-d', JSON::PP->new->utf8->encode($body)) : ()),
         'http://127.0.0.1:' . $ngx->port($api // 'HTTP') . "/hie/v1$uri"
        or die "curl: $!\n";

    local $/;
    return JSON::PP->new->utf8->decode(scalar <$curl>);
}


sub letters {
    return @{ ask(GET => '/dead-letters?detail=1')->{dead_letters} };
}


sub dead {
    return { map { $_->{object_key} || $_->{id} => $_ } letters() };
}


sub drained {
    wait_for {
        sleep 0.05;
        (sql('SELECT count(*) FROM delivery WHERE ended IS NULL
               AND (order_hash IS NULL OR order_hash NOT IN
                    (SELECT order_hash FROM delivery
                      WHERE state = 3 AND order_hash IS NOT NULL))'))[0] == 0
    } 'the deliveries';
}


sub store_pid {
    my ($pid) = Engine::contents($ngx->dir . '/store/store.pid') =~ /(\d+)/;

    return $pid // 0;
}


1;
