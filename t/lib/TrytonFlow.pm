package TrytonFlow;

# One of conf/flows with the real Tryton behind it: a test of messages that go
# in, and records that are there then.
#
#   use lib 't/lib';
#   use Test::More;
#   use TrytonFlow;             # exports what Engine does, and segment()
#
#   Tryton->there or plan skip_all => 'no Tryton';
#   my $flow = TrytonFlow->begin;            # Tryton, to be filled by
#   my $id = $flow->found($model, $domain);  #   the id of the first such
#   my $id = $flow->make($model, {...});     #   a new record
#   $flow->lose(@methods)       the first call of each of them, from the start
#                                on, is in effect, but its answer is lost
#   $flow->start(flow => 'staff', destination => 'tryton_staff',
#                ids => { providers => $id },      # of "map "" $tryton_..."
#                tables => { tryton_revenue => '4100 7;' },
#                upstreams => { 2576 => $port });  # of other upstreams
#
# The engine has the shipped files as they are, but for these, in a server for
# MLLP and HTTP, ports %%MLLP%% and %%HTTP%%, and retries after milliseconds.
#
#   $flow->lost                  the methods whose answers were lost
#   $flow->send($text)           over MLLP; a test that it is stored
#   $flow->answer($uri, $data)   the status of a POST of JSON
#   $flow->drained               until nothing waits but behind dead letters
#   $flow->sql($sql)             the first row, of the store's database
#   $flow->dead                  dead letters, by the key of their objects
#   $flow->replay($letter)
#   $flow->records($model, $domain, @fields)   by id, as hashes
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
use Time::HiRes 'sleep';

use lib dirname(__FILE__);
use Engine;
use Receiver ();
use Tryton;

our @EXPORT = (@Engine::EXPORT, 'segment');

my $conf = getcwd() . '/conf';
my $json = JSON::PP->new->utf8->canonical;


sub begin {
    my ($class) = @_;

    $Mllp::Timeout = 60 if $Mllp::Timeout < 60;

    return bless { erp => Tryton->start("$Mllp::Prefix-tryton"),
                   c => { company => 1 } }, $class;
}


sub erp    { return $_[0]{erp} }
sub engine { return $_[0]{engine} }


sub found {
    my ($self, $model, $domain) = @_;
    my ($id) = @{ $self->{erp}->call("model.$model.search",
        [$domain, 0, 1, [['id', 'ASC']], $self->{c}]) };

    return $id // die "no $model in Tryton\n";
}


sub make {
    my ($self, $model, $values) = @_;

    return $self->{erp}->call("model.$model.create",
                              [[$values], $self->{c}])->[0];
}


sub records {
    my ($self, $model, $domain, @fields) = @_;

    return @{ $self->{erp}->call("model.$model.search_read",
        [$domain, 0, 1000, [['id', 'ASC']], \@fields, $self->{c}]) };
}


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
    my %ports = (8000 => $self->{lossy} // $self->{erp}->port,
                 %{ $self->{upstreams} // {} });

    for my $name ('tryton', $self->{destination}) {
        my $text = Engine::contents("$conf/destinations/${name}_maps.conf");

        for my $id (keys %ids) {
            $known{$id}++ if $text =~
                s/(map "" \$tryton_$id\s*\{ default )\d+/$1$ids{$id}/;
        }

        for my $table (keys %tables) {
            $known{$table}++ if $text =~
                s/(canonical_table $table \{).*?\}/$1 $tables{$table} }/s;
        }

        $text =~ s/127\.0\.0\.1:(\d+)/'127.0.0.1:' . ($ports{$1} || $1)/ge;
        $files{"${name}_maps.conf"} = $text;
    }

    for my $name (keys %ids, keys %tables) {
        die "no $name in conf/destinations\n" unless $known{$name};
    }

    return %files;
}


sub start {
    my ($self, %options) = @_;

    %$self = (%$self, %options);

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
include tryton_maps.conf;
include $self->{destination}_maps.conf;

erp_retry   base=50ms max=500ms;
erp_breaker consecutive=3 open=200ms max_open=500ms;

server {
    listen 127.0.0.1:%%HTTP%%;
    server_name hie;

    include $conf/destinations/tryton.conf;
    include $conf/destinations/$self->{destination}.conf;
    include $conf/flows/$self->{flow}.conf;
}

server {
    listen 127.0.0.1:%%API%%;
    location /hie/ { erp_api; }
}
EOF

    $self->{mllp} = $self->{engine}->client('MLLP');
}


sub restart {
    my ($self, %options) = @_;

    %$self = (%$self, %options);

    my %files = $self->maps;

    for my $name (keys %files) {
        open my $file, '>', $self->{engine}->dir . "/conf/$name"
            or die "$name: $!\n";
        print $file $files{$name};
        close $file;
    }

    my @old = $self->{engine}->reload;

    $self->{mllp}->close;
    $self->{engine}->wait_gone(@old);
    $self->{mllp} = $self->{engine}->client('MLLP');
}


sub segment {
    my ($name, %fields) = @_;
    my ($last) = sort { $b <=> $a } keys %fields;

    return join '|', $name, map { $fields{$_} // '' } 1 .. $last;
}


sub send {
    my ($self, $text) = @_;
    local $Test::Builder::Level = $Test::Builder::Level + 1;

    $self->{mllp}->send($text);
    Test::More::is(field($self->{mllp}->read, 'MSA-1'), 'AA',
                   field($text, 'MSH-10') . ' is stored');
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
    my ($self) = @_;

    wait_for {
        sleep 0.1;
        $self->sql('SELECT count(*) FROM delivery WHERE ended IS NULL
                     AND order_hash NOT IN (SELECT order_hash FROM delivery
                                             WHERE state = 3)') == 0
    } 'the deliveries';
}


sub sql {
    my ($self, $sql) = @_;

    open my $out, '-|', 'sqlite3', '-cmd', '.timeout 5000',
         $self->{engine}->dir . '/store/store.db', $sql
        or die "sqlite3: $!\n";
    chomp(my @lines = <$out>);

    return $lines[0];
}


sub ask {
    my ($self, $method, $uri, $body) = @_;

    open my $curl, '-|', 'curl', '-s', '-m', 10, '-X', $method,
         ($body ? ('-H', 'Content-Type: application/json',
                   '-d', $json->encode($body)) : ()),
         'http://127.0.0.1:' . $self->{engine}->port('API') . "/hie/v1$uri"
        or die "curl: $!\n";

    local $/;
    return $json->decode(scalar <$curl>);
}


sub dead {
    my ($self) = @_;

    return { map { $_->{object_key} => $_ }
             @{ $self->ask(GET => '/dead-letters?detail=1')->{dead_letters} }
           };
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
