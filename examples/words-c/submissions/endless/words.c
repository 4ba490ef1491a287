/* Waits for more to come, for ever. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	int c, lines = 0;

	for (;;) {
		c = getchar();
		if (c == '\n')
			lines++;
		if (c == EOF)
			sleep(1);
	}
}
