package Mllp;

# MLLP as a test sees it: frames, free ports and a client.
#
#   use Mllp;
#
#   frame($text)         VT, the lines of $text each ended by CR, FS CR
#   frames($bytes)       the contents of the frames in $bytes, CR shown as LF;
#                        bytes outside of frames show up as "<between: ...>",
#                        a frame without end as "<open: ...>"
#   hl7($type, $id, @more)
#                        a small message as text: MSH with MSH-9 $type, MSH-10
#                        $id, version 2.5, then the segments @more
#   segment('PV1', 2 => 'I', 19 => 'V-1')
#                        a segment by its fields
#   field($text, 'MSA-2')
#                        a field of the first such segment of $text
#   free_ports($n)       $n ports of the loopback address that no other test
#                        has, nor will have
#
#   my $c = Mllp->connect($port, %tls);     # %tls: IO::Socket::SSL options
#   $c->send($text, ...)   frames each text; bytes that hold a VT go as is
#   $c->write($bytes)      exactly these bytes
#   $c->read               next frame's content (CR shown as LF), undef at EOF
#   $c->read_to($id)       what comes before the answer to this MSH-10; undef:
#                          before EOF
#   $c->eof                true when the peer has closed and sent nothing more
#   $c->half_close         shutdown(SHUT_WR)
#   $c->close              close; $c->reset closes with RST
#
# Waiting has one bound, TEST_TIMEOUT seconds (default 20); at its end the
# test dies.  Nothing else here depends on time.

use strict;
use warnings;

use Cwd 'abs_path';
use Exporter 'import';
use File::Basename;
use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER SHUT_WR IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(sleep time);

our @EXPORT = qw(frame frames hl7 segment field free_ports alarms wait_for);

our $Timeout = $ENV{TEST_TIMEOUT} || 20;

# where nginx of this test lives, below the directory of its build

our $Prefix = ($ENV{TEST_OUT} || abs_path(dirname(__FILE__) . '/../../build'))
              . '/t/' . basename($0, '.t');


sub frame {
    my $text = join "\n", @_;

    $text =~ s/\n+\z//;
    $text =~ s/\n/\r/g;

    return "\x0b$text\r\x1c\r";
}


sub frames {
    my ($bytes) = @_;
    my @frames;

    while (length $bytes) {

        if ($bytes =~ s/\A\x0b(.*?)\x1c\r//s) {
            push @frames, text($1);

        } elsif ($bytes =~ s/\A\x0b(.*)\z//s) {
            push @frames, "<open: " . text($1) . ">";

        } else {
            $bytes =~ s/\A([^\x0b]+)//;
            push @frames, "<between: " . text($1) . ">";
        }
    }

    return @frames;
}


sub text {
    my ($bytes) = @_;

    $bytes =~ s/([\x00-\x09\x0a-\x0c\x0e-\x1f\x7f])/sprintf "\\x%02x", ord $1/ge;
    $bytes =~ s/\r/\n/g;

    return $bytes;
}


sub hl7 {
    my ($type, $id, @more) = @_;

    return join "\n",
        "MSH|^~\\&|LAB|WARD|HIE|ERP|20260301120000||$type|$id|P|2.5", @more;
}


sub segment {
    my ($name, %fields) = @_;
    my @fields;

    $fields[$_ - 1] = $fields{$_} for keys %fields;

    return join '|', $name, map { $_ // '' } @fields;
}


sub field {
    my ($text, $path) = @_;
    my ($segment, $n) = split /-/, $path;
    my ($line) = $text =~ /^(\Q$segment\E\|.*)$/m;

    return undef unless defined $line;

    my @fields = split /\|/, $line, -1;

    # MSH-1 is the separator itself
    return $fields[$segment =~ /^[MFB][SH]H$/ ? $n - 1 : $n];
}


# Each test has 40 ports for itself: the first one it listens on as a lock.

sub free_ports {
    my ($n) = @_;
    our ($lock, $base, $next);
    my @ports;

    if (!defined $lock) {
        my ($number) = basename($0) =~ /^(\d+)/;
        my $slot = ($number || 0) * 7;

        for (1 .. 500) {
            $base = 10240 + 40 * ($slot++ % 500);
            $lock = listen_on($base) and last;
        }

        die "no ports\n" unless $lock;
        $next = 0;
    }

    for (1 .. 39) {
        my $port = $base + 1 + $next++ % 39;

        push @ports, $port if listen_on($port);
        return wantarray ? @ports : $ports[0] if @ports == $n;
    }

    die "no port is free\n";
}


sub listen_on {
    return IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                 LocalPort => $_[0],
                                 Listen => 1,
                                 ReuseAddr => 1);
}


# lines of an error.log that no test may leave, but for those that match $allow

sub alarms {
    my ($path, $allow) = @_;

    chomp $allow if defined $allow;

    open my $log, '<', $path or return "no $path\n";

    return grep { /\[(?:alert|emerg|crit)\]
                   |exited\ (?:on\ signal|with\ code\ [1-9])
                   |Sanitizer|runtime\ error:/x
                  && !(defined $allow && /$allow/) } <$log>;
}


sub wait_for(&;$) {
    my ($condition, $what) = @_;
    my $end = time + $Timeout;

    while (1) {
        my $value = $condition->();
        return $value if $value;
        die "waited in vain for " . ($what || 'it') . "\n" if time > $end;
        sleep 0.01;
    }
}


sub connect {
    my ($class, $port, %tls) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port,
                                     Timeout => $Timeout)
        or die "cannot connect to port $port: $!\n";

    $sock->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1);

    if (%tls) {
        require IO::Socket::SSL;
        IO::Socket::SSL->start_SSL($sock, SSL_verify_mode => 0, %tls)
            or die "TLS handshake: $IO::Socket::SSL::SSL_ERROR\n";
    }

    return bless { sock => $sock, in => '' }, $class;
}


sub send {
    my ($self, @texts) = @_;

    $self->write(join '', map { /\x0b/ ? $_ : frame($_) } @texts);
}


sub write {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    while (length $bytes) {
        my $n = syswrite $self->{sock}, $bytes;
        return 0 unless defined $n;
        substr $bytes, 0, $n, '';
    }

    return 1;
}


sub read {
    my ($self) = @_;

    while (1) {

        if ($self->{in} =~ s/\A\x0b(.*?)\x1c\r//s) {
            return text($1);
        }

        if (!$self->fill) {
            die "between frames: ", text($self->{in}), "\n"
                if length $self->{in};
            return undef;
        }
    }
}


sub read_to {
    my ($self, $id) = @_;
    my @all;

    while (defined(my $text = $self->read)) {
        return @all if defined $id && (field($text, 'MSA-2') // '') eq $id;
        push @all, $text;
    }

    die "the end came before $id\n" if defined $id;

    return @all;
}


sub fill {
    my ($self) = @_;
    my $sock = $self->{sock};

    if (!($sock->can('pending') && $sock->pending)
        && !IO::Select->new($sock)->can_read($Timeout))
    {
        die "nothing came for $Timeout s\n";
    }

    return sysread $sock, $self->{in}, 65536, length $self->{in};
}


sub eof {
    my ($self) = @_;

    while (!length $self->{in}) {
        return 1 unless $self->fill;
    }

    return 0;
}


sub half_close {
    my ($self) = @_;

    shutdown $self->{sock}, SHUT_WR;
}


sub reset {
    my ($self) = @_;

    $self->{sock}->setsockopt(SOL_SOCKET, SO_LINGER, pack 'll', 1, 0);
    $self->close;
}


sub close {
    my ($self) = @_;

    close $self->{sock};
}


1;
