# Sourced.  Reads one suite of the Debian archive that this machine already
# uses, with package lists of its own: the system's apt configuration and
# lists stay as they are.

apt_archive() {
    apt-get indextargets --format '$(REPO_URI)' "Release: $VERSION_CODENAME" \
            "Component: main" "Created-By: Packages" | sed -n 1p
}


# apt_suite <suite> deb|deb-src <directory>: sets $apt_options

apt_suite() {
    . /etc/os-release

    apt_uri=$(apt_archive)

    # apt knows of an archive only what it has the lists of

    if [ -z "$apt_uri" ]; then
        apt-get -qq update
        apt_uri=$(apt_archive)
    fi

    if [ -z "$apt_uri" ]; then
        echo "$0: apt knows no archive of $VERSION_CODENAME main" >&2
        return 1
    fi

    mkdir -p "$3/lists/partial" "$3/cache/archives/partial"
    : > "$3/status"                         # as if nothing was installed

    # a mirror may be behind by more than the week that unstable's index is
    # good for: what it has is signed all the same

    echo "$2 [check-valid-until=no] $apt_uri $1 main" > "$3/sources.list"

    apt_options="-o Dir::Etc::SourceList=$3/sources.list
                 -o Dir::Etc::SourceParts=/dev/null
                 -o Dir::State::Lists=$3/lists
                 -o Dir::State::status=$3/status
                 -o Dir::Cache=$3/cache
                 -o APT::Sandbox::User=root
                 -o Acquire::Languages=none
                 -qq"

    apt-get $apt_options update
}
