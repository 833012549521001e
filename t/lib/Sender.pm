package Sender;

# Clinical systems that send over MLLP, in a process of their own: each
# connection waits for its acknowledgement, connects again when it is closed,
# and sends what was not acknowledged positively once more, as HL7 demands.
#
#   my $sender = Sender->start(dir => $dir, port => $port, rate => 500,
#                              connections => 10, keys => 50, size => 1000,
#                              prefix => 'M', count => 10000);
#   $sender->stop;                # ends when nothing is without an answer
#   $sender->wait;                # until "count" messages are acknowledged
#   my $s = $sender->result;      # { sent => {id => n}, acked => {id => 1},
#                                 #   nacked => {id => code}, order => [ids
#                                 #   in order of acknowledgement],
#                                 #   longest => seconds without an answer }
#
# Id $i of connection $c is "M$c-$i"; its visit, the order key, is one of
# "keys" of that connection, PV1-19.  The id is in PID-3 as well, so that it
# reaches the ERP in the body.

use strict;
use warnings;

use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time sleep);

my $owner = $$;
my @running;


sub start {
    my ($class, %o) = @_;

    my $self = bless { rate => 500, connections => 10, keys => 50,
                       size => 1000, prefix => 'M', count => 0, %o }, $class;
    $self->{file} = "$self->{dir}/sender-$self->{prefix}.journal";

    open my $file, '>', $self->{file} or die "$self->{file}: $!\n";
    close $file;

    pipe my $in, my $out or die "pipe: $!\n";

    $self->{pid} = fork;
    die "fork: $!\n" unless defined $self->{pid};

    if ($self->{pid} == 0) {
        close $out;
        $SIG{INT} = $SIG{TERM} = 'DEFAULT';
        $SIG{PIPE} = 'IGNORE';
        serve($self, $in);
        require POSIX;
        POSIX::_exit(0);
    }

    close $in;
    $self->{out} = $out;
    push @running, $self->{pid};

    return $self;
}


sub stop {
    my ($self) = @_;

    close $self->{out};
    $self->wait;
}


sub wait {
    my ($self) = @_;

    waitpid $self->{pid}, 0;
    @running = grep { $_ != $self->{pid} } @running;
}


sub result {
    my ($self) = @_;
    my (%sent, %acked, %nacked, @order, %first);
    my $longest = 0;

    open my $file, '<', $self->{file} or die "$self->{file}: $!\n";

    while (<$file>) {
        chomp or last;              # a line that is being written
        my ($what, $id, $time, $code) = split /\t/;

        if ($what eq 'S') {
            $sent{$id}++;
            $first{$id} //= $time;
            next;
        }

        if ($code eq 'AA' || $code eq 'CA') {
            push @order, $id unless $acked{$id}++;
            $longest = $time - $first{$id} if $time - $first{$id} > $longest;

        } else {
            $nacked{$id} = $code;
        }
    }

    return { sent => \%sent, acked => \%acked, nacked => \%nacked,
             order => \@order, longest => $longest };
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
    my ($self, $in) = @_;
    my $select = IO::Select->new($in);
    my $next = time;
    my $count = 0;
    my $stop = 0;
    my %by;

    open my $journal, '>>', $self->{file} or die "$self->{file}: $!\n";
    $journal->autoflush(1);

    my @c = map { { n => $_, i => 0, at => 0 } } 1 .. $self->{connections};

    while (1) {
        my $now = time;

        # whose turn it is; what has not been answered goes first

        for my $c (sort { $a->{at} <=> $b->{at} } @c) {
            next if $c->{waiting} || $c->{at} > $now;

            if (!defined $c->{text}) {
                next if $stop || $now < $next
                        || $self->{count} && $count >= $self->{count};

                $count++;
                $next += 1 / $self->{rate};
                $next = $now if $next < $now - 1;
                compose($self, $c);
            }

            if (!$c->{sock}) {
                $c->{sock} = IO::Socket::INET->new(
                                 PeerAddr => '127.0.0.1',
                                 PeerPort => $self->{port});
                if (!$c->{sock}) {
                    $c->{at} = $now + 0.05;
                    next;
                }

                $select->add($c->{sock});
                $by{$c->{sock}} = $c;
                $c->{buffer} = '';
            }

            print $journal "S\t$c->{id}\t$now\n";
            syswrite $c->{sock}, $c->{text};
            $c->{waiting} = 1;
        }

        if (!grep { defined $_->{text} } @c) {
            last if $stop || $self->{count} && $count >= $self->{count};
        }

        for my $fh ($select->can_read(0.002)) {

            if ($fh == $in) {
                $stop = 1;
                $select->remove($in);
                next;
            }

            my $c = $by{$fh};

            if (!sysread $fh, $c->{buffer}, 65536, length $c->{buffer}) {
                $select->remove($fh);
                delete $by{$fh};
                close $fh;
                @$c{qw(sock waiting)} = ();
                $c->{at} = time + 0.02;
                next;
            }

            while ($c->{buffer} =~ s/\A\x0b(.*?)\x1c\r//s) {
                my ($code, $id) = $1 =~ /\rMSA\|(\w+)\|([^|\r]*)/;
                $code //= '??';

                next if !defined $c->{text} || ($id // '') ne $c->{id};

                print $journal "A\t$c->{id}\t", time, "\t$code\n";
                $c->{waiting} = undef;

                if ($code eq 'AA' || $code eq 'CA') {
                    $c->{text} = undef;

                } else {
                    $c->{at} = time + 0.1;
                }
            }
        }
    }
}


sub compose {
    my ($self, $c) = @_;

    my $i = ++$c->{i};
    my $id = "$self->{prefix}$c->{n}-$i";
    my $visit = "V$self->{prefix}$c->{n}-" . $i % $self->{keys};

    my $text = "MSH|^~\\&|SND$c->{n}|WARD|HIE|GHH|20261121081500||ADT^A01|$id"
               . "|P|2.5\rEVN|A01|20261121081500\rPID|1||$id^^^GHH^MR"
               . "||EVERYWOMAN^EVE\rPV1|1|I|||||||||||||||||$visit\r";

    my $more = $self->{size} - length($text) - 8;
    $text .= 'NTE|1||' . 'x' x $more . "\r" if $more > 0;

    @$c{qw(id text)} = ($id, "\x0b$text\x1c\r");
}


1;
