/* chart.c: the SVG. Every bar carries its name and its value, so no legend and no axis is
 * needed to read it. */
#include "chart.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>

#include "number.h"

enum {
	WIDTH = 860,
	MARGIN = 24,
	LABEL = 190, /* where bars begin */
	VALUE = 110, /* room for the value after the longest bar */
	BAR = 18,
	BAR_STEP = 23,
	HEADING = 22,
	GROUP_GAP = 10,
	PANEL_TITLE = 30,
	PANEL_GAP = 26,
	TOP = 78
};

static const char *const colours[BENCH_CHART_COLOURS] = {"#0b6e99", "#d9822b", "#4c9a52",
							 "#8a5ea8", "#b84a4a", "#7a7a7a"};

struct picture {
	FILE *file;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void put(struct picture *picture, const char *format,
						      ...)
{
	va_list list;

	va_start(list, format);
	if (vfprintf(picture->file, format, list) < 0)
		picture->failed = true;
	va_end(list);
}

static void put_text(struct picture *picture, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			put(picture, "&amp;");
		else if (*text == '<')
			put(picture, "&lt;");
		else if (*text == '>')
			put(picture, "&gt;");
		else
			put(picture, "%c", *text);
	}
}

static void label(struct picture *picture, int x, int y, const char *style, const char *text)
{
	put(picture, "<text x=\"%d\" y=\"%d\" %s>", x, y, style);
	put_text(picture, text);
	put(picture, "</text>\n");
}

static int height_of(const struct bench_chart_panel *panel)
{
	int height = PANEL_TITLE + PANEL_GAP;

	for (size_t i = 0; i < panel->group_count; i++) {
		if (*panel->groups[i].heading)
			height += HEADING;
		height += (int)panel->groups[i].bar_count * BAR_STEP + GROUP_GAP;
	}
	return height;
}

static double longest_of(const struct bench_chart_group *groups, size_t count)
{
	double longest = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < groups[i].bar_count; k++)
			longest = fmax(longest, groups[i].bars[k].value);
	}
	return longest;
}

static void put_bar(struct picture *picture, const struct bench_chart_bar *bar, int y,
		    double longest)
{
	double room = WIDTH - LABEL - VALUE - MARGIN;
	double length = isnan(bar->value) || longest <= 0 ? 0 : bar->value / longest * room;
	char value[BENCH_NUMBER_SIZE];

	label(picture, LABEL - 8, y + BAR - 5, "text-anchor=\"end\"", bar->label);
	put(picture,
	    "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n", LABEL,
	    y, fmax(length, isnan(bar->value) ? 0 : 1.5), BAR,
	    colours[bar->colour % BENCH_CHART_COLOURS]);
	label(picture, LABEL + (int)length + 7, y + BAR - 5, "font-weight=\"600\"",
	      isnan(bar->value) ? "not measured" : bench_number(value, bar->value));
}

static int put_panel(struct picture *picture, const struct bench_chart_panel *panel, int y)
{
	double longest = longest_of(panel->groups, panel->group_count);

	label(picture, MARGIN, y + 18, "font-size=\"15\" font-weight=\"600\"", panel->title);
	y += PANEL_TITLE;
	for (size_t i = 0; i < panel->group_count; i++) {
		const struct bench_chart_group *group = &panel->groups[i];

		if (panel->group_scales)
			longest = longest_of(group, 1);
		if (*group->heading) {
			label(picture, MARGIN, y + 15, "fill=\"#555\"", group->heading);
			y += HEADING;
		}
		for (size_t k = 0; k < group->bar_count; k++) {
			put_bar(picture, &group->bars[k], y, longest);
			y += BAR_STEP;
		}
		y += GROUP_GAP;
	}
	return y + PANEL_GAP;
}

int bench_chart_write(FILE *file, const char *title, const char *subtitle,
		      const struct bench_chart_panel *panels, size_t panel_count)
{
	struct picture picture = {.file = file};
	int height = TOP, y = TOP;

	for (size_t i = 0; i < panel_count; i++)
		height += height_of(&panels[i]);
	put(&picture,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	    "viewBox=\"0 0 %d %d\" font-family=\"system-ui, sans-serif\" font-size=\"13\" "
	    "fill=\"#222\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fdfdfb\"/>\n",
	    WIDTH, height, WIDTH, height);
	label(&picture, MARGIN, 34, "font-size=\"20\" font-weight=\"700\"", title);
	label(&picture, MARGIN, 56, "fill=\"#555\"", subtitle);
	for (size_t i = 0; i < panel_count; i++)
		y = put_panel(&picture, &panels[i], y);
	put(&picture, "</svg>\n");
	return picture.failed ? -EIO : 0;
}
