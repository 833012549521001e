package Standin;

# What stand-ins of ERPs have in common: a small HTTP server on loopback, in a
# process of its own, with a journal of what it was sent.  What it answers is
# said by the class of an ERP that cannot be had in a test.  Such a class is a
# stand-in: it is as strict as shared knowledge of that ERP is, and no proof
# of how a release of it behaves.
#
# In a test:
#
#   my $erp = Sap->start($dir, user => 'hie');   # settings of the class;
#                                         # its journal is $dir/Sap.journal
#   $erp->port
#   $erp->set(locked => 1);               # settings; what is not given is as
#                                         # at the start
#   $erp->next('POST /orders', @answers)  # these instead of its own, once
#                                         # each, where "METHOD URI" matches
#                                         # the regex; an answer is as below
#   my @sent = $erp->journal;             # all requests, or, with a regex,
#   my @sent = $erp->journal('POST ');    # those that match "METHOD URI":
#                                         # { method uri path query header
#                                         # body json c at status }; header has
#                                         # names in lower case, json is the
#                                         # body decoded, or undef, c the
#                                         # number of the connection
#   $erp->each(sub { my ($sent) = @_; ... });    # the same, one by one
#   my @sent = $erp->news;                # those since the last call of it
#   my $x = $erp->call('method', @args);  # a method of the class, in its
#                                         # process; plain data in and out
#   $erp->down; $erp->up;                 # connections are refused; and not
#   $erp->stop;
#
# In the class:
#
#   use parent 'Standin';
#   sub begin { my ($self) = @_; ... }            # the state at the start
#   sub answer { my ($self, $request) = @_; ... } # of each request, as in the
#                                                 # journal; $self->{set} has
#                                                 # the settings
# returns
#
#   { status => 201, header => ['ETag: "1"', ...], body => '{}', delay => 0.5 }
#   $self->json(201, { a => 1 }, 'ETag: "1"', ...)
#   'drop'      the connection is closed and there is no answer
#   'hang'      there never is one
#   'lost'      for next() only: the class answers, so that the request is in
#               effect, and then the connection is closed
#
# $self->basic($request) is "user:password" of the header Authorization;
# $self->token($request, id => secret) answers a request for an OAuth2 token
# (client credentials, settings "scope" and "expires_in"), $self->bearer(
# $request) is true if one that has not ended came with the request, and with
# a scope, $self->bearer($request, $scope), if it is for that one;
# $self->forget_tokens ends them all.  $self->query($request) is the query as
# a hash, decoded.  Any method of the class may be used by call().

use strict;
use warnings;

use File::Basename;
use File::Path;
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64;
use Time::HiRes 'time';

use lib dirname(__FILE__);
use Child ();
use Mllp ();

my $json = JSON::PP->new->utf8->canonical->allow_nonref;


sub start {
    my ($class, $dir, %set) = @_;

    my $self = bless { port => scalar Mllp::free_ports(1), start => \%set,
                       set => { %set }, file => "$dir/$class.journal" },
                     $class;

    my $listen = listen_at($self->{port});

    mkpath($dir);
    unlink $self->{file};

    pipe my $in, my $out or die "pipe: $!\n";
    pipe my $back_in, my $back_out or die "pipe: $!\n";

    $self->{pid} = Child::start(sub {
        close $out;
        close $back_in;
        serve($self, $listen, $in, $back_out);
    });

    close $in;
    close $back_out;
    $out->autoflush(1);
    @$self{qw(out back)} = ($out, $back_in);

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


# an order to the process: done when it says so

sub call {
    my ($self, $method, @args) = @_;

    # who is killed by it leaves its processes behind

    local $SIG{PIPE} = 'IGNORE';

    print { $self->{out} } $json->encode([$method, @args]), "\n";

    my $back = readline $self->{back};
    die "the stand-in has ended\n" unless defined $back;

    my ($error, $result) = @{ $json->decode($back) };
    die "stand-in: $error" if defined $error;

    return $result;
}


sub set {
    my ($self, %set) = @_;

    $self->call('set_in', \%set);
}


sub next {
    my ($self, $match, @answers) = @_;

    $self->call('next_in', "$match", @answers);
}


sub down {
    $_[0]->call('down');
}


sub up {
    $_[0]->call('up');
}


sub journal {
    my ($self, $match) = @_;
    my @all;

    $self->each(sub {
        my ($r) = @_;

        push @all, $r if !defined $match || "$r->{method} $r->{uri}" =~ $match;
    });

    return @all;
}


sub news {
    my ($self) = @_;
    my @all;

    $self->{read} = $self->each(sub { push @all, $_[0] }, $self->{read});

    return @all;
}


# returns where it has come to in the file

sub each {
    my ($self, $code, $at) = @_;

    $at //= 0;
    open my $file, '<', $self->{file} or return $at;
    seek $file, $at, 0;

    while (my $line = <$file>) {
        last unless $line =~ s/\n\z//;

        $at = tell $file;
        $code->($self->entry($line));
    }

    return $at;
}


# a line of the journal, and what it is to be read as

sub line {
    my ($self, $request) = @_;

    return $json->encode($request);
}


sub entry {
    my ($self, $line) = @_;
    my $request = $json->decode($line);

    return { %$request, json => decoded($request->{body}) };
}


sub stop {
    my ($self) = @_;

    Child::stop($self->{pid});
}


# --- the process ---

sub begin {
}


sub set_in {
    my ($self, $set) = @_;

    $self->{set} = { %{ $self->{start} }, %$set };
    return;
}


sub next_in {
    my ($self, $match, @answers) = @_;

    push @{ $self->{next} }, map { [$match, $_] } @answers;
    return;
}


sub serve {
    my ($self, $listen, $in, $back) = @_;
    my $select = IO::Select->new($in, $listen);
    my (%c, @later, $count);

    # connections end with the server

    my $end = sub {
        $select->remove($_[0]{fh});
        delete $c{$_[0]{fh}};
        close $_[0]{fh};
    };

    open my $journal, '>>', $self->{file} or die "$self->{file}: $!\n";
    $journal->autoflush(1);
    $back->autoflush(1);
    $SIG{PIPE} = 'IGNORE';
    $self->begin;

    while (1) {
        my $wait = @later ? $later[0][0] - time : undef;
        $wait = 0 if defined $wait && $wait < 0;

        for my $fh ($select->can_read($wait)) {

            if ($fh == $in) {
                my $line = readline $in;
                return unless defined $line;

                my ($method, @args) = @{ $json->decode($line) };
                my $result;

                if ($method eq 'down') {
                    $select->remove($listen);
                    close $listen;
                    $end->($_) for values %c;

                } elsif ($method eq 'up') {
                    $listen = listen_at($self->{port});
                    $select->add($listen);

                } else {
                    $result = eval { $self->$method(@args) };
                }

                print $back $json->encode([$@ || undef, $result]), "\n";
                last;
            }

            if ($fh == $listen) {
                my $sock = $listen->accept or next;
                $select->add($sock);
                $c{$sock} = { fh => $sock, buffer => '', c => ++$count };
                next;
            }

            my $c = $c{$fh} or next;

            if (!sysread $fh, $c->{buffer}, 65536, length $c->{buffer}) {
                $end->($c);
                next;
            }

            while (defined $c->{fh} && $c{$fh}
                   && (my $request = request($c)))
            {
                my $answer = $self->respond($request);

                $request->{status} = ref $answer ? $answer->{status} : $answer;
                print $journal $self->line($request), "\n";

                if (!ref $answer) {
                    $end->($c) if $answer ne 'hang';
                    next;
                }

                my $bytes = bytes($request, $answer);
                my $close = !$request->{keepalive};

                if ($answer->{delay}) {
                    push @later, [time + $answer->{delay}, $c, $bytes, $close];
                    @later = sort { $a->[0] <=> $b->[0] } @later;

                } else {
                    syswrite $fh, $bytes;
                    $end->($c) if $close;
                }
            }
        }

        while (@later && $later[0][0] <= time) {
            my (undef, $c, $bytes, $close) = @{ shift @later };

            next unless $c{$c->{fh}};
            syswrite $c->{fh}, $bytes;
            $end->($c) if $close;
        }
    }
}


# one whole request off the buffer of a connection

sub request {
    my ($c) = @_;

    $c->{buffer} =~ /\r\n\r\n/ or return;
    my $start = $+[0];
    my ($line, @lines) = split /\r\n/, substr $c->{buffer}, 0, $start;
    my %header;

    for (@lines) {
        my ($name, $value) = /^([^:]+):\s*(.*?)\s*$/ or next;
        $name = lc $name;
        $header{$name} = defined $header{$name} ? "$header{$name}, $value"
                                                : $value;
    }

    my $length = $header{'content-length'} || 0;
    my $body;

    if (($header{'transfer-encoding'} // '') eq 'chunked') {
        pos $c->{buffer} = $start;
        my $left = 1;

        while ($left) {
            $c->{buffer} =~ /\G([0-9a-fA-F]+)[^\r]*\r\n/gc or return;
            $left = hex $1;
            my $at = pos $c->{buffer};

            return if length $c->{buffer} < $at + $left + 2;

            $body .= substr $c->{buffer}, $at, $left;
            pos $c->{buffer} = $at + $left + 2;
        }

        substr $c->{buffer}, 0, pos($c->{buffer}), '';

    } else {
        return if length $c->{buffer} < $start + $length;

        $body = substr $c->{buffer}, $start, $length;
        substr $c->{buffer}, 0, $start + $length, '';
    }

    my ($method, $uri, $version) = split / /, $line;
    my ($path, $query) = split /\?/, $uri, 2;
    my $connection = lc($header{connection} // '');

    return { method => $method, uri => $uri, path => $path,
             query => $query // '', header => \%header, body => $body // '',
             c => $c->{c}, at => time,
             keepalive => $version eq 'HTTP/1.1' && $connection ne 'close'
                          || $connection eq 'keep-alive' ? 1 : 0 };
}


# what the test has prepared, or what the class says

sub respond {
    my ($self, $request) = @_;
    my $next = $self->{next} // [];
    my ($i) = grep { "$request->{method} $request->{uri}" =~ $next->[$_][0] }
                   0 .. $#$next;

    my $prepared = defined $i ? (splice @$next, $i, 1)->[1] : undef;

    return $prepared if defined $prepared && $prepared ne 'lost';

    my $answer = eval {
        $self->answer({ %$request, json => decoded($request->{body}) })
    };

    if (!defined $answer) {
        warn "stand-in: $@";
        return { status => 500, body => 'the stand-in itself has failed' };
    }

    return $prepared // $answer;
}


sub bytes {
    my ($request, $answer) = @_;
    my $status = $answer->{status};
    my $body = $answer->{body} // '';
    my @header = @{ $answer->{header} // [] };

    push @header, 'Content-Type: text/plain'
        if length $body && !grep { /^content-type:/i } @header;
    push @header, 'Content-Length: ' . length $body
        if $status != 204 && $status != 304;
    push @header, 'Connection: ' . ($request->{keepalive} ? 'keep-alive'
                                                          : 'close');

    $body = '' if $status == 204 || $request->{method} eq 'HEAD';

    return join("\r\n", "HTTP/1.1 $status Said", @header) . "\r\n\r\n$body";
}


sub json {
    my ($self, $status, $data, @header) = @_;

    return { status => $status, body => $json->encode($data),
             header => ['Content-Type: application/json', @header] };
}


sub decoded {
    my ($text) = @_;

    return scalar eval { $json->decode($text) };
}


sub basic {
    my ($self, $request) = @_;
    my ($text) = ($request->{header}{authorization} // '')
                 =~ /^Basic\s+(\S+)$/i;

    return defined $text ? decode_base64($text) : '';
}


# RFC 6749 4.4: id and secret as Basic, or in the form

sub token {
    my ($self, $request, %secret) = @_;
    my %form = form($request->{body});

    return $self->json(400, { error => 'unsupported_grant_type' })
        if $request->{method} ne 'POST'
           || ($form{grant_type} // '') ne 'client_credentials';

    my ($id, $secret) = length $self->basic($request)
                        ? map { s/%([0-9a-fA-F]{2})/chr hex $1/ger }
                              split /:/, $self->basic($request), 2
                        : @form{qw(client_id client_secret)};

    return $self->json(401, { error => 'invalid_client' })
        if !defined $id || !defined $secret
           || ($secret{$id} // "$secret.") ne $secret;

    return $self->json(400, { error => 'invalid_scope' })
        if defined $self->{set}{scope}
           && ($form{scope} // '') ne $self->{set}{scope};

    my $life = $self->{set}{expires_in} // 3600;
    my $token = sprintf 'token-%d-%d', ++$self->{tokens}, $$;

    $self->{token}{$token} = [time + $life, $form{scope} // ''];

    return $self->json(200, { access_token => $token, token_type => 'Bearer',
                              expires_in => $life });
}


sub form {
    my ($text) = @_;

    return map { s/%([0-9a-fA-F]{2})/chr hex $1/ger }
           map { tr/+/ /r }
           map { my ($n, $v) = split /=/, $_, 2; ($n, $v // '') }
           split /&/, $text;
}


sub query {
    return { form($_[1]{query}) };
}


sub bearer {
    my ($self, $request, $scope) = @_;
    my ($token) = ($request->{header}{authorization} // '')
                  =~ /^Bearer\s+(\S+)$/i;
    my $known = $self->{token}{$token // ''} or return 0;

    return $known->[0] > time && (!defined $scope || $known->[1] eq $scope);
}


sub forget_tokens {
    my ($self) = @_;

    $self->{token} = {};
    return;
}


1;
