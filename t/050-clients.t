use lib 't/lib';
use strict;
use warnings;
use File::Basename;
use Test::More;
use Engine;

# Clients that nobody here wrote: mllp_send and the asyncio client of
# python3-hl7, node-hl7-client; the latter is installed by npm, in build/node.

sub run;

my $lib = dirname(__FILE__) . '/lib';
my $node = dirname(__FILE__) . '/../build/node';
my $package = 'node-hl7-client@2.3.1';

my $ngx = Engine->start(stream => <<'EOS', http => <<'EOH');
    server {
        listen 127.0.0.1:%%MLLP%%;
        mllp_pass hie /hl7/$hl7_message_type;
    }

    server {
        listen 127.0.0.1:%%TLS%% ssl;
        ssl_certificate %%CERT:server%%;
        ssl_certificate_key %%CERT:server%%;
        ssl_protocols TLSv1.2 TLSv1.3;
        mllp_pass hie /hl7/$hl7_message_type;
    }

    # TLS for a client that has none

    server {
        listen 127.0.0.1:%%TUNNEL%%;
        proxy_pass 127.0.0.1:%%TLS%%;
        proxy_ssl on;
        proxy_ssl_session_reuse off;
    }
EOS
    log_format message '$hl7_control_id $hl7_ssl_protocol';

    server {
        server_name hie;
        mllp_only;
        access_log logs/messages.log message;

        location /hl7/ADT { return 200; }
        location /hl7/ORU { return 422; }
    }
EOH

my $dir = $ngx->dir;
my $port = $ngx->port('MLLP');
my $tls = $ngx->port('TLS');
my ($out, @want);


# mllp_send: a file of frames, one of lines

open my $file, '>', "$dir/frames" or die "frames: $!\n";
print $file map { frame($_) } hl7('ADT^A01', 'S1', 'PID|1||4711'),
                              hl7('ORU^R01', 'S2', 'OBX|1|NM|||5'),
                              hl7('ADT^A02', 'S3');
close $file;

$out = run "mllp_send -p $port -f $dir/frames 127.0.0.1";
is_deeply([$out =~ /^MSA\|(\w+\|\w+)/mg], ['AA|S1', 'AE|S2', 'AA|S3'],
          'mllp_send');

$out = run "mllp_send -p " . $ngx->port('TUNNEL') . " -f $dir/frames 127.0.0.1";
is_deeply([$out =~ /^MSA\|(\w+\|\w+)/mg], ['AA|S1', 'AE|S2', 'AA|S3'],
          'mllp_send through TLS');

open $file, '>', "$dir/lines" or die "lines: $!\n";
print $file hl7('ADT^A01', 'L1', 'PID|1||4711'), "\r\n",
            hl7('ADT^A02', 'L2'), "\n";
close $file;

$out = run "mllp_send --loose -p $port -f $dir/lines 127.0.0.1";
is_deeply([$out =~ /^MSA\|(\w+\|\w+)/mg], ['AA|L1', 'AA|L2'],
          'mllp_send --loose');


# python3-hl7 with asyncio

@want = map { "AA A$_" } 1 .. 20;

for my $arguments ("$port 20", "$tls 20 tls") {
    $out = run "/usr/bin/python3 $lib/hl7_asyncio.py $arguments";
    is_deeply([split /\n/, $out], \@want, "python3-hl7, asyncio: $arguments");
}


# node-hl7-client

SKIP: {
    my $why = install();

    skip $why, 4 if $why;

    @want = map { "AA N$_" } 1 .. 5;

    for my $arguments ("$port 5", "$tls 5 tls") {
        $out = run "NODE_PATH=$node/node_modules"
                   . " node $lib/node-hl7-client.js $arguments";
        is_deeply([split /\n/, $out], \@want, "$package: $arguments");
    }
}

like(Engine::contents("$dir/logs/messages.log"), qr/^A20 TLSv1\.[23]$/m,
     'TLS was TLS');

$ngx->stop;

done_testing();


# what a command prints; the bound is for one that hangs

sub run {
    my ($command) = @_;
    my $out = `timeout 60 sh -c '$command' 2>&1 </dev/null`;

    is($?, 0, $command) or diag($out);

    return $out =~ s/\r/\n/gr;
}


# why the package is not there, or nothing

sub install {
    my ($major) = `node --version 2>/dev/null` =~ /^v(\d+)/;

    return 'no node on this machine' unless $major;
    return "$package needs node 20, this is $major" if $major < 20;
    return if -d "$node/node_modules/node-hl7-client";
    return 'no npm on this machine' if system('npm --version >/dev/null 2>&1');

    my $out = `timeout 60 npm install --prefix $node --no-package-lock \\
               --no-audit --no-fund --loglevel=error $package 2>&1`;

    return $? ? "npm cannot install $package: $out" : undef;
}
