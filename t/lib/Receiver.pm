package Receiver;

# An MLLP receiver that is the test itself: what mllp_pass sends waits until
# the test answers it, and so does the HTTP request that it came with.
#
#   my $his = Receiver->new;                     # or new(%tls), SSL_cert_file...
#   ... mllp_pass 127.0.0.1:@{[$his->port]};
#
#   my $request = post($ngx->port('HTTP'), '/to-his', message('A1'));
#   my $c = $his->accept;                # an Mllp connection (see Mllp.pm)
#   my $text = $c->read;                 # the message
#   $c->send(ack($text, 'AA'));          # MSA-2 is its MSH-10
#   $c->send(ack('other', 'AA'));        # or what is given
#   my $answer = answer($request);       # ->{status}, {body}, {headers}
#   ok(!$his->pending);                  # no connection waits to be accepted
#   $his->down; $his->up;                # nobody listens, and somebody again
#
# message($id, @segments) is a small ADT^A01 with CR; a string with a "|" in
# it is the rest of MSH behind MSH-10.

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;

use Mllp ();

our @EXPORT = qw(post answer message ack);


sub new {
    my ($class, %tls) = @_;

    my $self = bless { tls => \%tls }, $class;

    $self->up;

    return $self;
}


sub up {
    my ($self) = @_;

    $self->{sock} = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                          LocalPort => $self->{port} || 0,
                                          ReuseAddr => 1, Listen => 64)
        or die "receiver: $!\n";

    $self->{port} = $self->{sock}->sockport;
}


sub down {
    my ($self) = @_;

    close delete $self->{sock};
}


sub port {
    return $_[0]{port};
}


sub pending {
    return IO::Select->new($_[0]{sock})->can_read(0);
}


sub accept {
    my ($self) = @_;

    IO::Select->new($self->{sock})->can_read($Mllp::Timeout)
        or die "no connection came for $Mllp::Timeout s\n";

    my $sock = $self->{sock}->accept or die "accept: $!\n";

    if (%{$self->{tls}}) {
        require IO::Socket::SSL;

        IO::Socket::SSL->start_SSL($sock, SSL_server => 1, %{$self->{tls}})
            or return undef;
    }

    return bless { sock => $sock, in => '' }, 'Mllp';
}


sub message {
    my ($id, @more) = @_;
    my $rest = @more && $more[0] =~ /^\|/ ? shift @more : '';

    return join '', map { "$_\r" }
        "MSH|^~\\&|LAB|WARD|HIS|ERP|20260301120000||ADT^A01|$id|P|2.5$rest",
        @more ? @more : 'PID|1||4711';
}


sub ack {
    my ($text, $code, @more) = @_;
    my $id = $text =~ /^MSH\|/ ? Mllp::field($text, 'MSH-10') : $text;

    return join "\n", "MSH|^~\\&|HIS|ERP|LAB|WARD|20260301120001||ACK|K$id|P|2.5",
                      "MSA|$code|$id", @more;
}


sub post {
    my ($port, $uri, $body, @headers) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $port)
        or die "cannot connect: $!\n";

    push @headers, 'Content-Type: application/hl7-v2'
        unless grep { /^Content-Type:/ } @headers;

    print $sock join "\r\n", "POST $uri HTTP/1.0", 'Host: localhost',
                     'Content-Length: ' . length $body, @headers, '', $body;

    return $sock;
}


sub answer {
    my ($sock) = @_;

    IO::Select->new($sock)->can_read($Mllp::Timeout)
        or die "no answer came for $Mllp::Timeout s\n";

    local $/;
    my ($headers, $body) = split /\r\n\r\n/, scalar(<$sock>) // '', 2;
    my ($status) = ($headers // '') =~ m{^HTTP/1\.1 (\d+)};

    return { status => $status // 0, headers => $headers // '',
             body => Mllp::text($body // '') };
}


1;
