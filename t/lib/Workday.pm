package Workday;

# A stand-in for the SOAP services of Workday, as strict as what is known of
# them: elements in the order of the WSDL, references by ids of a type, Faults
# with 500, and an ID that is there already is refused under Add_Only.  It
# proves nothing about a tenant.
#
#   my $erp = Workday->start($dir, user => 'ISU_HIE@acme', password => '...');
#   $erp->call('documents', 'Journal')    # ids of what was posted, in order;
#                                         # or 'Requisition', 'Invoice'
#   $erp->call('document', 'Journal', $id)      # { Element => text, ...
#                                               #   lines => [{...}, ...] }
#   Workday->fault('SOAP-ENV:Server.processingError', 'text', $detail)
#                                         # an answer for next()
#
# Settings: user, password, and locked => 1, a processing error for all.

use strict;
use warnings;

use parent 'Standin';

my $wd = 'urn:com.workday/bsvc';
my $soap = 'http://schemas.xmlsoap.org/soap/envelope/';
my $wss = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
my $version = 'v44.2';

# of each operation: its service, the kind of document, its data, the id in
# it, its lines, and the type of the id in references

my %submit = (
    Submit_Accounting_Journal_Request =>
        ['Financial_Management', 'Journal', 'Accounting_Journal_Data',
         'Accounting_Journal_ID', 'Journal_Entry_Line_Replacement_Data'],
    Submit_Requisition_Request =>
        ['Resource_Management', 'Requisition', 'Requisition_Data',
         'Requisition_Number', 'Item_Request_Line_Data'],
    Submit_Supplier_Invoice_Request =>
        ['Resource_Management', 'Invoice', 'Supplier_Invoice_Data',
         'Supplier_Invoice_ID', 'Invoice_Line_Replacement_Data'],
);

my %get = (
    Get_Journals_Request =>
        ['Financial_Management', 'Journal', 'Accounting_Journal_Reference',
         'Accounting_Journal_ID'],
    Get_Requisitions_Request =>
        ['Resource_Management', 'Requisition', 'Requisition_Reference',
         'Requisition_Number'],
    Get_Supplier_Invoices_Request =>
        ['Resource_Management', 'Invoice', 'Supplier_Invoice_Reference',
         'Supplier_Invoice_Reference_ID'],
);

# elements in their order, "!": one has to be there

my %elements = (
    Accounting_Journal_Data => [qw(
        !Accounting_Journal_ID Submit Journal_Number !Company_Reference
        !Currency_Reference !Ledger_Type_Reference Book_Code_Reference
        !Accounting_Date !Journal_Source_Reference Record_Quantity
        Journal_Entry_Memo External_Reference_ID Document_Link
        Control_Total_Amount Journal_Entry_Line_Replacement_Data)],
    Journal_Entry_Line_Replacement_Data => [qw(
        Line_Order Line_Company_Reference !Ledger_Account_Reference
        Debit_Amount Credit_Amount Currency_Reference Memo
        Worktags_Reference)],
    Requisition_Data => [qw(
        Submit !Requisition_Number !Requisition_Date
        Requisition_Currency_Reference Requisition_Type_Reference
        !Company_Reference !Requester_Reference Memo_to_Suppliers
        Internal_Memo High_Priority Item_Request_Line_Data)],
    Item_Request_Line_Data => [qw(
        Goods_Requisition_Line_ID !Item_Reference Item_Description
        Spend_Category_Reference Supplier_Reference !Quantity
        Unit_of_Measure_Reference Unit_Cost Extended_Amount
        Requested_Delivery_Date Memo Worktags_Reference)],
    Supplier_Invoice_Data => [qw(
        !Supplier_Invoice_ID Submit Invoice_Number !Company_Reference
        !Currency_Reference !Supplier_Reference !Invoice_Date
        Due_Date_Override Control_Amount_Total Tax_Amount
        Suppliers_Invoice_Number External_PO_Number Memo
        Invoice_Line_Replacement_Data)],
    Invoice_Line_Replacement_Data => [qw(
        Line_Order Purchase_Item_Reference Item_Description
        !Spend_Category_Reference Quantity Unit_Cost !Extended_Amount Memo
        Worktags_Reference)],
);

# what there is in the tenant

my %ids = (
    Company_Reference_ID => ['GHH'],
    Currency_ID => ['USD', 'EUR'],
    Ledger_Type_ID => ['Actuals'],
    Journal_Source_ID => ['HIE'],
    Account_Set_ID => ['Standard'],
    Ledger_Account_ID => [1200, 4000, 4010, 4020],
    Cost_Center_Reference_ID => [4100, 4120],
    Employee_ID => ['HIE'],
    Supplier_ID => ['S-100'],
    Spend_Category_ID => ['Medical_Supplies'],
    Purchase_Item_ID => ['IMP-4711', 'GLOVE-M'],
    UN_CEFACT_Common_Code_ID => ['EA', 'BX'],
);


sub begin {
    my ($self) = @_;

    $self->{documents} = {};
    $self->{order} = {};
}


sub documents {
    my ($self, $kind) = @_;

    return $self->{order}{$kind} // [];
}


sub document {
    my ($self, $kind, $id) = @_;

    return $self->{documents}{$kind}{$id};
}


sub answer {
    my ($self, $request) = @_;
    my ($service) = $request->{path}
                    =~ m{^/ccx/service/acme/(\w+)/\Q$version\E$};

    return { status => 404, body => 'no such service' } if !$service;
    return { status => 405, body => 'POST' } if $request->{method} ne 'POST';
    return { status => 415, body => 'text/xml' }
        if ($request->{header}{'content-type'} // '') !~ m{^text/xml\b}
           || !defined $request->{header}{soapaction};

    my $root = eval { tree($request->{body}) };
    return refused($@) if !$root;

    return refused('not an envelope')
        if $root->{name} ne "{$soap}Envelope" || @{ $root->{kids} } != 2;

    my ($header, $body) = @{ $root->{kids} };

    return refused('not an envelope')
        if $header->{name} ne "{$soap}Header"
           || $body->{name} ne "{$soap}Body" || @{ $body->{kids} } != 1;

    return $self->fault('SOAP-ENV:Client.authenticationError',
                        'invalid username or password')
        if !$self->known($header);

    return $self->fault('SOAP-ENV:Server.processingError',
                        'Processing error occurred. Please try again.',
                        '<wd:Processing_Fault><wd:Detail_Message>Please try '
                        . 'again.</wd:Detail_Message></wd:Processing_Fault>')
        if $self->{set}{locked};

    my $answer = eval { $self->operation($service, $body->{kids}[0]) };

    return $answer // refused($@);
}


sub known {
    my ($self, $header) = @_;
    my $security = child($header, 'Security',
                         "${wss}wssecurity-secext-1.0.xsd") or return 0;

    return 0 if ($security->{attr}{"{$soap}mustUnderstand"} // '') ne '1';

    my $token = child($security, 'UsernameToken') or return 0;
    my $user = child($token, 'Username') or return 0;
    my $password = child($token, 'Password') or return 0;

    return $password->{attr}{Type} =~ /#PasswordText$/
           && $user->{text} eq $self->{set}{user}
           && $password->{text} eq $self->{set}{password};
}


sub operation {
    my ($self, $service, $node) = @_;
    my ($name) = $node->{name} =~ /^\{\Q$wd\E\}(\w+)$/
        or die "not an operation\n";

    die "the version is not $version\n"
        if ($node->{attr}{"{$wd}version"} // '') ne $version;

    if (my $how = $get{$name}) {
        my (undef, $kind, $reference, $type) = @$how;

        die "not in $service\n" if $how->[0] ne $service;

        my $references = child($node, 'Request_References', $wd)
            or die "no references\n";
        my $of = child($references, $reference, $wd) or die "no $reference\n";
        my $id = id($of, $type);

        die invalid($id, $type) if !$self->{documents}{$kind}{$id};

        my $response = $name =~ s/Request$/Response/r;

        return envelope(200, "<wd:$response xmlns:wd=\"$wd\" wd:version="
                             . "\"$version\"><wd:Response_Data><wd:Reference>"
                             . "<wd:ID wd:type=\"$type\">" . escaped($id)
                             . "</wd:ID></wd:Reference></wd:Response_Data>"
                             . "</wd:$response>");
    }

    my ($of, $kind, $data, $key, $lines) = @{ $submit{$name} // [] };

    die "not in $service\n" if ($of // '') ne $service;

    my $add = ($node->{attr}{"{$wd}Add_Only"} // '') eq 'true';
    my $document = $self->checked(child($node, $data, $wd)
                                  // die "no $data\n");
    my $id = $document->{$key};

    die "Add Only: the $kind $id exists already.\n"
        if $add && $self->{documents}{$kind}{$id};
    die "The $kind has no lines.\n" if !@{ $document->{lines} };

    balanced(@{ $document->{lines} }) if $kind eq 'Journal';

    push @{ $self->{order}{$kind} }, $id if !$self->{documents}{$kind}{$id};
    $self->{documents}{$kind}{$id} = $document;

    my $response = $name =~ s/Request$/Response/r;

    return envelope(200, "<wd:$response xmlns:wd=\"$wd\" wd:version="
                         . "\"$version\"><wd:Reference><wd:ID wd:type=\"WID\">"
                         . sprintf('%032x', scalar @{ $self->{order}{$kind} })
                         . "</wd:ID></wd:Reference></wd:$response>");
}


# elements, their order, and the ids that they refer to

sub checked {
    my ($self, $node) = @_;
    my ($name) = $node->{name} =~ /^\{\Q$wd\E\}(\w+)$/
        or die "an element of another namespace\n";
    my @expected = @{ $elements{$name} // die "no such element: $name\n" };
    my %checked = (lines => []);
    my $at = 0;

    for my $kid (@{ $node->{kids} }) {
        my ($local) = $kid->{name} =~ /^\{\Q$wd\E\}(.+)$/
            or die "an element of another namespace\n";

        $at++ while $at < @expected
                    && $expected[$at] !~ /^!?\Q$local\E$/;
        die "Element $local of $name is unknown or in the wrong place.\n"
            if $at == @expected;

        if ($elements{$local}) {
            push @{ $checked{lines} }, $self->checked($kid);

        } elsif ($local =~ /_Reference$/) {
            $checked{$local} = referred($kid);

        } else {
            die "$local has no value\n" if $kid->{text} !~ /\S/;
            die "$local is no date\n"
                if $local =~ /_Date(_Override)?$/
                   && $kid->{text} !~ /^\d{4}-\d\d-\d\d$/;
            die "$local is no number\n"
                if $local =~ /Amount|Quantity$|Cost$/
                   && $kid->{text} !~ /^-?\d+(\.\d+)?$/;
            $checked{$local} = $kid->{text};
        }
    }

    for (@expected) {
        die "$1 is required.\n" if /^!(.*)/ && !defined $checked{$1};
    }

    return \%checked;
}


sub referred {
    my ($node) = @_;
    my $id = child($node, 'ID', $wd) or die "a reference without an ID\n";
    my $type = $id->{attr}{"{$wd}type"} // '';
    my $parent = $id->{attr}{"{$wd}parent_type"};

    referred_to($id->{attr}{"{$wd}parent_id"}, $parent) if defined $parent;
    die "an account is one of an account set\n"
        if $type eq 'Ledger_Account_ID' && !defined $parent;

    return referred_to($id->{text}, $type);
}


sub referred_to {
    my ($id, $type) = @_;

    die invalid($id, $type) if !grep { $_ eq $id } @{ $ids{$type} // [] };

    return $id;
}


sub id {
    my ($node, $type) = @_;
    my $id = child($node, 'ID', $wd) or die "a reference without an ID\n";

    die "not of type $type\n" if ($id->{attr}{"{$wd}type"} // '') ne $type;

    return $id->{text};
}


sub invalid {
    my ($id, $type) = @_;

    return "Invalid ID value.  '$id' is not a valid ID value for type ="
           . " '$type'\n";
}


sub balanced {
    my $sum = 0;

    for (@_) {
        die "A line has a debit or a credit.\n"
            if defined $_->{Debit_Amount} == defined $_->{Credit_Amount};
        $sum += ($_->{Debit_Amount} // 0) - ($_->{Credit_Amount} // 0);
    }

    die "Debits must equal credits.\n" if abs($sum) > 0.0001;
}


# --- answers ---

sub refused {
    my ($text) = @_;

    chomp $text;
    my $message = escaped($text);

    return Workday->fault('SOAP-ENV:Client.validationError',
        "Validation error occurred. $text",
        "<wd:Validation_Fault><wd:Validation_Error><wd:Message>$message"
        . "</wd:Message><wd:Detail_Message>$message</wd:Detail_Message>"
        . '<wd:Xpath>/wd:Request[1]</wd:Xpath></wd:Validation_Error>'
        . '</wd:Validation_Fault>');
}


sub fault {
    my ($self, $code, $text, $detail) = @_;

    return envelope(500, "<SOAP-ENV:Fault xmlns:wd=\"$wd\"><faultcode>$code"
                         . '</faultcode><faultstring>' . escaped($text)
                         . '</faultstring>'
                         . ($detail ? "<detail>$detail</detail>" : '')
                         . '</SOAP-ENV:Fault>');
}


sub envelope {
    my ($status, $body) = @_;

    return { status => $status, header => ['Content-Type: text/xml'],
             body => '<?xml version="1.0" encoding="UTF-8"?>'
                     . "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"$soap\">"
                     . "<SOAP-ENV:Body>$body</SOAP-ENV:Body>"
                     . '</SOAP-ENV:Envelope>' };
}


sub escaped {
    my ($text) = @_;

    $text =~ s/&/&amp;/g;
    $text =~ s/</&lt;/g;

    return $text;
}


# --- XML: { name => "{ns}local", attr => {...}, kids => [...], text => '' }

sub tree {
    my ($text) = @_;
    my @open = ({ ns => {}, kids => [], text => '' });

    while ($text =~ /\G(?:<\?.*?\?>
                        |<(\/?)([\w.:-]+)((?:\s+[\w.:-]+="[^"<]*")*)\s*(\/?)>
                        |([^<]+))/gcsx)
    {
        my ($close, $name, $attributes, $empty, $data) = ($1, $2, $3, $4, $5);

        if (defined $data) {
            $open[-1]{text} .= plain($data);
            next;
        }

        next if !defined $name;

        if ($close) {
            my $node = pop @open;

            die "not well-formed\n" if !@open || $node->{tag} ne $name;
            next;
        }

        my %ns = %{ $open[-1]{ns} };
        my %raw = map { plain($_) } $attributes =~ /([\w.:-]+)="([^"]*)"/g;

        for (keys %raw) {
            $ns{$1 // ''} = delete $raw{$_} if /^xmlns(?::(.+))?$/;
        }

        my $node = { tag => $name, ns => \%ns, kids => [], text => '',
                     name => expanded(\%ns, $name, 1),
                     attr => { map { expanded(\%ns, $_, 0) => $raw{$_} }
                                   keys %raw } };

        push @{ $open[-1]{kids} }, $node;
        push @open, $node if !$empty;
    }

    die "not well-formed\n"
        if @open != 1 || (pos($text) // 0) != length $text
           || @{ $open[0]{kids} } != 1;

    return $open[0]{kids}[0];
}


sub expanded {
    my ($ns, $name, $default) = @_;
    my ($prefix, $local) = $name =~ /^(?:([^:]+):)?(.+)$/;

    if (!defined $prefix) {
        return $default && defined $ns->{''} ? "{$ns->{''}}$local" : $local;
    }

    die "a prefix without a namespace: $name\n" if !defined $ns->{$prefix};

    return "{$ns->{$prefix}}$local";
}


sub plain {
    my ($text) = @_;
    my %of = (lt => '<', gt => '>', quot => '"', apos => "'", amp => '&');

    $text =~ s/&(lt|gt|quot|apos|amp);/$of{$1}/g;

    return $text;
}


sub child {
    my ($node, $local, $ns) = @_;

    for (@{ $node->{kids} }) {
        return $_ if $_->{name} =~ /^\{(.*)\}\Q$local\E$/
                     && (!defined $ns || $1 eq $ns);
    }

    return undef;
}


1;
