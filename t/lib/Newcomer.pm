package Newcomer;

# t/tools/run, which is "make run" without what it installs and builds, as
# somebody types it who reads what it prints.
#
#   use lib 't/lib';
#   use Test::More;
#   use Newcomer;                      # exports shell, and what Engine does
#
#   my $new = Newcomer->begin([2575, 8577, ...]);  # the ports that it has
#   my $new = Newcomer->begin([...], 'ERP=tryton');
#   my ($status, $said) = $new->run('start');      # or stop, reload
#   $new->paste($said, 15, $expected);
#       runs each of these 15 lines, with tests that it succeeds and that what
#       it prints matches $expected->($line); what only reads may do so in time
#   my $pid = $new->foreground;        # "run" in a process group of its own
#   $new->master                       # the process id of NGINX, if it is there
#   $new->port(2575), ->dir
#
#   my ($status, $out) = shell($command);

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use File::Path;
use Test::More ();
use Time::HiRes 'sleep';

use lib dirname(__FILE__);
use Engine;

our @EXPORT = ('shell', @Engine::EXPORT);

my $owner = $$;
my @all;


sub begin {
    my ($class, $ports, @env) = @_;
    my $dir = $Mllp::Prefix;
    my %port = map { $_ => scalar free_ports(1) } @$ports;

    rmtree($dir);
    mkpath($dir);

    open my $modules, '>', "$dir/modules.conf" or die "modules.conf: $!\n";
    print $modules map { "load_module $_;\n" }
                   split ' ', $ENV{TEST_NGINX_LOAD_MODULES} || '';
    close $modules;

    # nothing of a make that runs this test

    delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL ERP FILE HOST PORT)};
    $ENV{NGINX_BINARY} = $ENV{TEST_NGINX_BINARY} || 'nginx';

    my $self = bless { dir => "$dir/run", log => "$dir/said", port => \%port,
                       env => [@env, "RUN_PREFIX=$dir/run",
                               "RUN_MODULES=$dir/modules.conf",
                               'RUN_PORTS=' . join(' ', map { "$_=$port{$_}" }
                                                        @$ports)] },
                     $class;

    push @all, $self;

    return $self;
}


sub dir { return $_[0]{dir} }
sub port { return $_[0]{port}{$_[1]} }


# exit status, and all that is said

sub shell {
    my ($command) = @_;

    open my $out, '-|', 'sh', '-c', "exec 2>&1 </dev/null; $command"
        or die "sh: $!\n";
    local $/;
    my $text = <$out> // '';
    close $out;

    return ($? >> 8 || $? & 127, $text);
}


sub run {
    my ($self, $what) = @_;
    my $env = join ' ', map { s/=(.*)/='$1'/r } @{$self->{env}};

    return shell("$env t/tools/run $what");
}


sub paste {
    my ($self, $said, $number, $expected) = @_;
    my @lines = ((split /^To try next.*\n/m, $said)[1] // '')
                =~ /^    (.*)$/mg;

    Test::More::is(@lines, $number, 'lines to paste');

    for my $line (@lines) {
        my $seen = $expected->($line);
        my ($status, $out) = shell($line);

        if ($line !~ /^(?:make|touch|rm)|--json|reorder|rename/) {
            eval {
                wait_for {
                    $out =~ $seen or do {
                        sleep 0.2;
                        ($status, $out) = shell($line);
                        0;
                    }
                }
            };
        }

        Test::More::is($status, 0, $line);
        Test::More::like($out, $seen, '... shows it');
    }
}


# as a terminal does it

sub foreground {
    my ($self) = @_;
    my $pid = fork;

    die "fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        setpgrp;
        $SIG{INT} = 'DEFAULT';
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $self->{log};
        open STDERR, '>&', \*STDOUT;
        exec 'env', @{$self->{env}}, 't/tools/run';
        exit 1;
    }

    wait_for { Engine::contents($self->{log}) =~ /^Ctrl-C ends it/m }
             'the lines of run';
    unlink $self->{log};

    return $pid;
}


sub master {
    my ($self) = @_;
    my ($pid) = Engine::contents("$self->{dir}/logs/nginx.pid") =~ /(\d+)/;

    return $pid && Engine::alive($pid) ? $pid : undef;
}


# whatever happens, nothing is left behind

END {
    if ($$ == $owner) {
        my $status = $?;

        $_->run('stop') for @all;
        $? = $status;
    }
}


1;
