package MapTest;

# Maps in a real engine, whose upstream echoes what it gets.
#
#   use lib 't/lib';
#   use Test::More;
#   use MapTest;                          # exports facts, and what Engine does
#
#   my $t = MapTest->start(http => 'canonical_map m version=1 { ... }',
#                          maps => ['m'], renders => [...],
#                          responses => [...], files => { 'p.key' => '...' });
#   my ($object) = $t->objects('m', $t->er7($message));
#   $t->refusals([$map, $message, $edit, $target, $source, $code], ...)
#              a test for each: the message, once "$edit" has been done to $_,
#              is refused with 422 at that place
#
#   facts($object, { 'patient.birth' => '1988', 'diagnoses.0.kind' => 'A',
#                    'discharge_time' => undef }, 'an admission');
#   $t->stop;
#   done_testing();
#
# start(%options): what Engine->start() takes, and
#   shipped    true: conf/maps/*.conf are included, and a key "patient"
#   maps       location /map/NAME       canonical_request NAME
#   renders    location /render/NAME    canonical_render NAME
#   responses  location /response/NAME  canonical_response NAME, of an upstream
#              that answers with the body and type it gets
#   locations  further text of the server
#   files      name => text, made in conf/ before the start
#
#   $t->post($uri, $type, $body, @headers)
#              the answer as a hash: status, header, type, body
#   $t->get($uri, @headers)    the same of a GET, over HTTP/1.1
#   $t->raw($bytes, $method)   the same of what is sent as it is; besides,
#              complete is true when the answer came to its end, and raw is all
#   $t->connect      a socket
#   answer($text)    such a hash of a text; unpacked($body) what was gzip
#   $t->log_of('count', $uri)   lines of logs/count.log that begin with this,
#              and "|", without it
#   $t->er7($text)   "\n" to CR, as (type, body)
#   $t->json($text)  (application/fhir+json, body), $t->xml($text)
#   $t->objects($map, $type, $body)   the objects, decoded, or the test fails
#   $t->object($map, $type, $body)    the only one
#   $t->refused($map, $type, $body)   status and problem details, decoded
#   $t->engine       the Engine
#
#   facts($object, { path => value }, $name): one test; undef is "not there",
#   null is \undef, and an array of facts at a path is compared by is_deeply

use strict;
use warnings;

use Cwd;
use Exporter 'import';
use File::Basename;
use IO::Socket::INET;
use JSON::PP;
use Test::More ();

use lib dirname(__FILE__);
use Engine;

our @EXPORT = ('facts', 'answer', 'unpacked', @Engine::EXPORT);


sub start {
    my ($class, %options) = @_;

    my $echo = Engine->backend(sub {
        my ($sock, $request) = @_;
        my ($type) = $request =~ /^Content-Type: (.*)\r$/mi;
        my $body = $request =~ s/.*?\r\n\r\n//sr;

        print $sock "HTTP/1.0 200 OK\r\nContent-Type: ", $type // 'none',
                    "\r\nContent-Length: ", length($body), "\r\n\r\n", $body;
    });

    my $locations = '';

    for my $kind (['maps', 'map', 'request'], ['renders', 'render', 'render'],
                  ['responses', 'response', 'response'])
    {
        for my $map (@{ $options{$kind->[0]} // [] }) {
            $locations .= "location /$kind->[1]/$map { canonical_$kind->[2] "
                          . "$map; proxy_pass http://127.0.0.1:$echo; }\n";
        }
    }

    $locations .= $options{locations} // '';
    $locations =~ s/%%ECHO%%/$echo/g;

    my %files = %{ delete $options{files} // {} };
    my $http = $options{http} // '';

    if (delete $options{shipped}) {
        my $conf = getcwd() . '/conf';

        $http .= "canonical_key patient file=keys/patient.key id=k1;\n"
                 . "include $conf/maps/*.conf;\n";
        $files{'keys/patient.key'} = 'a key of the tests only, 32 byte';
        $files{'schemas'} = \"$conf/schemas";
    }

    delete @options{qw(maps renders responses locations)};

    my $self = bless {}, $class;

    $self->{engine} = Engine->start(%options, files => \%files,
                                    http => "$http
        server {
            listen 127.0.0.1:%%HTTP%%;
            client_max_body_size 64m;
            proxy_request_buffering on;
            $locations
        }");

    return $self;
}


sub engine {
    return $_[0]{engine};
}


sub stop {
    $_[0]{engine}->stop;
}


sub er7 {
    my ($self, $text) = @_;

    return ('application/hl7-v2', $text =~ s/\n/\r/gr);
}


sub json {
    return ('application/fhir+json', $_[1]);
}


sub xml {
    return ('application/fhir+xml', $_[1]);
}


sub post {
    my ($self, $uri, $type, $body, @headers) = @_;

    return $self->raw(join "\r\n", "POST $uri HTTP/1.0",
                      'Content-Length: ' . length($body),
                      ($type ? "Content-Type: $type" : ()), @headers, '',
                      $body);
}


sub connect {
    my ($self) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $self->{engine}->port('HTTP'))
        or die "cannot connect: $!\n";
    $sock->autoflush;

    return $sock;
}


sub get {
    my ($self, $uri, @headers) = @_;

    return $self->raw(join "\r\n", "GET $uri HTTP/1.1", 'Host: localhost',
                      'Connection: close', @headers, '', '');
}


sub raw {
    my ($self, $bytes, $method) = @_;
    my $sock = $self->connect;

    print $sock $bytes;

    local $/;
    return answer(scalar <$sock>, $method);
}


sub answer {
    my ($text, $method) = @_;

    $text //= '';

    my ($status) = $text =~ /^HTTP\/1\.\d (\d+)/;
    my ($header, $body) = $text =~ /\A(.*?\r\n)\r\n(.*)\z/s;

    $header //= '';
    $body //= '';

    my ($type) = $header =~ /^Content-Type: (.*)\r$/mi;
    my ($length) = $header =~ /^Content-Length: (\d+)\r$/mi;
    my $complete = $status
                   && (!defined $length || length $body == $length
                       || ($method // '') eq 'HEAD');

    if ($header =~ /^Transfer-Encoding: chunked\r$/mi) {
        my $rest = $body;

        $body = '';
        $complete = 0;

        while ($rest =~ s/\A([0-9a-f]+)\r\n//i) {
            my $size = hex $1;

            if ($size == 0) {
                $complete = $rest eq "\r\n";
                last;
            }

            $body .= substr $rest, 0, $size, '';
            $rest =~ s/\A\r\n// or last;
        }
    }

    return { status => $status // 0, header => $header, type => $type,
             body => $body, complete => $complete, raw => $text };
}


sub log_of {
    my ($self, $name, $uri) = @_;
    my $log = Engine::contents($self->{engine}->dir . "/logs/$name.log");

    return join '', map { s/^\Q$uri\E(?=\|)//r } grep { /^\Q$uri\E\|/ }
                    split /^/, $log;
}


sub unpacked {
    my ($packed) = @_;

    require IO::Uncompress::Gunzip;
    IO::Uncompress::Gunzip::gunzip(\$packed, \my $text);

    return $text;
}


sub objects {
    my ($self, $map, $type, $body) = @_;

    my $answer = $self->post("/map/$map", $type, $body);

    if ($answer->{status} != 200) {
        Test::More::fail("$map maps it");
        Test::More::diag($answer->{status}, ' ', $answer->{body});
        return;
    }

    my $json = JSON::PP->new->utf8->decode($answer->{body});

    return ref $json eq 'ARRAY' ? @$json : $json;
}


sub object {
    my @objects = objects(@_);

    Test::More::is(scalar @objects, 1, "$_[1] makes one object");

    return $objects[0];
}


sub refused {
    my ($self, $map, $type, $body, @headers) = @_;

    my $answer = $self->post("/map/$map", $type, $body, @headers);

    return ($answer->{status}, eval { JSON::PP->new->utf8
                                          ->decode($answer->{body}) } // {});
}


sub refusals {
    my ($self, @cases) = @_;

    for (@cases) {
        my ($map, $text, $edit, $target, $source, $code) = @$_;

        local $_ = $text;
        eval "$edit; 1" or die $@;

        my ($status, $problem) = $self->refused($map, $self->er7($_));

        $problem = {} if ref $problem ne 'HASH';

        Test::More::is_deeply([$status, @$problem{qw(target source code)}],
                              [422, $target, $source, $code],
                              "$map: $target is refused with $code");
    }
}


sub facts {
    my ($object, $facts, $name) = @_;
    my (%got, %want);

    for my $path (keys %$facts) {
        my $at = $object;
        my $there = 1;

        for my $step (split /\./, $path) {
            if (ref $at eq 'ARRAY' && $step =~ /^\d+$/ && $step < @$at) {
                $at = $at->[$step];

            } elsif (ref $at eq 'HASH' && exists $at->{$step}) {
                $at = $at->{$step};

            } else {
                $there = 0;
                last;
            }
        }

        $got{$path} = !$there ? undef
                    : !defined $at ? \undef
                    : JSON::PP::is_bool($at) ? ($at ? 'true' : 'false')
                    : $at;
        $want{$path} = $facts->{$path};
    }

    Test::More::is_deeply(\%got, \%want, $name);
}


1;
