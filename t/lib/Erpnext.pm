package Erpnext;

# A stand-in for the REST API of ERPNext (Frappe), as strict as what is known
# of it; besides, it refuses fields that it does not know, which Frappe drops.
#
#   my $erp = Erpnext->start($dir, key => 'a1', secret => 'b2');
#   $erp->call('documents', 'Stock Entry')     # all of them, in their order:
#                                              # { name, docstatus, ... }
#   $erp->call('cancel', $doctype, $name)
#   $erp->call('stock', $item, $warehouse)     # on hand, by what is submitted
#   $erp->call('forget_keys')                  # no key is known any more
#
# Settings: key, secret; traceback => 0, "exception" is not in errors; naming
# => 'key', documents are named by custom_source_key; series => 'a text', what
# names begin with; forbidden => a doctype that the user may not create.

use strict;
use warnings;

use JSON::PP ();

use parent 'Standin';

my $json = JSON::PP->new->utf8->canonical;
my $site = 'erp.example.org';

my %status = (
    AuthenticationError => 401, PermissionError => 403,
    DoesNotExistError => 404, DuplicateEntryError => 409,
    map { $_ => 417 } qw(ValidationError MandatoryError LinkValidationError
                         UniqueValidationError NegativeStockError
                         DocstatusTransitionError)
);

# fields of each doctype and of its items, "!": mandatory

my %fields = (
    'Stock Entry' => [
        [qw(custom_source_key !company !stock_entry_type posting_date
            set_posting_time remarks !items)],
        [qw(!item_code !qty uom s_warehouse t_warehouse cost_center
            use_serial_batch_fields batch_no serial_no)]],
    'Sales Invoice' => [
        [qw(custom_source_key !company !customer currency posting_date due_date
            set_posting_time remarks is_return !items)],
        [qw(!item_code description !qty !rate cost_center)]],
);

# names of other documents, by the fields that link to them

my %links = (
    company => ['General Hospital'],
    customer => ['Self payers'],
    currency => ['USD', 'EUR'],
    stock_entry_type => ['Material Issue', 'Material Receipt'],
    item_code => ['IMP-4711', 'GLOVE-M', 'X'],
    uom => ['EA', 'Nos'],
    s_warehouse => ['OR - GHH'],
    t_warehouse => ['OR - GHH'],
    cost_center => ['4100 - GHH', '4120 - GHH'],
    batch_no => ['L77'],
);

my %series = ('Stock Entry' => 'MAT-STE-2026-',
              'Sales Invoice' => 'ACC-SINV-');


sub begin {
    my ($self) = @_;

    $self->{documents} = [];
    $self->{stock}{'IMP-4711'}{'OR - GHH'} = 10;
    $self->{stock}{'GLOVE-M'}{'OR - GHH'} = 10;
}


sub documents {
    my ($self, $doctype) = @_;

    return [grep { $_->{doctype} eq $doctype } @{ $self->{documents} }];
}


sub cancel {
    my ($self, $doctype, $name) = @_;

    $self->found($doctype, $name)->{docstatus} = 2;
    return;
}


sub stock {
    my ($self, $item, $warehouse) = @_;

    return $self->{stock}{$item}{$warehouse} // 0;
}


sub forget_keys {
    my ($self) = @_;

    $self->{start}{key} = $self->{set}{key} = 'none';
    return;
}


sub answer {
    my ($self, $request) = @_;
    my ($path, $header) = @$request{qw(path header)};

    return page(404, 'Site not found') if ($header->{host} // '') ne $site;
    return page(400, 'a space in the URI')
        if $path !~ m{^/[\x21-\x7e]*$} || $path =~ /%(?![0-9A-F]{2})/i;

    $path =~ s/%([0-9a-fA-F]{2})/chr hex $1/ge;
    utf8::decode($path);

    my $answer = eval { $self->routed($request, $path) };

    return $answer if $answer;

    my ($type, $text) = $@ =~ /^(\w+): (.*)\n\z/s
        or return $self->json(500, { exc_type => 'TypeError',
                                     exception => "TypeError: $@" });

    return $self->error($type, $text);
}


sub routed {
    my ($self, $request, $path) = @_;
    my $set = $self->{set};

    die "AuthenticationError: Invalid Authorization\n"
        if ($request->{header}{authorization} // '')
           ne "token $set->{key}:$set->{secret}";

    my $how = "$request->{method} $path";
    my $body = $request->{json};

    if ($how =~ m{^(?:POST|PUT) }) {
        die "ValidationError: no JSON\n"
            if ($request->{header}{'content-type'} // '')
               !~ m{^application/json\b} || ref $body ne 'HASH';
    }

    if ($how =~ m{^POST /api/resource/([^/]+)$}) {
        return $self->json(200, { data => $self->create($1, $body) });
    }

    if ($how =~ m{^PUT /api/resource/([^/]+)/(.+)$}) {
        return $self->json(200, { data => $self->update($1, $2, $body) });
    }

    if ($how eq 'POST /api/method/frappe.client.get_list') {
        my $filters = $body->{filters} // {};
        my @fields = @{ $body->{fields} // ['name'] };

        my @all = grep {
            my $document = $_;
            !grep { ($document->{$_} // '') ne $filters->{$_} } keys %$filters
        } @{ $self->documents($body->{doctype} // '') };

        splice @all, $body->{limit_page_length}
            if @all > ($body->{limit_page_length} // 20);

        return $self->json(200, { message => [map {
            my $document = $_;
            +{ map { $_ => $document->{$_} } @fields }
        } @all] });
    }

    die "DoesNotExistError: $how not found\n";
}


sub create {
    my ($self, $doctype, $given) = @_;
    my $fields = $fields{$doctype}
        or die "DoesNotExistError: DocType $doctype not found\n";

    die "PermissionError: No permission for $doctype\n"
        if ($self->{set}{forbidden} // '') eq $doctype;

    my %document = (%$given, doctype => $doctype, docstatus => 0);
    my $row = 0;

    checked($given, '', @{ $fields->[0] });

    for my $item (@{ $given->{items} }) {
        $row++;

        die "ValidationError: Row #$row: qty must be a number\n"
            if $json->encode([@$item{qw(qty rate)}]) =~ /"/;

        checked($item, "Row #$row: ", @{ $fields->[1] });

        die "MandatoryError: Row #$row: Source Warehouse\n"
            if ($given->{stock_entry_type} // '') eq 'Material Issue'
               && !$item->{s_warehouse};
        die "MandatoryError: Row #$row: Target Warehouse\n"
            if ($given->{stock_entry_type} // '') eq 'Material Receipt'
               && !$item->{t_warehouse};
    }

    my $key = $given->{custom_source_key};
    my $named = ($self->{set}{naming} // '') eq 'key';
    my ($same) = grep { defined $key
                        && ($_->{custom_source_key} // '') eq $key }
                      @{ $self->documents($doctype) };

    die "DuplicateEntryError: ('$doctype', '$key', IntegrityError(1062))\n"
        if $same && $named;
    die "UniqueValidationError: ('$doctype', 'new', IntegrityError(1062))\n"
        if $same;

    $document{name} = $named ? $key
        : ($self->{set}{series} // $series{$doctype})
          . sprintf('%05d', 1 + @{ $self->documents($doctype) });

    push @{ $self->{documents} }, \%document;

    return \%document;
}


sub checked {
    my ($given, $where, @fields) = @_;

    for (@fields) {
        die "MandatoryError: $where$1 is mandatory\n"
            if /^!(.*)/ && (!defined $given->{$1} || $given->{$1} eq '');
    }

    for my $name (sort keys %$given) {
        my $value = $given->{$name};

        die "ValidationError: ${where}unknown field $name\n"
            if !grep { /^!?\Q$name\E$/ } @fields;
        die "LinkValidationError: Could not find $where$name: $value\n"
            if $links{$name} && !grep { $_ eq $value } @{ $links{$name} };
        die "ValidationError: $where$name is no date\n"
            if $name =~ /_date$/ && $value !~ /^\d{4}-\d\d-\d\d$/;
    }
}


sub found {
    my ($self, $doctype, $name) = @_;
    my ($document) = grep { $_->{name} eq $name }
                          @{ $self->documents($doctype) };

    return $document // die "DoesNotExistError: $doctype $name not found\n";
}


# all of what is submitted, or nothing

sub update {
    my ($self, $doctype, $name, $given) = @_;
    my $document = $self->found($doctype, $name);

    die "DocstatusTransitionError: Cannot edit cancelled document\n"
        if $document->{docstatus} == 2;
    die "ValidationError: only docstatus is changed here\n"
        if $json->encode($given) ne '{"docstatus":1}';

    return $document if $document->{docstatus} == 1;

    if ($doctype eq 'Stock Entry') {
        for (@{ $document->{items} }) {
            my $on_hand = $self->stock($_->{item_code},
                                       $_->{s_warehouse} // '');

            die "NegativeStockError: $_->{qty} units of Item $_->{item_code}"
                . " needed in Warehouse $_->{s_warehouse}\n"
                if $_->{s_warehouse} && $on_hand < $_->{qty};
        }

        for (@{ $document->{items} }) {
            my $place = $self->{stock}{$_->{item_code}};

            $place->{$_->{s_warehouse}} -= $_->{qty} if $_->{s_warehouse};
            $place->{$_->{t_warehouse}} += $_->{qty} if $_->{t_warehouse};
        }
    }

    $document->{docstatus} = 1;

    return $document;
}


# JSON in a string in JSON in a string

sub error {
    my ($self, $type, $text) = @_;
    my %error = (exc_type => $type, _server_messages => $json->encode(
                     [$json->encode({ message => $text, title => 'Message',
                                      indicator => 'red' })]));

    $error{exception} = "frappe.exceptions.$type: $text"
        if $self->{set}{traceback} // 1;

    return $self->json($status{$type} // 500, \%error);
}


sub page {
    my ($status, $text) = @_;

    return { status => $status, header => ['Content-Type: text/html'],
             body => "<!DOCTYPE html><h1>$text</h1>" };
}


1;
