
/*
 * canonical_table, canonical_key and canonical_map.  The words inside of a
 * map are a module type of their own: a wrong one is NGINX's "unknown
 * directive".
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_canonical_module.h"
#include "ngx_fhir_types.h"


#define NGX_CANONICAL_MODULE    0x4c4e4143   /* "CANL" */
#define NGX_CANONICAL_MAP_CONF  0x02000000

#define NGX_HTTP_CANONICAL_FILE_MAX  (16 * 1024 * 1024)
#define NGX_HTTP_CANONICAL_WHY_MAX   512


typedef struct {
    void                            *none;   /* NGINX looks for conf here */
    ngx_http_canonical_main_conf_t  *mcf;
} ngx_http_canonical_map_ctx_t;


typedef struct {
    ngx_canonical_table_t           *table;
} ngx_http_canonical_table_ctx_t;


static char *ngx_http_canonical_table_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_canonical_table_file(ngx_conf_t *cf,
    ngx_canonical_table_t *table, ngx_str_t *name);
static char *ngx_http_canonical_key_option(ngx_conf_t *cf,
    ngx_canonical_compiler_t *c, ngx_canonical_key_t *key, ngx_str_t *word);
static ngx_int_t ngx_http_canonical_key_id(ngx_conf_t *cf, ngx_str_t *value,
    ngx_str_t *id);
static char *ngx_http_canonical_map_word(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_canonical_map_nested(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_canonical_error(ngx_conf_t *cf, const char *text);
static ngx_http_canonical_main_conf_t *ngx_http_canonical_enter(
    ngx_conf_t *cf);
static ngx_http_canonical_name_t *ngx_http_canonical_define(ngx_conf_t *cf,
    ngx_array_t *names, ngx_str_t *name);
static ngx_int_t ngx_http_canonical_read_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text);
static ngx_int_t ngx_http_canonical_secret(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret);
static ngx_canonical_table_t *ngx_http_canonical_find_table(
    ngx_canonical_compiler_t *c, ngx_str_t *name);
static ngx_canonical_key_t *ngx_http_canonical_find_key(
    ngx_canonical_compiler_t *c, ngx_str_t *name);
static ngx_canonical_schema_t *ngx_http_canonical_find_schema(
    ngx_canonical_compiler_t *c, ngx_str_t *name, const char **why);
static ngx_canonical_zone_t *ngx_http_canonical_find_zone(
    ngx_canonical_compiler_t *c, ngx_str_t *name, const char **why);
static ngx_int_t ngx_http_canonical_find_variable(
    ngx_canonical_compiler_t *c, ngx_str_t *name, uintptr_t *index,
    const char **why);
static void *ngx_http_canonical_types_block(size_t size);


#define ngx_canonical_word(word)                                              \
    { ngx_string(word),                                                       \
      NGX_CANONICAL_MAP_CONF|NGX_CONF_ANY,                                    \
      ngx_http_canonical_map_word,                                            \
      0,                                                                      \
      0,                                                                      \
      NULL }

#define ngx_canonical_block(word)                                             \
    { ngx_string(word),                                                       \
      NGX_CANONICAL_MAP_CONF|NGX_CONF_BLOCK|NGX_CONF_ANY,                     \
      ngx_http_canonical_map_nested,                                          \
      0,                                                                      \
      0,                                                                      \
      NULL }


static ngx_command_t  ngx_canonical_commands[] = {

    ngx_canonical_word("from"),
    ngx_canonical_word("to"),
    ngx_canonical_word("emit"),
    ngx_canonical_word("zone"),
    ngx_canonical_word("schema"),
    ngx_canonical_word("on_error"),
    ngx_canonical_word("phi"),
    ngx_canonical_word("set"),
    ngx_canonical_word("const"),

    ngx_canonical_block("each"),
    ngx_canonical_block("when"),
    ngx_canonical_block("else"),
    ngx_canonical_block("segment"),

      ngx_null_command
};


ngx_module_t  ngx_canonical_module = {
    NGX_MODULE_V1,
    NULL,                                  /* module context */
    ngx_canonical_commands,                /* module directives */
    NGX_CANONICAL_MODULE,                  /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


char *
ngx_http_canonical_table(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                            *rv;
    ngx_str_t                       *value;
    ngx_conf_t                       save;
    ngx_http_canonical_name_t       *name;
    ngx_http_canonical_main_conf_t  *mcf;
    ngx_http_canonical_table_ctx_t   ctx;

    value = cf->args->elts;
    mcf = ngx_http_canonical_enter(cf);

    name = ngx_http_canonical_define(cf, &mcf->tables, &value[1]);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    ctx.table = ngx_http_canonical_find_table(&mcf->compiler, &value[1]);
    if (ctx.table == NULL) {
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_http_canonical_table_line;
    cf->handler_conf = (void *) &ctx;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    return rv;
}


/* "file" and "default" are words of ours; "\file" is the key */

static char *
ngx_http_canonical_table_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_http_canonical_table_ctx_t *ctx = conf;

    ngx_int_t   rc;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (cf->args->nelts != 2) {
        return ngx_http_canonical_error(cf, "a line is a word and its value");
    }

    if (ngx_strcmp(value[0].data, "include") == 0) {
        return ngx_conf_include(cf, dummy, conf);
    }

    if (ngx_strcmp(value[0].data, "file") == 0) {
        return ngx_http_canonical_table_file(cf, ctx->table, &value[1]);
    }

    if (ngx_strcmp(value[0].data, "default") == 0) {
        rc = ngx_canonical_table_default(ctx->table, &value[1]);

    } else {
        if (value[0].len > 1 && value[0].data[0] == '\\') {
            value[0].data++;
            value[0].len--;
        }

        rc = ngx_canonical_table_add(ctx->table, &value[0], &value[1]);
    }

    if (rc == NGX_BUSY) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate \"%V\"",
                           &value[0]);
        return NGX_CONF_ERROR;
    }

    return (rc == NGX_OK) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_canonical_table_file(ngx_conf_t *cf, ngx_canonical_table_t *table,
    ngx_str_t *name)
{
    ngx_str_t    text;
    ngx_uint_t   line;
    const char  *why;

    if (ngx_http_canonical_read_file(cf, name, &text) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_canonical_table_read(table, &text, &line, &why) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in \"%V\" line %ui", why,
                           name, line);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_canonical_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                            *rv;
    ngx_str_t                       *value;
    ngx_uint_t                       i;
    ngx_canonical_key_t             *key;
    ngx_http_canonical_name_t       *name;
    ngx_http_canonical_main_conf_t  *mcf;

    value = cf->args->elts;
    mcf = ngx_http_canonical_enter(cf);

    name = ngx_http_canonical_define(cf, &mcf->keys, &value[1]);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    key = ngx_http_canonical_find_key(&mcf->compiler, &value[1]);
    if (key == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_canonical_key_option(cf, &mcf->compiler, key,
                                           &value[i]);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    if (key->secret.len == 0 || key->id.len == 0) {
        return "needs \"file=\" and \"id=\"";
    }

    if ((key->previous.len == 0) != (key->previous_id.len == 0)) {
        return "needs both \"previous=\" and \"previous_id=\"";
    }

    if (key->previous_id.len == key->id.len
        && ngx_strncmp(key->previous_id.data, key->id.data, key->id.len) == 0)
    {
        return "has one id for both keys";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_canonical_key_option(ngx_conf_t *cf, ngx_canonical_compiler_t *c,
    ngx_canonical_key_t *key, ngx_str_t *word)
{
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   name, value;

    p = (u_char *) ngx_strchr(word->data, '=');

    if (p == NULL || p[1] == '\0') {
        goto invalid;
    }

    name.data = word->data;
    name.len = p - word->data;
    value.data = p + 1;
    value.len = word->data + word->len - value.data;

#define ngx_http_canonical_option(option)                                     \
    (name.len == sizeof(option) - 1                                           \
     && ngx_strncmp(name.data, option, sizeof(option) - 1) == 0)

    if (ngx_http_canonical_option("file")) {
        rc = ngx_http_canonical_secret(cf, &value, &key->secret);

    } else if (ngx_http_canonical_option("id")) {
        rc = ngx_http_canonical_key_id(cf, &value, &key->id);

    } else if (ngx_http_canonical_option("previous")) {
        rc = ngx_http_canonical_secret(cf, &value, &key->previous);

    } else if (ngx_http_canonical_option("previous_id")) {
        rc = ngx_http_canonical_key_id(cf, &value, &key->previous_id);

    } else if (ngx_http_canonical_option("authorities")) {
        key->authorities = ngx_http_canonical_find_table(c, &value);
        rc = key->authorities ? NGX_OK : NGX_ERROR;

    } else {
        goto invalid;
    }

#undef ngx_http_canonical_option

    return (rc == NGX_OK) ? NGX_CONF_OK : NGX_CONF_ERROR;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       word);
    return NGX_CONF_ERROR;
}


/* a token has "_" around it */

static ngx_int_t
ngx_http_canonical_key_id(ngx_conf_t *cf, ngx_str_t *value, ngx_str_t *id)
{
    u_char  *p;

    for (p = value->data; *p; p++) {
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z')
            && !(*p >= '0' && *p <= '9') && *p != '-')
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid id \"%V\", "
                               "letters, digits and \"-\" are expected",
                               value);
            return NGX_ERROR;
        }
    }

    *id = *value;

    return NGX_OK;
}


char *
ngx_http_canonical_map_block(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                            *rv;
    ngx_str_t                       *value;
    ngx_conf_t                       save;
    const char                      *why;
    ngx_canonical_map_t             *map;
    ngx_canonical_compiler_t        *c;
    ngx_http_canonical_name_t       *name;
    ngx_http_canonical_map_ctx_t     ctx;
    ngx_http_canonical_main_conf_t  *mcf;

    value = cf->args->elts;
    mcf = ngx_http_canonical_enter(cf);
    c = &mcf->compiler;

    name = ngx_http_canonical_define(cf, &mcf->maps, &value[1]);
    if (name == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_fhir_types_init(ngx_http_canonical_types_block) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    why = ngx_canonical_map_begin(c, &value[1], cf->args->nelts - 1);
    if (why) {
        return ngx_http_canonical_error(cf, why);
    }

    ctx.none = NULL;
    ctx.mcf = mcf;

    save = *cf;
    cf->ctx = &ctx;
    cf->module_type = NGX_CANONICAL_MODULE;
    cf->cmd_type = NGX_CANONICAL_MAP_CONF;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    c->line = cf->conf_file->line;

    why = ngx_canonical_map_end(c, &map);

    if (why) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s in %V:%ui",
                      why, &c->file, c->line);
        return NGX_CONF_ERROR;
    }

    name->value = map;

    return NGX_CONF_OK;
}


static char *
ngx_http_canonical_map_word(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    const char                    *why;
    ngx_canonical_compiler_t      *c;
    ngx_http_canonical_map_ctx_t  *ctx;

    ctx = cf->ctx;
    c = &ctx->mcf->compiler;

    c->data = cf;
    c->file = cf->conf_file->file.name;
    c->line = cf->conf_file->line;

    why = ngx_canonical_map_word(c, cf->args->elts, cf->args->nelts);

    return why ? ngx_http_canonical_error(cf, why) : NGX_CONF_OK;
}


static char *
ngx_http_canonical_map_nested(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                          *rv;
    const char                    *why;
    ngx_http_canonical_map_ctx_t  *ctx;

    rv = ngx_http_canonical_map_word(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    rv = ngx_conf_parse(cf, NULL);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ctx = cf->ctx;

    why = ngx_canonical_map_close(&ctx->mcf->compiler);

    return why ? ngx_http_canonical_error(cf, why) : NGX_CONF_OK;
}


static char *
ngx_http_canonical_error(ngx_conf_t *cf, const char *text)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", text);
    return NGX_CONF_ERROR;
}


/* the compiler asks back with the configuration at hand */

static ngx_http_canonical_main_conf_t *
ngx_http_canonical_enter(ngx_conf_t *cf)
{
    ngx_canonical_compiler_t        *c;
    ngx_http_canonical_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_canonical_module);

    c = &mcf->compiler;

    c->arena = &mcf->arena;
    c->data = cf;
    c->file = cf->conf_file->file.name;
    c->line = cf->conf_file->line;

    c->table = ngx_http_canonical_find_table;
    c->key = ngx_http_canonical_find_key;
    c->schema = ngx_http_canonical_find_schema;
    c->zone = ngx_http_canonical_find_zone;
    c->variable = ngx_http_canonical_find_variable;

    return mcf;
}


static ngx_http_canonical_name_t *
ngx_http_canonical_define(ngx_conf_t *cf, ngx_array_t *names, ngx_str_t *name)
{
    ngx_http_canonical_name_t  *n;

    n = ngx_http_canonical_name(cf, names, name);
    if (n == NULL) {
        return NULL;
    }

    if (n->defined) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate \"%V\"", name);
        return NULL;
    }

    n->defined = 1;

    return n;
}


/* of the configuration's directory; ends with a 0 that does not count */

static ngx_int_t
ngx_http_canonical_read_file(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    size_t           size;
    ssize_t          n;
    ngx_fd_t         fd;
    ngx_str_t        path;
    ngx_int_t        rc;
    ngx_file_t       file;
    ngx_file_info_t  fi;

    path = *name;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(path.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", &path);
        return NGX_ERROR;
    }

    rc = NGX_ERROR;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", &path);
        goto done;
    }

    if (!ngx_is_file(&fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is not a file",
                           &path);
        goto done;
    }

    if (ngx_file_size(&fi) > NGX_HTTP_CANONICAL_FILE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" is too large",
                           &path);
        goto done;
    }

    size = (size_t) ngx_file_size(&fi);

    text->data = ngx_pnalloc(cf->pool, size + 1);
    if (text->data == NULL) {
        goto done;
    }

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.fd = fd;
    file.name = path;
    file.log = cf->log;

    n = ngx_read_file(&file, text->data, size, 0);

    if (n == NGX_ERROR) {
        goto done;
    }

    text->len = n;
    text->data[n] = '\0';
    rc = NGX_OK;

done:

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", &path);
    }

    return rc;
}


/* an editor's newline is not a part of it */

static ngx_int_t
ngx_http_canonical_secret(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *secret)
{
    if (ngx_http_canonical_read_file(cf, name, secret) != NGX_OK) {
        return NGX_ERROR;
    }

    while (secret->len && (secret->data[secret->len - 1] == LF
                           || secret->data[secret->len - 1] == CR))
    {
        secret->len--;
    }

    if (secret->len < NGX_CANONICAL_SECRET_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the key in \"%V\" is shorter than %d bytes",
                           name, NGX_CANONICAL_SECRET_MIN);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_canonical_table_t *
ngx_http_canonical_find_table(ngx_canonical_compiler_t *c, ngx_str_t *name)
{
    ngx_conf_t                      *cf;
    ngx_http_canonical_name_t       *n;
    ngx_http_canonical_main_conf_t  *mcf;

    cf = c->data;
    mcf = ngx_http_cycle_get_module_main_conf(cf->cycle,
                                              ngx_http_canonical_module);

    n = ngx_http_canonical_name(cf, &mcf->tables, name);
    if (n == NULL) {
        return NULL;
    }

    if (n->value == NULL) {
        n->value = ngx_canonical_table_create(c->arena);
    }

    return n->value;
}


static ngx_canonical_key_t *
ngx_http_canonical_find_key(ngx_canonical_compiler_t *c, ngx_str_t *name)
{
    ngx_conf_t                      *cf;
    ngx_canonical_key_t             *key;
    ngx_http_canonical_name_t       *n;
    ngx_http_canonical_main_conf_t  *mcf;

    cf = c->data;
    mcf = ngx_http_cycle_get_module_main_conf(cf->cycle,
                                              ngx_http_canonical_module);

    n = ngx_http_canonical_name(cf, &mcf->keys, name);
    if (n == NULL) {
        return NULL;
    }

    if (n->value == NULL) {
        key = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_key_t));
        if (key == NULL) {
            return NULL;
        }

        key->name = n->name;
        n->value = key;
    }

    return n->value;
}


static ngx_canonical_schema_t *
ngx_http_canonical_find_schema(ngx_canonical_compiler_t *c, ngx_str_t *name,
    const char **why)
{
    u_char                          *p;
    ngx_str_t                        text;
    ngx_conf_t                      *cf;
    ngx_canonical_error_t            err;
    ngx_canonical_schema_t          *schema;
    ngx_http_canonical_name_t       *n;
    ngx_http_canonical_main_conf_t  *mcf;

    cf = c->data;
    mcf = ngx_http_cycle_get_module_main_conf(cf->cycle,
                                              ngx_http_canonical_module);

    n = ngx_http_canonical_name(cf, &mcf->schemas, name);
    if (n == NULL) {
        *why = "no memory";
        return NULL;
    }

    if (n->value) {
        return n->value;
    }

    if (ngx_http_canonical_read_file(cf, name, &text) != NGX_OK) {
        *why = "no such schema";
        return NULL;
    }

    ngx_memzero(&err, sizeof(ngx_canonical_error_t));

    if (ngx_canonical_schema_compile(&schema, c->arena, &text, &err)
        != NGX_OK)
    {
        *why = "no memory";

        p = ngx_pnalloc(cf->pool, NGX_HTTP_CANONICAL_WHY_MAX);

        if (p) {
            *why = (const char *) p;
            p = ngx_slprintf(p, p + NGX_HTTP_CANONICAL_WHY_MAX - 1,
                             "%s at \"%V\", byte %uz", err.text, &err.target,
                             err.offset);
            *p = '\0';
        }

        return NULL;
    }

    n->value = schema;

    return schema;
}


static ngx_canonical_zone_t *
ngx_http_canonical_find_zone(ngx_canonical_compiler_t *c, ngx_str_t *name,
    const char **why)
{
    ngx_conf_t                      *cf;
    ngx_canonical_zone_t            *zone;
    ngx_http_canonical_name_t       *n;
    ngx_http_canonical_main_conf_t  *mcf;

    cf = c->data;
    mcf = ngx_http_cycle_get_module_main_conf(cf->cycle,
                                              ngx_http_canonical_module);

    n = ngx_http_canonical_name(cf, &mcf->zones, name);
    if (n == NULL) {
        *why = "no memory";
        return NULL;
    }

    if (n->value == NULL) {

        if (ngx_canonical_zone_open(&zone, c->arena, name, NULL, why)
            != NGX_OK)
        {
            return NULL;
        }

        n->value = zone;
    }

    return n->value;
}


static ngx_int_t
ngx_http_canonical_find_variable(ngx_canonical_compiler_t *c, ngx_str_t *name,
    uintptr_t *index, const char **why)
{
    ngx_int_t   n;
    ngx_conf_t  cf;

    /* the context is that of http{} */

    cf = *(ngx_conf_t *) c->data;
    cf.ctx = cf.cycle->conf_ctx[ngx_http_module.index];

    n = ngx_http_get_variable_index(&cf, name);

    if (n == NGX_ERROR) {
        *why = "no memory";
        return NGX_ERROR;
    }

    *index = n;

    return NGX_OK;
}


/* the table of FHIR's types is the process's: the next reload has it */

static void *
ngx_http_canonical_types_block(size_t size)
{
    return malloc(size);
}
