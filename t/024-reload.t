use lib 't/lib';
use strict;
use warnings;
use Test::More;
use Engine;
use Held;

# 16, 17: reload, quit and upgrade lose nothing.  Old connections are served
# until they are quiet, or until worker_shutdown_timeout.

sub start;
sub msa;
sub senders;
sub all_acknowledged;
sub leaving;
sub more_messages;

my $back = Held->new;
my $port = $back->port;

my ($ngx, $c, $d, $request, @requests, @old, $old, $master, $senders);


# reload under load: senders do not notice

$ngx = start(quiet => '60s');
$senders = senders('FAST', 3);

for (1 .. 3) {
    more_messages();
    push @old, $ngx->reload;
}

all_acknowledged($senders, 'reload under load');
$ngx->wait_gone(@old);
pass('reload under load: the old workers end with their connections');


# quit under load: who is connected is served to the end

$senders = senders('FAST', 3);
@old = $ngx->workers;
$ngx->quit;
leaving(@old);
more_messages();
ok(!eval { $ngx->client('FAST') }, 'quit: no new connections');
all_acknowledged($senders, 'quit under load');
$ngx->stop;


# upgrade under load

$ngx = start(quiet => '60s');
$senders = senders('FAST', 3);
$master = $ngx->master;
@old = $ngx->workers;
$old = $ngx->upgrade;
is($old, $master, 'upgrade: the old master is still there');
$ngx->signal('QUIT', $old);
leaving(@old);

$c = $ngx->client('FAST');
$c->send(hl7('ADT^A01', 'UPGRADED'));
is(msa($c->read), 'AA UPGRADED', 'upgrade: a new connection is served');
$c->close;

my ($pid) = $ngx->access_log =~ /^UPGRADED 200 (\d+)$/m;
is(join(' ', $ngx->workers), $pid, 'upgrade: by the new worker');

all_acknowledged($senders, 'upgrade under load');
$ngx->wait_gone($old, @old);
$ngx->stop;


# an idle connection is closed when it has been quiet for a while

$ngx = start(quiet => '100ms');
$c = $ngx->client('FAST');
$c->send(hl7('ADT^A01', 'A1'));
is(msa($c->read), 'AA A1', 'a message before the reload');
$d = $ngx->client('FAST');
wait_for { (() = $ngx->log =~ / client \S+ connected to /g) == 2 }
    'both to be accepted';
@old = $ngx->reload;
ok($c->eof, 'quiet: the connection is closed');
ok($d->eof, 'quiet: so is one without messages');
$_->close for $c, $d;
$ngx->wait_gone(@old);
pass('quiet: the old worker ends');


# a request in flight keeps its connection, and so does a mirror request

$c = $ngx->client('HELD');
$c->send(hl7('ADT^A01', 'B1'));
$request = $back->accept;
$d = $ngx->client('MIRROR');
$d->send(hl7('ADT^A01', 'B2'));
@requests = $back->accept;
is(msa($d->read), 'AA B2', 'mirror: the message is acknowledged');
@old = $ngx->reload;
leaving(@old);
$request->answer(200);
is(msa($c->read), 'AA B1', 'in flight: acknowledged by the old worker');
ok($c->eof, 'in flight: then the connection is closed');
$c->close;
$requests[0]->answer(200);
ok($d->eof, 'mirror: the connection is closed');
$d->close;
$ngx->wait_gone(@old);
like($ngx->access_log, qr/^B1 200 $old[0]\n.*^B2 200 $old[0]$/ms,
     'in flight: both requests came to their end');
$ngx->stop;


# what has been received is worked off: here one after the other

$ngx = start(quiet => '100ms', more => 'mllp_inflight 1;');
$c = $ngx->client('HELD');
$c->send(map { hl7('ADT^A01', "C$_") } 1 .. 5);
$request = $back->accept;
@old = $ngx->workers;
$ngx->quit;
leaving(@old);
$request->answer(200);
$back->accept->answer(200) for 2 .. 5;
is(msa($c->read), "AA C$_", "quit: C$_ is acknowledged") for 1 .. 5;
ok($c->eof, 'quit: then the connection is closed');
$c->close;
$ngx->stop;


# the sender whose next message follows the acknowledgement, half a frame

$ngx = start(quiet => '10s');
$c = $ngx->client('HELD');
$c->send(hl7('ADT^A01', 'D1'));
$request = $back->accept;
$d = $ngx->client('FAST');
my $half = frame(hl7('ADT^A01', 'D2'));
$d->send(hl7('ADT^A01', 'D0'));
is(msa($d->read), 'AA D0', 'a message before half a frame');
$d->write(substr $half, 0, 30, '');
@old = $ngx->reload;
leaving(@old);
$request->answer(200);
is(msa($c->read), 'AA D1', 'reload: the message in flight');
$c->send(hl7('ADT^A01', 'D3'));
$back->accept->answer(200);
is(msa($c->read), 'AA D3', 'reload: the next one, on the same connection');
$d->write($half);
is(msa($d->read), 'AA D2', 'reload: the other half of a frame');
like($ngx->access_log, qr/^D2 200 $old[0]$/m, 'reload: by the old worker');

$_->close for $c, $d;
$ngx->wait_gone(@old);
pass('reload: the old worker ends with its last connection');
$ngx->stop;


# it does not go on for ever

@requests = ();
$ngx = start(quiet => '60s', main => 'worker_shutdown_timeout 300ms;');

$c = $ngx->client('HELD');
$c->send(hl7('ADT^A01', 'E1'));
push @requests, $back->accept;
$d = $ngx->client('IGNORE');
$d->send(hl7('ADT^A01', 'E2'));
push @requests, $back->accept;
my $m = $ngx->client('MIRROR');
$m->send(hl7('ADT^A01', 'E3'));
push @requests, $back->accept;
is(msa($m->read), 'AA E3', 'timeout: a mirror request');
my $f = $ngx->client('FAST');
$f->write("\x0bMSH|^~\\&|");
my $i = $ngx->client('FAST');
$i->send(hl7('ADT^A01', 'E4'));
is(msa($i->read), 'AA E4', 'timeout: an idle connection');

@old = $ngx->reload;

for my $client ($c, $d, $m, $f, $i) {
    ok(!eval { defined $client->read }, 'timeout: the connection is closed');
}

$ngx->wait_gone(@old);
pass('timeout: the old worker ends');
ok($_->gone, 'timeout: the request to the upstream as well') for @requests;
like($ngx->log, qr/closed by worker shutdown/, 'timeout: it is logged');

$c = $ngx->client('FAST');
$c->send(hl7('ADT^A01', 'E5'));
is(msa($c->read), 'AA E5', 'timeout: the new worker serves');
$c->close;
$ngx->stop;


# a configuration that cannot be, and one without the listener

$ngx = start(quiet => '100ms', allow => qr/\[emerg\].*no http server has/);
my $stream = $ngx->{stream};
$c = $ngx->client('FAST');
@old = $ngx->workers;

($ngx->{stream} = $stream) =~ s/mllp_pass hie/mllp_pass nobody/;
$ngx->configure;
$ngx->signal('HUP');
wait_for { $ngx->log =~ /no http server has the server_name "nobody"/ }
    'the complaint';
$c->send(hl7('ADT^A01', 'F1'));
is(msa($c->read), 'AA F1', 'a bad configuration: the old one is served');
is_deeply([$ngx->workers], \@old, 'a bad configuration: by the same workers');

$ngx->reload(stream => '');
ok($c->eof, 'no listener any more: the connection is closed');
$c->close;
ok(!eval { $ngx->client('FAST') }, 'no listener any more: no new ones');
$ngx->wait_gone(@old);
$ngx->stop;


# without master and workers

$ngx = start(quiet => '100ms', master => 'off');
$c = $ngx->client('FAST');
$c->send(map { hl7('ADT^A01', "G$_") } 1 .. 100);
is_deeply([map { msa($c->read) } 1 .. 100], [map { "AA G$_" } 1 .. 100],
          'master_process off');
$ngx->stop;

done_testing();


sub start {
    my (%options) = @_;
    my $more = $options{more} // '';

    my $stream = join '', map { <<EOS } qw(FAST HELD MIRROR IGNORE);
        server { listen 127.0.0.1:%%$_%%; mllp_pass hie /\L$_\E; $more }
EOS

    return Engine->start(%options, stream => <<EOS, http => <<"EOH");
        mllp_quiet_timeout $options{quiet};
        mllp_idle_timeout 60s;
        $stream
EOS
        log_format pid '\$hl7_control_id \$status \$pid';

        server {
            server_name hie;
            mllp_only;
            access_log logs/access.log pid;

            location = /fast { return 200; }
            location = /held { proxy_pass http://127.0.0.1:$port; }

            location = /ignore {
                proxy_ignore_client_abort on;
                proxy_pass http://127.0.0.1:$port;
            }

            location = /mirror { mirror /held; error_page 404 =200 \@ok; }
            location \@ok { return 200; }
        }
EOH
}


sub msa {
    my ($ack) = @_;

    return join ' ', map { field($ack, $_) } 'MSA-1', 'MSA-2';
}


sub more_messages {
    my $before = () = $ngx->access_log =~ /\n/g;

    wait_for { (() = $ngx->access_log =~ /\n/g) > $before + 50 } 'messages';
}


# processes that send without a pause, 4 messages in flight, until told to
# stop; each checks its acknowledgements

sub senders {
    my ($name, $count) = @_;
    my @pids;

    pipe my $reader, my $writer or die "pipe: $!\n";

    for (1 .. $count) {
        my $pid = fork // die "fork: $!\n";

        if ($pid) {
            push @pids, $pid;
            next;
        }

        close $writer;

        my $ok = eval { send_all($ngx->client($name), "S$$", $reader) };

        print STDERR "# sender: $@" if !defined $ok;
        require POSIX;
        POSIX::_exit(defined $ok ? 0 : 1);
    }

    for my $pid (@pids) {
        wait_for { $ngx->access_log =~ /^S$pid-/m } 'the first messages';
    }

    return { pids => \@pids, stop => $writer };
}


sub send_all {
    my ($client, $prefix, $stop) = @_;
    my ($sent, $read, $stopped) = (0, 0, IO::Select->new($stop));

    while (1) {
        my $more = !$stopped->can_read(0);

        while ($more && $sent < $read + 4) {
            $sent++;
            $client->send(hl7('ADT^A01', "$prefix-$sent"));
        }

        return $sent if $read == $sent;

        $read++;
        my $got = msa($client->read // die "closed before $prefix-$read\n");
        die "$got, not AA $prefix-$read\n" if $got ne "AA $prefix-$read";
    }
}


sub all_acknowledged {
    my ($all, $name) = @_;

    close $all->{stop};

    for my $pid (@{$all->{pids}}) {
        waitpid $pid, 0;
        is($?, 0, "$name: all messages of a sender are acknowledged");
    }
}


# these workers have been told

sub leaving {
    for my $pid (@_) {
        wait_for { $ngx->log =~ /\Q$pid#$pid: gracefully shutting down\E/ }
            'the old worker to know';
    }
}
