package Oracle;

# A stand-in for Oracle Fusion Cloud Inventory and its identity domain, as far
# as oracle.conf needs them: transactions are staged by a POST, and processed
# when call('process') says so, as in the mode "Background"; what fails stays
# staged, with its error, what does not is completed.  What it is strict about
# is in Oracle's documents: tokens, names and kinds of attributes, Upsert-Mode,
# two forms of errors.  It is no proof of how a release of Oracle behaves.
#
#   my $erp = Oracle->start($dir, secret => { hie => 'secret' },
#                           stock => { 'I-1' => 10 });
#                       host => 'fusion.example'   and login_host: the names
#                                                  that it listens to
#                       scope, expires_in          of tokens
#                       quick => 1                 processed as it is staged
#                       upsert => 0                Upsert-Mode finds nothing
#   $erp->call('process')       all that is staged and has no error
#   $erp->call('staged'), $erp->call('completed')
#   $erp->call('correct', %attributes)   of the rows that have failed, which
#                               are to be processed then
#   $erp->call('on_hand', 'I-1')
#   $erp->call('forget_tokens')

use strict;
use warnings;

use parent 'Standin';

my $root = '/fscmRestApi/resources/11.13.18.05/';

# attribute => most characters, "number", "bool", or those of what is in it

my %staged = (
    OrganizationName => 240, TransactionTypeName => 80, ItemNumber => 300,
    SubinventoryCode => 10, TransactionQuantity => 'number',
    TransactionUnitOfMeasure => 25, TransactionDate => 40,
    AccountCombination => 255, UseCurrentCostFlag => 'bool',
    TransactionMode => 30, SourceCode => 30, SourceHeaderId => 'number',
    SourceLineId => 'number', TransactionReference => 240,
    lots => { LotNumber => 80, TransactionQuantity => 'number' },
    serials => { FmSerialNumber => 80, ToSerialNumber => 80 },
);

my %asked = (
    inventoryStagedTransactions =>
        { map { $_ => 1 } keys %staged, qw(TransactionInterfaceId
          ProcessStatus ErrorCode) },
    inventoryCompletedTransactions =>
        { map { $_ => 1 } qw(TransactionId Reference Item) },
);


sub begin {
    my ($self) = @_;

    $self->{stock} = { %{ $self->{set}{stock} // {} } };
    $self->{$_} = [] for qw(inventoryStagedTransactions
                            inventoryCompletedTransactions);
    $self->{id} = 300100000;
}


sub staged { return $_[0]{inventoryStagedTransactions} }
sub completed { return $_[0]{inventoryCompletedTransactions} }
sub on_hand { return $_[0]{stock}{$_[1]} }


sub process {
    my ($self) = @_;
    my @left;

    for my $row (@{ $self->staged }) {

        if ($row->{ProcessStatus} == 1) {
            my ($code, $text) = $self->wrong($row);

            if ($code) {
                @$row{qw(ProcessStatus ErrorCode ErrorExplanation)} =
                    (3, $code, $text);

            } else {
                $self->{stock}{$row->{ItemNumber}}
                    += $row->{TransactionQuantity};
                push @{ $self->completed }, {
                    TransactionId => ++$self->{id},
                    Item => $row->{ItemNumber},
                    Quantity => $row->{TransactionQuantity},
                    Reference => $row->{TransactionReference} };
                next;
            }
        }

        push @left, $row;
    }

    $self->{inventoryStagedTransactions} = \@left;
    return;
}


sub wrong {
    my ($self, $row) = @_;
    my $stock = $self->{stock}{$row->{ItemNumber}};

    return ('INV_INT_ITMCODE', 'The item number isn\'t valid.')
        if !defined $stock;
    return ('INV_QTY_NOT_AVAIL', 'The quantity isn\'t available.')
        if $stock + $row->{TransactionQuantity} < 0;

    return;
}


sub correct {
    my ($self, %attributes) = @_;

    for my $row (grep { $_->{ProcessStatus} == 3 } @{ $self->staged }) {
        %$row = (%$row, %attributes, ProcessStatus => 1);
        delete @$row{qw(ErrorCode ErrorExplanation)};
    }

    return;
}


sub answer {
    my ($self, $request) = @_;
    my ($method, $path, $h) = @$request{qw(method path header)};
    my $set = $self->{set};
    my $login = $path eq '/oauth2/v1/token';
    my $host = $set->{$login ? 'login_host' : 'host'};

    return text(421, 'Misdirected Request')
        if $host && ($h->{host} // '') ne $host;

    return $self->token($request, %{ $set->{secret} }) if $login;

    return { status => 401, header => ['WWW-Authenticate: Bearer'] }
        if !$self->bearer($request);

    my ($resource) = $path =~ m{^\Q$root\E(\w+)$} or return text(404,
        'Not Found');
    my $asked = $asked{$resource} or return text(404, 'Not Found');

    return $self->found($resource, $asked, $request) if $method eq 'GET';

    return text(400, 'Invalid operation create for the specified resource.')
        if $resource ne 'inventoryStagedTransactions' || $method ne 'POST';

    return text(415, 'Unsupported Media Type')
        if ($h->{'content-type'} // '') !~ m{^application/json\b};

    return $self->stage($request);
}


sub stage {
    my ($self, $request) = @_;
    my $in = $request->{json};

    return text(400, 'The request body is not valid JSON.')
        if ref $in ne 'HASH';

    my $wrong = invalid(\%staged, $in);
    return $self->error(400, 'FND-9', $wrong) if $wrong;

    for (qw(OrganizationName TransactionTypeName ItemNumber SourceCode
            TransactionQuantity TransactionUnitOfMeasure TransactionDate
            SourceHeaderId SourceLineId TransactionMode))
    {
        return $self->error(400, 'JBO-27014',
                            "Attribute $_ in StagedTransaction is required.")
            if !defined $in->{$_};
    }

    my ($issue) = $in->{TransactionTypeName} =~ /issue$/ ? 1 : 0;

    return $self->error(400, 'INV_INT_SIGN', 'The sign of the quantity isn\'t'
                        . ' valid for the transaction type.')
        if $issue != ($in->{TransactionQuantity} < 0);

    return $self->error(400, 'INV_INT_ACCTNOT', 'The account combination'
                        . " $in->{AccountCombination} isn't valid.")
        if ($in->{AccountCombination} // '') !~ /^01-4100-/;

    # a row that matches is the same one, and the answer another status

    my ($row) = grep {
        my $row = $_;
        !grep { $row->{$_} ne $in->{$_} } qw(SourceCode SourceHeaderId
                                             SourceLineId)
    } @{ $self->staged };

    if ($row && ($request->{header}{'upsert-mode'} // '') eq 'true'
        && ($self->{set}{upsert} // 1))
    {
        %$row = (%$row, %$in, ProcessStatus => 1);
        delete @$row{qw(ErrorCode ErrorExplanation)};

        return $self->json(200, $row);
    }

    $row = { %$in, TransactionInterfaceId => ++$self->{id},
             ProcessStatus => 1 };
    push @{ $self->staged }, $row;

    my $answer = $self->json(201, $row);

    $self->process if $self->{set}{quick};

    return $answer;
}


sub invalid {
    my ($attributes, $in) = @_;

    for my $name (sort keys %$in) {
        my ($is, $value) = ($attributes->{$name}, $in->{$name});

        return "Unknown attribute $name." if !defined $is;

        if (ref $is) {
            for (@$value) {
                my $wrong = invalid($is, $_);
                return $wrong if $wrong;
            }

            next;
        }

        my $text = JSON::PP->new->allow_nonref->encode($value);

        return "Attribute $name has an invalid value."
            if $is eq 'number' && $text !~ /^-?\d/
               || $is eq 'bool' && $text !~ /^(true|false)$/
               || $is =~ /^\d/ && ($text !~ /^"/ || length $value > $is);
    }

    return;
}


# q=Name="value";Name=1

sub found {
    my ($self, $resource, $asked, $request) = @_;
    my $query = $self->query($request);
    my @found = @{ $self->{$resource} };

    for (split /;/, $query->{q} // '') {
        my ($name, $quoted, $bare) = /^(\w+)=(?:"([^"]*)"|([\w.-]+))$/
            or return text(400, 'URL request parameter q with value'
                                . " $query->{q} cannot be used.");
        my $value = $quoted // $bare;

        return text(400, "The attribute $name isn't queryable.")
            if !$asked->{$name};

        @found = grep { ($_->{$name} // '') eq $value } @found;
    }

    return $self->json(200, { items => \@found, count => scalar @found,
                              hasMore => JSON::PP::false, limit => 1,
                              offset => 0 });
}


sub error {
    my ($self, $status, $code, $detail) = @_;
    my $type = 'Content-Type: application/vnd.oracle.adf.error+json';
    my $answer = $self->json($status, {
        title => 'Bad Request', status => "$status", 'o:errorDetails' => [
            { detail => $detail, 'o:errorCode' => $code,
              'o:errorPath' => '/' }] });

    $answer->{header} = [$type];

    return $answer;
}


sub text {
    my ($status, $text) = @_;

    return { status => $status, body => $text };
}


1;
