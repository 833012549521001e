package StoreTest;

# A flow, its store and one destination, to be watched closely: what is in
# flight, what is in the rows, what the processes do.
#
#   use lib 't/lib';
#   use StoreTest;                 # exports what Engine and Chaos do
#
#   my $back = Held->new;
#   my $s = StoreTest->start(erp => $back->port, store => 'timeout=1s',
#                            destination => 'erp_retry base=50ms;', ...);
#
# start(%options): what Engine->start() takes, and "path" of the store (the
# prefix), "store" its further parameters, "destination" directives of the
# location /erp, "locations" text of the server.  Without "erp" the port
# refuses connections.
#
#   my $a = $s->send('M1', $body, %headers)     POST /flow: status, header,
#                                               body
#   my $sock = $s->post('/flow', 'M1', $body, %headers)  the same, and
#   my $a = $s->answer($sock);                  waits for it here
#                 the id is Idempotency-Key, X-Key and the correlation id; an
#                 order key is order => 'K'; empty: no such header
#   $s->row('M1')           of its delivery: { state, attempts, tries, deaths,
#                           reason, next_at }
#   $s->is_row('M1', { state => 2, ... }, $name)   a test: waits for it
#   $s->number('message')   rows
#   $s->kill_store          KILL, returns when there is another one
#   my @old = $s->reload    of the engine, the same
#   my $lock = $s->kill_for_long    KILL, and none is until $lock is closed
#   and what Chaos has: engine, api, sql, store_pid, workers, pending, drain,
#   ready
#   $s->stop                has tests of error.log and of the database

use strict;
use warnings;

use Exporter 'import';
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
use File::Basename;
use IO::Socket::INET;
use Test::More ();

use lib dirname(__FILE__);
use Chaos;
use Held;

our @ISA = ('Chaos');
our @EXPORT = @Chaos::EXPORT;


sub start {
    my ($class, %o) = @_;
    my $self = bless {}, $class;

    my ($erp, $path, $store, $destination, $locations)
        = delete @o{qw(erp path store destination locations)};

    $erp //= free_ports(1);
    $store //= '';
    $store .= ' min_free=1m' unless $store =~ /min_free/;
    $store .= ' ballast=1m' unless $store =~ /ballast/;
    $destination //= 'erp_retry base=50ms max=500ms jitter=none;'
                     . ' erp_breaker off;';
    $locations //= '';

    my $http = delete $o{http} // '';

    $self->{engine} = Engine->start(
        allow => qr/exited on signal 9/,
        %o,
        http => $http . <<"EOF");
erp_store path=@{[$path // '%%DIR%%/store']} $store;

server {
    listen 127.0.0.1:%%HTTP%%;
    client_max_body_size 64m;
    client_body_buffer_size 64m;

    location /flow {
        erp_send /erp order_by=\$http_x_order key=\$http_x_key;
    }

    location /wait { erp_send /erp wait=20s; }
    location /none { erp_send /erp when=none; }

    location /erp {
        internal;
        proxy_pass http://127.0.0.1:$erp;
        proxy_set_header X-Attempt \$erp_attempt;
        proxy_set_header X-Order \$erp_order;
        proxy_set_header X-Id \$hie_correlation_id;
        proxy_connect_timeout 1s;
        $destination
    }

    $locations
}

server {
    listen 127.0.0.1:%%API%%;
    location /hie/ { erp_api; }
}
EOF

    $self->{path} = $path // $self->{engine}->dir . '/store';

    return $self;
}


sub post {
    my ($self, $uri, $id, $body, %h) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $self->{engine}->port('HTTP'))
        or die "cannot connect: $!\n";

    $h{'X-Order'} = delete $h{order} if defined $h{order};
    $h{'Idempotency-Key'} //= $id;
    $h{'X-Key'} //= $id;
    $h{'X-Correlation-ID'} //= $id;
    $h{'Content-Type'} //= 'text/plain';

    local $SIG{PIPE} = 'IGNORE';
    print $sock join "\r\n", "POST $uri HTTP/1.0",
                'Content-Length: ' . length $body,
                (map { "$_: $h{$_}" } grep { length $h{$_} } sort keys %h),
                '', $body;

    return $sock;
}


sub answer {
    my ($self, $sock) = @_;
    my $text = '';

    while (1) {
        Held::readable($sock);
        sysread $sock, $text, 65536, length $text or last;
    }

    my ($status) = $text =~ /^HTTP\/1\.\d (\d+)/;
    my ($header, $body) = $text =~ /\A(.*?\r\n)\r\n(.*)\z/s;

    return { status => $status // 0, header => $header // '',
             body => $body // '' };
}


sub send {
    my ($self, $id, $body, %h) = @_;

    return $self->answer($self->post('/flow', $id, $body, %h));
}


sub row {
    my ($self, $id) = @_;
    my @names = qw(state attempts tries deaths reason next_at);
    my %row;

    my ($line) = $self->sql('SELECT ' . join(', ', map { "d.$_" } @names)
                            . ' FROM delivery d JOIN message m'
                            . ' ON m.id = d.message'
                            . " WHERE m.correlation_id = '$id'") or return;

    @row{@names} = split /\t/, $line, -1;

    return \%row;
}


sub number {
    my ($self, $from) = @_;

    return ($self->sql("SELECT count(*) FROM $from"))[0];
}


sub is_row {
    my ($self, $id, $facts, $name) = @_;
    my $row;

    my $there = eval {
        wait_for {
            $row = $self->row($id);
            $row && !grep { $row->{$_} ne $facts->{$_} } keys %$facts;
        } 'the row';
        1;
    };

    Test::More::ok($there, $name) and return;

    Test::More::diag(join ' ', "row of $id:", map { "$_=$row->{$_}" }
                                              sort keys %{ $row // {} });
}


sub kill_store {
    my ($self) = @_;
    my $victim = $self->store_pid;

    kill 'KILL', $victim;
    wait_for { ($self->store_pid || $victim) != $victim } 'another store';
}


sub reload {
    my ($self, %texts) = @_;
    my $store = $self->store_pid;
    my @old = $self->{engine}->reload(%texts);

    wait_for { ($self->store_pid || $store) != $store } 'another store';

    return @old;
}


# the next one is started after the lock has been taken away from it

sub kill_for_long {
    my ($self) = @_;
    my $victim = $self->store_pid;
    my $master = $self->{engine}->master;

    open my $lock, '+<', "$self->{path}/store.lock" or die "lock: $!\n";

    kill 'STOP', $master;
    kill 'KILL', $victim;

    my $flock = pack 's s x4 q q i x4', F_WRLCK, SEEK_SET, 0, 0, 0;
    my $locked = eval {
        wait_for { fcntl $lock, F_SETLK, $flock } 'the lock';
        1;
    };

    kill 'CONT', $master;
    die "the lock cannot be had\n" unless $locked;

    return $lock;
}


sub stop {
    my ($self) = @_;

    $self->{engine}->stop;

    my ($check) = $self->sql('PRAGMA integrity_check');
    Test::More::is($check, 'ok', 'the database is sound');
}


1;
