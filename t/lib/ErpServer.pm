package ErpServer;

# A stand-in for the HTTP side of an ERP, in a process of its own, that keeps
# a journal of what it was sent and does as it is told.  Like a real one it
# takes a key once: the same again is answered, and has no effect.
#
#   my $erp = ErpServer->start($dir, delay => 0.02);
#                                         # its journal goes to $dir/erp.journal
#   ... proxy_pass http://127.0.0.1:@{[$erp->port]};
#
#   $erp->set(status => 503, body => '{"error":"x"}');
#                         drop => 0.1   of the requests are in effect, but not
#                                       answered: the connection is closed
#                         delay => 0.02 seconds before the answer
#                         header => 'Retry-After: 3'
#                         bad => 'regex'      bodies that are answered 422
#                         again => 'regex'    that are answered 500
#                         hang => 'regex'     that are never answered
#                         status => 200       what all others are answered
#                                       what is not given is as at the start
#   $erp->down; $erp->up;               connections are refused; and not
#   my @seen = $erp->journal;           # of { key, sum, attempt, order, id,
#                                       #      effect, answer, time, trace }
#   $erp->each(sub { my ($seen) = @_; ... });   # the same, one by one
#   my @more = $erp->news;              # those since the last call of it
#   $erp->stop;
#
# It reads the headers Idempotency-Key, X-Attempt, X-Order, X-Id, traceparent.

use strict;
use warnings;

use Digest::SHA 'sha256_hex';
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_REUSEADDR);
use Time::HiRes 'time';

my $owner = $$;
my @running;


sub start {
    my ($class, $dir, %mode) = @_;

    my $listen = listen_at(0);
    my $self = bless { port => $listen->sockport, at => 0,
                       mode => { status => 200, body => '{"ok":true}',
                                 %mode },
                       file => "$dir/erp.journal" }, $class;

    unlink $self->{file};

    pipe my $in, my $out or die "pipe: $!\n";
    pipe my $back_in, my $back_out or die "pipe: $!\n";

    $self->{pid} = fork;
    die "fork: $!\n" unless defined $self->{pid};

    if ($self->{pid} == 0) {
        close $out;
        close $back_in;
        $SIG{INT} = $SIG{TERM} = 'DEFAULT';
        $SIG{PIPE} = 'IGNORE';
        serve($self, $listen, $in, $back_out);
        require POSIX;
        POSIX::_exit(0);
    }

    close $in;
    close $back_out;
    $out->autoflush(1);
    @$self{qw(out back)} = ($out, $back_in);
    push @running, $self->{pid};

    return $self;
}


sub listen_at {
    my ($port) = @_;

    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 256,
                                 LocalPort => $port, ReuseAddr => 1)
           || die "stand-in: $!\n";
}


sub port {
    return $_[0]{port};
}


# orders to the process: done when it says so

sub order {
    my ($self, $line) = @_;

    print { $self->{out} } "$line\n";

    my $back = readline $self->{back};
    die "the stand-in has ended\n" unless defined $back;
}


sub set {
    my ($self, %mode) = @_;

    $self->order(join "\t", 'set', %mode);
}


sub down {
    $_[0]->order('down');
}


sub up {
    $_[0]->order('up');
}


sub journal {
    my ($self) = @_;
    my @seen;

    $self->each(sub { push @seen, $_[0] });

    return @seen;
}


sub news {
    my ($self) = @_;
    my @seen;

    $self->{at} = $self->each(sub { push @seen, $_[0] }, $self->{at});

    return @seen;
}


# returns where it has come to in the file

sub each {
    my ($self, $code, $at) = @_;
    my @names = qw(key sum attempt order id effect answer time trace);

    $at //= 0;
    open my $file, '<', $self->{file} or return $at;
    seek $file, $at, 0;

    while (my $line = <$file>) {
        last unless $line =~ s/\n\z//;

        $at = tell $file;
        my %row;
        @row{@names} = split /\t/, $line, -1;
        $code->(\%row);
    }

    return $at;
}


sub stop {
    my ($self) = @_;

    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    @running = grep { $_ != $self->{pid} } @running;
}


END {
    if ($$ == $owner) {
        my $status = $?;
        kill 'TERM', @running if @running;
        waitpid $_, 0 for @running;
        $? = $status;
    }
}


# --- the process ---

sub serve {
    my ($self, $listen, $in, $back) = @_;
    my (%buffer, %effect, @later);
    my %mode = %{ $self->{mode} };
    my $select = IO::Select->new($in, $listen);

    open my $journal, '>>', $self->{file} or die "$self->{file}: $!\n";
    $journal->autoflush(1);
    $back->autoflush(1);

    while (1) {
        my $wait = @later ? $later[0][0] - time : undef;
        $wait = 0 if defined $wait && $wait < 0;

        for my $fh ($select->can_read($wait)) {

            if ($fh == $in) {
                my $line = readline $in;
                return unless defined $line;
                chomp $line;

                if ($line =~ s/^set\t?//) {
                    %mode = (%{ $self->{mode} }, split /\t/, $line, -1);

                } elsif ($line eq 'down') {
                    $select->remove($listen, map { $_->[0] } values %buffer);
                    close $listen;
                    close $_->[0] for values %buffer;
                    %buffer = ();
                    @later = ();

                } elsif ($line eq 'up') {
                    $listen = listen_at($self->{port});
                    $select->add($listen);
                }

                print $back "ok\n";
                last;
            }

            if ($fh == $listen) {
                my $c = $listen->accept or next;
                $select->add($c);
                $buffer{$c} = [$c, ''];
                next;
            }

            my $b = $buffer{$fh} or next;

            if (!sysread $fh, $b->[1], 65536, length $b->[1]) {
                $select->remove($fh);
                delete $buffer{$fh};
                close $fh;
                next;
            }

            while (my $request = request($b)) {
                my $answer = take($journal, \%effect, \%mode, $request);

                if ($answer eq 'drop') {
                    $select->remove($fh);
                    delete $buffer{$fh};
                    close $fh;
                    last;
                }

                next if $answer eq 'hang';

                if ($mode{delay}) {
                    push @later, [time + $mode{delay}, $fh, $answer];
                    @later = sort { $a->[0] <=> $b->[0] } @later
                        if @later > 1 && $later[-1][0] < $later[-2][0];

                } else {
                    syswrite $fh, $answer;
                }
            }
        }

        while (@later && $later[0][0] <= time) {
            my (undef, $fh, $answer) = @{ shift @later };
            syswrite $fh, $answer if $buffer{$fh};
        }
    }
}


# one whole request off the buffer of a connection

sub request {
    my ($b) = @_;

    $b->[1] =~ /\r\n\r\n/ or return;
    my $start = $+[0];
    my ($length) = substr($b->[1], 0, $start) =~ /^content-length: *(\d+)/mi;

    return if length $b->[1] < $start + ($length || 0);

    return substr $b->[1], 0, $start + ($length || 0), '';
}


sub take {
    my ($journal, $effect, $mode, $request) = @_;
    my ($head, $body) = split /\r\n\r\n/, $request, 2;
    my %h = map { lc($_->[0]) => $_->[1] }
            map { [split /: */, $_, 2] } grep { /:/ } split /\r\n/, $head;

    my $key = $h{'idempotency-key'} // '';
    my ($status, $text, $done) = ($mode->{status}, $mode->{body}, 0);

    if (defined $mode->{bad} && $body =~ $mode->{bad}) {
        ($status, $text) = (422, '{"error":{"code":"M7/021","message":"no"}}');
    }

    $status = 500 if defined $mode->{again} && $body =~ $mode->{again};

    my $hang = defined $mode->{hang} && $body =~ $mode->{hang};

    if ($status =~ /^2/ && !$hang) {
        $done = $effect->{$key}++ ? 0 : 1;
    }

    my $drop = rand() < ($mode->{drop} || 0);
    my $answer = $hang ? 'hang' : $drop ? 'drop' : $status;

    print $journal join("\t", $key, sha256_hex($body), $h{'x-attempt'} // '',
                        $h{'x-order'} // '', $h{'x-id'} // '', $done, $answer,
                        time, $h{traceparent} // ''), "\n";

    return $answer if $hang || $drop;

    return "HTTP/1.1 $status Said\r\nContent-Type: application/json\r\n"
           . "Content-Length: " . length($text) . "\r\n"
           . ($mode->{header} ? "$mode->{header}\r\n" : '') . "\r\n$text";
}


1;
