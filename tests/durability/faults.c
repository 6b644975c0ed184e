/* Makes one sync fail with EIO: the next of a file whose path ends with the word in the file that
 * RINGBACK_TEST_FAULTS names. That file is removed when it happens. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int descriptor) {
  const char *plan = getenv("RINGBACK_TEST_FAULTS");
  FILE *file = plan ? fopen(plan, "r") : NULL;
  if (!file) return 0;
  char suffix[64] = "", link[64], path[4096];
  int read = fscanf(file, "%63s", suffix);
  fclose(file);
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path);
  size_t wanted = strlen(suffix);
  if (read != 1 || length < (ssize_t)wanted) return 0;
  if (memcmp(path + length - wanted, suffix, wanted)) return 0;
  return unlink(plan) == 0;
}

static int sync_or_fail(const char *name, int descriptor) {
  if (fails(descriptor)) {
    errno = EIO;
    return -1;
  }
  int (*real)(int) = dlsym(RTLD_NEXT, name);
  return real(descriptor);
}

int fdatasync(int descriptor) { return sync_or_fail("fdatasync", descriptor); }
int fsync(int descriptor) { return sync_or_fail("fsync", descriptor); }
