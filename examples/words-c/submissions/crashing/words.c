/* Looks for the longest word before there is one. */
#include <stdio.h>
#include <string.h>

int main(void)
{
	const char *volatile longest = NULL;
	char word[100];

	do {
		if (scanf("%99s", word) != 1)
			word[0] = '\0';
	} while (strlen(word) > strlen(longest));
	printf("longest %s\n", longest);
	return 0;
}
