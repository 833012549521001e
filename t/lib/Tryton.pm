package Tryton;

# A real Tryton, of Debian's packages, on loopback, for a test: its database
# is made once, in build/tryton (half a minute), and copied for each.
#
#   Tryton->there or plan skip_all => 'no Tryton';
#   my $erp = Tryton->start($dir);         # or start($dir, port => 8000,
#                                          # keep => 1): with what is in $dir
#   my $erp = Tryton->at($port)            # that one, which runs already
#   $erp->port                  the server answers http://127.0.0.1:PORT/erp/
#   $erp->call('model.party.party.search_read', [[], 0, 10, undef, ['name'],
#              {}])             the result, logged in as "hie"; dies of an error
#   $erp->attempt($password)    a login of that user: true if it succeeds
#   $erp->expire                the sessions of all others have ended
#   $erp->user, ->password      of that user, who is no administrator
#   $erp->decimal('1.00')       as the protocol has it
#   $erp->found('res.user', [['login', '=', 'hie']])
#                               the id of the first such record, or dies
#   $erp->made('party.party', { ... })   creates it: its id
#   $erp->read('party.party', $id, 'name', ...)    a hash
#   $erp->all('party.party', $domain, 'name', ...)
#                               a list of them, archived ones too
#   $erp->item('IMP-1', 10)     an item with that many of it in stock
#   $erp->on_hand($item)        how many there are now
#   $erp->revenue               the id of an account for that
#   $erp->ids                   the records that tryton_maps.conf asks for
#   $erp->maps($path)           the text of that file, with these and the port
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
use Child ();
use Mllp ();

my @modules = qw(party company currency product stock account account_product
                 account_invoice analytic_account stock_supply
                 timesheet);

my $here = abs_path(dirname(__FILE__));
my $seed = abs_path("$here/../..") . '/build/tryton';
my $seed_of = join(' ', (localtime)[5] + 1900, @modules) . "\n";
my $json = JSON::PP->new->utf8->canonical->allow_nonref;


sub there {
    return grep({ -x "$_/trytond" } split /:/, $ENV{PATH})
           && -d '/usr/lib/python3/dist-packages/proteus';
}


sub start {
    my ($class, $dir, %o) = @_;

    if (!$o{keep} || !-d "$dir/db") {

        # its fiscal years are this one and the next

        seed() if read_file("$seed/done") ne $seed_of;

        rmtree($dir);
        mkpath(dirname($dir));
        system('cp', '-r', $seed, $dir) == 0 or die "cannot copy $seed\n";
    }

    my $self = $class->at($o{port} || Mllp::free_ports(1));

    $self->{dir} = $dir;
    configure($dir, $self->{port});
    $self->again;

    return $self;
}


# one that runs already

sub at {
    my ($class, $port) = @_;

    return bless { port => $port }, $class;
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

    $self->{pid} = Child::server($self->{port}, "$self->{dir}/server.log",
                                 'trytond', '-c', "$self->{dir}/trytond.conf");
}


sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;

    Child::stop($pid);
}


sub port { return $_[0]{port} }
sub user { return 'hie' }
sub password { return 'Engine-pw-2026!' }


sub decimal {
    return { __class__ => 'Decimal', decimal => $_[1] };
}


sub found {
    my ($self, $model, $domain) = @_;
    my ($found) = @{ $self->call("model.$model.search",
        [$domain, 0, 1, [['id', 'ASC']], { company => 1 }]) };

    return $found // die "no $model in Tryton\n";
}


sub made {
    my ($self, $model, $values) = @_;

    return $self->call("model.$model.create",
                       [[$values], { company => 1 }])->[0];
}


sub read {
    my ($self, $model, $id, @names) = @_;

    return $self->call("model.$model.read",
                       [[$id], \@names, { company => 1 }])->[0];
}


sub all {
    my ($self, $model, $domain, @names) = @_;

    return @{ $self->call("model.$model.search_read",
        [$domain, 0, 1000, [['id', 'ASC']], \@names,
         { company => 1, active_test => JSON::PP::false }]) };
}


sub item {
    my ($self, $code, $quantity) = @_;
    my $unit = $self->found('product.uom', [['symbol', '=', 'u']]);
    my $ids = $self->ids;

    my $template = $self->made('product.template',
        { name => "Item $code", code => $code, type => 'goods',
          default_uom => $unit, list_price => decimal(0, '1850.00'),
          purchasable => JSON::PP::true, purchase_uom => $unit,
          products => [['create', [{
              cost_price => decimal(0, '910.00') }]]] });

    my $product = $self->found('product.product',
                               [['template', '=', $template]]);

    my $counted = $self->made('stock.inventory',
        { location => $ids->{storage}, company => 1,
          lines => [['create', [{ product => $product,
                                  quantity => $quantity }]]] });

    $self->call('model.stock.inventory.confirm',
                [[$counted], { company => 1 }]);

    return $product;
}


sub on_hand {
    my ($self, $product) = @_;
    my ($p) = @{ $self->call('model.product.product.read',
        [[$product], ['quantity'],
         { company => 1, locations => [$self->ids->{storage}],
           stock_date_end => undef }]) };

    return $p->{quantity};
}


sub revenue {
    my ($self) = @_;

    return $self->found('account.account',
        [['type.revenue', '=', JSON::PP::true],
         ['closed', '!=', JSON::PP::true]]);
}


sub ids {
    my ($self) = @_;

    return $self->{ids} if $self->{ids};

    my $party = $self->found('party.party', [['name', '=', 'Self payers']]);

    $self->{ids} = {
        user => $self->found('res.user', [['login', '=', user()]]),
        company => 1,
        currency => $self->found('currency.currency', []),
        journal => $self->found('account.journal',
                                [['type', '=', 'revenue']]),
        party => $party,
        address => $self->found('party.address', [['party', '=', $party]]),
        receivable => $self->found('account.account',
            [['type.receivable', '=', JSON::PP::true]]),
        visits => $self->found('analytic_account.account',
                               [['type', '=', 'root']]),
        storage => $self->found('stock.location',
                                [['type', '=', 'storage']]),
        consumption => $self->found('stock.location',
                                    [['type', '=', 'lost_found']]),
    };
}


sub maps {
    my ($self, $path) = @_;
    my $ids = $self->ids;
    my $revenue = $self->revenue;
    my $text = read_file($path);

    for my $name (keys %$ids) {
        $text =~ s/(map "" \$tryton_$name\s*\{ default )\d+/$1$ids->{$name}/
            or die "no $name in $path\n";
    }

    $text =~ s/(canonical_table tryton_revenue \{).*?\}/$1
                   default $revenue; }/s
        or die "no accounts in $path\n";

    return $text =~ s/127\.0\.0\.1:8000/127.0.0.1:$self->{port}/r;
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


1;
