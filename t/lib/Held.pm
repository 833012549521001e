package Held;

# An HTTP backend that is the test itself: a request waits until the test
# answers it.
#
#   my $back = Held->new;
#   ... proxy_pass http://127.0.0.1:@{[$back->port]};
#
#   my $request = $back->accept;      # the next request, read to its end
#   $request->header, ->body          # as received
#   $request->answer(200);            # Content-Length: 0, and closes
#   $request->answer(200, $body, 'Content-Type: application/hl7-v2', ...);
#   $request->write($bytes);          # exactly these bytes, stays open
#   $request->close, ->reset          # without (more of) an answer
#   ok($request->gone);               # nginx has closed the connection
#   ok(!$back->pending);              # no connection waits to be accepted

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER);

use Mllp ();


sub new {
    my ($class) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                       Listen => 128)
        or die "backend: $!\n";

    return bless { sock => $listen }, $class;
}


sub port {
    return $_[0]{sock}->sockport;
}


sub pending {
    return IO::Select->new($_[0]{sock})->can_read(0);
}


sub accept {
    my ($self) = @_;

    my $request = bless { in => '' }, ref $self;

    readable($self->{sock});
    $request->{sock} = $self->{sock}->accept or die "accept: $!\n";

    while (!$request->complete) {
        $request->fill or die "half a request: $request->{in}\n";
    }

    return $request;
}


sub complete {
    my ($self) = @_;

    my ($header, $body) = $self->{in} =~ /\A(.*?\r\n\r\n)(.*)/s or return 0;
    my ($length) = $header =~ /^Content-Length: (\d+)/mi;

    @$self{'header', 'body'} = ($header, $body);

    return length $body >= ($length || 0);
}


sub header {
    return $_[0]{header};
}


sub body {
    return $_[0]{body};
}


sub answer {
    my ($self, $status, $body, @headers) = @_;

    $body //= '';

    $self->write(join "\r\n", "HTTP/1.0 $status Status",
                 'Content-Length: ' . length $body, @headers, '', $body);
    $self->close;
}


sub write {
    my ($self, $bytes) = @_;

    local $SIG{PIPE} = 'IGNORE';

    return syswrite $self->{sock}, $bytes;
}


sub gone {
    my ($self) = @_;

    while ($self->fill) { }

    return 1;
}


sub close {
    close $_[0]{sock};
}


sub reset {
    my ($self) = @_;

    $self->{sock}->setsockopt(SOL_SOCKET, SO_LINGER, pack 'll', 1, 0);
    $self->close;
}


sub fill {
    my ($self) = @_;

    readable($self->{sock});

    return sysread $self->{sock}, $self->{in}, 65536, length $self->{in};
}


sub readable {
    my ($sock) = @_;

    IO::Select->new($sock)->can_read($Mllp::Timeout)
        or die "nothing came for $Mllp::Timeout s\n";
}


1;
