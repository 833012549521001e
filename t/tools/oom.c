
/*
 * To be preloaded: one allocation of a process fails.
 *
 * The file OOM_CONTROL holds the process id, the number of allocations until
 * the one that fails, 0 for none, and how many there have been.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/mman.h>


typedef struct {
    long  pid;
    long  left;
    long  count;
} oom_t;


extern void *__libc_malloc(size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);


static volatile oom_t  *oom;


static void __attribute__((constructor))
oom_init(void)
{
    int   fd;
    char *path;

    path = getenv("OOM_CONTROL");
    fd = path ? open(path, O_RDWR) : -1;

    if (fd == -1) {
        return;
    }

    oom = mmap(NULL, sizeof(oom_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
    if (oom == MAP_FAILED) {
        oom = NULL;
    }

    (void) close(fd);
}


static int
oom_fails(void)
{
    if (oom == NULL || oom->left == 0 || oom->pid != getpid()) {
        return 0;
    }

    oom->count++;

    return --oom->left == 0;
}


void *
malloc(size_t size)
{
    if (oom_fails()) {
        errno = ENOMEM;
        return NULL;
    }

    return __libc_malloc(size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    if (oom_fails()) {
        return ENOMEM;
    }

    *p = __libc_memalign(alignment, size);

    return *p ? 0 : ENOMEM;
}
