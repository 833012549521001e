
/*
 * What the files of the database share.
 */

#ifndef _NGX_ERP_DB_PRIVATE_H_INCLUDED_
#define _NGX_ERP_DB_PRIVATE_H_INCLUDED_


#include "ngx_erp_db.h"
#include "ngx_erp_blob.h"

#include <sqlite3.h>


#define NGX_ERP_DB_WAL         4000   /* pages: then it goes into the file */
#define NGX_ERP_DB_WAL_MIN     125    /* also on a disk that has no room */
#define NGX_ERP_DB_CAREFUL     1000   /* turns, after one that has failed */
#define NGX_ERP_DB_BUFFER      (1024 * 1024)   /* kept between calls */

/* of body.id */
#define NGX_ERP_DB_OBJECTS     16
#define NGX_ERP_DB_OBJECT_MAX  0xffff

/* of what is sealed, besides bodies: no two of them have the same row */
#define NGX_ERP_DB_SEAL_RESULT  ((uint64_t) 1 << 62)


typedef enum {
    NGX_ERP_SQL_BEGIN = 0,
    NGX_ERP_SQL_COMMIT,
    NGX_ERP_SQL_ROLLBACK,
    NGX_ERP_SQL_VERSION,
    NGX_ERP_SQL_LAST,

    NGX_ERP_SQL_MESSAGE,
    NGX_ERP_SQL_BODY,
    NGX_ERP_SQL_DELIVERY,
    NGX_ERP_SQL_DESTINATION,
    NGX_ERP_SQL_DEDUP,
    NGX_ERP_SQL_STATES,
    NGX_ERP_SQL_STATE,

    NGX_ERP_SQL_LEASE,
    NGX_ERP_SQL_LEASED,
    NGX_ERP_SQL_STEP,
    NGX_ERP_SQL_RESULT,
    NGX_ERP_SQL_SETTLE,
    NGX_ERP_SQL_ATTEMPT,
    NGX_ERP_SQL_CHANGE,
    NGX_ERP_SQL_DIED,
    NGX_ERP_SQL_LOST,
    NGX_ERP_SQL_REPLAY,

    NGX_ERP_SQL_NPENDING,
    NGX_ERP_SQL_PENDING,
    NGX_ERP_SQL_REINDEX,
    NGX_ERP_SQL_BLOCKING,
    NGX_ERP_SQL_DESTINATIONS,
    NGX_ERP_SQL_DESTINATION_STATE,

    NGX_ERP_SQL_AUDIT_LAST,
    NGX_ERP_SQL_AUDIT,
    NGX_ERP_SQL_AUDIT_ALL,

    NGX_ERP_SQL_PRUNE,
    NGX_ERP_SQL_PRUNE_FILES,
    NGX_ERP_SQL_PRUNE_ATTEMPTS,
    NGX_ERP_SQL_PRUNE_RESULTS,
    NGX_ERP_SQL_PRUNE_DELIVERIES,
    NGX_ERP_SQL_PRUNE_BODIES,
    NGX_ERP_SQL_PRUNE_MESSAGE,
    NGX_ERP_SQL_HIGH_WATER,
    NGX_ERP_SQL_FILE,
    NGX_ERP_SQL_PAGES,
    NGX_ERP_SQL_FREE_PAGES,
    NGX_ERP_SQL_VACUUM,

    NGX_ERP_SQL_N
} ngx_erp_sql_e;


typedef struct {
    ngx_str_t           uri;
    uint64_t            sum;
    uint32_t            number;
} ngx_erp_db_uri_t;


struct ngx_erp_db_s {
    sqlite3            *sqlite;
    sqlite3_stmt       *stmt[NGX_ERP_SQL_N];
    char               *directory;
    ngx_erp_keys_t     *keys;            /* NULL: bodies are not sealed */

    uint64_t            now;             /* of the turn */
    uint64_t            version;         /* moved by others who write */
    uint64_t            next_message;
    uint64_t            next_delivery;

    /* by URI; those behind "kept" are of this turn */
    ngx_erp_db_uri_t   *uris;
    ngx_uint_t          nuris;
    ngx_uint_t          uris_size;
    ngx_uint_t          uris_kept;

    /* files that perhaps no row needs, looked at when the turn has ended */
    u_char            (*files)[NGX_ERP_BLOB_NAME];
    ngx_uint_t          nfiles;
    ngx_uint_t          files_size;

    u_char             *buffer;          /* strings of a lease */
    size_t              size;
    u_char             *seal;            /* what is being sealed or opened */
    size_t              seal_size;

    int                 wal;             /* pages in it */
    int                 wal_limit;       /* pages, then it is emptied */
    int                 wal_next;        /* when to empty it */
    ngx_uint_t          careful;         /* turns without one transaction */
    ngx_uint_t          careful_after;   /* the same after this one */
    ngx_uint_t          corrupt;

    uint64_t            prune;           /* message that was looked at last */
    ngx_uint_t          sweep;           /* folder of blob/ */

    struct ngx_erp_query_s  *query;      /* of the API, once it is used */

    char                error[256];

    unsigned            turn:1;
    unsigned            one:1;           /* see ngx_erp_db_begin_one() */
    unsigned            broken:1;        /* this turn, as a whole */
    unsigned            full:1;          /* the disk was why */
};


/*
 * Statements.  _run() is for those that return no rows; _row() returns
 * NGX_OK with a row, NGX_DONE without one, and then the statement is reset.
 * Errors: NGX_ABORT (the disk is full) or NGX_ERROR, noted in the database,
 * and the statement is reset.
 */
extern const char *const  ngx_erp_db_sql[];

ngx_int_t ngx_erp_db_run(ngx_erp_db_t *db, ngx_erp_sql_e n);
ngx_int_t ngx_erp_db_row(ngx_erp_db_t *db, ngx_erp_sql_e n);
ngx_int_t ngx_erp_db_number(ngx_erp_db_t *db, ngx_erp_sql_e n,
    uint64_t *number);
ngx_int_t ngx_erp_db_failed(ngx_erp_db_t *db, int rc);
ngx_int_t ngx_erp_db_fail(ngx_erp_db_t *db, const char *why);
ngx_int_t ngx_erp_db_damaged(ngx_erp_db_t *db, const char *what);
ngx_int_t ngx_erp_db_why(int rc);

void ngx_erp_db_bind_text(sqlite3_stmt *stmt, int n, ngx_str_t *s);
void ngx_erp_db_bind_blob(sqlite3_stmt *stmt, int n, u_char *data,
    size_t len);
void ngx_erp_db_bind_not_zero(sqlite3_stmt *stmt, int n, uint64_t value);
ngx_str_t ngx_erp_db_column(sqlite3_stmt *stmt, int n);

/*
 * A change that is all or nothing: NGX_OK, or why it must not begin.  _end()
 * keeps or undoes what was done by "rc", and returns that or worse; with
 * NGX_DECLINED nothing was written.  A change that fails makes the turn fail;
 * in a careful turn each change is a transaction of its own, and fails alone.
 */
ngx_int_t ngx_erp_db_save(ngx_erp_db_t *db);
ngx_int_t ngx_erp_db_end(ngx_erp_db_t *db, ngx_int_t rc);
void ngx_erp_db_undo(ngx_erp_db_t *db);

/* of any bytes: a change within 8 of them is found for sure */
uint64_t ngx_erp_db_sum(uint64_t sum, const void *data, size_t len);
uint64_t ngx_erp_db_sum_num(uint64_t sum, uint64_t n);

ngx_int_t ngx_erp_db_room(u_char **buffer, size_t *size, size_t need);


/* bodies and results, sealed where there are keys */

ngx_int_t ngx_erp_db_seal(ngx_erp_db_t *db, uint64_t row, ngx_str_t *plain,
    ngx_str_t *stored);
ngx_int_t ngx_erp_db_unseal(ngx_erp_db_t *db, uint64_t row,
    ngx_uint_t sealed, ngx_str_t *stored, u_char *out);
size_t ngx_erp_db_plain(ngx_uint_t sealed, size_t len);
ngx_int_t ngx_erp_db_keys(ngx_erp_db_t *db, char *why);

ngx_int_t ngx_erp_db_body(ngx_erp_db_t *db, uint64_t id,
    ngx_erp_object_t *object);

typedef struct {
    uint64_t            id;
    uint64_t            size;
    uint64_t            sealed;
    uint64_t            sum;
    ngx_str_t           type;
    ngx_str_t           key;
    ngx_str_t           map;
    ngx_str_t           file;
    ngx_str_t           data;
} ngx_erp_db_body_t;

/* "out" has b->size bytes: NGX_OK; NGX_DECLINED: damaged; NGX_ERROR */
ngx_int_t ngx_erp_db_body_read(ngx_erp_db_t *db, ngx_erp_db_body_t *b,
    u_char *out);


/* a delivery as it is made */

typedef struct {
    uint64_t            id;
    uint64_t            seq;
    uint64_t            message;
    uint64_t            body;
    uint64_t            destination;
    uint64_t            received;
    uint64_t            ttl_at;
    uint64_t            replay_of;
    ngx_str_t           order_key;
    ngx_str_t           key;
} ngx_erp_db_delivery_t;

void ngx_erp_db_delivery_read(sqlite3_stmt *stmt, ngx_erp_db_delivery_t *d);
uint64_t ngx_erp_db_delivery_sum(ngx_erp_db_delivery_t *d);
ngx_int_t ngx_erp_db_deliver(ngx_erp_db_t *db, ngx_erp_db_delivery_t *d,
    uint64_t next_at, ngx_erp_row_t *row);

uint64_t ngx_erp_db_message_sum(ngx_erp_message_t *m, uint64_t id);
uint64_t ngx_erp_db_message_read(sqlite3_stmt *stmt, int n,
    ngx_erp_message_t *m, uint64_t *id);


ngx_int_t ngx_erp_db_reload(ngx_erp_db_t *db);

/* eleven columns of a delivery, as the scheduler knows it */
void ngx_erp_db_read_row(sqlite3_stmt *stmt, ngx_erp_row_t *row);


/* destinations */

ngx_int_t ngx_erp_db_uris(ngx_erp_db_t *db);
void ngx_erp_db_uris_undo(ngx_erp_db_t *db, ngx_uint_t n);
ngx_str_t *ngx_erp_db_uri(ngx_erp_db_t *db, uint32_t number);


/* the WAL into the file, see sqlite3_wal_checkpoint_v2() */
void ngx_erp_db_empty(ngx_erp_db_t *db, int mode);


/* files */

ngx_int_t ngx_erp_db_file(ngx_erp_db_t *db, u_char *name);
void ngx_erp_db_files(ngx_erp_db_t *db);


#endif /* _NGX_ERP_DB_PRIVATE_H_INCLUDED_ */
