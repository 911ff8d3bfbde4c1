// files.wasm.gz: a program that uses what wasi-libc has for files, and prints what it finds. /box is preopened for writing, /ro for reading. Made with
// clang 14.0.6 `--target=wasm32-wasi -Os -Wl,--strip-all`, wasi-libc 20220510; then `component new --adapt` with the preview 1 command adapter of
// jco 1.35.0.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void say(const char *what, int result) { printf("%s %s\n", what, result < 0 ? strerror(errno) : "ok"); }

static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static void list(const char *path) {
  char *names[64];
  int count = 0;
  DIR *directory = opendir(path);
  if (!directory) { say("opendir", -1); return; }
  struct dirent *entry;
  while ((entry = readdir(directory)) && count < 64) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    names[count] = malloc(300);
    snprintf(names[count++], 300, "%s%s", entry->d_name, entry->d_type == DT_DIR ? "/" : entry->d_type == DT_LNK ? "@" : "");
  }
  closedir(directory);
  qsort(names, count, sizeof *names, compare);
  printf("%s:", path);
  for (int i = 0; i < count; i++) printf(" %s", names[i]);
  printf("\n");
}

int main(void) {
  struct stat st;
  char buffer[100] = {0};
  say("mkdir", mkdir("/box/d", 0777));
  say("mkdir again", mkdir("/box/d", 0777));
  FILE *file = fopen("/box/d/a.txt", "w");
  fprintf(file, "one\n");
  fclose(file);
  file = fopen("/box/d/a.txt", "a");
  fprintf(file, "two\n");
  fclose(file);
  file = fopen("/box/d/a.txt", "r+");
  fseek(file, 1, SEEK_SET);
  fputs("NE", file);
  fseek(file, 0, SEEK_SET);
  size_t read = fread(buffer, 1, sizeof buffer - 1, file);
  fclose(file);
  printf("%zu %s", read, buffer);
  say("stat", stat("/box/d/a.txt", &st));
  printf("size %lld\n", (long long)st.st_size);
  say("truncate", truncate("/box/d/a.txt", 3));
  stat("/box/d/a.txt", &st);
  printf("size %lld\n", (long long)st.st_size);
  say("symlink", symlink("a.txt", "/box/d/l"));
  memset(buffer, 0, sizeof buffer);
  say("readlink", (int)readlink("/box/d/l", buffer, sizeof buffer - 1));
  printf("%s\n", buffer);
  say("link", link("/box/d/a.txt", "/box/d/h"));
  say("rename", rename("/box/d/h", "/box/h"));
  struct timespec times[2] = {{1000000000, 0}, {1100000000, 0}};
  say("utimensat", utimensat(AT_FDCWD, "/box/h", times, 0));
  stat("/box/h", &st);
  printf("mtime %lld\n", (long long)st.st_mtim.tv_sec);
  list("/box");
  list("/box/d");
  say("unlink directory", unlink("/box/d"));
  say("rmdir full", rmdir("/box/d"));
  say("unlink", unlink("/box/d/l"));
  say("unlink", unlink("/box/d/a.txt"));
  say("rmdir", rmdir("/box/d"));
  list("/box");
  say("open ..", open("/box/../etc/passwd", O_RDONLY));
  say("open outside", open("/etc/passwd", O_RDONLY));
  say("write to what is only read", open("/ro/r.txt", O_WRONLY));
  say("create in what is only read", open("/ro/new.txt", O_CREAT | O_WRONLY, 0666));
  say("link into what is only read", rename("/box/h", "/ro/h"));
  int fd = open("/ro/r.txt", O_RDONLY);
  memset(buffer, 0, sizeof buffer);
  say("pread", (int)pread(fd, buffer, 4, 2));
  printf("%s\n", buffer);
  close(fd);
  struct timespec before, after, pause = {0, 20000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  say("nanosleep", nanosleep(&pause, NULL));
  clock_gettime(CLOCK_MONOTONIC, &after);
  long long slept = (after.tv_sec - before.tv_sec) * 1000000000LL + after.tv_nsec - before.tv_nsec;
  printf("slept %s\n", slept >= 20000000 ? "enough" : "too little");
  unsigned char random[16] = {0}, zero[16] = {0};
  say("getentropy", getentropy(random, sizeof random));
  printf("random %s\n", memcmp(random, zero, sizeof zero) ? "yes" : "no");
  char line[100];
  while (fgets(line, sizeof line, stdin)) fprintf(stderr, "in: %s", line);
  return 7;
}
