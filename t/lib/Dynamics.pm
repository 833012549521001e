package Dynamics;

# A stand-in for Dynamics 365 Finance & Operations, for Business Central and
# for Entra ID, as far as dynamics.conf needs them: journals and lines by OData
# V4.  What it is strict about is in Microsoft's documents: tokens of the right
# scope, names, kinds and lengths of properties, numbers that the server gives,
# other companies only with "cross-company", a bound action with 204 and no
# body, errors in two depths.  It is no proof of how a release of it behaves.
#
#   my $erp = Dynamics->start($dir, secret => { $client => 'secret' });
#                       hosts => { fo => .., bc => .., entra => .. }
#                       blocked => '40120'     lines with this account can be
#                                              made, and not be posted
#                       valid => '401100-4120-'   the only offset account
#   $erp->call('journals')      of { JournalBatchNumber, Description, lines }
#   $erp->call('lines')         of the journal of Business Central
#   $erp->call('entries')       what is posted of them
#   $erp->call('mend', $account)   lines have this account now
#   $erp->call('forget_tokens')

use strict;
use warnings;

use parent 'Standin';

my %properties = (
    header => { dataAreaId => 4, JournalName => 10, Description => 60 },

    line => { dataAreaId => 4, JournalBatchNumber => 10, AccountType => 20,
              AccountDisplayValue => 500, OffsetAccountType => 20,
              OffsetAccountDisplayValue => 500, TransDate => 'time',
              CurrencyCode => 3, Text => 60, Document => 20,
              DebitAmount => 'number', CreditAmount => 'number' },

    bc => { accountType => 20, accountNumber => 20, postingDate => 'date',
            documentNumber => 20, externalDocumentNumber => 20,
            description => 50, amount => 'number' },
);

my $bc = qr{^/v2\.0/[0-9a-f-]{36}/Production/api/v2\.0
             /companies\([0-9a-f-]{36}\)/(.+)$}x;


sub begin {
    my ($self) = @_;

    $self->{$_} = [] for qw(journals lines entries);
}


sub journals { return $_[0]{journals} }
sub lines { return $_[0]{lines} }
sub entries { return $_[0]{entries} }


sub mend {
    my ($self, $account) = @_;

    $_->{accountNumber} = $account for @{ $self->{lines} };
    return;
}


sub answer {
    my ($self, $request) = @_;
    my ($path, $h) = @$request{qw(path header)};
    my $hosts = $self->{set}{hosts};
    my ($what) = $path =~ m{^/data/} ? 'fo' : $path =~ $bc ? 'bc' : 'entra';

    return { status => 421 } if ($h->{host} // '') ne $hosts->{$what};

    if ($what eq 'entra') {
        return { status => 404 }
            if $path !~ m{^/[0-9a-f-]{36}/oauth2/v2\.0/token$};

        # id and secret stand in the form

        return $self->json(400, { error => 'invalid_request' })
            if $h->{authorization} || $request->{body} !~ /client_secret=/;

        return $self->token($request, %{ $self->{set}{secret} });
    }

    return { status => 401, header => ['WWW-Authenticate: Bearer'] }
        if !$self->bearer($request, "https://$hosts->{$what}/.default");

    return $what eq 'fo' ? $self->operations($request)
                         : $self->central($request, $path =~ $bc);
}


sub operations {
    my ($self, $request) = @_;
    my ($in, $set) = ($request->{json}, $request->{path} =~ m{^/data/(\w+)$});

    my $is = { LedgerJournalHeaders => 'header',
               LedgerJournalLines => 'line' }->{$set // ''}
        or return $self->fault(404, "No HTTP resource was found: $set");

    return $self->operations_found($is, $request)
        if $request->{method} eq 'GET';
    return { status => 405 } if $request->{method} ne 'POST';

    my $wrong = wrong($is, $in);
    return $self->fault(400, $wrong) if $wrong;

    if ($is eq 'header') {
        return $self->failed('LedgerJournalHeaderEntity', 'The value'
                             . " '$in->{JournalName}' in field 'Name' is not"
                             . " found in the related table 'Journal names'.")
            if ($in->{JournalName} // '') ne 'HIE';

        my $journal = { %$in, JournalBatchNumber =>
                        sprintf('%08d', 1 + @{ $self->{journals} }),
                        IsPosted => 'No', lines => [] };

        push @{ $self->{journals} }, $journal;
        return $self->json(201, $journal);
    }

    my ($journal) = grep { $_->{JournalBatchNumber}
                           eq ($in->{JournalBatchNumber} // '') }
                    @{ $self->{journals} };

    return $self->failed('LedgerJournalLineEntity',
                         'Journal batch number must be filled in.')
        if !$journal;

    return $self->failed('LedgerJournalLineEntity', 'The combination'
                         . " $in->{OffsetAccountDisplayValue} is not valid.")
        if ($in->{OffsetAccountDisplayValue} // '')
           ne ($self->{set}{valid} // '401100-4100-');

    return $self->failed('LedgerJournalLineEntity',
                         'You must specify an amount in debit or credit.')
        if !$in->{DebitAmount} == !$in->{CreditAmount};

    my $line = { %$in, LineNumber => 1 + @{ $journal->{lines} } };

    push @{ $journal->{lines} }, $line;
    return $self->json(201, $line);
}


# $filter=Name eq 'value' and Name eq 'value'

sub operations_found {
    my ($self, $is, $request) = @_;
    my $query = $self->query($request);

    my @found = $is eq 'header' ? @{ $self->{journals} }
                : map { @{ $_->{lines} } } @{ $self->{journals} };

    # the company of the user is another one

    @found = () if ($query->{'cross-company'} // '') ne 'true';

    return $self->filtered($query, @found)
           // $self->fault(400, 'Invalid filter');
}


sub filtered {
    my ($self, $query, @found) = @_;

    for (split / and /, $query->{'$filter'} // '') {
        my ($name, $value) = /^(\w+) eq '([^']*)'$/ or return;

        @found = grep { ($_->{$name} // '') eq $value } @found;
    }

    @found = splice @found, 0, $query->{'$top'} // @found;

    return $self->json(200, { value => \@found });
}


sub central {
    my ($self, $request, $path) = @_;
    my $method = $request->{method};
    my $query = $self->query($request);

    if ($method eq 'GET') {
        return $self->filtered($query, @{ $self->{entries} })
            if $path eq 'generalLedgerEntries';
        return $self->filtered($query, @{ $self->{lines} })
            if $path =~ m{^journals\([0-9a-f-]{36}\)/journalLines$};
    }

    return $self->post($request)
        if $path =~ m{^journals\([0-9a-f-]{36}\)/Microsoft\.NAV\.post$};

    return $self->error(404, 'BadRequest_NotFound', 'Bad Request - Error in'
                        . ' query syntax.')
        if $path !~ m{^journals\([0-9a-f-]{36}\)/journalLines$}
           || $method ne 'POST';

    my $in = $request->{json};
    my $wrong = wrong('bc', $in);

    return $self->error(400, 'BadRequest', $wrong) if $wrong;

    # the length of a value is looked at when it is stored

    for (sort keys %$in) {
        my $max = $properties{bc}{$_};

        return $self->error(400, 'Application_StringExceededLength',
                            'The length of the string is ' . length($in->{$_})
                            . ", but it must be less than or equal to $max"
                            . ' characters.')
            if $max =~ /^\d/ && length $in->{$_} > $max;
    }

    return $self->error(400, 'Internal_RecordNotFound',
                        "The field Account No. of table Gen. Journal Line"
                        . " contains a value ($in->{accountNumber}) that"
                        . ' cannot be found.')
        if ($in->{accountNumber} // '') !~ /^401[0-9]0$/;

    my $line = { %$in, id => sprintf('00000000-0000-0000-0000-%012d',
                                     scalar @{ $self->{lines} }),
                 lineNumber => 10000 * (1 + @{ $self->{lines} }) };

    push @{ $self->{lines} }, $line;
    return $self->json(201, $line);
}


# all lines or none of them

sub post {
    my ($self, $request) = @_;
    my @lines = @{ $self->{lines} };

    return { status => 411 }
        if !defined $request->{header}{'content-length'};

    return $self->error(400, 'Application_DialogException',
                        'There is nothing to post.')
        if !@lines;

    return $self->error(400, 'Application_DialogException',
                        'Blocked must be equal to \'No\' in G/L Account:'
                        . " No.=$self->{set}{blocked}.")
        if grep { $_->{accountNumber} eq ($self->{set}{blocked} // '') }
                @lines;

    push @{ $self->{entries} }, @lines;
    $self->{lines} = [];

    return { status => 204 };
}


sub wrong {
    my ($is, $in) = @_;

    return 'The request has no JSON object.' if ref $in ne 'HASH';

    for my $name (sort keys %$in) {
        my ($kind, $value) = ($properties{$is}{$name}, $in->{$name});

        return "The property '$name' does not exist on type"
               . " 'Microsoft.Dynamics.DataEntities.$is'."
            if !defined $kind;

        my $text = JSON::PP->new->allow_nonref->encode($value);

        return "Cannot convert a value of '$name' to the expected type."
            if $kind eq 'number' ? $text !~ /^-?\d/
               : $text !~ /^"/
                 || $kind eq 'date' && $value !~ /^\d{4}-\d\d-\d\d$/
                 || $kind eq 'time' && $value !~ /^\d{4}-\d\d-\d\dT.*Z$/
                 || $is ne 'bc' && $kind =~ /^\d/ && length $value > $kind;
    }

    return;
}


# the errors of Finance & Operations say what is wrong inside

sub failed {
    my ($self, $entity, $text) = @_;

    return $self->fault(400, "Write failed for table row of type '$entity'."
                             . " Infolog: Warning: $text");
}


sub fault {
    my ($self, $status, $text) = @_;

    return $self->json($status, { error => {
        code => '', message => 'An error has occurred.',
        innererror => {
            message => $text,
            type => 'Microsoft.Dynamics.Platform.Integration.Services.OData'
                    . '.ODataException',
            stacktrace => '   at Microsoft.Dynamics' } } });
}


sub error {
    my ($self, $status, $code, $text) = @_;

    return $self->json($status, { error => {
        code => $code, message => "$text  CorrelationId:  5f3c." } });
}


1;
