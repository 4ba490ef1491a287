/* Mistakes: the average is cut to a whole number, and nothing at all has no longest word. */
#include <stdio.h>
#include <string.h>

int main(void)
{
	static char word[10000], longest[10000];
	int c, lines = 0, words = 0, letters = 0, length = 0;

	while ((c = getchar()) != EOF) {
		if (c == '\n')
			lines++;
		if (c == ' ' || c == '\n' || c == '\t') {
			word[length] = '\0';
			if (length > 0)
				words++;
			letters += length;
			if (strlen(word) > strlen(longest))
				strcpy(longest, word);
			length = 0;
		} else if (length < 9999) {
			word[length++] = (char)c;
		}
	}
	printf("lines %d\nwords %d\nlongest %s\naverage %d\n", lines, words, longest, words ? letters / words : 0);
	return 0;
}
