package TrytonFlow;

# Some of conf/flows with the real Tryton behind them: a test of messages that
# go in, and records that are there then.
#
#   use lib 't/lib';
#   use Test::More;
#   use TrytonFlow;             # exports what Engine does
#
#   Tryton->there or plan skip_all => 'no Tryton';
#   my $flow = TrytonFlow->begin;            # Tryton, to be filled by
#   my $id = $flow->found($model, $domain);  #   the id of the first such
#   my $id = $flow->make($model, {...});     #   a new record
#   $flow->lose(@methods)       the first call of each of them, from the start
#                                on, is in effect, but its answer is lost
#   $flow->start(flows => ['staff'],
#                destinations => ['tryton', 'tryton_staff'],   # or ['tryton']
#                ids => { providers => $id },      # of "map "" $tryton_..."
#                tables => { tryton_revenue => '4100 7;' },
#                upstreams => { 2576 => $port },   # of other upstreams
#                mllp_only => 1,                   # no HTTP
#                server => 'location ...',         # more in the flows' server,
#                api => 'location ...');           #   in that of the API
#
# The engine has the shipped files as they are, but for these and the ids that
# Tryton.pm knows, in a server for MLLP and HTTP, ports %%MLLP%% and %%HTTP%%,
# and retries after milliseconds.
#
#   $flow->lost                  the methods whose answers were lost
#   $flow->send(@texts)          over MLLP, all at once; a test that they are
#                                stored
#   $flow->answer($uri, $data)   the status of a POST of JSON
#   $flow->drained               until nothing waits but behind dead letters
#   $flow->sql($sql)             the first row, of the store's database
#   $flow->number('delivery WHERE ...')   how many
#   $flow->letters               the dead letters
#   $flow->dead                  the same by the key of their objects
#   $flow->replay($letter)
#   $flow->ask(GET => '/destinations')    what the API says
#   $flow->records($model, $domain, @fields)   by id, as hashes, archived ones
#                                too
#   $flow->restart(tables => ...)   a reload with other ids and tables
#   $flow->erp, ->engine
#   $flow->stop

use strict;
use warnings;

use Cwd;
use Exporter 'import';
use File::Basename;
use JSON::PP;
use Test::More ();

use lib dirname(__FILE__);
use Engine;
use ErpTest ();
use Receiver ();
use Tryton;

our @EXPORT = @Engine::EXPORT;

my $conf = getcwd() . '/conf';
my $json = JSON::PP->new->utf8->canonical;


sub begin {
    my ($class) = @_;

    $Mllp::Timeout = 60 if $Mllp::Timeout < 60;

    return bless { erp => Tryton->start("$Mllp::Prefix-tryton"),
                   flows => [], destinations => ['tryton'] }, $class;
}


sub erp     { return $_[0]{erp} }
sub engine  { return $_[0]{engine} }
sub found   { return shift->{erp}->found(@_) }
sub make    { return shift->{erp}->made(@_) }
sub records { return shift->{erp}->all(@_) }


# between the engine and Tryton; each connection has a process, and Tryton ends
# it after an answer

sub lose {
    my ($self, @methods) = @_;
    my $port = $self->{erp}->port;
    my $lost = "$Mllp::Prefix-tryton/lost";
    my %lose = map { ("model.$_" => 1) } @methods;

    mkdir $lost;

    $self->{lossy} = Engine->backend(sub {
        my ($sock, $request) = @_;
        my ($method) = $request =~ /"method": *"([^"]+)"/;

        my $tryton = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                           PeerPort => $port) or return;
        my $answer = '';

        $request =~ s/^Connection: .*?\r\n//mi;
        print $tryton $request =~ s/\r\n/\r\nConnection: close\r\n/r;
        while (sysread $tryton, $answer, 65536, length $answer) { }

        return if $lose{ $method // '' } && mkdir "$lost/$method";

        print $sock $answer;
    });
}


# the methods whose answers were lost

sub lost {
    return sort map { basename($_) } glob "$Mllp::Prefix-tryton/lost/*";
}


# the shipped maps with the ids, tables and ports of this test

sub maps {
    my ($self) = @_;
    my (%files, %known);

    my %ids = %{ $self->{ids} // {} };
    my %tables = %{ $self->{tables} // {} };
    my $port = $self->{lossy} // $self->{erp}->port;
    my %ports = (8000 => $port, %{ $self->{upstreams} // {} });

    for my $name (@{ $self->{destinations} }) {
        my $path = "$conf/destinations/${name}_maps.conf";
        my $text = Engine::contents($path);

        if ($name eq 'tryton') {
            $text = $self->{erp}->maps($path);
            $ports{ $self->{erp}->port } = $port;
        }

        for my $id (keys %ids) {
            $known{$id}++ if $text =~
                s/(map "" \$tryton_$id\s*\{ default )\d+/$1$ids{$id}/;
        }

        for my $table (keys %tables) {
            $known{$table}++ if $text =~
                s/(canonical_table $table \{).*?\}/$1 $tables{$table} }/s;
        }

        $text =~ s/(?<=127\.0\.0\.1:)(\d+)/$ports{$1} || $1/ge;
        $known{$1}++ while $text =~ /127\.0\.0\.1:(\d+)/g;
        $files{"${name}_maps.conf"} = $text;
    }

    for my $name (keys %ids, keys %tables, $port,
                  values %{ $self->{upstreams} // {} }) {
        die "no $name in conf/destinations\n" unless $known{$name};
    }

    return %files;
}


sub start {
    my ($self, %options) = @_;

    %$self = (%$self, %options);

    my ($maps, $destinations, $flows) = map { join "\n    ", @$_ }
        [map { "include ${_}_maps.conf;" } @{ $self->{destinations} }],
        [map { "include $conf/destinations/$_.conf;" }
             @{ $self->{destinations} }],
        [map { "include $conf/flows/$_.conf;" } @{ $self->{flows} }];
    my ($server, $api) = map { $_ // '' } @$self{qw(server api)};
    my $listen = $self->{mllp_only} ? 'mllp_only'
                                    : 'listen 127.0.0.1:%%HTTP%%';

    $self->{engine} = Engine->start(
        workers => 2,
        files => {
            'keys/tryton.pw' => $self->{erp}->password . "\n",
            'keys/patient.key' => '0123456789abcdef',
            schemas => \"$conf/schemas",
            $self->maps
        },
        stream => 'server { listen 127.0.0.1:%%MLLP%%;'
            . ' mllp_pass hie /hl7/$hl7_message_type/$hl7_trigger_event; }',
        http => <<"EOF");
erp_store path=%%DIR%%/store min_free=1m ballast=1m;
canonical_key patient file=keys/patient.key id=k1;
include $conf/maps/*.conf;
$maps

erp_retry   base=50ms max=500ms;
erp_breaker consecutive=3 open=200ms max_open=500ms;

server {
    server_name hie;
    $listen;
    $destinations
    $flows
    $server
}

server {
    listen 127.0.0.1:%%API%%;
    location /hie/ { erp_api; }
    $api
}
EOF

    ErpTest->of($self->{engine}, undef, 'API');

    $self->{mllp} = $self->{engine}->client('MLLP');
}


sub restart {
    my ($self, %options) = @_;

    %$self = (%$self, %options);

    my %files = $self->maps;

    $self->{engine}->put($_, $files{$_}) for keys %files;

    my @old = $self->{engine}->reload;

    $self->{mllp}->close;
    $self->{engine}->wait_gone(@old);
    $self->{mllp} = $self->{engine}->client('MLLP');
}


sub send {
    my ($self, @texts) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $self->{mllp}->send(@texts);
    Test::More::is(join(' ', map { field($self->{mllp}->read, 'MSA-1') }
                                 @texts),
                   join(' ', ('AA') x @texts),
                   join(' ', map { field($_, 'MSH-10') } @texts)
                   . ' stored');
}


sub answer {
    my ($self, $uri, $data, @headers) = @_;

    push @headers, 'Content-Type: application/json'
        unless grep { /^Content-Type:/ } @headers;

    return Receiver::answer(Receiver::post($self->{engine}->port('HTTP'),
                                           $uri, $json->encode($data),
                                           @headers))->{status};
}


sub drained {
    ErpTest::drained();
}


sub sql {
    my ($self, $sql) = @_;

    return (ErpTest::sql($sql))[0];
}


sub number {
    my ($self, $what) = @_;

    return $self->sql("SELECT count(*) FROM $what");
}


sub ask {
    my ($self, @request) = @_;

    return ErpTest::ask(@request);
}


sub letters {
    return ErpTest::letters();
}


sub dead {
    return ErpTest::dead();
}


sub replay {
    my ($self, $dead) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::is($self->ask(POST => '/dead-letters/replay',
                              { reason => 'mended',
                                filter => { ids => [$dead->{id}] } })
                        ->{replayed},
                   1, "$dead->{object_key} is replayed");
}


sub stop {
    my ($self) = @_;

    $self->{engine}->stop;
    $self->{erp}->stop;
}


1;
