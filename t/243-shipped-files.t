# Each file in conf/ passes "nginx -t" as it is, included in the way that the
# comment at its head says; and so does what "make install" installs.
#
# The comment has an example, "http { ... }" or lines for "http{}:".  Or it
# names the files that are needed, as "destinations/tryton.conf", which say
# what they need themselves; then those that end with _maps.conf are for
# http{}, others for server{}.

use strict;
use warnings;

use lib 't/lib';
use Cwd;
use File::Basename;
use File::Path;
use Test::More;
use Engine;

sub configuration;
sub needed;
sub named;
sub head;
sub passes;
sub put;
sub install;
sub files;

my $root = getcwd();
my $dir = $Mllp::Prefix;
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $load = join '', map { "load_module $_;\n" }
                    split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';

rmtree($dir);
mkpath(["$dir/conf/keys", "$dir/logs"]);

for my $name (map { basename($_) } glob 'conf/*') {
    symlink "$root/conf/$name", "$dir/conf/$name" or die "$name: $!\n";
}

my %partner = map { s/_maps\.conf$/.conf/r => basename($_) }
              glob 'conf/destinations/*_maps.conf';
my @conf = grep { !/_maps\.conf$/ || !-f s/_maps\.conf$/.conf/r }
           glob '{conf,conf/*}/*.conf';

# the secrets that they name

for my $name (map { Engine::contents($_) =~ m{\bkeys/([\w.-]+\w)}g } @conf) {
    put("$dir/conf/keys/$name", "0123456789abcdef\n");
    chmod 0600, "$dir/conf/keys/$name";
}


# those that are whole, and those to be included

for my $file (@conf) {
    my $text = Engine::contents($file);

    if ($text =~ /^events \{/m) {
        $text =~ s{^include \.\./build/modules\.conf;\n}{$load}m
            or die "$file loads no modules\n";
        $text =~ s{\.\./build/run/}{}g;

    } else {
        $text = configuration($file);

        like($text, qr{include \S*/\Q$partner{$file}\E;}, $partner{$file})
            if $partner{$file};
    }

    passes($file, "$dir/conf/test-" . $file =~ tr{/}{-}r, $text);
}


SKIP: {
    my $ours = join '', sort split /^/, $load;

    skip 'make install has what is in build/', 13
        if $ours ne join '', sort split /^/,
                    Engine::contents('build/modules.conf');

    my $to = "$dir/root";
    my $etc = "$to/etc/nginx";
    my @all = grep { !m{^(?:nginx|tryton)\.conf$|^examples/} } files('conf');
    my $out = install($to);

    unlike($out, qr/removed|changed/, 'install: nothing is there yet');
    is_deeply([grep { Engine::contents("$etc/$_")
                      ne Engine::contents("conf/$_") } @all], [],
              'install: all of conf/ is in /etc/nginx');
    is_deeply([grep { !-f "$to/usr/share/nginx/healthcare/examples/$_" }
               files('conf/examples')], [], 'install: and the examples');

    # as they are found there, but below $to

    put("$etc/modules-enabled/60-mod-healthcare.conf",
        $load =~ s{(?<= )\Q$root/build\E}{$to/usr/lib/nginx/modules}gr);
    put("$etc/keys/patient.key", "0123456789abcdef\n");
    mkpath(["$to/var/log/nginx", "$to/var/lib/nginx", "$to/run"]);

    is(Engine::contents("$to/usr/share/nginx/modules-available/"
                        . 'mod-healthcare.conf'),
       join('', map { s{\Q$root/build\E}{/usr/lib/nginx/modules}r }
                grep { /\Q$root\E/ } split /^/, $load),
       'install: the lines that load the modules');

    my $text = Engine::contents("$etc/healthcare.conf");

    $text =~ s{(?<=[ =])(?=/(?:var|run)/)}{$to}g;
    passes('install: healthcare.conf', "$etc/healthcare.conf", $text);
    put("$etc/healthcare.conf",
        Engine::contents("$to/usr/share/nginx/healthcare/healthcare.conf"));

    # once more, when one was changed, one removed, and one is new

    unlike(install($to), qr/removed|changed|\.new/, 'install: once more');

    put("$etc/maps/adt.conf", "# ours\n");
    put("$etc/maps/dft.conf", "# theirs, as it was\n");
    put("$to/usr/share/nginx/healthcare/maps/dft.conf",
        "# theirs, as it was\n");
    unlink "$etc/maps/siu.conf";

    $out = install($to);
    like($out, qr{/etc/nginx/maps/adt.conf was changed, .* maps/adt.conf.new},
         'install: one was changed: it says so');
    is(Engine::contents("$etc/maps/adt.conf"), "# ours\n",
       'install: it stays');
    is(Engine::contents("$etc/maps/adt.conf.new"),
       Engine::contents('conf/maps/adt.conf'), 'install: with the new one');
    like($out, qr{/etc/nginx/maps/siu.conf was removed},
         'install: one was removed: it says so');
    ok(!-e "$etc/maps/siu.conf", 'install: it stays away');
    is(Engine::contents("$etc/maps/dft.conf"),
       Engine::contents('conf/maps/dft.conf'),
       'install: one is as it was shipped before: it is replaced');
    unlike($out, qr/dft/, 'install: which needs no word');
}

done_testing();


# a whole configuration that includes the file

sub configuration {
    my ($file) = @_;
    my $name = $file =~ s{^conf/}{}r;
    my $head = head($file);
    my $example = join '', map { s/^    //r } grep { /^(?:    |$)/ }
                           split /^/, $head;
    my ($http, $stream, @server) = ('', '');

    if ($example =~ /^http \{\n(.*?)^\}/ms) {
        $http = $1;
        push @server, $name if $http !~ m{include \Q$name\E;};

    } elsif ($head =~ /^(http|stream)\{\}:/) {
        ($1 eq 'http' ? $http : $stream) = $example;

    } elsif ($name !~ m{^maps/}) {
        my @needed = needed($name);

        $http = join '', map { "include $_;\n" } grep { /_maps\./ } @needed;
        @server = grep { !/_maps\./ } @needed;
    }

    # what all of them have

    $http = "include maps/*.conf;\n$http" if $http !~ /include maps\//;
    $http = "canonical_key patient file=keys/patient.key id=k1;\n$http"
        if $http !~ /canonical_key patient/;
    $http = "erp_store path=store;\n$http" if $http !~ /erp_store/;

    my $port = 'listen 127.0.0.1:80;';

    $port .= ' server_name hie;' if $stream;

    $http =~ s/(server \{)/$1 $port/g or $http .= "server { $port }\n";
    $http =~ s/(server \{ \Q$port\E)/join "\ninclude ", $1, map { "$_;" }
                                                           @server/e;

    return "${load}pid logs/nginx.pid;\nerror_log logs/error.log;\n"
           . "events { }\nhttp {\n$http}\n"
           . ($stream && "stream {\n${stream}server { listen 127.0.0.1:90;"
                         . " mllp_pass hie \/; }\n}\n");
}


# the file and all that it needs, as its head and theirs say

sub needed {
    my @files = @_;
    my %seen = map { $_ => 1 } @files;

    for my $file (@files) {
        push @files, grep { !m{^(?:flows|maps)/} && !$seen{$_}++ }
                     named($file);
    }

    return @files;
}


# files of conf/ that the head of one names, also by the name alone

sub named {
    my ($file) = @_;

    return grep { $_ ne $file && -f "conf/$_" }
           map { m{/} ? $_ : dirname($file) . "/$_" }
           head("conf/$file") =~ m{((?:\w+/)?\w+\.conf)}g;
}


sub head {
    my ($file) = @_;

    return Engine::contents($file) =~ /\A((?:#.*\n)+)/ ? $1 =~ s/^# ?//mgr
                                                       : '';
}


sub passes {
    my ($name, $file, $text) = @_;
    my %port;

    # nginx -t listens

    $text =~ s/(listen 127\.0\.0\.1:)(\d+)/
               $1 . ($port{$2} ||= free_ports(1))/gex;
    put($file, $text);

    my $out = `$nginx -t -e $dir/logs/error.log -p $dir -c $file 2>&1`;

    # the limit is of the shell that runs this test

    $out =~ s/.*worker_connections exceed open file resource limit.*//g;

    ok($? == 0 && $out !~ /\[(?:warn|emerg|alert|crit|error)\]/, $name)
        or diag($out);
}


sub put {
    my ($path, $text) = @_;

    mkpath(dirname($path));
    open my $file, '>', $path or die "$path: $!\n";
    print $file $text;
    close $file;
}


sub install {
    my ($to) = @_;
    my $out = `NGINX_BINARY=$nginx DESTDIR=$to t/tools/install 2>&1`;

    is($?, 0, 'install') or diag($out);

    return $out;
}


# all that is in a folder

sub files {
    my ($folder) = @_;

    return map { s{^\Q$folder\E/}{}r } grep { -f }
           glob "$folder/* $folder/*/*";
}
