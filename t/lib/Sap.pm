package Sap;

# A stand-in for SAP S/4HANA behind its Gateway, OData V2: material documents
# and purchase requisitions, as far as sap.conf needs them.  What it is strict
# about is in SAP's documents: users, CSRF tokens that belong to a session, all
# of its cookies, no HEAD, If-Match for changes, names, types and lengths of
# properties, RequestID; its errors have SAP's form.  It is no proof of how a
# release of SAP behaves.
#
#   my $erp = Sap->start($dir, user => 'HIE:secret', stock => { 'I-1' => 10 });
#                       host => 's4.example'       the only name it listens to
#                       idempotent => 0            RequestID means nothing
#                       outdated => 1              or is known, but not what
#                                                  it was answered
#   $erp->call('documents')     of { MaterialDocument, item => {...}, ... }
#   $erp->call('requisitions')
#   $erp->call('on_hand', 'I-1'); $erp->call('receive', 'I-1', 5)
#   $erp->call('expire')        sessions have ended
#   $erp->call('sessions')      how many there were

use strict;
use warnings;

use parent 'Standin';

my $root = '/sap/opu/odata/sap/';

# property => most characters, "date", "number", or those of what is in it

my %goods_item = (
    Material => 40, Plant => 4, StorageLocation => 4, Batch => 10,
    GoodsMovementType => 3, CostCenter => 10, EntryUnit => 3,
    QuantityInEntryUnit => 'number', MaterialDocumentItemText => 50,
    to_SerialNumbers => { SerialNumber => 18 },
);

my %goods = (
    GoodsMovementCode => 2, PostingDate => 'date', DocumentDate => 'date',
    ReferenceDocument => 16, MaterialDocumentHeaderText => 25,
    to_MaterialDocumentItem => \%goods_item,
);

my %requisition = (
    PurchaseRequisitionType => 4, PurReqnDescription => 40,
    to_PurchaseReqnItem => {
        PurchaseRequisitionItem => 5, Material => 40, BaseUnit => 3,
        RequestedQuantity => 'number', Plant => 4, CompanyCode => 4,
        PurchasingGroup => 3, Supplier => 10, RequisitionerName => 12,
        DeliveryDate => 'date', AccountAssignmentCategory => 1,
        to_PurchaseReqnAcctAssgmt => { CostCenter => 10, GLAccount => 10 },
    },
);

my %sets = (
    'API_MATERIAL_DOCUMENT_SRV/A_MaterialDocumentHeader' =>
        ['MaterialDocument', 4900000000, \%goods, \&goods_movement],
    'API_PURCHASEREQ_PROCESS_SRV/A_PurchaseRequisitionHeader' =>
        ['PurchaseRequisition', 10000000, \%requisition, \&demand],
);


sub begin {
    my ($self) = @_;

    $self->{stock} = { %{ $self->{set}{stock} // {} } };
    $self->{$_} = {} for qw(session answered known);
    $self->{sessions} = 0;
}


sub expire {
    $_[0]{session} = {};
    return;
}


sub sessions { return $_[0]{sessions} }
sub on_hand { return $_[0]{stock}{$_[1]} }
sub receive { return $_[0]{stock}{$_[1]} += $_[2] }

sub documents { return $_[0]{known}{MaterialDocument} // [] }
sub requisitions { return $_[0]{known}{PurchaseRequisition} // [] }


sub answer {
    my ($self, $request) = @_;
    my ($method, $path, $h) = @$request{qw(method path header)};

    return page(421, 'Misdirected Request')
        if $self->{set}{host} && ($h->{host} // '') ne $self->{set}{host};

    return page(401, 'Anmeldung fehlgeschlagen', 'WWW-Authenticate: Basic'
                . ' realm="SAP NetWeaver Application Server [S4H/100]"')
        if $self->basic($request) ne $self->{set}{user};

    return page(501, 'HEAD is not implemented') if $method eq 'HEAD';

    # without it the answer is Atom

    return page(406, 'this stand-in has JSON only')
        if ($h->{accept} // '') !~ m{^application/json\b};

    my ($service, $set) = $path =~ m{^\Q$root\E(API_\w+_SRV)(?:/(.*))?$}
        or return page(404, 'Not Found');

    my ($token, @header) = $self->session($h);

    return $self->json(200, { d => { EntitySets => [] } }, @header)
        if $method eq 'GET' && ($set // '') eq '';

    if ($method ne 'GET') {
        return { status => 403, body => 'CSRF token validation failed',
                 header => ['x-csrf-token: Required',
                            'Content-Type: text/plain'] }
            if !$token || ($h->{'x-csrf-token'} // '') ne $token;
    }

    return $self->change($h) if $method =~ /^(PUT|PATCH|MERGE|DELETE)$/;

    my $known = $sets{"$service/$set"}
        or return $self->error(404, '/IWFND/MED/170',
                               "No service found for name '$service/$set'");

    return $self->found($known, $request) if $method eq 'GET';
    return page(405, 'Method Not Allowed') if $method ne 'POST';

    return $self->repeated($known, $request);
}


# The token of the session whose cookies these are, all of them.  One is begun
# by "Fetch" only, and the same session has the same token.

sub session {
    my ($self, $h) = @_;
    my %cookie = map { /^\s*([^=]+)=(.*)$/ ? ($1, $2) : () }
                 split /;/, $h->{cookie} // '';
    my $id = $cookie{SAP_SESSIONID_S4H_100} // '';
    my $token = $self->{session}{$id};
    my @header;

    $token = undef if ($cookie{'sap-usercontext'} // '') ne 'sap-client=100';

    if (lc($h->{'x-csrf-token'} // '') eq 'fetch') {

        if (!$token) {
            my $n = ++$self->{sessions};

            $id = "session%3a$n==";
            $token = $self->{session}{$id} = "token-$n==";
            @header = ('Set-Cookie: sap-usercontext=sap-client=100; path=/',
                       "Set-Cookie: SAP_SESSIONID_S4H_100=$id; path=/; secure;"
                       . ' HttpOnly');
        }

        push @header, "x-csrf-token: $token";
    }

    return $token, @header;
}


# the same RequestID: the same answer, while it is known

sub repeated {
    my ($self, $known, $request) = @_;
    my $h = $request->{header};
    my $id = $h->{requestid};

    return $self->created($known, $request->{json})
        if !defined $id || !($self->{set}{idempotent} // 1);

    return $self->error(400, '/IWBEP/CM_COS/002', 'RequestID is invalid')
        if $id !~ /^[0-9a-fA-F]{32}$/
           || ($h->{repeatabilitycreation} // '') !~ / GMT$/;

    if (exists $self->{answered}{$id}) {
        my $answer = $self->{answered}{$id};

        return $self->error(400, '/IWBEP/CM_COS/005',
                            'NetWeaver "Idempotent Service Framework":'
                            . ' RequestID is outdated')
            if $self->{set}{outdated};

        return { %$answer, header => [@{ $answer->{header} },
                                      'RepeatabilityResult: accepted'] };
    }

    my $answer = $self->created($known, $request->{json});

    $self->{answered}{$id} = $answer if $answer->{status} == 201;

    return { %$answer, header => [@{ $answer->{header} },
                                  'RepeatabilityResult: accepted'] };
}


sub created {
    my ($self, $known, $in) = @_;
    my ($key, $base, $properties, $effect) = @$known;

    return $self->error(400, '/IWCOR/CX_DS_EP_PARSE_ERROR', 'no JSON object')
        if ref $in ne 'HASH';

    my $wrong = wrong($properties, $in);
    return $self->error(400, 'CX_SXML_PARSE_ERROR/001', $wrong) if $wrong;

    my @refused = $effect->($self, $in);
    return $self->error(400, @refused) if @refused;

    my $all = $self->{known}{$key} //= [];
    my $made = { %$in, $key => $base + @$all + 1 . '' };

    push @$all, $made;

    $made->{__metadata} = { etag => 'W/"1"' };

    return $self->json(201, { d => $made }, 'DataServiceVersion: 2.0');
}


# what is wrong with an entity by its metadata, or nothing

sub wrong {
    my ($properties, $in) = @_;

    for my $name (sort keys %$in) {
        my ($is, $value) = ($properties->{$name}, $in->{$name});

        return "Property '$name' is invalid" if !defined $is;

        if (ref $is) {
            return "Property '$name' is no list" if ref $value ne 'ARRAY';

            for (@$value) {
                my $wrong = wrong($is, $_);
                return $wrong if $wrong;
            }

            next;
        }

        # numbers are strings

        my $text = JSON::PP->new->allow_nonref->encode($value);

        return "Property '$name' has an invalid value"
            if $text !~ /^"/
               || $is eq 'date' && $value !~ /^\d{4}-\d\d-\d\dT00:00:00$/
               || $is eq 'number' && $value !~ /^\d{1,10}(\.\d{1,3})?$/
               || $is =~ /^\d/ && length $value > $is;
    }

    return;
}


sub goods_movement {
    my ($self, $in) = @_;
    my ($item) = @{ $in->{to_MaterialDocumentItem} // [] };
    my $stock = $self->{stock};

    return ('M7/018', 'Enter Posting Date') if !$in->{PostingDate};
    return ('M7/001', 'Check table TMGM: entry does not exist')
        if ($in->{GoodsMovementCode} // '') ne '03';
    return ('M7/053', 'Posting only possible in periods 2026/11 and 2026/10'
            . ' in company code 1010')
        if $in->{PostingDate} !~ /^2026-1[01]/;
    return ('M3/305', "The material $item->{Material} does not exist or is not"
            . ' activated')
        if !defined $stock->{$item->{Material}};

    my $type = $item->{GoodsMovementType};

    return ('M7/184', 'Account determination not possible')
        if $type !~ /^(201|202|551)$/ || !$item->{CostCenter};

    my $left = $stock->{$item->{Material}}
               + ($type eq '202' ? 1 : -1) * $item->{QuantityInEntryUnit};

    return ('M7/021', 'Deficit of SL Unrestricted-use ' . -$left
            . " $item->{EntryUnit} : $item->{Material} $item->{Plant}"
            . " $item->{StorageLocation}")
        if $left < 0;

    $stock->{$item->{Material}} = $left;
    return;
}


sub demand {
    my ($self, $in) = @_;

    for (@{ $in->{to_PurchaseReqnItem} // [] }) {
        return ('ME/083', 'Enter G/L Account')
            if ($_->{AccountAssignmentCategory} // '') eq 'K'
               && !$_->{to_PurchaseReqnAcctAssgmt}[0]{CostCenter};
    }

    return;
}


# $filter=Name eq 'value'

sub found {
    my ($self, $known, $request) = @_;
    my $query = $self->query($request);
    my ($name, $value) = ($query->{'$filter'} // '') =~ /^(\w+) eq '([^']*)'$/
        or return $self->error(400, '005056A509B11EE1B9A8FEC11C21D78E',
                               'Invalid filter');

    return $self->error(400, '/IWFND/CM_MGW/096',
                        "Property '$name' is invalid")
        if !exists $known->[2]{$name};

    my @found = grep { ($_->{$name} // '') eq $value }
                     @{ $self->{known}{$known->[0]} // [] };

    return $self->json(200, { d => { results => \@found } });
}


# an item is changed by who has seen it as it is

sub change {
    my ($self, $h) = @_;

    return $self->error(428, '/IWBEP/CM_MGW_RT/020',
                        'If-Match header is missing')
        if !defined $h->{'if-match'};
    return $self->error(412, '/IWBEP/CM_MGW_RT/021', 'Precondition failed')
        if $h->{'if-match'} ne 'W/"1"';

    return { status => 204 };
}


sub error {
    my ($self, $status, $code, $text) = @_;

    return $self->json($status, { error => {
        code => $code, message => { lang => 'en', value => $text },
        innererror => { transactionid => 'F1A2', errordetails => [
            { code => $code, message => $text, severity => 'error',
              propertyref => '' }] } } });
}


sub page {
    my ($status, $text, @header) = @_;

    return { status => $status, body => "<html><body>$text</body></html>",
             header => ['Content-Type: text/html', @header] };
}


1;
