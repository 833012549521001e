use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Time::HiRes 'sleep';
use Engine;
use Held;

# An old worker ends though its senders are never quiet, and without
# worker_shutdown_timeout.  Each is let go behind an answer; what it has sent
# without one it sends again, to the next worker: nothing is lost, and nothing
# is processed twice.

sub senders;
sub more_messages;
sub settled;
sub message;
sub msa;
sub reload_and_wait;

my $back = Held->new;
my $port = $back->port;

my $ngx = Engine->start(stream => <<'EOS', http => <<"EOH");
    mllp_quiet_timeout 200ms;

    server { listen 127.0.0.1:%%FAST%%; mllp_pass hie /fast; }
    server { listen 127.0.0.1:%%HELD%%; mllp_pass hie /held; }
    server { listen 127.0.0.1:%%SLOW%%; mllp_pass hie /slow; mllp_inflight 1; }
    server { listen 127.0.0.1:%%TURN%%; mllp_pass hie /held; mllp_inflight 1; }

    server {
        listen 127.0.0.1:%%TLS%% ssl;
        ssl_certificate %%CERT:hie%%;
        ssl_certificate_key %%CERT:hie%%;
        mllp_pass hie /fast;
    }
EOS
    limit_req_zone \$server_name zone=slow:64k rate=1000r/s;
    log_format id '\$hl7_control_id \$status';

    server {
        server_name hie;
        mllp_only;
        access_log logs/access.log id;

        client_max_body_size 16m;

        location = /fast { return 200; }

        # so that there is always more to be read

        location = /slow {
            limit_req zone=slow burst=10000;
            limit_req_log_level info;
            try_files /none /fast;
        }

        location = /held { proxy_pass http://127.0.0.1:$port; }
    }
EOH

my ($c, $idle, $request, @old, $senders);


# a reload, and a restart, while all of them send: one message after the
# other, some at a time, and more than is ever read

$senders = senders(['FAST', 1], ['FAST', 1], ['FAST', 4], ['SLOW', 200],
                   ['TLS', 1]);

@old = $ngx->reload;
$ngx->wait_gone(@old);
pass('reload: the old worker ends');
more_messages;

@old = ($ngx->master, $ngx->workers);
$ngx->quit;
$ngx->wait_gone(@old);
pass('quit: all of it ends');

$ngx->again;
more_messages;
settled $senders, 2;


# a message whose answer takes longer than that

$c = $ngx->client('HELD');
$c->send(message 'A1');
$request = $back->accept;
reload_and_wait;
$request->answer(200);
is(msa($c->read), 'AA A1', 'in flight: it has its answer');
$c->send(message 'A2');
ok($c->eof, 'in flight: then the connection is closed');
$c->close;
$ngx->wait_gone(@old);
ok(!$back->pending, 'in flight: nothing else was processed');


# a part of a frame; the rest, which is large, takes longer than that

$c = $ngx->client('FAST');
$c->send(message 'B1');
is(msa($c->read), 'AA B1', 'part of a frame: a message before it');

my $frame = frame(message('B2'), 'NTE|1||' . 'x' x 8_000_000);
$c->write(substr $frame, 0, 30, '');
reload_and_wait;
$c->write($frame);
is(msa($c->read), 'AA B2', 'part of a frame: the rest is waited for');
$c->send(message 'B3');
ok($c->eof, 'part of a frame: then the connection is closed');
$c->close;
$ngx->wait_gone(@old);
unlike($ngx->access_log, qr/^B3 /m, 'part of a frame: that was the last one');


# messages that have been received, and wait for their turn

$c = $ngx->client('TURN');
$c->send(map { message "C$_" } 1 .. 5);
$request = $back->accept;
reload_and_wait;
$request->answer(200);
$back->accept->answer(200) for 2 .. 5;
is(msa($c->read), "AA C$_", "received: C$_ has its answer") for 1 .. 5;
ok($c->eof, 'received: then the connection is closed');
$c->close;
$ngx->wait_gone(@old);

$ngx->stop;
done_testing();


sub message {
    return hl7('ADT^A01', $_[0]);
}


sub msa {
    my ($ack) = @_;

    return join ' ', map { field($ack // '', $_) // '' } 'MSA-1', 'MSA-2';
}


# when this returns, the time for senders to be quiet has passed: one that was
# is let go

sub reload_and_wait {
    $idle = $ngx->client('FAST');
    $idle->send(message 'IDLE');
    is(msa($idle->read), 'AA IDLE', 'a sender that is quiet');

    @old = $ngx->reload;
    ok($idle->eof, 'it is let go');
    $idle->close;
}


# processes that send without a pause until told to stop: a port, and how many
# messages wait for an answer at a time

sub senders {
    my @senders;

    pipe my $reader, my $writer or die "pipe: $!\n";

    for (@_) {
        my ($name, $window) = @$_;
        my $n = @senders;

        pipe my $result, my $out or die "pipe: $!\n";

        my $pid = fork // die "fork: $!\n";

        if ($pid == 0) {
            close $writer;
            syswrite $out, eval { send_all("S$n", $name, $window, $reader) }
                           // "died: $@";
            require POSIX;
            POSIX::_exit(0);
        }

        push @senders, { id => "S$n", pid => $pid, result => $result,
                         name => "$name, $window at a time" };
    }

    for my $s (@senders) {
        wait_for { $ngx->access_log =~ /^$s->{id}-/m } 'the first messages';
    }

    return { all => \@senders, stop => $writer };
}


# what comes back is how many were sent, and how often it was let go

sub send_all {
    my ($id, $name, $window, $stop) = @_;
    my ($sent, $closed, $stopped) = (0, 0, IO::Select->new($stop));
    my %tls = $name eq 'TLS' ? (SSL_verify_mode => 0) : ();
    my ($client, @open);

    while (1) {
        my $more = !$stopped->can_read(0);

        if (!$client) {
            $client = eval { $ngx->client($name, %tls) };

            if (!$client) {
                sleep 0.02;
                next;
            }

            $client->send(map { message $_ } @open);
        }

        while ($more && @open < $window) {
            push @open, "$id-" . ++$sent;
            $client->send(message $open[-1]);
        }

        return "$sent sent, closed $closed times" if !@open;

        my $ack = $client->read;

        if (!defined $ack) {
            $client->close;
            undef $client;
            $closed++;
            next;
        }

        die msa($ack) . ", not AA $open[0]\n" if msa($ack) ne "AA $open[0]";
        shift @open;
    }
}


sub more_messages {
    my $before = () = $ngx->access_log =~ /\n/g;

    wait_for { (() = $ngx->access_log =~ /\n/g) > $before + 500 } 'messages';
}


sub settled {
    my ($senders, $times) = @_;

    my $log;

    close $senders->{stop};

    for my $s (@{$senders->{all}}) {
        my $result = readline $s->{result};

        waitpid $s->{pid}, 0;

        like($result, qr/^\d+ sent, closed [$times-9] times$/,
             "$s->{name}: all are answered, and it is let go each time");

        my ($sent) = $result =~ /(\d+)/;
        my %seen;
        $log = $ngx->access_log;
        $seen{$1}++ while $log =~ /^$s->{id}-(\d+) 200$/mg;

        is(scalar(keys %seen), $sent, "$s->{name}: none is lost");
        is(scalar(grep { $_ > 1 } values %seen), 0,
           "$s->{name}: none is processed twice");
    }
}
