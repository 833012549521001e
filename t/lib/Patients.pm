package Patients;

# Patients of FHIR, for tests of the ways that they come in.
#
#   patient($id)          a resource in JSON; patient($id, $text) with that
#                         text in it, instead of SECRET
#   object($id)           what the map "p" makes of it, as a line
#   $map_p, $map_soft     two maps, for http{}; what the schema soft.json says
#                         against an object of "soft" is only a warning

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(patient object $map_p $map_soft);

our $map_p = 'canonical_map p version=1 {
        from fhir Patient;
        emit patient key=id;
        set  id     id required;
        set  gender gender;
        set  birth  birthDate date required;
    }';

our $map_soft = 'canonical_map soft version=1 {
        from   fhir Patient;
        emit   patient key=id;
        schema soft.json on_error=warn;
        set    id     id required;
        set    birth  birthDate date;
    }';


sub patient {
    my ($id, $more) = @_;

    return "{\"resourceType\":\"Patient\",\"id\":\"$id\",\"gender\":\"male\","
           . "\"birthDate\":\"1988-08-18\",\"text\":{\"status\":\"empty\","
           . '"div":"' . ($more // 'SECRET') . '"}}';
}


sub object {
    my ($id) = @_;

    return "{\"type\":\"patient\",\"map\":\"p\@1\",\"key\":\"$id\","
           . "\"id\":\"$id\",\"gender\":\"male\",\"birth\":\"1988-08-18\"}\n";
}


1;
