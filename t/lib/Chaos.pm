package Chaos;

# The engine between a sender and an ERP, and the laws of conservation that
# hold whatever is done to it.  With S sent, A acknowledged positively, D
# delivered, Q in the queue, X dead letters:
#
#   1 lost          A - (D + Q + X) is empty
#   2 unexpected    (D + Q + X) - S is empty
#   3 duplicates    of a delivery have the same key and the same bytes, and
#                   numbers of attempts above 1
#   4 order         first deliveries of a key are in the order of acceptance
#   5 recovered     (D + Q + X) - A: only what had no positive answer, and
#                   gets one when it is sent again
#   6 counters      the store's numbers are those of the sets
#   8 dead letters  have a reason
#
#   use Chaos;
#   my $chaos = Chaos->start(workers => 2, store => 'min_free=1m ...',
#                            destination => 'erp_retry base=50ms ...;');
#   $chaos->engine, ->erp (an ErpServer)
#   my $sender = $chaos->sender(rate => 500, ...);      # see Sender.pm
#   ... do what is to be survived ...
#   $sender->stop;
#   $chaos->drain;            # until the queue is empty
#   $chaos->laws($sender);    # tests, one for each law
#   $chaos->sql('SELECT ...')     # lines of the sqlite3 command line
#   $chaos->store_pid, ->workers
#   full(200, 5)              # the number of "make chaos", or that of a run
#                             # in the suite

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use Test::More ();
use Time::HiRes qw(time sleep);

use lib dirname(__FILE__);
use Engine;
use ErpServer;
use Sender;

our @EXPORT = (@Engine::EXPORT, 'full');


# the full number, or that of a short run

sub full {
    my ($full, $short) = @_;

    return $ENV{CHAOS} ? $full : $short;
}


sub start {
    my ($class, %o) = @_;
    my $self = bless { %o }, $class;

    mkdir $Mllp::Prefix;
    $self->{dir} = "$Mllp::Prefix-store";
    system 'rm', '-rf', $self->{dir};
    mkdir $self->{dir} or die "$self->{dir}: $!\n";

    $self->{path} //= "$self->{dir}/db";
    $self->{erp} = ErpServer->start($self->{dir});

    my $erp = $self->{erp}->port;
    my $store = $o{store} // 'min_free=1m ballast=1m';
    my $destination = $o{destination}
        // 'erp_retry base=50ms max=500ms; erp_breaker off;';
    my $send = $o{send} // 'order_by=$canonical_visit';

    $self->{engine} = Engine->start(
        workers => $o{workers} // 2,
        events => 'worker_connections 2048;',
        log_level => $o{log_level} // 'notice',
        allow => $o{allow},
        main => $o{main} // '',
        stream => <<'EOS', http => <<"EOH");
server {
    listen 127.0.0.1:%%MLLP%%;
    mllp_pass hie /flow/;
    mllp_inflight 16;
}
EOS
erp_store path=$self->{path} $store;

canonical_map chaos version=1 {
    from  hl7 ADT;
    emit  event key=id;
    set   id     MSH-10   required;
    set   visit  PV1-19.1 required;
    set   note   NTE-3;
}

upstream erp {
    server 127.0.0.1:$erp max_fails=0;
    keepalive 32;
}

server {
    server_name hie;
    mllp_only;

    location /flow/ {
        canonical_request chaos;
        erp_send /erp $send;
    }

    location /erp {
        internal;
        proxy_pass http://erp;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header X-Attempt \$erp_attempt;
        proxy_set_header X-Order \$erp_order;
        proxy_set_header X-Id \$erp_object_key;
        proxy_connect_timeout 1s;
        proxy_read_timeout @{[$o{read_timeout} // '2s']};
        $destination
    }
}

server {
    listen 127.0.0.1:%%API%%;

    location /hie/ {
        erp_api;
    }

    location = /metrics {
        erp_metrics;
    }
}
EOH

    $self->ready;

    return $self;
}


sub engine { return $_[0]{engine} }
sub erp { return $_[0]{erp} }


sub ready {
    my ($self) = @_;

    wait_for { $self->api('GET', 'status') =~ /"state":"ready"/ } 'the store';
}


# a request to the API: the body of the answer

sub api {
    my ($self, $method, $what, $json) = @_;
    my $port = $self->{engine}->port('API');
    my @data = defined $json
               ? ('-H', 'Content-Type: application/json', '-d', $json) : ();

    open my $curl, '-|', 'curl', '-s', '-m', 10, '-X', $method, @data,
         "http://127.0.0.1:$port/hie/v1/$what" or die "curl: $!\n";
    local $/;

    return scalar(<$curl>) // '';
}


sub sql {
    my ($self, $sql) = @_;

    open my $out, '-|', 'sqlite3', '-separator', "\t", '-cmd',
         '.timeout 5000', "file:$self->{path}/store.db?mode=ro", $sql
        or die "sqlite3: $!\n";

    my @lines = <$out>;
    chomp @lines;

    return @lines;
}


sub store_pid {
    my ($self) = @_;
    my ($pid) = Engine::contents("$self->{path}/store.pid") =~ /(\d+)/;

    return $pid;
}


sub sender {
    my ($self, %o) = @_;

    return Sender->start(dir => $self->{dir},
                         port => $self->{engine}->port('MLLP'), %o);
}


# workers, without the store process

sub workers {
    my ($self) = @_;
    my $store = $self->store_pid // 0;

    return grep { $_ != $store } $self->{engine}->workers;
}


sub pending {
    my ($self) = @_;

    my ($n) = $self->sql('SELECT count(*) FROM delivery'
                         . ' WHERE ended IS NULL AND state != 4');

    return $n // -1;
}


sub drain {
    my ($self, $bound) = @_;
    local $Mllp::Timeout = $bound // 60;

    wait_for { $self->pending == 0 } 'the backlog to drain';
}


sub laws {
    my ($self, $sender, %o) = @_;
    my $s = $sender->result;
    my @seen = $self->{erp}->journal;
    my (%in, %delivered, %first, %bytes, %effects, @bad);

    for my $line ($self->sql('SELECT m.control_id, d.state, d.reason, d.key'
                             . ' FROM delivery d JOIN message m'
                             . ' ON m.id = d.message'))
    {
        my ($id, $state, $reason, $key) = split /\t/, $line, -1;
        $in{$id} = { state => $state, reason => $reason, key => $key };
    }

    for my $d (@seen) {
        $delivered{$d->{id}}++ if $d->{answer} ne 'hang'
                                  && $d->{answer} !~ /^[345]/;
        $effects{$d->{key}} += $d->{effect};
        $bytes{$d->{key}}{$d->{sum}}++;
    }

    my $n = keys %{ $s->{acked} };
    Test::More::diag(sprintf '%d sent, %d acknowledged, %d attempts seen,'
                     . ' longest wait %.1f s', scalar keys %{ $s->{sent} },
                     $n, scalar @seen, $s->{longest}) if $ENV{CHAOS};

    Test::More::cmp_ok($n, '>', 0, 'messages were acknowledged');

    # what was delivered is in the store too, as it is kept

    law('1 nothing acknowledged is lost', grep { !$in{$_} }
        keys %{ $s->{acked} });

    law('1 what is said to be delivered, the ERP has',
        grep { $in{$_}{state} == 2 && !$delivered{$_} } keys %in);

    law('2 nothing unexpected',
        (grep { !$s->{sent}{$_} } keys %in),
        (grep { !$s->{sent}{$_} } keys %delivered));

    law('3 the same key has the same bytes',
        grep { keys %{ $bytes{$_} } > 1 } keys %bytes);

    law('3 nothing has its effect twice',
        grep { $effects{$_} > 1 } keys %effects);

    @bad = ();
    my %tries;

    for my $d (@seen) {
        push @bad, $d->{id} if $tries{$d->{key}}++ && $d->{attempt} < 2
                               && !$o{same_attempt};
    }

    law('3 what is sent again says so', @bad);

    @bad = ();
    my (%last, %number);

    for my $d (@seen) {
        next if $d->{id} eq '' || $first{$d->{id}}++;
        my ($i) = $d->{id} =~ /-(\d+)\z/;

        push @bad, $d->{id} if ($last{$d->{order}} // 0) > $i;
        $last{$d->{order}} = $i;
    }

    law('4 in order', @bad);

    # the sender repeats until it is answered: then all of it is acknowledged

    law('5 what is there besides is acknowledged when it is sent again',
        grep { !$s->{acked}{$_} } keys %in);

    if (!$o{queued}) {
        law('6 nothing is in the queue',
            grep { $in{$_}{state} !~ /^[2356]$/ } keys %in);
    }

    law('8 dead letters have a reason',
        grep { $in{$_}{state} == 3 && $in{$_}{reason} eq '' } keys %in);
}


sub law {
    my ($name, @bad) = @_;

    Test::More::ok(!@bad, $name)
        or Test::More::diag(scalar(@bad), ' of them: ',
                            join ' ', splice @bad, 0, 5);
}


sub stop {
    my ($self) = @_;

    $self->{engine}->stop;
    $self->{erp}->stop;

    my ($check) = $self->sql('PRAGMA integrity_check');
    Test::More::is($check, 'ok', 'the database is sound');
}


1;
