# make              the dynamic modules, in build/
# make deps         install what all of this needs (Debian packages, as root)
# make run          run the engine with conf/nginx.conf, show a message, say
#                   what to try next; DAEMON=1: do not stay in the foreground;
#                   ERP=tryton: with a real ERP behind it
# make reload       its configuration has changed
# make stop         end it
# make send         FILE=...: send it an HL7 v2 message; PORT=, HOST=
# make test         unit tests and t/*.t; T=t/010-name.t or T=unit selects
# make chaos        the scenarios of t/chaos at full length: some hours
# make asan         the same as make test, AddressSanitizer and UBSan
# make valgrind     the same, memcheck
# make matrix       the same, on each nginx of t/tools/matrix
# make fuzz         libFuzzer, FUZZ_SECONDS=60 for each target
# make fhirpath     the official FHIRPath suite of R4, where it is
# make bench        measure against a plain server and others
# make install      modules, the lines that load them, and conf/; DESTDIR
# make clean

NGINX_BINARY ?= $(shell PATH="$$PATH:/usr/sbin" command -v nginx)

CFLAGS = -g -O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2

# of the shared objects: small functions of one file are used in others

LTO = -O3 -flto=auto -fno-semantic-interposition -Wl,-Bsymbolic-functions

GROUND_CFLAGS = -std=gnu99 -W -Wall -Wextra -Wpointer-arith \
                -Wno-unused-parameter -Werror

GROUND_INCS = -I ngx_hl7_module -I ngx_fhir_module -I ngx_erp_upstream \
              -I t/unit -I build \
              -I /usr/include/libxml2 \
              $(addprefix -I build/nginx/src/,core event os/unix)

# the one list of them is in the file config

GROUND = $(subst erp_module,erp_upstream,$(shell sed -n \
    '/_GROUND_SRCS=/,/"$$/s|.*\$$\([a-z0-9]*\)_dir/\(.*\.c\).*|ngx_\1_module/\2|p' config))

GROUND_LIBS = -lxml2 -lpcre2-8 -lsqlite3 -lcrypto

# where unit tests go: make asan has its own

OUT = build

UNITS = $(patsubst t/unit/%.c,$(OUT)/unit/%,$(wildcard t/unit/*.c))

T = unit t/*.t $(wildcard t/chaos/*.t)

FHIRPATH_SUITE = ../shared/corpus/fhirpath

export CFLAGS LTO FUZZ_SECONDS NGINX_BINARY


.SECONDARY:

.PHONY: all deps run reload stop send test chaos asan valgrind matrix fuzz fhirpath bench install clean \
        units print-ground FORCE

all: build/modules.conf
	@$(MAKE) -s --no-print-directory -C build/nginx \
	         -f $(CURDIR)/build/Makefile modules

build/modules.conf: config t/tools/configure build/nginx.version
	t/tools/configure build

build/nginx.version: FORCE
	@test -n "$(NGINX_BINARY)" || { echo 'no nginx: make deps'; exit 1; }
	@mkdir -p build
	@$(NGINX_BINARY) -V 2>&1 | cmp -s - $@ || $(NGINX_BINARY) -V >$@ 2>&1

deps:
	@t/tools/deps

run:
	@t/tools/deps $(or $(ERP),run)
	@test -f build/ngx_erp_upstream.so || echo 'building, which takes minutes'
	@$(MAKE) --no-print-directory all
	@t/tools/run $(if $(DAEMON),start)

reload stop:
	@t/tools/run $@

send:
	@test -n "$(FILE)" || { echo 'make send FILE=...'; exit 1; }
	@t/tools/send $(if $(HOST),-h $(HOST)) $(if $(PORT),-p $(PORT)) $(FILE)

units: $(UNITS)

HEADERS = $(wildcard ngx_*/*.h t/unit/*.h) build/modules.conf

$(OUT)/ground/%.o: %.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(GROUND_CFLAGS) $(GROUND_INCS) -c -o $@ $<

$(OUT)/ground.a: $(GROUND:%.c=$(OUT)/ground/%.o)
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/unit/%: t/unit/%.c $(OUT)/ground.a $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(GROUND_CFLAGS) $(GROUND_INCS) -o $@ $(filter %.c %.a,$^) \
	      $(GROUND_LIBS)

test: deps
	@$(MAKE) --no-print-directory all units
	@t/tools/suite $(T)

chaos: deps
	@$(MAKE) --no-print-directory all
	@CHAOS=1 t/tools/suite t/chaos/*.t

asan: deps
	@t/tools/asan $(T)

valgrind: deps
	@$(MAKE) --no-print-directory all units
	@t/tools/valgrind $(T)

matrix: deps
	@t/tools/matrix $(filter-out unit,$(T))

fuzz: deps
	@$(MAKE) --no-print-directory build/modules.conf
	@t/tools/fuzz "$(GROUND_CFLAGS) $(GROUND_INCS)" $(GROUND) $(GROUND_LIBS)

$(OUT)/fhirpath: t/fhirpath/suite.c $(OUT)/ground.a $(HEADERS)
	$(CC) $(CFLAGS) $(GROUND_CFLAGS) $(GROUND_INCS) -o $@ $(filter %.c %.a,$^) \
	      $(GROUND_LIBS)

fhirpath: deps
	@$(MAKE) --no-print-directory all $(OUT)/fhirpath
	@$(OUT)/fhirpath $(FHIRPATH_SUITE)

bench: deps
	@$(MAKE) --no-print-directory all
	@t/bench/run

# what t/bench/maps builds with: sources, flags, libraries

print-ground:
	@echo $(GROUND)
	@echo $(CFLAGS) -O3 -flto=auto $(filter-out -Werror,$(GROUND_CFLAGS)) $(GROUND_INCS)
	@echo $(GROUND_LIBS)

install: all
	@t/tools/install

clean:
	rm -rf build
