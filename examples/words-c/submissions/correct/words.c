#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* A word that grows as it is read: nobody says how long words are. */
struct word {
	char *text;
	size_t length, room;
};

static void append(struct word *w, int c)
{
	if (w->length + 1 >= w->room) {
		w->room = w->room ? 2 * w->room : 16;
		w->text = realloc(w->text, w->room);
		if (w->text == NULL) {
			perror("words");
			exit(1);
		}
	}
	w->text[w->length++] = (char)c;
	w->text[w->length] = '\0';
}

int main(void)
{
	struct word now = {0}, longest = {0};
	unsigned long lines = 0, words = 0, letters = 0;
	int c;

	do {
		c = getchar();
		if (c == '\n')
			lines++;
		if (c != EOF && !isspace(c)) {
			append(&now, c);
			continue;
		}
		if (now.length == 0)
			continue;
		words++;
		letters += now.length;
		if (now.length > longest.length) {
			struct word shorter = longest;
			longest = now;
			now = shorter;
		}
		now.length = 0;
	} while (c != EOF);

	printf("lines   %lu\n", lines);
	printf("words   %lu\n", words);
	printf("longest %s\n", words ? longest.text : "-");
	printf("average %.2f\n", words ? (double)letters / words : 0);
	free(now.text);
	free(longest.text);
	return 0;
}
