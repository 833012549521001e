package Tryton;

# A real Tryton, of Debian's packages, on loopback, for a test: its database
# is made once, in build/tryton (half a minute), and copied for each.
#
#   Tryton->there or plan skip_all => 'no Tryton';
#   my $erp = Tryton->start($dir);
#   $erp->port                  the server answers http://127.0.0.1:PORT/erp/
#   $erp->call('model.party.party.search_read', [[], 0, 10, undef, ['name'],
#              {}])             the result, logged in as "hie"; dies of an error
#   $erp->attempt($password)    a login of that user: true if it succeeds
#   $erp->expire                the sessions of all others have ended
#   $erp->user, ->password      of that user, who is no administrator
#   $erp->decimal('1.00')       as the protocol has it
#   $erp->stop; $erp->again
#
# After two logins that failed others are refused with 429, as long as the two
# are less than 3 seconds ago.

use strict;
use warnings;

use Cwd 'abs_path';
use File::Basename;
use File::Path;
use JSON::PP;
use MIME::Base64;

use lib dirname(__FILE__);
use Mllp ();

my @modules = qw(party company currency product stock account account_product
                 account_invoice);

my $here = abs_path(dirname(__FILE__));
my $seed = abs_path("$here/../..") . '/build/tryton';
my $seed_of = join(' ', (localtime)[5] + 1900, @modules) . "\n";
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $owner = $$;
my @running;


sub there {
    return grep({ -x "$_/trytond" } split /:/, $ENV{PATH})
           && -d '/usr/lib/python3/dist-packages/proteus';
}


sub start {
    my ($class, $dir) = @_;

    # its fiscal years are this one and the next

    seed() if read_file("$seed/done") ne $seed_of;

    rmtree($dir);
    mkpath(dirname($dir));
    system('cp', '-r', $seed, $dir) == 0 or die "cannot copy $seed\n";

    my $self = bless { dir => $dir, port => Mllp::free_ports(1) }, $class;

    configure($dir, $self->{port});
    $self->again;

    return $self;
}


sub configure {
    my ($dir, $port) = @_;

    write_file("$dir/trytond.conf", <<EOF);
[web]
listen = 127.0.0.1:$port
[database]
uri = sqlite://
path = $dir/db
[session]
timeout = 3
max_attempt = 1
EOF
}


# company, chart of accounts, fiscal year, a category and the user

sub seed {
    rmtree($seed);
    mkpath("$seed/db");

    configure($seed, 8069);
    write_file("$seed/password", "only-for-a-test\n");
    write_file("$seed/db/erp.sqlite", '');

    local $ENV{TRYTONPASSFILE} = "$seed/password";
    local $ENV{DB_NAME} = 'erp';

    system("trytond-admin -c $seed/trytond.conf -d erp -u ir res @modules"
           . " --activate-dependencies --email admin\@example.org"
           . " >$seed/log 2>&1") == 0
        && system("/usr/bin/python3 -W ignore $here/tryton_seed.py"
                  . " $seed/trytond.conf >>$seed/log 2>&1") == 0
        or die "Tryton's database cannot be made, see $seed/log\n";

    write_file("$seed/done", $seed_of);
}


sub read_file {
    my ($name) = @_;

    open my $file, '<', $name or return '';
    local $/;
    return scalar(<$file>) // '';
}


sub write_file {
    my ($name, $text) = @_;

    open my $file, '>', $name or die "$name: $!\n";
    print $file $text;
    close $file;
}


sub again {
    my ($self) = @_;
    my $pid = fork;

    die "fork: $!\n" unless defined $pid;

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/server.log";
        open STDERR, '>&', \*STDOUT;
        exec 'trytond', '-c', "$self->{dir}/trytond.conf";
        exit 1;
    }

    push @running, $pid;
    $self->{pid} = $pid;

    Mllp::wait_for(sub {
        IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                              PeerPort => $self->{port})
    }, 'Tryton');
}


sub stop {
    my ($self) = @_;

    kill 'TERM', $self->{pid};
    waitpid $self->{pid}, 0;
    @running = grep { $_ != $self->{pid} } @running;
}


sub port { return $_[0]{port} }
sub user { return 'hie' }
sub password { return 'Engine-pw-2026!' }


sub decimal {
    return { __class__ => 'Decimal', decimal => $_[1] };
}


sub attempt {
    my ($self, $password) = @_;

    my $answer = $self->post('common.db.login',
                             [$self->user, { password => $password }, 'en']);

    return eval { $json->decode($answer)->{result} };
}


sub expire {
    my ($self) = @_;
    my ($key) = decode_base64($self->{session}) =~ /([^:]+)\z/;

    system('sqlite3', '-cmd', '.timeout 5000', "$self->{dir}/db/erp.sqlite",
           "UPDATE ir_session SET create_date = '2001-01-01 00:00:00'"
           . " WHERE key != '$key'") == 0
        or die "Tryton's sessions cannot be changed\n";
}


sub call {
    my ($self, $method, $params) = @_;

    if (!$self->{session}) {
        my $login = $self->attempt($self->password) or die "no login\n";
        $self->{session} = encode_base64(join(':', $self->user, @$login), '');
    }

    my $answer = $json->decode($self->post($method, $params));

    die "$method: " . $json->encode($answer->{error}) . "\n"
        if $answer->{error};

    return $answer->{result};
}


sub post {
    my ($self, $method, $params) = @_;

    my @auth = $self->{session} && $method ne 'common.db.login'
               ? ('-H', "Authorization: Session $self->{session}") : ();

    open my $curl, '-|', 'curl', '-s', '-m', 30, @auth,
         '-H', 'Content-Type: application/json', '-d',
         $json->encode({ id => 1, method => $method, params => $params }),
         "http://127.0.0.1:$self->{port}/erp/" or die "curl: $!\n";

    local $/;
    return scalar <$curl>;
}


END {
    if ($$ == $owner) {
        my $status = $?;
        kill 'TERM', @running if @running;
        waitpid $_, 0 for @running;
        $? = $status;
    }
}


1;
