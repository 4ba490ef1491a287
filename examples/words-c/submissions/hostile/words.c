/*
 * Does not solve the task but attacks whoever grades it, another way in each
 * test. Everything here must fail, within the limits, and always end
 * in the same verdict.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <unistd.h>

/* Take all the memory there is. */
static void hoard(void)
{
	for (;;) {
		char *more = malloc(1 << 20);
		if (more != NULL)
			memset(more, 1, 1 << 20);
	}
}

/* Leave processes behind that ignore signals and hold on to the output. */
static void linger(void)
{
	for (int i = 0; i < 8; i++) {
		if (fork() != 0)
			continue;
		setsid();
		if (fork() != 0)
			_exit(0);
		for (int s = 1; s < NSIG; s++)
			signal(s, SIG_IGN);
		for (;;)
			pause();
	}
}

/* Fill the disk. */
static void fill(void)
{
	static char block[65536];

	for (int number = 0;; number++) {
		char name[32];
		snprintf(name, sizeof name, "full-%d", number);
		int out = open(name, O_CREAT | O_WRONLY, 0600);
		while (out >= 0 && write(out, block, sizeof block) > 0)
			;
		close(out);
	}
}

/* Write more than anybody wants to read. */
static void flood(void)
{
	for (;;)
		puts("lines 1 words 2 longest xxxxx");
}

int main(void)
{
	char word[16] = "";

	/* Whatever the test is: become somebody else, and end the others. */
	if (setuid(0) == 0 || mount("none", "/mnt", "tmpfs", 0, "") == 0 || ptrace(PTRACE_ATTACH, 1, 0, 0) == 0)
		puts("this should not be possible");
	kill(1, SIGKILL);
	kill(getppid(), SIGKILL);

	if (read(0, word, 5) <= 0)
		linger();
	else if (strncmp(word, "the", 3) == 0)
		hoard();
	else if (strncmp(word, "Alice", 5) == 0)
		fill();
	else
		flood();
	return 0;
}
