package Chaos;

# The engine between senders and an ERP, and the laws of conservation that
# hold whatever is done to it.  With S sent, A acknowledged positively, D
# delivered, Q in the queue, X dead letters:
#
#   1 lost          A - (D + Q + X) is empty
#   2 unexpected    (D + Q + X) - S is empty
#   3 duplicates    of a delivery have the same key and the same bytes, and
#                   are no more than what was in flight when something broke
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
#   $chaos->laws($sender);    # tests, one for each law; returns what was
#                             # counted: sent, acked, seen, again, longest
#   $chaos->sql('SELECT ...')     # lines of the sqlite3 command line
#   $chaos->sql_write('...')      # when all processes have ended
#   $chaos->store_pid, ->workers
#   $chaos->again             # all processes, after their end
#   full(200, 5)              # the number of "make chaos", or that of a run
#                             # in the suite
#   FULL                      # whether it is the former
#
# CHAOS=1 are the full numbers, CHAOS=0.1 a tenth of them.

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use POSIX 'ceil';
use Test::More ();
use Time::HiRes qw(time sleep);

use lib dirname(__FILE__);
use Engine;
use ErpServer;
use Sender;

our @EXPORT = (@Engine::EXPORT, qw(full FULL));

use constant FULL => $ENV{CHAOS} || 0;

my $runs = 0;


sub full {
    my ($full, $short) = @_;

    return FULL ? ceil($full * FULL) : $short;
}


sub start {
    my ($class, %o) = @_;
    my $self = bless { %o }, $class;

    $self->{dir} = "$Mllp::Prefix-store" . ($runs++ ? "-$runs" : '');
    system 'rm', '-rf', $self->{dir};
    system 'mkdir', '-p', $self->{dir};

    $self->{path} //= "$self->{dir}/db";
    $self->{erp} = ErpServer->start($self->{dir}, delay => $o{delay} // 0.02);

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
        stream => 'mllp_quiet_timeout ' . ($o{quiet} // '1s') . ";\n" . <<'EOS',
server {
    listen 127.0.0.1:%%MLLP%%;
    mllp_pass hie /flow/;
    mllp_inflight 16;
}
EOS
        http => <<"EOH");
erp_store path=$self->{path} $store;

canonical_map chaos version=1 {
    from  hl7 ADT;
    emit  event key=id;
    set   id     MSH-10   required;
    set   visit  PV1-19.1 required;
    set   note   NTE-3;
}

canonical_map visit version=1 {
    from  fhir Encounter;
    emit  event key=id;
    set   id     id       required;
    set   visit  identifier.first().value required;
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

    location /flow/ {
        canonical_request visit;
        erp_send /erp $send;
    }

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


sub again {
    my ($self) = @_;

    $self->{engine}->again;
    $self->ready;
}


# a request to the API: the body of the answer

sub api {
    my ($self, $method, $what, $json) = @_;
    my @data = defined $json
               ? ('-H', 'Content-Type: application/json', '-d', $json) : ();

    return $self->curl("hie/v1/$what", '-X', $method, @data);
}


# the value of a sample, as hie_store_up or name{label="..."}

sub metric {
    my ($self, $name) = @_;

    return $self->curl('metrics') =~ /^\Q$name\E (\S+)$/m ? $1 : undef;
}


sub curl {
    my ($self, $uri, @options) = @_;
    my $port = $self->{engine}->port('API');

    open my $curl, '-|', 'curl', '-s', '-m', 10, @options,
         "http://127.0.0.1:$port/$uri" or die "curl: $!\n";
    local $/;

    return scalar(<$curl>) // '';
}


# "code" is called with the columns of each row

sub rows {
    my ($self, $sql, $code) = @_;

    open my $out, '-|', 'sqlite3', '-separator', "\t", '-cmd',
         '.timeout 5000', "file:$self->{path}/store.db?mode=ro", $sql
        or die "sqlite3: $!\n";

    while (my $line = <$out>) {
        chomp $line;
        $code->(split /\t/, $line, -1);
    }
}


sub sql {
    my ($self, $sql) = @_;
    my @lines;

    $self->rows($sql, sub { push @lines, join "\t", @_ });

    return @lines;
}


# of a database that no process has open

sub sql_write {
    my ($self, $sql) = @_;

    system('sqlite3', "$self->{path}/store.db", $sql) == 0
        or die "sqlite3 failed\n";
}


sub store_pid {
    my ($self) = @_;
    my ($pid) = Engine::contents("$self->{path}/store.pid") =~ /(\d+)/;

    return $pid;
}


sub sender {
    my ($self, %o) = @_;

    return Sender->start(dir => $self->{dir},
                         port => $self->{engine}->port('MLLP'),
                         http_port => $self->{engine}->port('API'), %o);
}


# workers, without the store process

sub workers {
    my ($self) = @_;
    my $store = $self->store_pid // 0;

    return grep { $_ != $store } $self->{engine}->workers;
}


# all processes stand still

sub freeze {
    my ($self) = @_;
    my @all = ($self->{engine}->master, $self->{engine}->workers);

    kill 'STOP', @all;

    wait_for {
        !grep { Engine::contents("/proc/$_/stat") !~ /\) T/ } @all
    } 'processes to stop';

    return @all;
}


sub pending {
    my ($self) = @_;

    my ($n) = $self->sql('SELECT count(*) FROM delivery'
                         . ' WHERE ended IS NULL AND state != 4');

    return $n // -1;
}


sub drain {
    my ($self, $bound) = @_;
    my $until = time + ($bound // 60);

    # to count a long one takes its time

    while (my $n = $self->pending) {
        die "the backlog does not drain: $n\n" if time > $until;
        sleep($n > 1000 ? 0.5 : 0.05);
    }
}


sub laws {
    my ($self, $sender, %o) = @_;
    my $s = $sender->result;
    my (%in, %delivered, %seen, %effects, %bytes);
    my ($seen, $again) = (0, 0);
    my (@other, @disorder, %last);

    # of what was replayed the last replay counts

    $self->rows('SELECT m.control_id, d.state, d.reason'
                . ' FROM delivery d JOIN message m ON m.id = d.message'
                . ' WHERE d.id NOT IN (SELECT replay_of FROM delivery'
                . ' WHERE replay_of IS NOT NULL)', sub {
        my ($id, $state, $reason) = @_;
        $in{$id} = [$state, $reason];
    });

    $self->{erp}->each(sub {
        my ($d) = @_;

        $seen++;
        $delivered{$d->{id}}++ if $d->{answer} =~ /^(2|drop)/;
        $effects{$d->{key}} += $d->{effect};

        push @other, $d->{id}
            if ($bytes{$d->{key}} //= $d->{sum}) ne $d->{sum};

        if ($seen{$d->{id}}++) {
            $again++;
            return;
        }

        my ($i) = $d->{id} =~ /-(\d+)\z/;

        push @disorder, $d->{id} if ($last{$d->{order}} // 0) > $i;
        $last{$d->{order}} = $i;
    });

    my %count = (sent => scalar keys %{ $s->{sent} },
                 acked => scalar keys %{ $s->{acked} },
                 seen => $seen, again => $again, longest => $s->{longest});

    figure(sprintf '%d sent, %d acknowledged, %d attempts, %d of them not the'
         . ' first, refusals: %s, longest wait %.2f s',
         @count{qw(sent acked seen again)},
         join(' ', map { "$_ $s->{nacked}{$_}" } sort keys %{ $s->{nacked} })
         || 'none', $s->{longest});

    Test::More::cmp_ok($count{acked}, '>', 0, 'messages were acknowledged');

    # what was delivered is in the store too, as it is kept

    law('1 nothing acknowledged is lost', grep { !$in{$_} }
        keys %{ $s->{acked} });

    law('1 what is said to be delivered, the ERP has',
        grep { $in{$_}[0] == 2 && !$delivered{$_} } keys %in);

    law('2 nothing unexpected',
        (grep { !$s->{sent}{$_} } keys %in),
        (grep { !$s->{sent}{$_} } keys %delivered));

    law('3 what was sent again is stored once',
        $self->sql('SELECT control_id FROM message GROUP BY control_id'
                   . ' HAVING count(*) > 1'));

    law('3 the same key has the same bytes', @other);

    law('3 nothing has its effect twice',
        grep { $effects{$_} > 1 } keys %effects);

    if (defined $o{again}) {
        Test::More::cmp_ok($again, '<=', $o{again},
                           '3 no more than was in flight');
    }

    law('4 in order', @disorder);

    # the sender repeats until it is answered: then all of it is acknowledged

    law('5 what is there besides is acknowledged when it is sent again',
        grep { !$s->{acked}{$_} } keys %in);

    law('6 nothing is in the queue',
        grep { $in{$_}[0] !~ /^[2356]$/ } keys %in);

    Test::More::is($self->metric("hie_queue_$_" . '{destination="/erp"}'), 0,
                   "6 nor is it counted: $_")
        for qw(messages inflight_messages);

    law('8 dead letters have a reason',
        grep { $in{$_}[0] == 3 && $in{$_}[1] eq '' } keys %in);

    return \%count;
}


sub law {
    my ($name, @bad) = @_;

    Test::More::ok(!@bad, $name)
        or Test::More::diag(scalar(@bad), ' of them: ',
                            join ' ', splice @bad, 0, 5);
}


# a figure, in a full run

sub figure {
    my ($text) = @_;

    Test::More::diag($text) if FULL;
}


# ends it; the database is whole

sub stop {
    my ($self) = @_;

    $self->{engine}->stop;
    $self->{erp}->stop;

    my ($check) = $self->sql('PRAGMA integrity_check');
    Test::More::is($check, 'ok', 'the database is sound');
}


1;
