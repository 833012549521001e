package Odoo;

# A stand-in for Odoo, as strict as what is known of it: JSON-RPC with a
# session, where all is 200, and JSON-2 of release 19 with a key.
#
#   my $erp = Odoo->start($dir, login => 'hie@example.org',
#                         password => '...', key => '...');
#   $erp->call('records', 'account.move')  # { id, state, ref, ... }, in their
#                                          # order; 'stock.picking'
#   $erp->call('expire')                   # all sessions have ended
#   $erp->call('stock')                    # on hand, of product 5
#   $erp->call('unlock')                   # dates up to 2019 are not locked
#   $erp->call('lock')                     # any more; and are again
#
# Settings: login, password, key; asks => 1, button_validate opens a window.

use strict;
use warnings;

use JSON::PP ();

use parent 'Standin';

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my ($host, $database) = ('erp.example.org', 'erp');

# fields that may be written, "!": have to be; and ids of records that there
# are, of the company's people

my %fields = (
    'account.move' => [qw(!move_type ref company_id !journal_id !partner_id
                          invoice_date !invoice_line_ids)],
    'invoice_line_ids' => [qw(!name account_id !quantity !price_unit)],
    'stock.picking' => [qw(origin !picking_type_id !location_id
                           !location_dest_id !move_ids)],
    'move_ids' => [qw(name !product_id !product_uom !product_uom_qty
                      !location_id !location_dest_id)],
);

my %ids = (
    company_id => [1], journal_id => [1], partner_id => [1],
    account_id => [1], picking_type_id => [1], product_id => [5],
    product_uom => [1], location_id => [8, 15], location_dest_id => [8, 15],
);


sub begin {
    my ($self) = @_;

    @$self{qw(records sessions last stock)} = ([], {}, 40, 10);
}


sub records {
    my ($self, $model) = @_;

    return [grep { $_->{model} eq $model } @{ $self->{records} }];
}


sub expire {
    my ($self) = @_;

    $self->{sessions} = {};
    return;
}


sub stock {
    return $_[0]{stock};
}


sub unlock {
    $_[0]{unlocked} = 1;
    return;
}


sub lock {
    $_[0]{unlocked} = 0;
    return;
}


sub answer {
    my ($self, $request) = @_;
    my $path = $request->{path};

    return { status => 404, body => 'no such host' }
        if ($request->{header}{host} // '') ne $host;
    return { status => 404, body => 'not found' }
        if $request->{method} ne 'POST';

    return $self->json_2($request, $1, $2)
        if $path =~ m{^/json/2/([\w.]+)/(\w+)$};

    # what is no JSON-RPC is for a route of type "http"

    my ($type, $rpc) = ($request->{header}{'content-type'} // '',
                        $request->{json});

    return { status => 400, body => 'Request inferred type is compatible with '
                                    . "['http']" }
        if $type !~ m{^application/json\b};
    return { status => 400, body => 'Invalid JSON-RPC data' }
        if ref $rpc ne 'HASH' || ref $rpc->{params} ne 'HASH'
           || ($rpc->{jsonrpc} // '') ne '2.0';

    return $self->login($rpc) if $path eq '/web/session/authenticate';
    return $self->error($rpc, 404, '404: Not Found', 'werkzeug.exceptions'
                                                     . '.NotFound', $path)
        if $path !~ m{^/web/dataset/call_kw(?:/([\w.]+)/(\w+))?$};

    return { status => 400, body => 'the path is of another call' }
        if defined $1 && "$1 $2" ne "@{ $rpc->{params} }{qw(model method)}";

    my ($session) = ($request->{header}{cookie} // '')
                    =~ /(?:^|; )session_id=(\w+)/;

    return $self->error($rpc, 100, 'Odoo Session Expired',
                        'odoo.http.SessionExpiredException',
                        'Session expired')
        if !defined $session || !$self->{sessions}{$session};

    my $result = eval { [$self->run(@{ $rpc->{params} }{qw(model method args
                                                           kwargs)})] };

    return $self->json(200, { jsonrpc => '2.0', id => $rpc->{id},
                              result => $result->[0] }) if $result;

    my ($name, $text) = parted($@);

    return $self->error($rpc, 200, 'Odoo Server Error', $name, $text);
}


sub login {
    my ($self, $rpc) = @_;
    my ($set, $params) = ($self->{set}, $rpc->{params});

    return $self->error($rpc, 200, 'Odoo Server Error',
                        'odoo.exceptions.AccessDenied', 'Access Denied')
        if ($params->{db} // '') ne $database
           || ($params->{login} // '') ne $set->{login}
           || ($params->{password} // '') ne $set->{password};

    my $id = sprintf '%040x', ++$self->{logins};

    $self->{sessions}{$id} = 1;

    return $self->json(200, { jsonrpc => '2.0', id => $rpc->{id},
                              result => { uid => 7, db => $database } },
                       "Set-Cookie: session_id=$id; Max-Age=604800; HttpOnly;"
                       . ' Path=/');
}


sub error {
    my ($self, $rpc, $code, $message, $name, $text) = @_;

    return $self->json(200, { jsonrpc => '2.0', id => $rpc->{id}, error => {
        code => $code, message => $message, data => {
            name => $name, message => $text, arguments => [$text],
            context => {}, debug => 'Traceback (most recent call last)' } } });
}


# real statuses; methods take parameters by their names

sub json_2 {
    my ($self, $request, $model, $method) = @_;
    my $header = $request->{header};
    my ($key) = ($header->{authorization} // '') =~ /^bearer\s+(\S+)$/i;
    my %body = %{ ref $request->{json} eq 'HASH' ? $request->{json} : {} };

    return $self->refused(401, 'werkzeug.exceptions.Unauthorized',
                          'Invalid apikey')
        if ($key // '') ne $self->{set}{key};
    return $self->refused(404, 'werkzeug.exceptions.NotFound',
                          'no such database')
        if ($header->{'x-odoo-database'} // '') ne $database;
    return $self->refused(400, 'werkzeug.exceptions.BadRequest', 'no JSON')
        if ref $request->{json} ne 'HASH'
           || ($header->{'content-type'} // '') !~ m{^application/json\b};

    my $ids = delete $body{ids};
    delete $body{context};

    my @args = $method eq 'create' ? delete $body{vals_list}
               : $method eq 'search' ? delete $body{domain} : $ids;
    my %kwargs = map { $_ => delete $body{$_} }
                     grep { exists $body{$_} } qw(limit offset order fields);

    return $self->refused(422, 'werkzeug.exceptions.UnprocessableEntity',
                          'got an unexpected keyword argument')
        if %body || !defined $args[0];

    my $result = eval { [$self->run($model, $method, \@args, \%kwargs)] };

    return $self->json(200, $result->[0]) if $result;

    my ($name, $text) = parted($@);

    return $self->refused($name =~ /AccessError/ ? 403
                          : $name =~ /MissingError/ ? 404
                          : $name =~ /^odoo\.exceptions/ ? 422 : 500,
                          $name, $text);
}


sub refused {
    my ($self, $status, $name, $text) = @_;

    return $self->json($status, { name => $name, message => $text,
                                  arguments => [$text], context => {},
                                  debug => 'Traceback' });
}


sub parted {
    my ($error) = @_;

    return $error =~ /^([\w.]+): (.*)\n\z/s ? ($1, $2)
                                           : ('builtins.TypeError', $error);
}


# --- the models ---

sub run {
    my ($self, $model, $method, $args, $kwargs) = @_;

    if ($model eq 'product.product' && $method eq 'search_read') {
        my @found = grep { matches($_, @{ $args->[0] }) }
                    ({ id => 5, default_code => 'IMP-4711',
                       uom_id => [1, 'Units'] });

        return [map { my $p = $_; +{ id => $p->{id},
                                     map { $_ => $p->{$_} } @{ $args->[1] } } }
                    @found];
    }

    die "builtins.KeyError: '$model'\n" if !$fields{$model};

    if ($method eq 'search') {
        my @found = map { $_->{id} } grep { matches($_, @{ $args->[0] }) }
                    @{ $self->records($model) };

        splice @found, $kwargs->{limit} if @found > ($kwargs->{limit} // 80);
        return \@found;
    }

    if ($method eq 'create') {
        my @vals = ref $args->[0] eq 'ARRAY' ? @{ $args->[0] } : $args->[0];

        written($model, $_) for @vals;
        return [map { $self->created($model, $_) } @vals];
    }

    my @ids = @{ $args->[0] };
    my ($record) = grep { $_->{id} == ($ids[0] // 0) }
                        @{ $self->records($model) };

    die "odoo.exceptions.MissingError: Record does not exist or has been"
        . " deleted.\n" if !$record;

    return $self->posted($record)
        if $model eq 'account.move' && $method eq 'action_post';
    return $self->validated($record)
        if $model eq 'stock.picking' && $method eq 'button_validate';

    die "builtins.AttributeError: The method '$model.$method' does not"
        . " exist\n";
}


sub created {
    my ($self, $model, $vals) = @_;

    push @{ $self->{records} }, { %$vals, model => $model, state => 'draft',
                                  company_id => 1, id => ++$self->{last} };
    return $self->{last};
}


sub posted {
    my ($self, $move) = @_;

    die "odoo.exceptions.UserError: The entry $move->{ref} (id $move->{id})"
        . " must be in draft.\n" if $move->{state} ne 'draft';
    die "odoo.exceptions.UserError: You cannot add entries prior to the lock"
        . " date 2019-12-31.\n"
        if !$self->{unlocked} && $move->{invoice_date} lt '2020-01-01';

    $move->{state} = 'posted';
    return JSON::PP::false;
}


sub validated {
    my ($self, $picking) = @_;

    die "odoo.exceptions.UserError: The transfer is done already.\n"
        if $picking->{state} eq 'done';

    return { type => 'ir.actions.act_window', name => 'Create Backorder?',
             res_model => 'stock.backorder.confirmation' }
        if $self->{set}{asks};

    for (@{ $picking->{move_ids} }) {
        my $move = $_->[2];

        $self->{stock} -= $move->{product_uom_qty}
            if $move->{location_id} == 8;
        $self->{stock} += $move->{product_uom_qty}
            if $move->{location_dest_id} == 8;
    }

    $picking->{state} = 'done';
    return JSON::PP::true;
}


sub matches {
    my ($record, @domain) = @_;

    for (@domain) {
        my ($field, $operator, $value) = @$_;
        my $is = $record->{$field} // '';
        my @values = ref $value ? @$value : $value;

        die "builtins.ValueError: Invalid leaf\n"
            if $operator !~ /^(=|in)$/ || ($operator eq 'in') != !!ref $value;
        return 0 if !grep { $is eq $_ } @values;
    }

    return 1;
}


sub written {
    my ($model, $vals) = @_;
    my @fields = @{ $fields{$model} };

    for (@fields) {
        die "odoo.exceptions.ValidationError: Missing required value for the"
            . " field '$1' ($model).\n" if /^!(.*)/ && !defined $vals->{$1};
    }

    for my $name (sort keys %$vals) {
        my $value = $vals->{$name};

        die "builtins.ValueError: Invalid field '$name' on model '$model'\n"
            if !grep { /^!?\Q$name\E$/ } @fields;
        die "odoo.exceptions.MissingError: Record does not exist or has been"
            . " deleted. ($name: $value)\n"
            if $ids{$name} && !grep { $json->encode($value) eq $_ }
                                    @{ $ids{$name} };
        die "builtins.ValueError: $name is no date\n"
            if $name =~ /_date$/ && $value !~ /^\d{4}-\d\d-\d\d$/;
        die "builtins.ValueError: $name is no number\n"
            if $name =~ /^(quantity|price_unit|product_uom_qty)$/
               && $json->encode($value) =~ /"/;

        next if !$fields{$name};

        for (@$value) {
            die "builtins.ValueError: Wrong value for $name\n"
                if ref ne 'ARRAY' || $_->[0] ne '0' || ref $_->[2] ne 'HASH';
            written($name, $_->[2]);
        }
    }
}


1;
