package Sender;

# Clinical systems, in a process of their own: some send over MLLP, some FHIR
# over HTTP.  Each connection waits for its answer, connects again when it is
# closed, and sends what was not answered positively once more, as HL7
# demands.
#
#   my $sender = Sender->start(dir => $dir, port => $mllp, rate => 500,
#                              connections => 10, keys => 50, size => 2000,
#                              http_port => $http, http_rate => 200,
#                              http_connections => 4,
#                              prefix => 'M', count => 10000,
#                              # a connection is closed after so many answers,
#                              # by default it never is
#                              lives => 10, http_lives => 1);
#   $sender->stop;                # ends when nothing is without an answer
#   $sender->wait;                # until "count" messages were acknowledged
#   $sender->acked                # how many were so far
#   my $s = $sender->result;      # { sent => {id => times},
#                                 #   acked => {id => when},
#                                 #   nacked => {code => times},
#                                 #   broken => times that a connection was
#                                 #             closed instead of an answer,
#                                 #   no_retry_after => 503 without it,
#                                 #   longest => seconds until an answer }
#
# Message $i of connection $c is "M$c-$i"; its visit, the order key, is one of
# "keys" of that connection, PV1-19.

use strict;
use warnings;

use File::Basename;
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time sleep);

use lib dirname(__FILE__);
use Child ();


sub start {
    my ($class, %o) = @_;

    my $self = bless { rate => 500, connections => 10, http_rate => 200,
                       http_connections => $o{http_port} ? 4 : 0,
                       lives => 1e9, http_lives => 1e9,
                       keys => 50, size => 2000, prefix => 'M', count => 0,
                       at => 0, read => {}, %o }, $class;
    $self->{file} = "$self->{dir}/sender-$self->{prefix}.journal";

    open my $file, '>', $self->{file} or die "$self->{file}: $!\n";
    close $file;

    pipe my $in, my $out or die "pipe: $!\n";

    $self->{pid} = Child::start(sub {
        close $out;
        serve($self, $in);
    });

    close $in;
    $self->{out} = $out;

    return $self;
}


sub stop {
    my ($self) = @_;

    # a process that was forked meanwhile may have it open as well

    syswrite $self->{out}, "stop\n";
    close $self->{out};
    $self->wait;
}


# "count" at a tenth of the rate, or at less than 100/s, is too slow

sub wait {
    my ($self) = @_;
    my $rate = $self->{rate} < 1000 ? $self->{rate} : 1000;
    my $until = time + 60 + 10 * $self->{count} / $rate;

    while (!Child::ended($self->{pid})) {
        die "the sender does not come to its end\n" if time > $until;
        sleep 0.02;
    }
}


sub acked {
    return scalar keys %{ $_[0]->result->{acked} };
}


# what was written since the last call is read

sub result {
    my ($self) = @_;
    my $r = $self->{read};

    $r->{$_} //= {} for qw(sent acked nacked first);
    $r->{$_} //= 0 for qw(longest broken no_retry_after);

    open my $file, '<', $self->{file} or die "$self->{file}: $!\n";
    seek $file, $self->{at}, 0;

    while (my $line = <$file>) {
        last unless $line =~ s/\n\z//;

        $self->{at} = tell $file;
        my ($what, $id, $time, $code, $no_retry_after) = split /\t/, $line;

        if ($what eq 'S') {
            $r->{first}{$id} //= $time unless $r->{sent}{$id}++;

        } elsif ($what eq 'C') {
            $r->{broken}++;

        } elsif ($code =~ /^(AA|CA|2\d\d)\z/) {
            my $first = delete $r->{first}{$id};

            $r->{acked}{$id} //= $time;
            $r->{longest} = $time - $first
                if defined $first && $time - $first > $r->{longest};

        } else {
            $r->{nacked}{$code}++;
            $r->{no_retry_after}++ if $no_retry_after;
        }
    }

    return $r;
}


# --- the process ---

sub serve {
    my ($self, $in) = @_;
    my $select = IO::Select->new($in);
    my %kinds = (M => { port => $self->{port}, rate => $self->{rate},
                        lives => $self->{lives},
                        compose => \&compose_mllp, answers => \&answers_mllp },
                 F => { port => $self->{http_port},
                        rate => $self->{http_rate},
                        lives => $self->{http_lives},
                        compose => \&compose_http,
                        answers => \&answers_http });
    my ($count, $stop) = (0, 0);
    my %by;

    $SIG{PIPE} = 'IGNORE';
    $_->{next} = time for values %kinds;

    open my $journal, '>>', $self->{file} or die "$self->{file}: $!\n";
    $journal->autoflush(1);

    my @c = map { { kind => $kinds{M}, name => $_, i => 0, at => 0 } }
                1 .. $self->{connections};
    push @c, map { { kind => $kinds{F}, name => "F$_", i => 0, at => 0 } }
                 1 .. $self->{http_connections};

    while (1) {
        my $now = time;

        # who has waited longest is first; what was not answered goes on

        for my $c (sort { $a->{at} <=> $b->{at} } @c) {
            my $kind = $c->{kind};

            next if $c->{waiting} || $c->{at} > $now;

            if (!defined $c->{text}) {
                next if $stop || $now < $kind->{next}
                        || $self->{count} && $count >= $self->{count};

                $count++;
                $kind->{next} += 1 / $kind->{rate};
                $kind->{next} = $now - 1 if $kind->{next} < $now - 1;

                $c->{id} = "$self->{prefix}$c->{name}-" . ++$c->{i};
                $c->{text} = $kind->{compose}($self, $c);
            }

            if (!$c->{sock}) {
                $c->{sock} = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                                   PeerPort => $kind->{port});
                if (!$c->{sock}) {
                    $c->{at} = $now + 0.05;
                    next;
                }

                $select->add($c->{sock});
                $by{$c->{sock}} = $c;
                $c->{buffer} = '';
                $c->{left} = $kind->{lives};
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
                print $journal "C\t$c->{id}\t", time, "\n" if $c->{waiting};
                $select->remove($fh);
                delete $by{$fh};
                close $fh;
                @$c{qw(sock waiting)} = ();
                $c->{at} = time + 0.02;
                next;
            }

            for my $answer ($c->{kind}{answers}($c)) {
                next if !defined $c->{text};

                print $journal join("\t", 'A', $c->{id}, time, @$answer), "\n";
                $c->{waiting} = undef;
                $c->{at} = time;
                $c->{left}--;

                if ($answer->[0] =~ /^(AA|CA|2\d\d)\z/) {
                    $c->{text} = undef;

                } else {
                    $c->{at} += 0.1;
                }
            }

            if ($c->{left} <= 0) {
                $select->remove($fh);
                delete $by{$fh};
                close $fh;
                $c->{sock} = undef;
            }
        }
    }
}


sub compose_mllp {
    my ($self, $c) = @_;
    my $id = $c->{id};
    my $visit = "V$self->{prefix}$c->{name}-" . $c->{i} % $self->{keys};

    my $text = "MSH|^~\\&|SND$c->{name}|WARD|HIE|GHH|20261121081500||ADT^A01"
               . "|$id|P|2.5\rEVN|A01|20261121081500\rPID|1||$id^^^GHH^MR"
               . "||EVERYWOMAN^EVE\rPV1|1|I|||||||||||||||||$visit\r";

    my $more = $self->{size} - length($text) - 8;
    $text .= 'NTE|1||' . 'x' x $more . "\r" if $more > 0;

    return "\x0b$text\x1c\r";
}


# answers to what was sent before the connection broke are of no interest

sub answers_mllp {
    my ($c) = @_;
    my @answers;

    while ($c->{buffer} =~ s/\A\x0b(.*?)\x1c\r//s) {
        my ($code, $id) = $1 =~ /\rMSA\|(\w+)\|([^|\r]*)/;

        push @answers, [$code] if ($id // '') eq $c->{id};
    }

    return @answers;
}


sub compose_http {
    my ($self, $c) = @_;
    my $id = $c->{id};
    my $visit = "V$self->{prefix}$c->{name}-" . $c->{i} % $self->{keys};

    my $text = qq({"resourceType":"Encounter","id":"$id","status":"planned",)
               . qq("class":{"code":"IMP"},"identifier":[{"value":"$visit"}],)
               . qq("text":{"status":"empty","div":"x"}});

    return "POST /flow/ HTTP/1.1\r\nHost: hie\r\nIdempotency-Key: $id\r\n"
           . "Content-Type: application/fhir+json\r\nContent-Length: "
           . length($text) . "\r\n\r\n$text";
}


sub answers_http {
    my ($c) = @_;

    $c->{buffer} =~ /\r\n\r\n/ or return;
    my $start = $+[0];
    my $head = substr $c->{buffer}, 0, $start;
    my ($length) = $head =~ /^content-length: *(\d+)/mi;

    return if length $c->{buffer} < $start + ($length // 0);

    $c->{buffer} = '';
    my ($status) = $head =~ /^HTTP\S+ (\d+)/;

    return [$status, $status == 503 && $head !~ /^retry-after:/mi ? 1 : 0];
}


1;
