/* date.c: HTTP-date (RFC 9110, 5.6.7), read by the letter of its grammar and printed; declared in
 * conditional.h.
 *
 * Nothing of the C library's reads or writes it: strptime() and strftime() follow the locale, and
 * sscanf() takes blanks and signs where the grammar has digits.
 */
#include "http/conditional.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				   "Thursday", "Friday", "Saturday"};

void weir__date_print(int64_t seconds, char *out, size_t size)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm)) {
		out[0] = '\0';
		return;
	}
	(void)snprintf(out, size, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		       tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		       tm.tm_sec);
}

/* What is left to read; NULL once something was not as expected. */
struct reader {
	const char *at;
};

static void expect(struct reader *reader, const char *literal)
{
	size_t size = strlen(literal);

	if (reader->at && strncmp(reader->at, literal, size) == 0)
		reader->at += size;
	else
		reader->at = NULL;
}

static int digits(struct reader *reader, int count)
{
	int value = 0;

	for (; reader->at && count > 0; count--) {
		char c = *reader->at++;

		if (c < '0' || c > '9')
			reader->at = NULL;
		else
			value = value * 10 + (c - '0');
	}
	return value;
}

static int month(struct reader *reader)
{
	int i;

	for (i = 0; reader->at && i < 12; i++)
		if (strncmp(reader->at, months[i], 3) == 0) {
			reader->at += 3;
			return i;
		}
	reader->at = NULL;
	return 0;
}

static void time_of_day(struct reader *reader, struct tm *tm)
{
	tm->tm_hour = digits(reader, 2);
	expect(reader, ":");
	tm->tm_min = digits(reader, 2);
	expect(reader, ":");
	tm->tm_sec = digits(reader, 2);
}

/* "06 Nov 1994 08:49:37 GMT" */
static void imf_fixdate(struct reader *reader, struct tm *tm)
{
	tm->tm_mday = digits(reader, 2);
	expect(reader, " ");
	tm->tm_mon = month(reader);
	expect(reader, " ");
	tm->tm_year = digits(reader, 4) - 1900;
	expect(reader, " ");
	time_of_day(reader, tm);
	expect(reader, " GMT");
}

/* "06-Nov-94 08:49:37 GMT"; two digits are 1970 to 2069. */
static void rfc850_date(struct reader *reader, struct tm *tm)
{
	tm->tm_mday = digits(reader, 2);
	expect(reader, "-");
	tm->tm_mon = month(reader);
	expect(reader, "-");
	tm->tm_year = digits(reader, 2);
	tm->tm_year += tm->tm_year < 70 ? 100 : 0;
	expect(reader, " ");
	time_of_day(reader, tm);
	expect(reader, " GMT");
}

/* "Nov  6 08:49:37 1994" */
static void asctime_date(struct reader *reader, struct tm *tm)
{
	tm->tm_mon = month(reader);
	expect(reader, " ");
	if (reader->at && *reader->at == ' ') {
		reader->at++;
		tm->tm_mday = digits(reader, 1);
	} else {
		tm->tm_mday = digits(reader, 2);
	}
	expect(reader, " ");
	time_of_day(reader, tm);
	expect(reader, " ");
	tm->tm_year = digits(reader, 4) - 1900;
}

static void any_date(struct reader *reader, struct tm *tm)
{
	const char *start = reader->at;
	int i;

	for (i = 0; i < 7; i++) {
		size_t size = strlen(days[i]);

		if (strncmp(start, days[i], 3) != 0)
			continue;
		if (strncmp(start + 3, ", ", 2) == 0) {
			reader->at = start + 5;
			imf_fixdate(reader, tm);
			return;
		}
		if (start[3] == ' ') {
			reader->at = start + 4;
			asctime_date(reader, tm);
			return;
		}
		if (strncmp(start, days[i], size) == 0 && strncmp(start + size, ", ", 2) == 0) {
			reader->at = start + size + 2;
			rfc850_date(reader, tm);
			return;
		}
	}
	reader->at = NULL;
}

bool weir__date_parse(const char *text, int64_t *seconds)
{
	struct reader reader = {text};
	struct tm tm = {0};
	int day, second;

	any_date(&reader, &tm);
	if (!reader.at || *reader.at || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	/* timegm() would make March of the 31st of February; a leap second may be the next day's.
	 */
	day = tm.tm_mday;
	second = tm.tm_sec;
	tm.tm_sec = 0;
	*seconds = timegm(&tm);
	if (tm.tm_mday != day)
		return false;
	*seconds += second;
	return true;
}
