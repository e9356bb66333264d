/* Lets each sync to disk take longer while a file is there: loaded before the C library's own functions (LD_PRELOAD). */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int slowly(const char *name, int descriptor) {
  const char *file = getenv("SLOW_SYNC_FILE");
  if (file != NULL && access(file, F_OK) == 0) {
    struct timespec pause = {DELAY_MS / 1000, (DELAY_MS % 1000) * 1000000L};
    nanosleep(&pause, NULL);
  }
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  return real(descriptor);
}

int fsync(int descriptor) { return slowly("fsync", descriptor); }

int fdatasync(int descriptor) { return slowly("fdatasync", descriptor); }
