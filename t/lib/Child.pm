package Child;

# Processes that a test starts, and that end when it does.
#
#   my $pid = Child::start(sub { ... });     # does this, and ends
#   my $pid = Child::server($port, $log, @command);
#                                 # a program, when it listens at this port of
#                                 # loopback; its output is added to $log
#   Child::stop($pid);            # TERM, and waits
#   Child::ended($pid)            # whether it has, by itself

use strict;
use warnings;

use File::Basename;
use IO::Socket::INET;
use POSIX ();

use lib dirname(__FILE__);
use Mllp ();

my $owner = $$;
my %running;


sub start {
    my ($code) = @_;
    my $pid = fork;

    die "fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        $SIG{INT} = $SIG{TERM} = 'DEFAULT';
        eval { $code->(); 1 } or warn $@;
        POSIX::_exit(0);
    }

    $running{$pid} = 1;

    return $pid;
}


sub server {
    my ($port, $log, @command) = @_;

    my $pid = start(sub {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        exec @command;
    });

    Mllp::wait_for(sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
    }, $command[0]);

    return $pid;
}


sub stop {
    my ($pid) = @_;

    kill 'TERM', $pid;
    waitpid $pid, 0;
    delete $running{$pid};
}


sub ended {
    my ($pid) = @_;

    return 0 if waitpid($pid, POSIX::WNOHANG()) == 0;

    delete $running{$pid};

    return 1;
}


END {
    if ($$ == $owner) {
        my $status = $?;

        kill 'TERM', keys %running;
        waitpid $_, 0 for keys %running;
        $? = $status;
    }
}


1;
