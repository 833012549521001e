package Http2;

# One request over HTTP/2 in clear text, a DATA frame at a time.
#
#   my $h = Http2->post($port, '/uri', 'application/x-ndjson');
#   $h->data("a line\n");          # waits for the window
#   $h->data('', 1);               # the end of the body
#   my $answer = $h->answer;       # status, body, complete: its end was sent

use strict;
use warnings;

use IO::Socket::INET;

use Held ();

my ($data, $headers, $reset, $settings, $ping, $update) = (0, 1, 3, 4, 6, 8);
my ($end_stream, $end_headers, $ack) = (1, 4, 1);
my $largest = 16384;


sub post {
    my ($class, $port, $uri, $type) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port)
        or die "cannot connect: $!\n";

    my $self = bless {
        sock => $sock, in => '', body => '', complete => 0, closed => 0,
        window => { 0 => 65535, 1 => 65535 }
    }, $class;

    # literals without indexing

    my $block = join '', map { pack 'C C/a* C/a*', 0, @$_ }
                    [':method', 'POST'], [':scheme', 'http'], [':path', $uri],
                    [':authority', 'localhost'], ['content-type', $type];

    $self->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    $self->frame($settings, 0, 0, '');
    $self->frame($headers, $end_headers, 1, $block);

    return $self;
}


sub data {
    my ($self, $bytes, $end) = @_;

    while (length $bytes) {
        my $room = $self->{window}{0} < $self->{window}{1}
                   ? $self->{window}{0} : $self->{window}{1};

        if ($room == 0) {
            $self->read or return 0;
            return 0 if $self->{closed};
            next;
        }

        $room = $largest if $room > $largest;

        my $piece = substr $bytes, 0, $room, '';

        $self->{window}{$_} -= length $piece for 0, 1;
        $self->frame($data, 0, 1, $piece);
    }

    $self->frame($data, $end_stream, 1, '') if $end;

    return 1;
}


sub answer {
    my ($self) = @_;

    while (!$self->{closed}) {
        $self->read or last;
    }

    return { status => $self->{status} // 0, body => $self->{body},
             complete => $self->{complete} };
}


sub close {
    close $_[0]{sock};
}


sub frame {
    my ($self, $type, $flags, $stream, $payload) = @_;

    my $length = length $payload;

    return $self->write(pack 'C n C C N a*', $length >> 16, $length & 0xffff,
                             $type, $flags, $stream, $payload);
}


sub write {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    print { $self->{sock} } $bytes;

    return $self->{sock}->flush;
}


# one frame of the server; false: it has closed the connection

sub read {
    my ($self) = @_;

    $self->fill(9) or return 0;

    my ($high, $low, $type, $flags, $stream) = unpack 'C n C C N', $self->{in};
    my $length = $high << 16 | $low;

    $self->fill(9 + $length) or return 0;

    my $payload = substr $self->{in}, 9, $length;
    substr $self->{in}, 0, 9 + $length, '';

    if ($type == $settings && !($flags & $ack)) {

        # the initial window of a stream

        while ($payload =~ /\G(..)(....)/gs) {
            my ($id, $value) = (unpack('n', $1), unpack 'N', $2);
            $self->{window}{1} += $value - 65535 if $id == 4;
        }

        $self->frame($settings, $ack, 0, '');

    } elsif ($type == $ping && !($flags & $ack)) {
        $self->frame($ping, $ack, 0, $payload);

    } elsif ($type == $update) {
        $self->{window}{$stream} += unpack 'N', $payload;

    } elsif ($type == $headers) {

        # nginx has 200 and the like from the table, others as three digits

        my %known = (0x88 => 200, 0x89 => 204, 0x8c => 400, 0x8d => 404,
                     0x8e => 500);

        $payload =~ s/\A[\x20-\x3f]//;
        $self->{status} = $known{ord $payload}
                          // ($payload =~ /\A[\x08\x48]\x03(\d{3})/)[0];

    } elsif ($type == $data) {
        $self->{body} .= $payload;
        $self->frame($update, 0, 0, pack 'N', $length) if $length;
        $self->frame($update, 0, 1, pack 'N', $length) if $length;

    } elsif ($type == $reset) {
        $self->{closed} = 1;
    }

    if (($type == $headers || $type == $data) && $flags & $end_stream) {
        $self->{complete} = 1;
        $self->{closed} = 1;
    }

    return 1;
}


sub fill {
    my ($self, $size) = @_;

    while (length $self->{in} < $size) {
        Held::readable($self->{sock});
        sysread $self->{sock}, $self->{in}, 65536, length $self->{in}
            or return 0;
    }

    return 1;
}


1;
