package Engine;

# An nginx for tests of a time line: reload, quit, upgrade, TLS, several
# connections.  For a block of configuration, bytes and answer use MllpTest.
#
#   use lib 't/lib';
#   use Test::More;
#   use Engine;                        # exports Mllp.pm's functions as well
#
#   my $ngx = Engine->start(workers => 2, stream => <<'EOF', http => <<'EOF2');
#       server { listen 127.0.0.1:%%MLLP%%; mllp_pass hie /hl7/; }
#   EOF
#       server { server_name hie; mllp_only; location /hl7/ { return 200; } }
#   EOF2
#
#   my $c = $ngx->client('MLLP');                # an Mllp client (see there)
#   my $t = $ngx->client('TLS', SSL_cert_file => $ngx->cert('client'));
#   $c->send(hl7('ADT^A01', 'M1'));
#   is(field($c->read, 'MSA-1'), 'AA', 'acknowledged');
#   $ngx->stop;                                  # has the error.log test
#   done_testing();
#
# start(%options): the texts "stream", "http", "main", "events" (default
# "worker_connections 512;"), "workers" (1), "master" ('on'), "log_level"
# ('info'), "allow" (regex of lines of error.log that may be there), "user" of
# workers if we are root (root).
# "files", name => text, or a reference to the path of a link, go to conf/.
# %%NAME%% in a text is a free port, %%DIR%% the prefix, build/t/<file>,
# %%CERT:name%% the path of cert('name').
#
#   $ngx->port('MLLP')       the port that %%MLLP%% became
#   $ngx->dir                the prefix; logs/error.log, logs/access.log
#   $ngx->log, ->access_log  the text of these files
#   $ngx->logged($name, $re) the line of logs/$name.log that matches $re, when
#                            it is there
#   $ngx->put($name, $text)  another file conf/$name
#   $ngx->get($name, $uri)   GET over HTTP/1.0 at port $name: the whole answer
#   $ngx->active             connections, by stub_status at HTTP, /status: the
#                            one that asks, and requests of messages, too
#   $ngx->cert($name)        a PEM with key and self-signed certificate
#                            (CN=$name), made at need
#   $ngx->master, ->workers  process ids, from the pid file and of its children
#   $ngx->signal('HUP', $pid)  a signal, to the master unless $pid is given
#   $ngx->reload(%texts)     HUP, with new texts if any; returns when the new
#                            workers are there, with the ids of the old ones
#   $ngx->upgrade            USR2; returns the old master's id when the new
#                            master and its workers are there
#   $ngx->kill_all           KILL to the master and its children, waits
#   $ngx->again              starts what was killed, or has quit, once more
#   $ngx->wait_gone(@pids)   until these processes have ended
#   $ngx->quit               QUIT, does not wait
#   $ngx->stop               QUIT, waits, tests that error.log has no alarm
#   $ngx->backend($code)     an HTTP backend in its own process, returns its
#                            port: $code->($socket, $request) answers as it
#                            likes; each connection has a process
#   wait_for { ... } 'what'  polls until the block is true, or dies
#   Engine::memory($pid, 'VmHWM')  of a process, in kB
#   Engine::reset_peak($pid) what VmHWM was is forgotten
#
# TEST_NGINX_BINARY and TEST_NGINX_LOAD_MODULES are honoured as by Test::Nginx,
# so that these tests run under valgrind and sanitizers too.

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use File::Path;
use IO::Socket::INET;
use Test::More ();

use lib dirname(__FILE__);
use Mllp;

our @EXPORT = @Mllp::EXPORT;

my $owner = $$;
my (@running, @backends);

# an interrupted test ends what it started as well

$SIG{INT} = $SIG{TERM} = sub { exit 1 };


sub start {
    my ($class, %options) = @_;
    our $count;

    my $dir = $Mllp::Prefix . ($count++ ? "-$count" : '');

    rmtree($dir);
    mkpath(["$dir/conf", "$dir/logs"]);

    my $self = bless {
        dir => $dir,
        binary => $ENV{TEST_NGINX_BINARY} || 'nginx',
        ports => {},
        events => 'worker_connections 512;',
        workers => 1,
        master => 'on',
        files => {},
        user => 'root',
        log_level => 'info',
        %options
    }, $class;

    $self->put($_, $self->{files}{$_}) for keys %{ $self->{files} };
    $self->configure;

    my $out = `$self->{binary} $self->{arguments} 2>&1`;

    if ($? != 0) {
        die "nginx does not start:\n$out";
    }

    push @running, $self;

    wait_for { $self->workers } 'workers' if $self->{master} eq 'on';

    return $self;
}


# renamed, as it is never to be read in half

sub put {
    my ($self, $name, $text) = @_;
    my $path = "$self->{dir}/conf/$name";

    mkpath(dirname($path));

    if (ref $text) {
        symlink $$text, $path or die "$path: $!\n";
        return;
    }

    open my $file, '>', "$path.new" or die "$path.new: $!\n";
    print $file $text;
    close $file;
    rename "$path.new", $path or die "$path: $!\n";
}


sub configure {
    my ($self) = @_;
    my ($dir, $master) = @$self{qw(dir master)};

    my $load = join '', map { "load_module $_;\n" }
                        split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';

    my %text = map { $_ => $self->{$_} // '' } qw(main events stream http);
    my $user = $> == 0 ? "user $self->{user};" : '';

    # for a binary that an upgrade starts
    my $env = join '', map { "env $_;\n" }
                       qw(ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS);

    my $conf = <<EOF;
$load
$user
$env
worker_processes $self->{workers};
master_process $master;
error_log logs/error.log $self->{log_level};
pid logs/nginx.pid;
$text{main}
events {
$text{events}
}
http {
access_log logs/access.log;
client_body_temp_path client_body_temp;
proxy_temp_path proxy_temp;
fastcgi_temp_path fastcgi_temp;
scgi_temp_path scgi_temp;
uwsgi_temp_path uwsgi_temp;
$text{http}
}
EOF
    $conf .= "stream {\n$text{stream}\n}\n" if $text{stream} =~ /\S/;

    $conf =~ s/%%DIR%%/$dir/g;
    $conf =~ s/%%CERT:(\w+)%%/$self->cert($1)/ge;
    $conf =~ s/%%(\w+)%%/$self->port($1)/ge;

    $self->put('nginx.conf', $conf);

    $self->{arguments} = "-e $dir/logs/error.log -p $dir/ -c conf/nginx.conf";
}


sub port {
    my ($self, $name) = @_;

    return $self->{ports}{$name} ||= free_ports(1);
}


sub dir {
    return $_[0]{dir};
}


sub client {
    my ($self, $name, %tls) = @_;

    return Mllp->connect($self->port($name), %tls);
}


sub get {
    my ($self, $name, $uri) = @_;

    my $sock = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $self->port($name))
        or die "cannot connect to $name: $!\n";

    print $sock "GET $uri HTTP/1.0\r\nHost: localhost\r\n\r\n";

    local $/;
    return scalar <$sock>;
}


sub active {
    my ($self) = @_;

    return $self->get('HTTP', '/status') =~ /^Active connections: (\d+) $/m
           ? $1 : die "no status\n";
}


sub cert {
    my ($self, $name) = @_;
    my $pem = "$self->{dir}/conf/$name.pem";

    if (!-f $pem) {
        system("openssl req -x509 -newkey rsa:2048 -nodes -days 2"
               . " -subj /CN=$name -keyout $pem.key -out $pem.crt 2>/dev/null"
               . " && cat $pem.key $pem.crt > $pem") == 0
            or die "openssl failed\n";
    }

    return $pem;
}


sub log {
    return contents("$_[0]{dir}/logs/error.log");
}


sub access_log {
    return contents("$_[0]{dir}/logs/access.log");
}


sub logged {
    my ($self, $name, $pattern) = @_;
    my $line;

    wait_for {
        ($line) = grep { $_ =~ $pattern }
                  split /\n/, contents("$self->{dir}/logs/$name.log")
    } "$pattern in $name.log";

    return $line;
}


sub contents {
    my ($path) = @_;

    open my $file, '<', $path or return '';
    local $/;
    return scalar(<$file>) // '';
}


sub master {
    my ($self) = @_;
    my ($pid) = contents("$self->{dir}/logs/nginx.pid") =~ /(\d+)/;

    return $pid;
}


sub workers {
    my ($self, $master) = @_;

    $master ||= $self->master or return;

    return split ' ', contents("/proc/$master/task/$master/children");
}


sub signal {
    my ($self, $name, $pid) = @_;

    return kill $name, $pid || $self->master;
}


sub reload {
    my ($self, %texts) = @_;
    my @old = $self->workers;
    my %old = map { $_ => 1 } @old;

    if (%texts) {
        %$self = (%$self, %texts);
        $self->configure;
    }

    $self->signal('HUP');

    wait_for {
        $self->{workers} <= grep { !$old{$_} } $self->workers
    } 'the new workers';

    return @old;
}


sub upgrade {
    my ($self) = @_;
    my $old = $self->master;

    $self->signal('USR2');

    wait_for {
        -f "$self->{dir}/logs/nginx.pid.oldbin"
        && ($self->master || $old) != $old && $self->workers
    } 'the new master';

    return $old;
}


sub kill_all {
    my ($self) = @_;
    my $master = $self->master;
    my @all;

    # the master first: it would start others

    kill 'STOP', $master;
    @all = ($master, $self->workers);
    kill 'KILL', @all;
    $self->wait_gone(@all);

    # its number may soon be that of another process

    unlink "$self->{dir}/logs/nginx.pid";
}


sub again {
    my ($self) = @_;

    my $out = `$self->{binary} $self->{arguments} 2>&1`;
    die "nginx does not start again:\n$out" if $? != 0;

    wait_for { $self->workers } 'workers' if $self->{master} eq 'on';
}


sub wait_gone {
    my ($self, @pids) = @_;

    wait_for { !grep { alive($_) } @pids } "the end of @pids";
}


sub alive {
    my ($pid) = @_;

    return contents("/proc/$pid/stat") =~ /\) [^ZX]/;
}


sub memory {
    my ($pid, $what) = @_;

    return contents("/proc/$pid/status") =~ /^$what:\s+(\d+) kB/m
           ? $1 : die "no $what of $pid\n";
}


sub reset_peak {
    my ($pid) = @_;

    open my $refs, '>', "/proc/$pid/clear_refs" or return;
    print $refs "5\n";
}


sub quit {
    $_[0]->signal('QUIT');
}


sub stop {
    my ($self) = @_;

    $self->end('QUIT');

    my @alarms = alarms("$self->{dir}/logs/error.log", $self->{allow});

    Test::More::ok(!@alarms, 'no alarm in error.log')
        or Test::More::diag(@alarms);
}


# masters (two during an upgrade) with their workers

sub end {
    my ($self, $signal) = @_;
    my @masters = map { contents("$self->{dir}/logs/$_") =~ /(\d+)/ }
                      qw(nginx.pid nginx.pid.oldbin);
    my @all = map { ($_, $self->workers($_)) } @masters;

    @running = grep { $_ != $self } @running;

    kill $signal, @masters;

    eval { $self->wait_gone(@all); 1 } and return;

    kill 'KILL', @all;
    Test::More::fail("processes @all had to be killed");
}


sub backend {
    my ($self, $code) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64)
        or die "backend: $!\n";

    my $pid = fork;
    die "fork: $!\n" unless defined $pid;

    if ($pid) {
        push @backends, $pid;
        return $listen->sockport;
    }

    $SIG{CHLD} = 'IGNORE';
    $SIG{INT} = $SIG{TERM} = 'DEFAULT';
    setpgrp;

    while (my $sock = $listen->accept) {
        next if fork;

        my $request = '';

        while ($request !~ /\r\n\r\n/) {
            sysread $sock, $request, 65536, length $request or last;
        }

        my ($left) = $request =~ /^Content-Length: (\d+)/mi;
        $left = ($left || 0) - length(($request =~ /\r\n\r\n(.*)/s)[0] // '');

        while ($left > 0) {
            $left -= sysread $sock, $request, $left, length $request or last;
        }

        $code->($sock, $request);
        close $sock;
        last;
    }

    require POSIX;
    POSIX::_exit(0);
}


END {
    if ($$ == $owner) {
        my $status = $?;

        kill 'KILL', map { -$_ } @backends;
        $_->end('TERM') for my @all = @running;

        $? = $status;
    }
}


1;
