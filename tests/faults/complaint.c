/* faults/complaint.c: see complaint.h. */
#include "faults/complaint.h"

#include "support/must.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Whether the line says what failed: the error, in the system's words or in those that mean
 * something to who started it; or the thing that another library could not make use of. */
static bool is_clear(const char *line, int error)
{
	static const struct {
		int error; /* 0: any */
		const char *words;
	} rows[] = {
		{0, "notes.db cannot be opened: "},
		{ENOMEM, "memory"},
		{EADDRINUSE, "somebody listens there already"},
		{0, "database d: notes.db"},
		{ENOMEM, "Resource temporarily unavailable"} /* a thread */,
		{0, "site.pem"},
		{0, "site.key"},
	};

	if (strstr(line, ": :") != NULL)
		return false;
	if (strstr(line, strerror(error)) != NULL)
		return true;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if ((rows[i].error == 0 || rows[i].error == error) &&
		    strstr(line, rows[i].words) != NULL)
			return true;
	}
	return false;
}

/* One line, and a clear one. Other lines are the log's: they begin with an event, which is one
 * word. None is there if it was what failed. */
static void check_complaint(const struct subject *subject)
{
	char *text = strdup(subject->process.text), *rest = NULL;
	unsigned lines = 0, clear = 0;

	must(text != NULL, "out of memory");
	for (char *line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "weir serve: ", 12) != 0 && strncmp(line, "weir: ", 6) != 0 &&
		    strncmp(line, "weir.yaml:", 10) != 0)
			continue;
		lines++;
		clear += is_clear(line, fault_call_errno(subject->control->call));
	}
	bool unheard = subject->control->call == FAULT_CALL_write && subject->control->struck > 0;
	must((lines == 1 && clear == 1) || unheard,
	     "a failed start without one line that says what failed:\n%s", subject->process.text);
	free(text);
}

void complaint_check(struct subject *subject)
{
	int code = process_wait(&subject->process);

	must(code == 2, "a failed start ended with %d:\n%s", code, subject->process.text);
	check_complaint(subject);
}
